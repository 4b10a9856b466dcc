/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of whole buffers. */
#include <string.h>

#include "base/bytes.h"

/*
 * A buffer is zero when its first bytes are zero and it equals itself moved
 * by as many bytes; memcmp is the fastest reader that libc has, and data that
 * is not zero nearly always shows in the first bytes.
 */
bool dw_is_zero(const void *buf, size_t len)
{
	static const uint8_t zeros[16];
	const uint8_t *p = buf;

	if (len <= sizeof(zeros))
		return !memcmp(p, zeros, len);
	return !memcmp(p, zeros, sizeof(zeros)) &&
	       !memcmp(p, p + sizeof(zeros), len - sizeof(zeros));
}
