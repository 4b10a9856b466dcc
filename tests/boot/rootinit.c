/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The init of a root in tests: tells on the console how it was started, and
 * ends the machine.  A static program without a C library, so that it runs in
 * a root that holds nothing else.
 */
#include "initrd/init/sys.h"

#define TEXT_LEN 4096

int init_main(int argc, char **argv, char **envp);

static void say(const char *text)
{
	size_t len = 0;

	while (text[len])
		len++;
	sys_write(1, text, len);
}

static void show(const char *path)
{
	static char text[TEXT_LEN];
	long fd = sys_open(path, SYS_O_RDONLY);
	long len = fd < 0 ? 0 : sys_read(fd, text, sizeof(text) - 1);

	text[len < 0 ? 0 : len] = '\0';
	say(text);
	sys_close(fd);
}

int init_main(int argc, char **argv, char **envp)
{
	say("rootinit: arguments:");
	for (int i = 0; i < argc; i++) {
		say(" ");
		say(argv[i]);
	}
	say("\nrootinit: mounts:\n");
	show("/proc/mounts");
	say("rootinit: modules:\n");
	show("/proc/modules");
	say(sys_access("/dev/kmsg") ? "rootinit: no /dev\n" :
				      "rootinit: /dev is there\n");
	say("rootinit: end\n");
	sys5(sizeof(long) == 8 ? 169 : 88 /* reboot */, (long)0xfee1dead,
	     672274793, 0x01234567 /* restart */, 0, 0);
	return 0;
}
