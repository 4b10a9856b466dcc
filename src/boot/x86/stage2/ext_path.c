/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ext2/3/4: directories and paths.
 */
#include "ext.h"

#include "boot/x86/memmap.h"

#define DIRENT_REC_LEN	4
#define DIRENT_NAME_LEN	6
#define DIRENT_NAME	8
#define DIR_LEN_MAX	(1u << 30)	/* far more than the kernel allows */
#define INLINE_DIR_SKIP	4		/* the number of the parent */

#define PATH_LEN	1024
#define LINKS_MAX	40		/* as the kernel */

const char ext_not_found[] = "file not found";

/* The names of one block of a directory; true where fn ended it. */
static bool list_block(const uint8_t *p, uint32_t len, ext_name_fn fn,
		       void *arg)
{
	/* rec_len is at least 8, so this ends. */
	while (len >= DIRENT_NAME) {
		uint32_t rec_len = le16(p + DIRENT_REC_LEN);

		/* 64 KiB do not fit 16 bits; the low two are never needed. */
		if (rec_len == 0xffff || (!rec_len && len == EXT_BLOCK_MAX))
			rec_len = EXT_BLOCK_MAX;
		else
			rec_len &= ~3u;
		if (rec_len < DIRENT_NAME || rec_len > len)
			return false;
		if (le32(p) && p[DIRENT_NAME_LEN] <= rec_len - DIRENT_NAME &&
		    fn(arg, (const char *)p + DIRENT_NAME, p[DIRENT_NAME_LEN],
		       le32(p)))
			return true;
		p += rec_len;
		len -= rec_len;
	}
	return false;
}

/*
 * An inline directory: the number of the parent, entries up to byte 60, then
 * more of them in the attribute, each part like a block of its own.
 */
static fault list_inline(struct ext *fs, const struct ext_inode *dir,
			 ext_name_fn fn, void *arg)
{
	uint8_t tail[4096];
	uint32_t tail_len;
	fault f;

	if (fn(arg, "..", 2, le32(dir->block)) ||
	    list_block(dir->block + INLINE_DIR_SKIP,
		       EXT_INLINE_LEN - INLINE_DIR_SKIP, fn, arg) ||
	    dir->len <= EXT_INLINE_LEN)
		return NULL;
	tail_len = dir->len - EXT_INLINE_LEN;
	if (dir->len > sizeof(tail))
		return "inline directory is too large";
	f = ext_read(fs, dir, EXT_INLINE_LEN, tail, tail_len);
	if (!f)
		list_block(tail, tail_len, fn, arg);
	return f;
}

fault ext_list(struct ext *fs, const struct ext_inode *dir, ext_name_fn fn,
	       void *arg)
{
	uint64_t blk, blocks_nr = dir->len >> fs->block_shift;

	if (!ext_is_dir(dir))
		return ext_not_found;
	if (dir->flags & EXT_FLAG_ENCRYPTED)
		return "directory is encrypted";
	if (dir->flags & EXT_FLAG_INLINE)
		return list_inline(fs, dir, fn, arg);
	if (dir->len > DIR_LEN_MAX)
		return "directory is too large";
	for (blk = 0; blk < blocks_nr; ) {
		uint64_t start, run;
		const uint8_t *p;
		fault f;

		f = ext_map(fs, dir, blk, &start, &run);
		if (f)
			return f;
		if (!start) {
			blk += run;
			continue;
		}
		f = ext_block(fs, start, &p);
		if (f)
			return f;
		if (list_block(p, fs->block_len, fn, arg))
			break;
		blk++;
	}
	return NULL;
}

struct search {
	const char *name;
	uint32_t len, nr;	/* nr: 0 until it is found */
};

static bool is_it(void *arg, const char *name, uint32_t len, uint32_t nr)
{
	struct search *s = arg;

	if (len == s->len && !memcmp(name, s->name, len))
		s->nr = nr;
	return s->nr;
}

/* Replaces *inode, a directory, by its entry of that name. */
static fault step(struct ext *fs, struct ext_inode *inode, const char *name,
		  uint32_t name_len)
{
	struct search s = { name, name_len, 0 };
	fault f;

	if (name_len == 1 && *name == '.' && ext_is_dir(inode) &&
	    !(inode->flags & EXT_FLAG_ENCRYPTED))
		return NULL;
	f = ext_list(fs, inode, is_it, &s);
	if (f)
		return f;
	if (!s.nr)
		return ext_not_found;
	return ext_inode_get(fs, s.nr, inode);
}

/* Where a link leads; a short target lies in the inode, as no extents do. */
static fault read_link(struct ext *fs, const struct ext_inode *link, char *dst,
		       uint32_t max)
{
	if (!link->len || link->len >= max)
		return "symbolic link is too long";
	dst[link->len] = 0;
	if (link->len < EXT_INLINE_LEN &&
	    !(link->flags & (EXT_FLAG_EXTENTS | EXT_FLAG_INLINE |
			     EXT_FLAG_ENCRYPTED))) {
		memcpy(dst, link->block, link->len);
		return NULL;
	}
	return ext_read(fs, link, 0, dst, link->len);
}

fault ext_lookup(struct ext *fs, uint32_t dir, const char *path,
		 struct ext_inode *out)
{
	static const char too_long[] = "path is too long";
	char todo[PATH_LEN], joined[PATH_LEN];
	uint32_t links_nr = 0;
	const char *s = todo;
	fault f;

	todo[0] = 0;
	if (!append_text(todo, PATH_LEN, path, strlen(path)))
		return too_long;
	f = ext_inode_get(fs, *path == '/' ? EXT_ROOT_INO : dir, out);
	while (!f) {
		struct ext_inode parent = *out;
		uint32_t len = 0;

		while (*s == '/')
			s++;
		if (!*s)
			return NULL;
		while (s[len] && s[len] != '/')
			len++;
		f = step(fs, out, s, len);
		s += len;
		if (f || !ext_is_link(out))
			continue;

		/* The target takes the place of what was done so far. */
		if (++links_nr > LINKS_MAX)
			return "too many symbolic links";
		f = read_link(fs, out, joined, PATH_LEN);
		if (f)
			break;
		if (!append_text(joined, PATH_LEN, "/", 1) ||
		    !append_text(joined, PATH_LEN, s, strlen(s)))
			return too_long;
		memcpy(todo, joined, PATH_LEN);
		s = todo;
		*out = parent;
		if (*s == '/')
			f = ext_inode_get(fs, EXT_ROOT_INO, out);
	}
	return f;
}
