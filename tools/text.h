/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text for people, on standard output. */
#ifndef DW_TOOLS_TEXT_H
#define DW_TOOLS_TEXT_H

#include <stdio.h>

#include <diskwright.h>

#define CLI_WIDTH 79

/*
 * Bytes from inside an image: control characters, and bytes that are no UTF-8,
 * become \xNN, so that they can neither move a terminal's cursor nor break a
 * line.  CLI_KEEP_TABS is for lines of files.
 */
enum cli_text_flags {
	CLI_KEEP_TABS = 1 << 0,
};
void cli_put(FILE *to, const char *text, unsigned flags);

/* The length of the valid UTF-8 sequence at p that shows as a character, or 0
 * where there is none or it is a control character. */
size_t cli_utf8_len(const unsigned char *p);

/* "1.5 GiB", "512 bytes". */
#define CLI_SIZE_TEXT 24
const char *cli_size(char buf[CLI_SIZE_TEXT], uint64_t len);

/* "1.5 GiB (1610612736 bytes)"; "512 bytes" stays alone. */
#define CLI_BOTH_SIZES_TEXT 64
const char *cli_both_sizes(char buf[CLI_BOTH_SIZES_TEXT], uint64_t len);

#define CLI_UUID_TEXT 37
const char *cli_uuid(char buf[CLI_UUID_TEXT], const uint8_t uuid[16]);

/* Words of text, broken before CLI_WIDTH; continuation lines start at column
 * 'indent', the first one is at column 'column'.  Ends the line. */
void cli_wrap(FILE *to, int column, int indent, const char *text);

/* "  name        value", value wrapped. */
#define CLI_NAME_WIDTH 12
void cli_item(const char *name, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void cli_item_to(FILE *to, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The plan's and reports' parts. */
#define CLI_RECOVERY_TEXT 400
/* "3 blocks replayed from the journal, ..."; "" where nothing was done. */
void cli_recovery(char buf[CLI_RECOVERY_TEXT], const struct dw_recovery *r);
void cli_text_verdict(const char *side, const struct dw_boot_verdict *verdict);
void cli_text_changes(const struct dw_changes *changes);
void cli_text_notes(const struct dw_notes *notes);
void cli_text_cost(const struct dw_change_cost *cost);
/* target NULL: the source is changed in place. */
void cli_text_dualboot_plan(const struct dw_dualboot_plan *plan,
			    const char *source, const char *target);
void cli_text_dualboot_boot(const struct dw_boot_verdict *kvm,
			    const struct dw_boot_verdict *pygrub);
void cli_text_dualboot_report(const struct dw_dualboot_report *report,
			      const char *target);
/* On 'to', as the image itself may go to standard output. */
void cli_text_convert_plan(FILE *to, const struct dw_convert_plan *plan,
			   const char *source, const char *target);
/* Its areas alone. */
void cli_text_convert_areas(FILE *to, const struct dw_convert_plan *plan);
void cli_text_convert_report(FILE *to, const struct dw_convert_report *report);
void cli_text_extract_plan(const struct dw_extract_plan *plan,
			   const char *source, const char *folder);
void cli_text_extract_report(const struct dw_extract_plan *plan,
			     const struct dw_extract_report *report);
void cli_text_layer(const struct dw_layer *layer);
void cli_text_volumes(const struct dw_volumes *volumes);
void cli_text_image_info(const struct dw_image_info *info);
void cli_text_image_check(const struct dw_image_check *check);
/* modules: each of them by name, not only their number. */
void cli_text_initrds(const struct dw_initrds *all, bool modules);
void cli_text_initrd_sides(const struct dw_initrds *all,
			   const bool sides[DW_SIDE_NR]);
void cli_text_initrd_plan(const struct dw_initrd_plan *plan, bool dry_run);
void cli_text_check(const struct dw_check_report *report);

#endif
