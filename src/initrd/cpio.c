/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks over the archives of an initrd as the kernel unpacks them. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "initrd/cpio.h"

#define HEADER_LEN	110	/* magic and 13 fields of 8 hex digits */
#define NAME_CAP_LEN	4096	/* PATH_MAX, with the NUL */
#define BUF_LEN		(64u << 10)
#define PLAIN_CAP_LEN	(2ull << 30)
#define ENTRIES_CAP_NR	2000000

/* Bytes from a plain stretch of the source or from a compressed stream. */
struct feed {
	struct dw_ctx *ctx;
	const struct dw_source *src;
	struct dw_unpack *unpack;	/* NULL: plain */
	enum dw_packing packing;
	uint64_t off;		/* plain: of what follows the chunk */
	uint8_t *buf;		/* plain: the chunk's memory */
	const uint8_t *chunk;
	size_t chunk_len;
	uint64_t total_len;	/* unpacked so far, all streams */
	uint64_t entries_nr;
	bool open;		/* an archive began, its trailer did not come */
	struct dw_cpio_tail *tail;	/* may be NULL */
	uint32_t archives_nr;	/* that have ended */
};

/* Where the kernel stops; the first place counts. */
static void note_junk(struct feed *f, uint64_t off)
{
	if (!f->tail || f->tail->junk)
		return;
	f->tail->junk = true;
	f->tail->junk_off = off;
}

static uint64_t feed_off(const struct feed *f)
{
	return f->unpack ? dw_unpack_end_off(f->unpack) :
			   f->off - f->chunk_len;
}

/* Makes the chunk non-empty; *end where there is no more. */
static int refill(struct feed *f, bool *end, struct dw_err *err)
{
	int ret;

	*end = false;
	if (f->chunk_len)
		return 0;
	ret = dw_ctx_check(f->ctx, err);
	if (ret)
		return ret;
	if (f->unpack) {
		ret = dw_unpack_next(f->unpack, &f->chunk, &f->chunk_len, err);
		f->total_len += f->chunk_len;
		if (!ret && f->total_len > PLAIN_CAP_LEN)
			ret = dw_fail(err, DW_LIMIT,
				      "initrd: unpacks to more than %llu bytes",
				      (unsigned long long)PLAIN_CAP_LEN);
	} else {
		ret = f->src->read(f->src->arg, f->off, f->buf, BUF_LEN,
				   &f->chunk_len, err);
		f->chunk = f->buf;
		f->off += ret ? 0 : f->chunk_len;
	}
	if (ret)
		f->chunk_len = 0;
	*end = !f->chunk_len;
	return ret;
}

static void consume(struct feed *f, size_t len)
{
	f->chunk += len;
	f->chunk_len -= len;
}

/* Up to len bytes; *got is short only at the end. */
static int get(struct feed *f, void *buf, size_t len, size_t *got,
	       struct dw_err *err)
{
	uint8_t *p = buf;
	bool end = false;
	int ret = 0;

	*got = 0;
	while (*got < len) {
		size_t n;

		ret = refill(f, &end, err);
		if (ret || end)
			break;
		n = dw_min(len - *got, f->chunk_len);
		memcpy(p + *got, f->chunk, n);
		consume(f, n);
		*got += n;
	}
	return ret;
}

static int truncated(struct dw_err *err)
{
	return dw_fail(err, DW_CORRUPT, "initrd: the cpio archive breaks off");
}

/* The last bytes, which only align, may be missing at the end. */
static int skip(struct feed *f, uint64_t len, unsigned pad_len,
		struct dw_err *err)
{
	bool end = false;
	int ret = 0;

	while (!ret && !end && len) {
		size_t n = dw_min(len, f->chunk_len);

		consume(f, n);
		len -= n;
		if (!len)
			break;
		if (!f->unpack) {
			n = dw_min(len, f->src->size - dw_min(f->src->size,
							      f->off));
			f->off += n;
			len -= n;
			break;
		}
		ret = refill(f, &end, err);
	}
	return !ret && len > pad_len ? truncated(err) : ret;
}

static int must_get(struct feed *f, void *buf, size_t len, struct dw_err *err)
{
	size_t got;
	int ret = get(f, buf, len, &got, err);

	if (!ret && got < len)
		return truncated(err);
	return ret;
}

