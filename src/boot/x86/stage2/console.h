/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text in and out, on the screen and, once opened, on a serial port too.
 */
#ifndef STAGE2_CONSOLE_H
#define STAGE2_CONSOLE_H

#include "lib.h"

#define KEY_ENTER	'\r'
#define KEY_ESCAPE	0x1b
#define KEY_TAB		'\t'
#define KEY_BACKSPACE	'\b'
#define KEY_UP		0x100
#define KEY_DOWN	0x101

/* SERIAL: port [baud [flow control]]; port 0 to 3, or its I/O address. */
void console_open_serial(const char *args);
void console_putc(char c);
void console_puts(const char *s);
/* Knows %s, %u and %%. */
void console_printf(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
/* A key, or 0 if none waits. Does not block. */
uint32_t console_key(void);

#endif
