/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What /init says, on the console. */
#ifndef INIT_CONSOLE_H
#define INIT_CONSOLE_H

#include <stdbool.h>

/* Notes are not printed with "quiet" on the command line; errors always. */
extern bool console_quiet;

void note(const char *fmt, ...);
void error(const char *fmt, ...);

/* Makes sure that descriptors 0, 1 and 2 are the console. */
void console_open(void);

#endif