/* Before the trailer there are none that are not an entry's padding. */
static int skip_zeros(struct feed *f, bool *end, struct dw_err *err)
{
	int ret;

	while (!(ret = refill(f, end, err)) && !*end) {
		if (f->open && !*f->chunk)
			note_junk(f, feed_off(f));
		while (f->chunk_len && !*f->chunk)
			consume(f, 1);
		if (f->chunk_len)
			break;
	}
	return ret;
}

static bool hex32(const uint8_t *p, uint32_t *out)
{
	uint32_t v = 0;

	for (int i = 0; i < 8; i++) {
		uint8_t c = p[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			v = v << 4 | ((c | 32) - 'a' + 10);
		else
			return false;
	}
	*out = v;
	return true;
}

static bool is_newc(const uint8_t *magic)
{
	return !memcmp(magic, "070701", 6) || !memcmp(magic, "070702", 6);
}

/* Its first twelve fields; the last one is a sum that no kernel checks. */
static int decode_header(const uint8_t *head, struct dw_cpio_entry *e,
			 uint32_t *name_len)
{
	uint32_t major, minor, *const fields[] = {
		&e->ino, &e->mode, &e->uid, &e->gid, &e->links_nr, &e->mtime,
		&e->size, &major, &minor, &e->rdev_major, &e->rdev_minor,
		name_len,
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (!hex32(head + 8 * i, fields[i]))
			return DW_CORRUPT;
	e->dev = (uint64_t)major << 32 | minor;
	return 0;
}

/* Decodes the header, its magic already taken off the feed, and the name
 * behind it (into name, which e->name then points into). */
static int take_header(struct feed *f, char name[NAME_CAP_LEN + 3],
		       struct dw_cpio_entry *e, struct dw_err *err)
{
	uint8_t head[HEADER_LEN - 6];
	uint32_t name_len;
	int ret;

	ret = must_get(f, head, sizeof(head), err);
	if (ret)
		return ret;
	ret = decode_header(head, e, &name_len);
	if (ret)
		return dw_fail(err, DW_CORRUPT,
			       "initrd: cpio header %llu is no number",
			       (unsigned long long)f->entries_nr);
	if (!name_len || name_len > NAME_CAP_LEN)
		return dw_fail(err, DW_CORRUPT,
			       "initrd: cpio name of %u bytes", name_len);
	ret = must_get(f, name, name_len + (4 - (HEADER_LEN + name_len) % 4) %
		       4, err);
	if (ret)
		return ret;
	name[name_len - 1] = '\0';
	e->name = name;
	while (e->name[0] == '/' || (e->name[0] == '.' && e->name[1] == '/'))
		e->name++;
	if (++f->entries_nr > ENTRIES_CAP_NR)
		return dw_fail(err, DW_LIMIT, "initrd: more than %u files",
			       ENTRIES_CAP_NR);
	return 0;
}

/* The content, as much of it as the visitor wants; *done_len was read.  Of an
 * empty file that is no byte, once. */
static int take_data(struct feed *f, const struct dw_cpio_visitor *v,
		     const struct dw_cpio_entry *e, enum dw_cpio_next next,
		     uint8_t *data, uint32_t *done_len, struct dw_err *err)
{
	uint32_t want = e->size;
	int ret;

	if (next != DW_CPIO_DATA && next != DW_CPIO_ALL)
		return 0;
	if (next == DW_CPIO_DATA)
		want = dw_min(want, DW_CPIO_DATA_LEN);
	do {
		size_t len = dw_min(want - *done_len, DW_CPIO_DATA_LEN);

		ret = must_get(f, data, len, err);
		if (!ret)
			ret = v->data(v->arg, e, data, len, err);
		*done_len += (uint32_t)len;
	} while (!ret && *done_len < want);
	return ret;
}

/* One file; *stop where the visitor says so. */
static int take_entry(struct feed *f, const struct dw_cpio_visitor *v,
		      uint8_t *data, bool *stop, struct dw_err *err)
{
	struct dw_cpio_entry e = { .packing = f->packing };
	enum dw_cpio_next next = DW_CPIO_SKIP;
	char name[NAME_CAP_LEN + 3];
	uint32_t done_len = 0;
	unsigned pad_len;
	int ret;

	ret = take_header(f, name, &e, err);
	if (ret)
		return ret;
	f->open = strcmp(name, "TRAILER!!!");
	e.archive_nr = f->archives_nr;
	if (f->open)
		next = v->entry(v->arg, &e);
	else
		f->archives_nr++;
	*stop = next == DW_CPIO_STOP;
	if (*stop)
		return 0;
	pad_len = (4 - e.size % 4) % 4;
	ret = take_data(f, v, &e, next, data, &done_len, err);
	return ret ? ret : skip(f, (uint64_t)e.size - done_len + pad_len,
				pad_len, err);
}

/* Entries until something else begins: its first bytes are in magic and
 * *got tells how many; 0 at the end. */
static int walk_entries(struct feed *f, const struct dw_cpio_visitor *v,
			uint8_t magic[6], size_t *got, bool *stop,
			struct dw_err *err)
{
	uint8_t *data = malloc(DW_CPIO_DATA_LEN);
	bool end = false;
	int ret = data ? 0 : dw_fail_nomem(err);

	*got = 0;
	while (!ret && !*stop) {
		ret = skip_zeros(f, &end, err);
		if (ret || end)
			break;
		ret = get(f, magic, 6, got, err);
		if (ret || *got < 6 || !is_newc(magic))
			break;
		/* A plain archive is taken at a multiple of 4 only. */
		if (!f->unpack && !f->open && feed_off(f) % 4 != 2)
			note_junk(f, feed_off(f) - 6);
		ret = take_entry(f, v, data, stop, err);
		*got = 0;
	}
	free(data);
	return ret;
}

/* Junk behind a good archive: the kernel complains, keeps what it has and
 * goes on, so that is the end for us too. */
static int not_cpio(struct feed *f, uint64_t off, struct dw_err *err)
{
	note_junk(f, off);
	if (f->entries_nr)
		return 0;
	return dw_fail(err, DW_UNSUPPORTED,
		       "initrd: it is no cpio archive (perhaps the filesystem "
		       "image of an old initrd)");
}

/* One compressed archive at *off, which moves to its end. */
static int walk_packed(struct feed *plain, enum dw_packing kind,
		       const struct dw_cpio_visitor *v, uint64_t *off,
		       bool *stop, struct dw_err *err)
{
	struct feed f = *plain;
	uint8_t magic[6];
	size_t got;
	int ret;

	f.packing = kind;
	f.chunk_len = 0;
	ret = dw_unpack_open(kind, f.src, *off, f.ctx->memory_cap_len,
			     &f.unpack, err);
	if (ret)
		return ret;
	ret = walk_entries(&f, v, magic, &got, stop, err);
	if (!ret && got)
		ret = not_cpio(&f, *off, err);
	/* To the end of the stream, within the same bounds. */
	for (bool end = false; !ret && !*stop && !end;) {
		f.chunk_len = 0;
		ret = refill(&f, &end, err);
	}
	*off = dw_unpack_end_off(f.unpack);
	dw_unpack_close(f.unpack);
	if (f.open)
		note_junk(&f, *off);
	if (f.tail) {
		f.tail->packing = kind;
		f.tail->end_off = *off;
	}
	plain->total_len = f.total_len;
	plain->entries_nr = f.entries_nr;
	plain->archives_nr = f.archives_nr;
	return ret;
}

int dw_cpio_walk(struct dw_ctx *ctx, const struct dw_source *src,
		 const struct dw_cpio_visitor *visitor, struct dw_err *err)
{
	struct feed f = { .ctx = ctx, .src = src, .tail = visitor->tail };
	enum dw_packing kind;
	uint8_t magic[6];
	uint64_t seen_nr;
	bool stop = false;
	size_t got;
	int ret = 0;

	if (f.tail)
		memset(f.tail, 0, sizeof(*f.tail));
	f.buf = malloc(BUF_LEN);
	if (!f.buf)
		return dw_fail_nomem(err);
	/* Ends: each round goes on behind the archive it found. */
	while (!ret && !stop) {
		uint64_t off;

		seen_nr = f.entries_nr;
		ret = walk_entries(&f, visitor, magic, &got, &stop, err);
		if (f.tail && f.entries_nr > seen_nr)
			f.tail->packing = DW_PACK_NONE;
		if (ret || stop || !got)
			break;
		off = feed_off(&f) - got;
		if (f.open)
			note_junk(&f, off);
		f.open = false;
		kind = dw_packing_of(magic, got);
		if (kind == DW_PACK_NONE) {
			ret = not_cpio(&f, off, err);
			break;
		}
		ret = walk_packed(&f, kind, visitor, &off, &stop, err);
		f.off = off;
		f.chunk_len = 0;
	}
	free(f.buf);
	return ret;
}
