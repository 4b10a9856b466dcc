/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ext2/3/4: the content of a file, in blocks or inside the inode.
 */
#include "ext.h"

#include "boot/x86/memmap.h"

#define INODE_EXTRA	128	/* u16: bytes used behind the first 128 */
#define XATTR_MAGIC	0xea020000
#define XATTR_NAME_LEN	0
#define XATTR_INDEX	1
#define XATTR_VALUE_OFF	2
#define XATTR_VALUE_INODE 4
#define XATTR_VALUE_LEN	8
#define XATTR_NAME	16
#define XATTR_SYSTEM	7

/*
 * What of an inline file did not fit the first 60 bytes: the value of the
 * attribute "system.data", in what the inode has left. raw is the whole inode.
 */
static fault find_inline_tail(const uint8_t *raw, uint32_t raw_len,
			      const uint8_t **tail, uint32_t *tail_len)
{
	uint32_t at, first, left;

	*tail_len = 0;
	if (raw_len < INODE_EXTRA + 4)
		return NULL;
	at = INODE_EXTRA + le16(raw + INODE_EXTRA);
	if (at > raw_len - 4 || le32(raw + at) != XATTR_MAGIC)
		return NULL;
	first = at + 4;
	/* Each entry has at least 16 bytes, so this ends. */
	for (at = first; raw_len - at >= XATTR_NAME && le32(raw + at); ) {
		const uint8_t *e = raw + at;
		uint32_t name_len = e[XATTR_NAME_LEN];

		if (raw_len - at - XATTR_NAME < name_len)
			break;
		if (e[XATTR_INDEX] == XATTR_SYSTEM && name_len == 4 &&
		    !memcmp(e + XATTR_NAME, "data", 4)) {
			left = raw_len - first;
			if (le32(e + XATTR_VALUE_INODE) ||
			    le16(e + XATTR_VALUE_OFF) > left ||
			    le32(e + XATTR_VALUE_LEN) >
			    left - le16(e + XATTR_VALUE_OFF))
				return "inline data is damaged";
			*tail = raw + first + le16(e + XATTR_VALUE_OFF);
			*tail_len = le32(e + XATTR_VALUE_LEN);
			return NULL;
		}
		at += (XATTR_NAME + name_len + 3) & ~3u;
		if (at > raw_len)
			break;
	}
	return NULL;
}

static fault read_inline(struct ext *fs, const struct ext_inode *inode,
			 uint64_t off, uint8_t *dst, uint32_t len)
{
	const uint8_t *raw, *tail = NULL;
	uint32_t tail_len, i;
	fault f;

	f = ext_inode_raw(fs, inode->nr, &raw);
	if (f)
		return f;
	f = find_inline_tail(raw, fs->inode_len, &tail, &tail_len);
	if (f)
		return f;
	for (i = 0; i < len; i++) {
		uint64_t at = off + i;

		if (at < EXT_INLINE_LEN)
			dst[i] = inode->block[at];
		else if (at - EXT_INLINE_LEN < tail_len)
			dst[i] = tail[at - EXT_INLINE_LEN];
		else
			return "inline data is cut off";
	}
	return NULL;
}

fault ext_read(struct ext *fs, const struct ext_inode *inode, uint64_t off,
	       void *dst, uint32_t len)
{
	uint8_t *out = dst;

	if (off > inode->len || len > inode->len - off)
		return "file is cut off";
	if (inode->flags & EXT_FLAG_ENCRYPTED)
		return "file is encrypted";
	if (inode->flags & EXT_FLAG_INLINE)
		return read_inline(fs, inode, off, dst, len);
	while (len) {
		uint32_t skip = off & (fs->block_len - 1);
		uint32_t part = len;
		uint64_t start, run;
		fault f;

		f = ext_map(fs, inode, off >> fs->block_shift, &start, &run);
		if (f)
			return f;
		if (run < (1ull << 32) >> fs->block_shift &&
		    (run << fs->block_shift) - skip < part)
			part = (run << fs->block_shift) - skip;
		if (start)
			f = disk_read(fs->disk, (start << fs->block_shift) +
				      skip, out, part);
		else
			memset(out, 0, part);
		if (f)
			return f;
		out += part;
		off += part;
		len -= part;
	}
	return NULL;
}
