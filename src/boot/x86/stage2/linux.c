/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The Linux boot protocol, 16-bit entry, versions 2.00 (Linux 1.3) and up; see
 * Documentation/arch/x86/boot.rst in the kernel's sources.
 *
 * The setup (the first sectors of the file) goes below 640 KiB, with its heap,
 * stack and command line behind it; the rest goes to 1 MiB and is never put
 * elsewhere, as kernels before 2.6.20 cannot be moved; the initrds go as high
 * as kernel and memory allow, each at a multiple of four.
 */
#include "linux.h"

#include "bios.h"
#include "console.h"
#include "boot/x86/memmap.h"

/* The setup's 64 KiB segment. */
#define SETUP_MAX	0x8000
#define HEAP_END	0x9800
#define CMDLINE_OFF	0x9800
#define SETUP_SPAN	(CMDLINE_OFF + CMDLINE_MAX)
#define HEAP_RESERVE	0x200	/* the protocol counts the heap's end so */

#define SETUP_PROBE_LEN	1024
#define SETUP_SECTORS_OLD 4
#define HDR_SETUP_SECTORS 0x1f1
#define HDR_VIDEO_MODE	0x1fa
#define HDR_BOOT_MAGIC	0x1fe
#define HDR_MAGIC	0x202
#define HDR_VERSION	0x206
#define HDR_LOADER	0x210
#define HDR_FLAGS	0x211
#define HDR_INITRD	0x218
#define HDR_INITRD_LEN	0x21c
#define HDR_HEAP_END	0x224
#define HDR_CMDLINE	0x228	/* 2.02 */
#define HDR_INITRD_MAX	0x22c	/* 2.03 */
#define HDR_CMDLINE_LEN	0x238	/* 2.06 */
#define HDR_PREF_ADDR	0x258	/* 2.10 */
#define HDR_INIT_LEN	0x260	/* 2.10 */
#define LINUX_MAGIC	0x53726448	/* "HdrS" */
#define LOADER_UNKNOWN	0xff
#define FLAG_LOADED_HIGH 0x01
#define FLAG_USE_HEAP	0x80

/* Before 2.02 the command line is found by these. */
#define OLD_CMDLINE_MAGIC_OFF 0x20
#define OLD_CMDLINE_OFF_OFF 0x22
#define OLD_CMDLINE_MAGIC 0xa33f

#define OLD_INITRD_END	0x38000000	/* before 2.03 */
#define OLD_CMDLINE_LEN	255		/* before 2.06 */

#define INITRDS_MAX	16
#define INITRD_ALIGN	4
#define PAGE_LEN	0x1000

struct initrd {
	struct ext_inode inode;
	uint32_t off;		/* from the start of the first */
};

struct load {
	struct ext *fs;
	uint32_t cwd;
	const struct cmdline *cl;
	struct ext_inode kernel;
	uint8_t *setup;
	uint32_t setup_len;
	uint32_t kernel_len;
	uint32_t version;
	struct mem_run runs[MEM_RUNS_MAX];
	uint32_t runs_nr;
	struct initrd initrds[INITRDS_MAX];
	uint32_t initrds_nr;
	uint32_t initrd_len;
};

static fault open_file(struct load *ld, const char *path,
		       struct ext_inode *out)
{
	fault f = ext_lookup(ld->fs, ld->cwd, path, out);

	if (!f && !ext_is_regular(out))
		f = "not a regular file";
	if (!f && (!out->len || out->len >> 31))
		f = out->len ? "file is too large" : "file is empty";
	return f;
}

/* Where the setup goes: as high as the BIOS leaves low memory. */
static fault place_setup(struct load *ld)
{
	uint32_t addr = LINUX_SETUP_ADDR;
	uint32_t low_end = bios_low_end();

	if (low_end < LINUX_LOW_ADDR + SETUP_SPAN)
		return "too little low memory";
	if (low_end < addr + SETUP_SPAN)
		addr = (low_end - SETUP_SPAN) & ~(PAGE_LEN - 1);
	ld->setup = memory(addr);
	return NULL;
}

