/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What /init says, on the console. */
#include "console.h"
#include "sys.h"
#include "text.h"

#define LINE_LEN 640

bool console_quiet;

static void print(const char *fmt, va_list args)
{
	char line[LINE_LEN] = "diskwright: ";
	size_t len = strlen(line);

	text_format(line + len, sizeof(line) - len - 2, fmt, args);
	text_add(line, sizeof(line), "\r\n");
	sys_write(2, line, strlen(line));
}

void note(const char *fmt, ...)
{
	va_list args;

	if (console_quiet)
		return;
	va_start(args, fmt);
	print(fmt, args);
	va_end(args);
}

void error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print(fmt, args);
	va_end(args);
}

void console_open(void)
{
	long fd = sys_open("/dev/console", SYS_O_RDWR);

	if (fd < 0)
		return;
	for (long to = 0; to < 3; to++)
		if (fd != to)
			sys_dup2(fd, to);
	if (fd > 2)
		sys_close(fd);
}
