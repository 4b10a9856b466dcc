/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the first bytes of a kernel file say about it. */
#ifndef DW_BOOT_BZIMAGE_H
#define DW_BOOT_BZIMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As much of a kernel file as dw_kernel_head_decode() can use. */
#define DW_KERNEL_HEAD_LEN 32768

enum dw_kernel_kind {
	DW_KERNEL_UNKNOWN = 0,
	DW_KERNEL_BZIMAGE,	/* what a BIOS boot loader starts */
	DW_KERNEL_ZIMAGE,	/* the same, loaded low: not supported */
	DW_KERNEL_ELF,		/* vmlinux; Xen only */
	DW_KERNEL_GZIP,		/* gzipped ELF, as of the classic Xen kernels */
};

/* How the payload of a bzImage is packed, and since when Xen's domain builder
 * can unpack that. */
struct dw_kernel_packing {
	const char *name;	/* "gzip", "zstd", ...; "none" for plain ELF;
				 * "unknown" */
	unsigned xen_major, xen_minor;	/* 0.0: no Xen can */
};

struct dw_kernel_head {
	enum dw_kernel_kind kind;
	unsigned protocol;	/* 0x020f is 2.15; 0 unless bzImage/zImage */
	bool is_64bit;		/* can be entered in 64-bit mode (2.12 on), or
				 * a 64-bit ELF */
	bool relocatable;
	char version[128];	/* "6.1.0-50-amd64 (debian-...) #1 ..." */
	uint64_t payload_off;	/* of the compressed kernel, 0: not known */
	uint64_t payload_len;
	/* Of a bzImage or zImage; NULL: see at payload_off. */
	const struct dw_kernel_packing *packing;
};

/*
 * Decodes the start of a kernel file (Documentation/x86/boot.rst of Linux; the
 * payload's kind by its magic where it lies within the head).  Any bytes are
 * fine; what cannot be said stays 0.
 */
void dw_kernel_head_decode(const uint8_t *head, size_t len,
			   struct dw_kernel_head *out);

/* What the first bytes of a payload tell; never NULL. */
#define DW_KERNEL_PACKING_LEN 6
const struct dw_kernel_packing *dw_kernel_packing_find(const uint8_t *p,
						       size_t len);

#endif