static fault load_setup(struct load *ld)
{
	uint8_t *s = ld->setup;
	uint32_t len = ld->kernel.len;
	fault f;

	if (len < SETUP_PROBE_LEN)
		return "not a Linux kernel";
	f = ext_read(ld->fs, &ld->kernel, 0, s, SETUP_PROBE_LEN);
	if (f)
		return f;
	if (le16(s + HDR_BOOT_MAGIC) != MBR_MAGIC ||
	    le32(s + HDR_MAGIC) != LINUX_MAGIC)
		return "not a Linux kernel";
	ld->version = le16(s + HDR_VERSION);
	if (ld->version < 0x200 || !(s[HDR_FLAGS] & FLAG_LOADED_HIGH))
		return "kernel is too old (not a bzImage)";
	if (ld->version < 0x202 && s != memory(LINUX_SETUP_ADDR))
		return "too little low memory for so old a kernel";
	ld->setup_len = (s[HDR_SETUP_SECTORS] ? s[HDR_SETUP_SECTORS] :
			 SETUP_SECTORS_OLD) * SECTOR_LEN + SECTOR_LEN;
	if (ld->setup_len > SETUP_MAX || ld->setup_len >= len)
		return "kernel's setup is damaged";
	ld->kernel_len = len - ld->setup_len;
	return ext_read(ld->fs, &ld->kernel, 0, s, ld->setup_len);
}

static fault load_kernel(struct load *ld)
{
	uint32_t i;

	for (i = 0; i < ld->runs_nr; i++)
		if (ld->runs[i].start == LINUX_ADDR &&
		    ld->runs[i].end - LINUX_ADDR >= ld->kernel_len)
			return ext_read(ld->fs, &ld->kernel, ld->setup_len,
					memory(LINUX_ADDR), ld->kernel_len);
	return "kernel does not fit into memory";
}

/* First address that the kernel does not need while it unpacks itself. */
static uint32_t kernel_end(const struct load *ld)
{
	const uint8_t *s = ld->setup;
	uint32_t end = LINUX_ADDR + ld->kernel_len;
	uint32_t start = LINUX_ADDR, len;

	if (ld->version < 0x20a)
		return end;
	if (!le32(s + HDR_PREF_ADDR + 4) && le32(s + HDR_PREF_ADDR) > start)
		start = le32(s + HDR_PREF_ADDR);
	len = le32(s + HDR_INIT_LEN);
	if (len > UINT32_MAX - start)
		return UINT32_MAX;
	return start + len > end ? start + len : end;
}

/* Finds the files of the comma list and where each goes. */
static fault find_initrds(struct load *ld)
{
	const char *s = ld->cl->initrd;
	char path[256];

	while (s && *s && !is_blank(*s)) {
		struct initrd *rd = &ld->initrds[ld->initrds_nr];
		uint32_t len = 0;
		fault f;

		while (s[len] && s[len] != ',' && !is_blank(s[len]))
			len++;
		if (len) {
			if (ld->initrds_nr == INITRDS_MAX)
				return "too many initrds";
			path[0] = 0;
			if (!append_text(path, sizeof(path), s, len))
				return "initrd: path is too long";
			f = open_file(ld, path, &rd->inode);
			if (f) {
				console_printf("%s: ", path);
				return f;
			}
			rd->off = (ld->initrd_len + INITRD_ALIGN - 1) &
				  ~(INITRD_ALIGN - 1);
			if (rd->inode.len > INT32_MAX - rd->off)
				return "initrds are too large";
			ld->initrd_len = rd->off + rd->inode.len;
			ld->initrds_nr++;
		}
		s += len;
		if (*s == ',')
			s++;
	}
	return NULL;
}

