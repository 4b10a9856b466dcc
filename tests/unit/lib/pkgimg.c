/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small packages, made with libarchive's writers and by hand. */
#include "pkgimg.h"

#include <archive.h>
#include <archive_entry.h>
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"

#define ROOM (4u << 20)
#define MTIME 1700000000

static char bytes[ROOM];

static void add_member(struct archive *a, const struct pkgimg_member *m)
{
	struct archive_entry *e = archive_entry_new();
	size_t len = m->len || !m->data ? m->len : strlen(m->data);

	archive_entry_set_pathname(e, m->name);
	archive_entry_set_mode(e, m->mode);
	archive_entry_set_mtime(e, MTIME, 0);
	if (m->link && S_ISLNK(m->mode))
		archive_entry_set_symlink(e, m->link);
	else if (m->link)
		archive_entry_set_hardlink(e, m->link);
	archive_entry_set_size(e, (la_int64_t)len);
	ck_assert_int_eq(archive_write_header(a, e), ARCHIVE_OK);
	if (len)
		ck_assert_int_eq(archive_write_data(a, m->data, len), len);
	archive_entry_free(e);
}

/* An archive in 'bytes'; its length. */
static size_t pack(const char *format, const char *filter,
		   const struct pkgimg_member *members)
{
	struct archive *a = archive_write_new();
	size_t used = 0;

	ck_assert_int_eq(archive_write_set_format_by_name(a, format), 0);
	if (*filter)
		ck_assert_int_eq(archive_write_add_filter_by_name(a, filter),
				 0);
	ck_assert_int_eq(archive_write_open_memory(a, bytes, ROOM, &used), 0);
	for (; members->mode; members++)
		add_member(a, members);
	ck_assert_int_eq(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	return used;
}

static void add_to_ar(FILE *f, const char *name, const void *data, size_t len)
{
	fprintf(f, "%-16s%-12d%-6d%-6d%-8s%-10zu`\n", name, MTIME, 0, 0,
		"100644", len);
	ck_assert_uint_eq(fwrite(data, 1, len, f), len);
	if (len % 2)
		fputc('\n', f);
}

void pkgimg_deb(const char *path, const char *filter, const char *control,
		const struct pkgimg_member *members)
{
	const struct pkgimg_member texts[] = {
		{ "./", S_IFDIR | 0755, NULL, NULL, 0 },
		{ "./postinst", S_IFREG | 0755, "#!/bin/sh\nexit 1\n", NULL,
		  0 },
		{ "./control", S_IFREG | 0644, control, NULL, 0 },
		{ NULL, 0, NULL, NULL, 0 },
	};
	FILE *f = fopen(path, "w");
	char name[32];
	size_t len;

	ck_assert_ptr_nonnull(f);
	fputs("!<arch>\n", f);
	add_to_ar(f, "debian-binary", "2.0\n", 4);
	len = pack("gnutar", "gzip", texts);
	add_to_ar(f, "control.tar.gz", bytes, len);
	len = pack("gnutar", filter, members);
	snprintf(name, sizeof(name), "data.tar.%s", filter);
	add_to_ar(f, name, bytes, len);
	ck_assert_int_eq(fclose(f), 0);
}

/* ---- rpm ----------------------------------------------------------------- */

static void put_be32(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

struct rpm_tag {
	unsigned tag;
	const char *value;
};

static size_t add_header(uint8_t *to, const struct rpm_tag *tags, unsigned nr)
{
	uint8_t *store = to + 16 + 16 * nr;
	size_t len = 0;

	memcpy(to, "\x8e\xad\xe8\x01\0\0\0", 8);
	for (unsigned i = 0; i < nr; i++) {
		put_be32(to + 16 + 16 * i, tags[i].tag);
		put_be32(to + 20 + 16 * i, 6);
		put_be32(to + 24 + 16 * i, (unsigned)len);
		put_be32(to + 28 + 16 * i, 1);
		strcpy((char *)store + len, tags[i].value);
		len += strlen(tags[i].value) + 1;
	}
	put_be32(to + 8, nr);
	put_be32(to + 12, (unsigned)len);
	return 16 + 16 * nr + len;
}

void pkgimg_rpm(const char *path, const char *filter, const char *arch,
		const struct pkgimg_member *members)
{
	const struct rpm_tag signature[] = { { 1004, "nothing" } };
	const struct rpm_tag tags[] = {
		{ 1000, "kernel" }, { 1001, "4.18.0" }, { 1002, "1" },
		{ 1022, arch }, { 1124, "cpio" },
	};
	uint8_t head[1024] = { 0xed, 0xab, 0xee, 0xdb, 3 };
	size_t at = 96, len;
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	at += add_header(head + at, signature, 1);
	at = (at + 7) / 8 * 8;
	at += add_header(head + at, tags, 5);
	ck_assert_uint_eq(fwrite(head, 1, at, f), at);
	len = pack("newc", filter, members);
	ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

void pkgimg_poke(const char *path, long off, unsigned char value)
{
	FILE *f = fopen(path, "r+");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fseek(f, off, SEEK_SET), 0);
	ck_assert_int_eq(fputc(value, f), value);
	ck_assert_int_eq(fclose(f), 0);
}

void pkgimg_cut(const char *path, long len)
{
	ck_assert_int_eq(truncate(path, len), 0);
}
