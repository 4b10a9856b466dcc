/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ELF notes by which a kernel tells Xen what it is.
 *
 * A note is a name's length, a value's length and a type, then both, each
 * filled up to four bytes.  Those of Xen are named "Xen".
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/span.h"
#include "guest/xen_notes.h"

#define NOTE_ENTRY 1
#define NOTE_FEATURES 10

/* The ELF header with the program headers behind it, and one note segment. */
#define HEAD_LEN 4096
#define NOTES_CAP_LEN 65536
#define PHDRS_CAP_NR 64
#define PT_NOTE 4

/* Further than this no notes lie; the largest kernels have 100 MB unpacked. */
#define REACH_LEN (256ull << 20)
#define WINDOW_CAP_LEN (128ull << 20)

/* ---- notes ------------------------------------------------------------------- */

/* XenLinux lets Xen map its page tables writable, which later kernels refuse
 * by the same word with a '!' in front. */
static bool is_classic(const uint8_t *value, size_t len)
{
	static const char word[] = "writable_page_tables";
	struct dw_span s = { (const char *)value, len };

	return dw_span_starts(s, word);
}

void dw_xen_notes_decode(const uint8_t *p, size_t len,
			 struct dw_xen_notes *out)
{
	/* Each note takes 12 bytes at least, so this ends. */
	while (len >= 12) {
		uint64_t name_len = dw_le32(p), value_len = dw_le32(p + 4);
		uint64_t name_room = (name_len + 3) & ~3ull;
		uint64_t room = 12 + name_room + ((value_len + 3) & ~3ull);
		uint32_t type = dw_le32(p + 8);

		if (12 + name_room + value_len > len)
			return;
		if (name_len == 4 && !memcmp(p + 12, "Xen", 4)) {
			out->has_entry |= type == NOTE_ENTRY;
			if (type == NOTE_FEATURES)
				out->is_classic |= is_classic(p + 12 +
							      name_room,
							      value_len);
		}
		if (room > len)
			return;
		p += room;
		len -= room;
	}
}

/* ---- where they lie ---------------------------------------------------------- */

struct range {
	uint64_t off, len;
};

/* The n-th program header as a range of notes; false: it is another thing. */
static bool note_segment(const uint8_t *elf, size_t elf_len, unsigned n,
			 struct range *out)
{
	bool is_64 = elf[4] == 2;
	uint64_t table = is_64 ? dw_le64(elf + 32) : dw_le32(elf + 28);
	unsigned entry_len = dw_le16(elf + (is_64 ? 54 : 42));
	unsigned nr = dw_le16(elf + (is_64 ? 56 : 44));
	const uint8_t *ph;

	if (n >= nr || entry_len < (is_64 ? 56 : 32) || table > elf_len ||
	    (uint64_t)(n + 1) * entry_len > elf_len - table)
		return false;
	ph = elf + table + (uint64_t)n * entry_len;
	if (dw_le32(ph) != PT_NOTE)
		return false;
	out->off = is_64 ? dw_le64(ph + 8) : dw_le32(ph + 4);
	out->len = is_64 ? dw_le64(ph + 32) : dw_le32(ph + 16);
	return out->len && out->len <= NOTES_CAP_LEN &&
	       out->off <= REACH_LEN;
}

static bool is_elf(const uint8_t *head, size_t len)
{
	return len >= 64 && !memcmp(head, "\177ELF", 4) && head[5] == 1 &&
	       (head[4] == 1 || head[4] == 2);
}

static bool find_notes(const uint8_t *head, size_t len, struct range *out)
{
	for (unsigned n = 0; n < PHDRS_CAP_NR; n++)
		if (note_segment(head, len, n, out))
			return true;
	return false;
}

/* ---- bytes of the unpacked kernel -------------------------------------------- */

/* Read from front to back; what lies before is gone. */
struct stream {
	const struct dw_source *src;
	uint64_t base;			/* where it starts in src */
	struct dw_unpack *unpack;	/* NULL: it is not packed */
	const uint8_t *left;		/* unpacked and not used yet */
	size_t left_len;
	uint64_t pos;
};

