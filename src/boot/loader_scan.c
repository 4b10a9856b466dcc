/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stage 2's own code for the names in /boot, under names of the library. */
#include "boot/loader_scan.h"

#define scan_is_kernel		dw_scan_is_kernel
#define scan_compare		dw_scan_compare
#define scan_initrd_name	dw_scan_initrd_name
#define scan_round		dw_scan_round
#define scan_args		dw_scan_args
#define scan_has_root		dw_scan_has_root
#define is_blank		dw_scan_is_blank
#define lower			dw_scan_lower
#define skip_blanks		dw_scan_skip_blanks
#define skip_word		dw_scan_skip_word
#define has_word		dw_scan_has_word
#define same_word		dw_scan_same_word
#define append_text		dw_scan_append_text
#define parse_number		dw_scan_parse_number

#include "boot/x86/stage2/scan_names.c"
#include "boot/x86/stage2/text.c"

_Static_assert(SCAN_NAME_MAX == DW_SCAN_NAME_LEN &&
	       SCAN_ARGS_MAX == DW_SCAN_ARGS_LEN &&
	       SCAN_TRIES == DW_SCAN_TRIES &&
	       SCAN_ROUNDS == DW_SCAN_ROUNDS &&
	       sizeof(SCAN_DIR) == sizeof(DW_SCAN_DIR),
	       "the library's bounds are those of stage 2");