/* The highest place for the initrds; 0 if there is none. */
static uint32_t place_initrds(const struct load *ld)
{
	uint32_t end = OLD_INITRD_END, floor = kernel_end(ld), best = 0, i;

	if (ld->version >= 0x203) {
		end = le32(ld->setup + HDR_INITRD_MAX);
		if (end != UINT32_MAX)
			end++;
	}
	if (ld->cl->mem_end && ld->cl->mem_end < end)
		end = ld->cl->mem_end;
	for (i = 0; i < ld->runs_nr; i++) {
		uint32_t low = ld->runs[i].start, high = ld->runs[i].end, at;

		if (high > end)
			high = end;
		if (low < floor)
			low = floor;
		if (high < low || high - low < ld->initrd_len)
			continue;
		at = (high - ld->initrd_len) & ~(PAGE_LEN - 1);
		if (at >= low && at > best)
			best = at;
	}
	return best;
}

static fault load_initrds(struct load *ld)
{
	uint32_t at, end = 0, i;
	fault f;

	if (!ld->initrds_nr)
		return NULL;
	at = place_initrds(ld);
	if (!at)
		return "initrd does not fit into memory";
	for (i = 0; i < ld->initrds_nr; i++) {
		struct initrd *rd = &ld->initrds[i];

		memset(memory(at + end), 0, rd->off - end);
		end = rd->off + rd->inode.len;
		f = ext_read(ld->fs, &rd->inode, 0, memory(at + rd->off),
			     rd->inode.len);
		if (f)
			return f;
	}
	put_le32(ld->setup + HDR_INITRD, at);
	put_le32(ld->setup + HDR_INITRD_LEN, ld->initrd_len);
	return NULL;
}

static void fill_header(struct load *ld)
{
	uint8_t *s = ld->setup;
	uint32_t max = OLD_CMDLINE_LEN;
	char *cmdline = (char *)s + CMDLINE_OFF;

	s[HDR_LOADER] = LOADER_UNKNOWN;
	put_le16(s + HDR_VIDEO_MODE, ld->cl->vga);
	if (ld->version >= 0x201) {
		s[HDR_FLAGS] |= FLAG_USE_HEAP;
		put_le16(s + HDR_HEAP_END, HEAP_END - HEAP_RESERVE);
	}
	if (ld->version >= 0x206)
		max = le32(s + HDR_CMDLINE_LEN);
	if (max > CMDLINE_MAX - 1)
		max = CMDLINE_MAX - 1;
	memcpy(cmdline, ld->cl->text, CMDLINE_MAX);
	cmdline[max] = 0;
	if (ld->cl->cut || strlen(ld->cl->text) > max)
		console_printf("(command line cut to %u bytes) ", max);
	if (ld->version >= 0x202) {
		put_le32(s + HDR_CMDLINE, (uint32_t)cmdline);
	} else {
		put_le16(s + OLD_CMDLINE_MAGIC_OFF, OLD_CMDLINE_MAGIC);
		put_le16(s + OLD_CMDLINE_OFF_OFF, CMDLINE_OFF);
	}
}

static fault load_all(struct load *ld, const char *kernel)
{
	fault f;

	f = open_file(ld, kernel, &ld->kernel);
	if (!f)
		f = place_setup(ld);
	if (!f)
		f = load_setup(ld);
	if (!f)
		f = find_initrds(ld);
	if (!f)
		f = load_kernel(ld);
	if (!f)
		f = load_initrds(ld);
	return f;
}

fault linux_boot(struct ext *fs, uint32_t cwd, const char *kernel,
		 const struct cmdline *cl)
{
	static struct load ld;
	fault f;

	memset(&ld, 0, sizeof(ld));
	ld.fs = fs;
	ld.cwd = cwd;
	ld.cl = cl;
	ld.runs_nr = bios_memory(ld.runs);
	if (!cl->quiet)
		console_printf("Loading %s... ", kernel);
	if (!bios_open_a20())
		return "address line 20 stays closed";
	f = load_all(&ld, kernel);
	if (f)
		return f;
	fill_header(&ld);
	if (!cl->quiet) {
		console_puts("ok\n");
		bios_idle();	/* a redirecting BIOS may be a letter behind */
	}
	linux_start((uint32_t)ld.setup >> 4, HEAP_END);
}
