/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UUIDs as text. */
#ifndef DW_BASE_UUID_H
#define DW_BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>

/* "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" and a NUL. */
#define DW_UUID_TEXT 37

/* In the order of the bytes, as filesystems have it (not GPT's order). */
void dw_uuid_format(const uint8_t uuid[16], char text[DW_UUID_TEXT]);
bool dw_uuid_parse(const char *text, uint8_t uuid[16]);
bool dw_uuid_is_zero(const uint8_t uuid[16]);

/* Another UUID that follows from this one and 'purpose': the same input gives
 * the same copy.  Version and variant bits are those of a random one. */
void dw_uuid_derive(const uint8_t uuid[16], const char *purpose,
		    uint8_t out[16]);

#endif
