/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The descriptor of VMDK: a text of lines NAME=VALUE, in a file of its own or
 * behind the header of the one extent.
 *
 * Source: VMware, "Virtual Disk Format 5.0": "The Descriptor File".
 */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/checked.h"
#include "formats/vmdk.h"

/* One line, without its end and the blanks around it. */
struct line {
	const char *p;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct line trim(struct line l)
{
	while (l.len && is_blank(*l.p)) {
		l.p++;
		l.len--;
	}
	while (l.len && is_blank(l.p[l.len - 1]))
		l.len--;
	return l;
}

/* Cuts the next line off the text; false at its end. */
static bool next_line(struct line *text, struct line *out)
{
	size_t len = 0;

	if (!text->len)
		return false;
	while (len < text->len && text->p[len] != '\n' && text->p[len] != '\r')
		len++;
	*out = trim((struct line){ text->p, len });
	len += len < text->len;
	text->p += len;
	text->len -= len;
	return true;
}

/* Splits at the first c; what is behind it stays in *l, empty where none is. */
static struct line cut(struct line *l, char c)
{
	const char *at = memchr(l->p, c, l->len);
	struct line head = { l->p, at ? (size_t)(at - l->p) : l->len };
	size_t used = head.len + !!at;

	l->p += used;
	l->len -= used;
	*l = trim(*l);
	return trim(head);
}

static bool is(struct line l, const char *word)
{
	return l.len == strlen(word) && !strncasecmp(l.p, word, l.len);
}

/* Without quotes; it goes into error texts, so printable. */
static void copy(struct line l, char *out, size_t out_len)
{
	size_t i;

	if (l.len && *l.p == '"') {
		l.p++;
		l.len--;
		l = cut(&l, '"');
	}
	l.len = dw_min(l.len, out_len - 1);
	for (i = 0; i < l.len; i++)
		out[i] = l.p[i] >= 0x20 && l.p[i] < 0x7f ? l.p[i] : '?';
	out[i] = '\0';
}

static uint64_t number(struct line l)
{
	uint64_t value = 0;

	for (; l.len && *l.p >= '0' && *l.p <= '9'; l.p++, l.len--)
		if (!dw_mul(value, 10, &value) ||
		    !dw_add(value, (uint64_t)(*l.p - '0'), &value))
			return UINT64_MAX;
	return value;
}

/* Behind its RW: 4192256 SPARSE "name.vmdk" 0 */
static void parse_extent(struct line l, struct dw_vmdk_descriptor *out)
{
	if (!dw_add(out->extents_lba, number(cut(&l, ' ')), &out->extents_lba))
		out->extents_lba = UINT64_MAX;
	if (out->extents_nr++)
		return;
	copy(cut(&l, ' '), out->extent_kind, sizeof(out->extent_kind));
	copy(l, out->extent_file, sizeof(out->extent_file));
}

static void parse_line(struct line l, struct dw_vmdk_descriptor *out)
{
	struct line rest = l, name = cut(&rest, ' ');

	if (is(name, "RW") || is(name, "RDONLY") || is(name, "NOACCESS")) {
		parse_extent(rest, out);
		return;
	}
	rest = l;
	name = cut(&rest, '=');
	if (is(name, "createType"))
		copy(rest, out->create_type, sizeof(out->create_type));
	else if (is(name, "parentFileNameHint"))
		copy(rest, out->parent, sizeof(out->parent));
	else if (is(name, "parentCID"))
		out->has_parent = !is(rest, "ffffffff");
}

void dw_vmdk_descriptor_parse(const char *text, size_t len,
			      struct dw_vmdk_descriptor *out)
{
	struct line left = { text, strnlen(text, len) }, l;

	memset(out, 0, sizeof(*out));
	while (next_line(&left, &l))
		if (l.len && *l.p != '#')
			parse_line(l, out);
}

/* 255 heads and 63 sectors is what a BIOS makes of a SCSI disk. */
void dw_vmdk_descriptor_build(struct dw_buf *out, const char *create_type,
			      uint32_t cid, uint64_t capacity_lba)
{
	uint64_t cylinders = dw_min(capacity_lba / (255 * 63), 65535);

	dw_buf_adds(out, "# Disk DescriptorFile\nversion=1\n");
	dw_buf_printf(out, "CID=%08" PRIx32 "\nparentCID=ffffffff\n", cid);
	dw_buf_printf(out, "createType=\"%s\"\n\n# Extent description\n",
		      create_type);
	dw_buf_printf(out, "RW %" PRIu64 " SPARSE \"disk.vmdk\"\n\n",
		      capacity_lba);
	dw_buf_adds(out, "# The Disk Data Base\n#DDB\n\n"
		    "ddb.virtualHWVersion = \"4\"\n");
	dw_buf_printf(out, "ddb.geometry.cylinders = \"%" PRIu64 "\"\n",
		      cylinders);
	dw_buf_adds(out, "ddb.geometry.heads = \"255\"\n"
		    "ddb.geometry.sectors = \"63\"\n"
		    "ddb.adapterType = \"lsilogic\"\n");
}
