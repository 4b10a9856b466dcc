/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * BIOS services: screen, keyboard, clock, memory map, disk.
 */
#include "bios.h"

#include "boot/x86/memmap.h"

#define INSN_INT	0xcd
#define INSN_HLT_NOP	0x90f4

#define E820_SIGNATURE	0x534d4150	/* "SMAP" */
#define E820_ENTRIES_MAX 256		/* a BIOS that never ends its list */
#define E820_ENTRY_LEN	20
#define E820_USABLE	1

#define DISK_RETRIES	4

void bios_int(uint8_t nr, struct real_regs *regs)
{
	real_exec(INSN_INT | nr << 8, regs);
}

void bios_idle(void)
{
	struct real_regs regs = { 0 };

	real_exec(INSN_HLT_NOP, &regs);
}

uint32_t bios_ticks(void)
{
	struct real_regs regs = { .eax = 0x0000 };

	bios_int(0x1a, &regs);
	return regs.ecx << 16 | (regs.edx & 0xffff);
}

void bios_putc(char c)
{
	struct real_regs regs = { .eax = 0x0e00 | (uint8_t)c, .ebx = 7 };

	bios_int(0x10, &regs);
}

uint16_t bios_key(void)
{
	struct real_regs regs = { .eax = 0x0100 };

	bios_int(0x16, &regs);
	if (regs.flags & FLAG_ZERO)
		return 0;
	regs.eax = 0x0000;
	bios_int(0x16, &regs);
	return regs.eax;
}

bool bios_shifted(void)
{
	struct real_regs regs = { .eax = 0x0200 };

	bios_int(0x16, &regs);
	return regs.eax & (0x01 | 0x02 | 0x08 | 0x10 | 0x40);
}

uint32_t bios_low_end(void)
{
	struct real_regs regs = { 0 };

	bios_int(0x12, &regs);
	return (regs.eax & 0xffff) << 10;
}

/* Adds the part of [start, end) between 1 MiB and 4 GiB. */
static uint32_t add_run(struct mem_run *runs, uint32_t nr, uint64_t start,
			uint64_t end)
{
	if (start < LINUX_ADDR)
		start = LINUX_ADDR;
	if (end > 0xfffff000)
		end = 0xfffff000;
	if (start >= end || nr == MEM_RUNS_MAX)
		return nr;
	runs[nr].start = start;
	runs[nr].end = end;
	return nr + 1;
}

static uint32_t memory_e820(struct mem_run *runs)
{
	struct real_regs regs = { 0 };
	uint8_t e[E820_ENTRY_LEN];
	uint32_t i, nr = 0;

	for (i = 0; i < E820_ENTRIES_MAX; i++) {
		uint64_t start, len;

		regs.eax = 0xe820;
		regs.ecx = sizeof(e);
		regs.edx = E820_SIGNATURE;
		regs.edi = (uint32_t)e;
		bios_int(0x15, &regs);
		if ((regs.flags & FLAG_CARRY) || regs.eax != E820_SIGNATURE)
			break;
		start = join64(le32(e + 4), le32(e));
		len = join64(le32(e + 12), le32(e + 8));
		if (le32(e + 16) == E820_USABLE && len <= ~start)
			nr = add_run(runs, nr, start, start + len);
		if (!regs.ebx)
			break;
	}
	return nr;
}

uint32_t bios_memory(struct mem_run *runs)
{
	struct real_regs regs = { .eax = 0xe801 };
	uint32_t nr = memory_e820(runs);
	uint32_t low_len, high_len;

	if (nr)
		return nr;
	/* KiB from 1 to 16 MiB, and units of 64 KiB from there. */
	bios_int(0x15, &regs);
	if (!(regs.flags & FLAG_CARRY)) {
		low_len = (regs.eax ? regs.eax : regs.ecx) & 0xffff;
		high_len = (regs.ebx ? regs.ebx : regs.edx) & 0xffff;
	} else {
		regs.eax = 0x8800;
		bios_int(0x15, &regs);
		low_len = regs.eax & 0xffff;
		high_len = 0;
	}
	if (low_len >= 15 << 10)
		return add_run(runs, 0, LINUX_ADDR,
			       0x1000000 + ((uint64_t)high_len << 16));
	return add_run(runs, 0, LINUX_ADDR, LINUX_ADDR + (low_len << 10));
}

/* With line 20 closed, 1 MiB up is the same memory as 0 up. */
static bool a20_is_open(void)
{
	volatile uint32_t *low = memory(0x500);
	volatile uint32_t *high = memory(0x100500);
	uint32_t was = *low;
	bool open = false;
	int i;

	for (i = 0; i < 32 && !open; i++) {
		*low = *low + 1;
		inb(0x80);			/* takes about 1 us */
		open = *low != *high;
	}
	*low = was;
	return open;
}

static void keyboard_wait(void)
{
	uint32_t i;

	for (i = 0; i < 100000 && (inb(0x64) & 2); i++)
		;
}

bool bios_open_a20(void)
{
	struct real_regs regs = { .eax = 0x2401 };

	if (a20_is_open())
		return true;
	bios_int(0x15, &regs);
	if (a20_is_open())
		return true;
	outb(0x92, (inb(0x92) | 2) & ~1);	/* bit 0 resets the machine */
	if (a20_is_open())
		return true;
	keyboard_wait();
	outb(0x64, 0xd1);
	keyboard_wait();
	outb(0x60, 0xdf);
	keyboard_wait();
	return a20_is_open();
}

/* One attempt; true if it worked. */
static bool read_sectors(uint8_t drive, uint64_t lba, uint32_t nr)
{
	struct {
		uint8_t len, zero;
		uint16_t nr, off, segment;
		uint32_t lba_lo, lba_hi;
	} packet = {
		.len = sizeof(packet), .nr = nr, .segment = BOUNCE_ADDR >> 4,
		.lba_lo = lba, .lba_hi = lba >> 32,
	};
	struct real_regs regs = {
		.eax = 0x4200, .edx = drive, .esi = (uint32_t)&packet,
	};

	bios_int(0x13, &regs);
	return !(regs.flags & FLAG_CARRY);
}

static void reset_drive(uint8_t drive)
{
	struct real_regs regs = { .edx = drive };

	bios_int(0x13, &regs);
}

/*
 * Always reads ahead, and gives from what is there if it can: each call costs
 * mode changes and the machine's own way to the disk, whatever its length.
 */
fault bios_read(uint8_t drive, uint64_t lba, uint32_t nr, const uint8_t **out)
{
	static uint64_t have_lba;
	static uint32_t have_nr;
	static uint8_t have_drive;
	uint32_t i;

	if (drive != have_drive || lba < have_lba ||
	    lba - have_lba > have_nr || nr > have_nr - (lba - have_lba)) {
		have_drive = drive;
		have_lba = lba;
		have_nr = BIOS_READ_MAX;
		/* Fails at the end of the disk: then exactly what is asked. */
		if (!read_sectors(drive, lba, have_nr)) {
			have_nr = nr;
			for (i = 0; !read_sectors(drive, lba, nr); i++) {
				if (i == DISK_RETRIES) {
					have_nr = 0;
					return "disk read error";
				}
				reset_drive(drive);
			}
		}
	}
	*out = (uint8_t *)memory(BOUNCE_ADDR) +
	       (uint32_t)(lba - have_lba) * SECTOR_LEN;
	return NULL;
}

void bios_next_device(void)
{
	struct real_regs regs = { 0 };

	bios_int(0x18, &regs);
	for (;;)
		bios_idle();
}
