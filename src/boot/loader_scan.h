/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What our loader makes of the names in /boot where its configuration leads to
 * no kernel.  This is the code of stage 2 itself: boot/x86/stage2/scan_names.h
 * says what each of them does.
 */
#ifndef DW_BOOT_LOADER_SCAN_H
#define DW_BOOT_LOADER_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DW_SCAN_DIR "/boot"
#define DW_SCAN_NAME_LEN 256	/* with its NUL */
#define DW_SCAN_ARGS_LEN 2048
#define DW_SCAN_TRIES 8
#define DW_SCAN_ROUNDS 2

/* Of out: DW_SCAN_NAME_LEN and DW_SCAN_ARGS_LEN bytes. */
bool dw_scan_is_kernel(const char *name, size_t len);
int dw_scan_compare(const char *a, const char *b);
bool dw_scan_initrd_name(uint32_t nr, const char *kernel, char *out);
uint32_t dw_scan_round(const char *kernel, bool has_initrd);
void dw_scan_args(const char *append, const uint8_t uuid[16], char *out);
bool dw_scan_has_root(const char *args);

#endif
