/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Console: BIOS screen and keyboard, and a 16550 driven directly.
 */
#include "console.h"

#include <stdarg.h>

#include "bios.h"

#define UART_DATA	0
#define UART_DIVISOR_LO	0
#define UART_IRQ_ENABLE	1
#define UART_DIVISOR_HI	1
#define UART_FIFO	2
#define UART_LINE	3
#define UART_MODEM	4
#define UART_STATUS	5
#define UART_SCRATCH	7
#define FIFO_ON_CLEAR	0x07
#define LINE_8N1	0x03
#define LINE_DIVISOR	0x80
#define MODEM_DTR_RTS	0x03
#define MODEM_LOOP	0x10	/* what is sent is received, no one hears it */
#define STATUS_RECEIVED	0x01
#define STATUS_CAN_SEND	0x20

#define SCAN_EXTENDED	0xe0	/* in place of ASCII */
#define SCAN_UP		0x48
#define SCAN_DOWN	0x50

#define UART_CLOCK	115200
#define BAUD_DEFAULT	9600
#define BAUD_MIN	75

/* A port nobody listens to must not hold up the boot for long. */
#define SEND_POLLS_MAX	200000

#define ECHO_TICKS	2
#define ESCAPE_TICKS	3

static uint16_t port;		/* 0: none */
static bool port_is_screen;	/* the BIOS shows its screen there too */

static bool uart_exists(uint16_t at)
{
	outb(at + UART_SCRATCH, 0x5a);
	if (inb(at + UART_SCRATCH) != 0x5a)
		return false;
	outb(at + UART_SCRATCH, 0xa5);
	return inb(at + UART_SCRATCH) == 0xa5;
}

/*
 * Whether the BIOS took the letters from the port before us, as it does where
 * its timer strikes in between: then they are among the keys, with what else
 * was on its way to the screen.  Left there, they would answer the prompt, and
 * nothing would ever boot; so all that came until now is dropped.
 */
static bool were_typed(void)
{
	bool typed = false;
	uint16_t key;

	while ((key = bios_key()))
		typed |= (key & 0xff) == '\b';
	return typed;
}

/*
 * Some BIOSes (of servers; SeaBIOS without a display) send what is shown on
 * the screen to a serial port. Sent by us as well, each letter would appear
 * twice. So listen whether a letter for the screen comes out of the port.
 */
static bool shows_screen(uint16_t at)
{
	bool heard = false;
	uint32_t i;

	outb(at + UART_MODEM, MODEM_DTR_RTS | MODEM_LOOP);
	bios_putc(' ');
	bios_putc('\b');
	for (i = 0; i < ECHO_TICKS && !heard; i++) {
		heard = inb(at + UART_STATUS) & STATUS_RECEIVED;
		if (!heard)
			bios_idle();
	}
	outb(at + UART_FIFO, FIFO_ON_CLEAR);
	outb(at + UART_MODEM, MODEM_DTR_RTS);
	return were_typed() || heard;
}

void console_open_serial(const char *args)
{
	static const uint16_t ports[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };
	uint32_t nr, baud, divisor;

	nr = parse_number(args, &args);
	baud = parse_number(skip_blanks(args), NULL);
	if (baud < BAUD_MIN || baud > UART_CLOCK)
		baud = BAUD_DEFAULT;
	if (nr < ARRAY_LEN(ports))
		nr = ports[nr];
	port = 0;
	if (nr > 0xffff - UART_SCRATCH || !uart_exists(nr))
		return;
	divisor = UART_CLOCK / baud;
	outb(nr + UART_LINE, LINE_8N1 | LINE_DIVISOR);
	outb(nr + UART_DIVISOR_LO, divisor);
	outb(nr + UART_DIVISOR_HI, divisor >> 8);
	outb(nr + UART_LINE, LINE_8N1);
	outb(nr + UART_IRQ_ENABLE, 0);
	outb(nr + UART_FIFO, FIFO_ON_CLEAR);
	port_is_screen = shows_screen(nr);
	port = nr;
}

static void uart_putc(char c)
{
	uint32_t i;

	for (i = 0; i < SEND_POLLS_MAX; i++) {
		if (inb(port + UART_STATUS) & STATUS_CAN_SEND) {
			outb(port + UART_DATA, c);
			return;
		}
	}
	port = 0;
}

void console_putc(char c)
{
	if (c == '\n')
		console_putc('\r');
	bios_putc(c);
	if (port && !port_is_screen)
		uart_putc(c);
}

void console_puts(const char *s)
{
	while (*s)
		console_putc(*s++);
}

static void put_number(uint32_t v)
{
	char digits[11];
	uint32_t i = sizeof(digits) - 1;

	digits[i] = 0;
	do {
		digits[--i] = '0' + v % 10;
		v /= 10;
	} while (v);
	console_puts(digits + i);
}

void console_printf(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	for (; *format; format++) {
		if (*format != '%') {
			console_putc(*format);
			continue;
		}
		switch (*++format) {
		case 's':
			console_puts(va_arg(args, const char *));
			break;
		case 'u':
			put_number(va_arg(args, uint32_t));
			break;
		default:
			console_putc(*format);
		}
	}
	va_end(args);
}

/* 0 if nothing came. A BIOS that shows its screen there reads there too. */
static uint8_t uart_getc(void)
{
	if (!port || port_is_screen || !(inb(port + UART_STATUS) & STATUS_RECEIVED))
		return 0;
	return inb(port + UART_DATA);
}

/* A key as it comes, from the keyboard or the port; 0 if there is none. */
static uint32_t raw_key(void)
{
	uint16_t key = bios_key();
	uint32_t c = key & 0xff;

	if (key >> 8 == SCAN_UP && (!c || c == SCAN_EXTENDED))
		return KEY_UP;
	if (key >> 8 == SCAN_DOWN && (!c || c == SCAN_EXTENDED))
		return KEY_DOWN;
	if (!key)
		c = uart_getc();
	if (c == 0x7f)
		return KEY_BACKSPACE;
	if (c == '\n')
		return KEY_ENTER;
	return c == SCAN_EXTENDED ? 0 : c;
}

static uint32_t raw_key_soon(void)
{
	uint32_t key = raw_key(), i;

	for (i = 0; i < ESCAPE_TICKS && !key; i++) {
		bios_idle();
		key = raw_key();
	}
	return key;
}

/*
 * A terminal sends cursor keys as ESC [ A or ESC O A; a BIOS that reads it
 * does not always find all three at once, and then hands them on as they are.
 */
uint32_t console_key(void)
{
	uint32_t key = raw_key();

	if (key != KEY_ESCAPE)
		return key;
	key = raw_key_soon();
	if (key != '[' && key != 'O')
		return KEY_ESCAPE;
	key = raw_key_soon();
	return key == 'A' ? KEY_UP : key == 'B' ? KEY_DOWN : 0;
}
