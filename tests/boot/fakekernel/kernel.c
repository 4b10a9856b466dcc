/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel of the loader's tests: reports on the first serial port what it
 * was given, then ends QEMU by its isa-debug-exit device.
 */
#include <stdint.h>

#define COM1		0x3f8
#define DEBUG_EXIT	0xf4
#define STACK_ADDR	0x80000

#define REPORT_SS	0x1c0
#define REPORT_SP	0x1c4
#define REPORT_CS	0x1c8
#define PAYLOAD_LEN	0x1cc
#define HDR_VIDEO	0x1fa
#define HDR_VERSION	0x206
#define HDR_LOADER	0x210
#define HDR_FLAGS	0x211
#define HDR_INITRD	0x218
#define HDR_INITRD_LEN	0x21c
#define HDR_HEAP_END	0x224
#define HDR_CMDLINE	0x228
#define OLD_CMDLINE_MAGIC 0x20	/* before 2.02 */
#define OLD_CMDLINE_OFF	0x22

asm(".section .head, \"ax\"\n"
    "	movw	$0x10, %ax\n"
    "	movw	%ax, %ds\n"
    "	movw	%ax, %es\n"
    "	movw	%ax, %ss\n"
    "	movl	$0x80000, %esp\n"
    "	pushl	%esi\n"
    "	call	report\n"
    "	.text\n");

void report(const uint8_t *setup);

static inline void outb(uint16_t port, uint8_t v)
{
	asm volatile("outb %0, %1" : : "a" (v), "Nd" (port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t v;

	asm volatile("inb %1, %0" : "=a" (v) : "Nd" (port));
	return v;
}

static void put(const char *s)
{
	for (; *s; s++) {
		while (!(inb(COM1 + 5) & 0x20))
			;
		outb(COM1, *s);
	}
}

static void put_hex(const char *name, uint32_t v)
{
	char text[9];
	int i;

	for (i = 7; i >= 0; i--, v >>= 4)
		text[i] = "0123456789abcdef"[v & 15];
	text[8] = 0;
	put(name);
	put(text);
}

static uint32_t crc32(const uint8_t *p, uint32_t len)
{
	static uint32_t table[256];
	uint32_t crc = ~0u, i, k;

	for (i = 0; i < 256; i++) {
		uint32_t v = i;

		for (k = 0; k < 8; k++)
			v = v >> 1 ^ (v & 1 ? 0xedb88320 : 0);
		table[i] = v;
	}
	while (len--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return ~crc;
}

static uint32_t get32(const uint8_t *p)
{
	return *(const uint32_t *)p;
}

static uint16_t get16(const uint8_t *p)
{
	return *(const uint16_t *)p;
}

static const char *cmdline_of(const uint8_t *setup)
{
	if (get16(setup + HDR_VERSION) >= 0x202)
		return (const char *)get32(setup + HDR_CMDLINE);
	if (get16(setup + OLD_CMDLINE_MAGIC) != 0xa33f)
		return "none";
	return (const char *)setup + get16(setup + OLD_CMDLINE_OFF);
}

void report(const uint8_t *setup)
{
	const uint8_t *kernel = (const uint8_t *)0x100000;
	uint32_t initrd = get32(setup + HDR_INITRD);
	uint32_t initrd_len = get32(setup + HDR_INITRD_LEN);
	uint32_t len = get32(setup + PAYLOAD_LEN);

	outb(COM1 + 3, 0x83);		/* 115200 8n1 */
	outb(COM1, 1);
	outb(COM1 + 1, 0);
	outb(COM1 + 3, 0x03);
	put_hex("\r\nFAKE protocol=", get16(setup + HDR_VERSION));
	put_hex("\r\nFAKE setup=", (uint32_t)setup);
	put_hex(" cs=", get32(setup + REPORT_CS));
	put_hex(" ss=", get32(setup + REPORT_SS));
	put_hex(" sp=", get32(setup + REPORT_SP));
	put_hex("\r\nFAKE loader=", setup[HDR_LOADER]);
	put_hex(" flags=", setup[HDR_FLAGS]);
	put_hex(" heap_end=", get16(setup + HDR_HEAP_END));
	put_hex(" vga=", get16(setup + HDR_VIDEO));
	put_hex("\r\nFAKE kernel len=", len);
	put_hex(" crc=", crc32(kernel, len));
	put_hex("\r\nFAKE initrd at=", initrd);
	put_hex(" len=", initrd_len);
	put_hex(" crc=", crc32((const uint8_t *)initrd, initrd_len));
	put("\r\nFAKE cmdline=[");
	put(cmdline_of(setup));
	put("]\r\nFAKE end\r\n");
	outb(DEBUG_EXIT, 0x10);
	for (;;)
		asm("hlt");
}