/* Not a fault of the packed data. */
static bool is_of_this_run(int code)
{
	return code == DW_IO || code == DW_NOMEM || code == DW_CANCELLED;
}

/* The next bytes; *got 0 at the end, also where the packed data is damaged. */
static int take(struct stream *s, uint8_t *to, size_t len, size_t *got,
		struct dw_err *err)
{
	int ret = 0;

	if (!s->unpack) {
		ret = s->src->read(s->src->arg, s->base + s->pos, to, len,
				   got, err);
		s->pos += ret ? 0 : *got;
		return ret;
	}
	if (!s->left_len)
		ret = dw_unpack_next(s->unpack, &s->left, &s->left_len, err);
	if (is_of_this_run(ret))
		return ret;
	*got = ret ? 0 : len < s->left_len ? len : s->left_len;
	memcpy(to, s->left, *got);
	s->left += *got;
	s->left_len -= *got;
	s->pos += *got;
	return 0;
}

static int fill(struct stream *s, uint8_t *to, size_t len, size_t *got,
		struct dw_err *err)
{
	size_t part = 1;
	int ret = 0;

	for (*got = 0; !ret && part && *got < len; *got += ret ? 0 : part)
		ret = take(s, to + *got, len - *got, &part, err);
	return ret;
}

/* Passes over what lies before off; false: it ends there, or is behind it. */
static int skip_to(struct stream *s, uint64_t off, uint8_t *scratch,
		   bool *there, struct dw_err *err)
{
	size_t part = 1;
	int ret = 0;

	if (!s->unpack && off > s->pos)
		s->pos = off;
	while (!ret && part && s->pos < off) {
		uint64_t gap = off - s->pos;

		ret = take(s, scratch, gap < NOTES_CAP_LEN ? gap :
			   NOTES_CAP_LEN, &part, err);
	}
	*there = s->pos == off;
	return ret;
}

static int read_stream(struct stream *s, uint8_t *head, uint8_t *notes,
		       struct dw_xen_notes *out, struct dw_err *err)
{
	struct range where;
	bool there = false;
	size_t len;
	int ret;

	ret = fill(s, head, HEAD_LEN, &len, err);
	if (ret || !is_elf(head, len))
		return ret;
	out->is_elf = true;
	if (!find_notes(head, len, &where))
		return 0;
	if (where.off < len) {		/* a small one; it lies in the head */
		dw_xen_notes_decode(head + where.off, len - where.off <
				    where.len ? len - where.off : where.len,
				    out);
		return 0;
	}
	ret = skip_to(s, where.off, notes, &there, err);
	len = 0;
	if (!ret && there)
		ret = fill(s, notes, where.len, &len, err);
	out->is_elf = len == where.len;
	if (!ret && out->is_elf)
		dw_xen_notes_decode(notes, len, out);
	return ret;
}

int dw_xen_notes_read(const struct dw_source *src,
		      const struct dw_kernel_head *head,
		      struct dw_xen_notes *out, struct dw_err *err)
{
	struct stream s = { .src = src, .base = head->payload_off };
	uint8_t *buf = malloc(HEAD_LEN + NOTES_CAP_LEN), magic[6];
	enum dw_packing kind;
	size_t got = 0;
	int ret;

	memset(out, 0, sizeof(*out));
	if (!buf)
		return dw_fail_nomem(err);
	ret = src->read(src->arg, s.base, magic, sizeof(magic), &got, err);
	kind = ret ? DW_PACK_NONE : dw_packing_of(magic, got);
	if (kind)
		ret = dw_unpack_open(kind, src, s.base, WINDOW_CAP_LEN,
				     &s.unpack, err);
	if (!ret)
		ret = read_stream(&s, buf, buf + HEAD_LEN, out, err);
	dw_unpack_close(s.unpack);
	free(buf);
	return is_of_this_run(ret) ? ret : 0;
}
