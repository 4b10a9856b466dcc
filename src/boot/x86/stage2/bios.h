/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * BIOS services, and the bit of hardware that is easier without them.
 */
#ifndef STAGE2_BIOS_H
#define STAGE2_BIOS_H

#include "lib.h"

/* Registers of a real-mode call; the order is that of popal. */
struct real_regs {
	uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax;
	uint16_t ds, es, flags;
};

#define FLAG_CARRY	0x0001
#define FLAG_ZERO	0x0040

/* A usable run of memory below 4 GiB; end is exclusive. */
struct mem_run {
	uint32_t start;
	uint32_t end;
};

#define MEM_RUNS_MAX	32
#define BIOS_READ_MAX	64	/* EDD allows 127; some BIOSes do not */

void bios_int(uint8_t nr, struct real_regs *regs);
/* Sleeps until the next interrupt, at most one timer tick. */
void bios_idle(void);
/* Ticks of 54.9 ms since some time; wraps at midnight. */
uint32_t bios_ticks(void);
void bios_putc(char c);
/* A key (scan code << 8 | ASCII), or 0 if none waits. */
uint16_t bios_key(void);
/* Whether Shift, Alt, Caps Lock or Scroll Lock is on. */
bool bios_shifted(void);
/* First byte of low memory that the BIOS keeps for itself. */
uint32_t bios_low_end(void);
/* Memory from 1 MiB to 4 GiB; returns the number of runs. */
uint32_t bios_memory(struct mem_run *runs);
/* Opens address line 20; false if it stays closed. */
bool bios_open_a20(void);
/* Reads up to BIOS_READ_MAX sectors; *out is good until the next call. */
fault bios_read(uint8_t drive, uint64_t lba, uint32_t nr, const uint8_t **out);
/* Gives up: the BIOS tries its next boot device. */
void bios_next_device(void) __attribute__((noreturn));

/* start.S */
void real_exec(uint16_t instruction, struct real_regs *regs);
void linux_start(uint32_t segment, uint32_t stack) __attribute__((noreturn));
void chain_start(uint32_t drive) __attribute__((noreturn));
extern const char install_dir[];

/*
 * Memory at a fixed address. The compiler must not see the number: it takes
 * small ones for offsets from a null pointer.
 */
static inline void *memory(uint32_t addr)
{
	asm("" : "+r" (addr));
	return (void *)addr;
}

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

#endif
