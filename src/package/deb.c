/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Debian packages: an ar archive of "debian-binary", "control.tar.*" and
 * "data.tar.*" (deb(5)).
 *
 * The ar is walked here, so that each member is a piece of the file that can be
 * read at any place; its header is 60 bytes of text (ar(5)).
 */
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/lines.h"
#include "base/span.h"
#include "package/package_impl.h"

#define AR_MAGIC_LEN	8
#define AR_HEADER_LEN	60
#define AR_NAME_LEN	16
#define AR_SIZE_OFF	48
#define AR_SIZE_LEN	10
#define AR_END_OFF	58
/* A .deb has three, signed ones four. */
#define MEMBERS_MAX	64
/* The control file of any package is a few kilobytes. */
#define CONTROL_MAX	(1u << 20)

struct member {
	char name[AR_NAME_LEN + 1];
	struct dw_piece piece;
};

/* ---- ar ------------------------------------------------------------------ */

static int decode_size(const char *p, uint64_t *out, struct dw_err *err)
{
	size_t i;

	*out = 0;
	for (i = 0; i < AR_SIZE_LEN && p[i] >= '0' && p[i] <= '9'; i++)
		*out = *out * 10 + (uint64_t)(p[i] - '0');
	if (i && (i == AR_SIZE_LEN || p[i] == ' '))
		return 0;
	return dw_fail(err, DW_CORRUPT, "deb: the size of a member is no "
		       "number");
}

static int read_member(struct dw_dev *dev, uint64_t off, struct member *m,
		       struct dw_err *err)
{
	char head[AR_HEADER_LEN];
	size_t len = 0;
	int ret = dw_dev_pread(dev, off, head, sizeof(head), err);

	if (!ret && memcmp(head + AR_END_OFF, "`\n", 2))
		ret = dw_fail(err, DW_CORRUPT, "deb: no member at byte %llu",
			      (unsigned long long)off);
	if (!ret)
		ret = decode_size(head + AR_SIZE_OFF, &m->piece.len, err);
	if (ret)
		return ret;
	/* GNU's ar ends a name with a slash, Debian's own tools do not. */
	while (len < AR_NAME_LEN && head[len] != ' ' && head[len] != '/')
		len++;
	memcpy(m->name, head, len);
	m->name[len] = '\0';
	m->piece.dev = dev;
	m->piece.off = off + AR_HEADER_LEN;
	if (m->piece.len > dev->size - m->piece.off)
		return dw_fail(err, DW_CORRUPT, "deb: %s ends at byte %llu of "
			       "%llu", m->name, (unsigned long long)
			       (m->piece.off + m->piece.len),
			       (unsigned long long)dev->size);
	return 0;
}

/* The member whose name begins so; the walk ends, as each one is longer than
 * its header. */
static int find_member(struct dw_dev *dev, const char *prefix,
		       struct member *m, struct dw_err *err)
{
	uint64_t off = AR_MAGIC_LEN;
	unsigned nr;
	int ret;

	for (nr = 0; off < dev->size && dev->size - off >= AR_HEADER_LEN &&
	     nr < MEMBERS_MAX; nr++) {
		ret = read_member(dev, off, m, err);
		if (ret || !strncmp(m->name, prefix, strlen(prefix)))
			return ret;
		off = m->piece.off + m->piece.len;
		off += off % 2;
	}
	return dw_fail(err, DW_CORRUPT, "deb: has no %s*", prefix);
}

/* ---- control ------------------------------------------------------------- */

/* Up to CONTROL_MAX bytes of a member of the control archive. */
static int read_text(struct dw_payload *p, struct dw_buf *out,
		     struct dw_err *err)
{
	const void *buf;
	uint64_t off;
	size_t len = 1;
	int ret = 0;

	while (!ret && len) {
		ret = dw_payload_data(p, &buf, &len, &off, err);
		if (ret || !len)
			break;
		if (len > CONTROL_MAX - out->len)
			return dw_fail(err, DW_LIMIT, "deb: its control file "
				       "has more than %u bytes", CONTROL_MAX);
		dw_buf_add(out, buf, len);
	}
	return ret ? ret : dw_buf_check(out, err);
}

static bool is_control(const char *name)
{
	return name && (!strcmp(name, "control") ||
			!strcmp(name, "./control"));
}

/* The first line of a field's value; what is folded below it is no part of
 * those that are asked for. */
static struct dw_span field(const struct dw_buf *text, const char *name)
{
	struct dw_lines walk = { .p = text->data, .len = text->len };
	size_t len = strlen(name);
	struct dw_line line;

	while (dw_lines_next(&walk, &line))
		if (line.text.len > len && line.text.p[len] == ':' &&
		    !strncasecmp(line.text.p, name, len))
			return dw_span_trim(dw_span_skip(line.text, len + 1));
	return (struct dw_span) { NULL, 0 };
}

static int take_control(struct dw_package *pkg, const struct dw_buf *text,
			struct dw_err *err)
{
	struct dw_span depends = field(text, "Depends");

	dw_span_copy(field(text, "Package"), pkg->name, sizeof(pkg->name));
	dw_span_copy(field(text, "Version"), pkg->version,
		     sizeof(pkg->version));
	dw_span_copy(field(text, "Architecture"), pkg->arch,
		     sizeof(pkg->arch));
	if (!pkg->name[0] || !pkg->version[0] || !pkg->arch[0])
		return dw_fail(err, DW_CORRUPT, "deb: its control file lacks "
			       "Package, Version or Architecture");
	if (!depends.len)
		return 0;
	pkg->depends = dw_span_dup(depends);
	return pkg->depends ? 0 : dw_fail_nomem(err);
}

static int find_control(struct dw_package *pkg, struct dw_payload *p,
			struct dw_err *err)
{
	struct archive_entry *ae;
	struct dw_buf text = { 0 };
	unsigned nr = 0;
	int ret;

	do {
		ret = dw_payload_next(p, &ae, err);
		if (!ret && (!ae || ++nr > 1000))
			ret = dw_fail(err, DW_CORRUPT, "deb: no control file");
	} while (!ret && !is_control(archive_entry_pathname(ae)));
	if (!ret)
		ret = read_text(p, &text, err);
	if (!ret)
		ret = take_control(pkg, &text, err);
	dw_buf_free(&text);
	return ret;
}

/* ---- both ---------------------------------------------------------------- */

static int open_member(struct dw_ctx *ctx, struct dw_package *pkg,
		       const char *prefix, struct dw_payload **out,
		       struct dw_err *err)
{
	struct member m;
	int ret = find_member(pkg->file, prefix, &m, err);

	*out = NULL;
	if (!ret)
		ret = dw_payload_open(ctx, DW_PAYLOAD_TAR, &m.piece, out, err);
	return ret;
}

int dw_deb_read(struct dw_ctx *ctx, struct dw_package *pkg,
		struct dw_err *err)
{
	struct dw_payload *p;
	int ret = open_member(ctx, pkg, "control.tar", &p, err);

	if (!ret)
		ret = find_control(pkg, p, err);
	dw_payload_close(p);
	if (ret)
		return ret;
	ret = open_member(ctx, pkg, "data.tar", &p, err);
	if (!ret)
		ret = dw_package_take(ctx, pkg, p, err);
	dw_payload_close(p);
	return ret;
}
