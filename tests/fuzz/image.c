/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One image format through all that its driver can do.
 *
 * Where an image is sound, writing it must keep it so: a shadow in memory
 * takes the same writes, and both must agree, before and after the image was
 * closed; no corruption and no leak may have come.
 */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "formats/format.h"
#include "image.h"

#define SHADOW_MAX	(2u << 20)
#define SNAPSHOTS_MAX	4u
#define LEN_MAX		65536u
#define ROOM_LEN	(4u << 20)

struct shadow {
	uint8_t *bytes;		/* NULL: nothing is known */
	uint64_t len;
	uint64_t leaks_nr;
	uint64_t file_end;	/* up to where they are known */
};

static int open_image(struct fuzz *z, const struct dw_format_driver *f,
		      const char *snapshot, struct dw_dev **disk)
{
	struct dw_format_how how = { .snapshot = snapshot };

	return fuzz_result(z, dw_format_open_how(z->ctx, z->dev, f->name, &how,
						 NULL, disk, &z->err));
}

/* The result of a check; both counts 1 where there is none. */
static void check(struct fuzz *z, const struct dw_format_driver *f,
		  bool repair, uint64_t *corruptions_nr, uint64_t *leaks_nr)
{
	struct dw_image_check *c = calloc(1, sizeof(*c));

	*corruptions_nr = *leaks_nr = 1;
	if (f->check && !fuzz_result(z, f->check(z->ctx, z->dev, repair, c,
						 &z->err))) {
		*corruptions_nr = c->corruptions_nr;
		*leaks_nr = c->leaks_nr;
	}
	dw_image_check_free(c);
}

static void read_snapshots(struct fuzz *z, const struct dw_format_driver *f,
			   const struct dw_image_info *info)
{
	struct dw_dev *disk;

	for (size_t i = 0; i < info->snapshots_nr && i < SNAPSHOTS_MAX; i++) {
		if (open_image(z, f, info->snapshots[i].name, &disk))
			continue;
		fuzz_read_dev(z, disk);
		dw_dev_close(disk, NULL);
	}
}

static void read_image(struct fuzz *z, const struct dw_format_driver *f)
{
	struct dw_image_info *info = calloc(1, sizeof(*info));
	uint64_t corruptions_nr, leaks_nr;
	struct dw_dev *disk;

	fuzz_result(z, f->probe(z->dev, &z->err));
	if (!open_image(z, f, NULL, &disk)) {
		fuzz_read_dev(z, disk);
		dw_dev_close(disk, NULL);
	}
	if (f->info && !fuzz_result(z, f->info(z->ctx, z->dev, info, &z->err)))
		read_snapshots(z, f, info);
	dw_image_info_free(info);
	check(z, f, false, &corruptions_nr, &leaks_nr);
}

/* ---- writing ------------------------------------------------------------ */

static void shadow_start(struct fuzz *z, const struct dw_format_driver *f,
			 struct dw_dev *disk, struct shadow *s)
{
	uint64_t corruptions_nr, file_len = z->dev->size;

	if (z->ctl[FUZZ_FAULT] || disk->size > SHADOW_MAX)
		return;
	/* Room at the end shows refcounts of what the file does not reach
	 * yet: they would be leaks as soon as it does. */
	dw_dev_resize(z->dev, file_len + ROOM_LEN, NULL);
	check(z, f, false, &corruptions_nr, &s->leaks_nr);
	dw_dev_resize(z->dev, file_len, NULL);
	s->file_end = file_len + ROOM_LEN;
	if (corruptions_nr)
		return;
	s->bytes = malloc(disk->size + 1);
	s->len = disk->size;
	if (s->len && dw_dev_pread(disk, 0, s->bytes, s->len, NULL)) {
		free(s->bytes);
		s->bytes = NULL;
	}
}

static void shadow_compare(struct dw_dev *disk, const struct shadow *s,
			   const char *when)
{
	uint8_t *buf;
	size_t i;

	if (!s->bytes)
		return;
	if (disk->size != s->len)
		fuzz_fail("%s: %llu bytes, not %llu", when,
			  (unsigned long long)disk->size,
			  (unsigned long long)s->len);
	buf = malloc(s->len + 1);
	if (s->len && dw_dev_pread(disk, 0, buf, s->len, NULL))
		fuzz_fail("%s: cannot be read", when);
	for (i = 0; i < s->len; i++)
		if (buf[i] != s->bytes[i])
			fuzz_fail("%s: byte %zu is %02x, not %02x", when, i,
				  buf[i], s->bytes[i]);
	free(buf);
}

static void shadow_resize(struct shadow *s, uint64_t len)
{
	if (!s->bytes)
		return;
	s->bytes = realloc(s->bytes, len + 1);
	if (len > s->len)
		memset(s->bytes + s->len, 0, len - s->len);
	s->len = len;
}

/*
 * One operation: what, where (of 256ths of the disk, then 512 bytes), how
 * long.  A failed one ends what is known of the disk.
 */
static void operate(struct fuzz *z, struct dw_dev *disk, const uint8_t *op,
		    struct shadow *s)
{
	static uint8_t data[LEN_MAX];
	uint64_t off = disk->size / 256 * op[1] + op[2] * 512u;
	uint64_t len = dw_min(op[3] & 1 ? op[3] : op[3] * 256u, LEN_MAX);
	uint64_t size;
	int ret = 0;

	off = dw_min(off, disk->size);
	len = dw_min(len, disk->size - off);
	memset(data, op[2] ^ op[3] ^ 0x5a, len);
	switch (op[0] % 6) {
	case 0:
	case 1:
		ret = dw_dev_pwrite(disk, off, data, len, &z->err);
		break;
	case 2:
		memset(data, 0, len);
		ret = dw_dev_zero(disk, off, len, &z->err);
		break;
	case 3:
		ret = dw_dev_discard(disk, off, len, &z->err);
		/* What it leaves behind is not said. */
		if (!ret && s->bytes && len)
			ret = dw_dev_pread(disk, off, data, len, &z->err);
		break;
	case 4:
		size = disk->size + op[1] * 512u + op[2] * 65536u;
		if (disk->driver->resize && size < SHADOW_MAX * 2) {
			ret = dw_dev_resize(disk, size, &z->err);
			if (!ret)
				shadow_resize(s, size);
		}
		len = 0;
		break;
	default:
		ret = dw_dev_flush(disk, &z->err);
		len = 0;
	}
	if (fuzz_result(z, ret)) {
		free(s->bytes);
		s->bytes = NULL;
	}
	if (s->bytes && len)
		memcpy(s->bytes + off, data, len);
}

static void operate_all(struct fuzz *z, struct dw_dev *disk, struct shadow *s)
{
	/* What a seed without operations gets. */
	static const uint8_t usual[][FUZZ_OP_LEN] = {
		{ 0, 0, 0, 7 }, { 0, 100, 3, 200 }, { 2, 50, 0, 64 },
		{ 0, 50, 1, 9 }, { 3, 0, 0, 128 }, { 4, 40, 1, 0 },
		{ 5, 0, 0, 0 }, { 0, 255, 0, 31 }, { 1, 120, 0, 250 },
	};

	for (unsigned i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (!z->ops_nr)
			operate(z, disk, usual[i], s);
	for (unsigned i = 0; i < z->ops_nr; i++)
		operate(z, disk, z->ops + i * FUZZ_OP_LEN, s);
}

/* The image as it is after it was closed. */
static void look_again(struct fuzz *z, const struct dw_format_driver *f,
		       const struct shadow *s)
{
	uint64_t corruptions_nr, leaks_nr;
	struct dw_dev *disk;

	check(z, f, false, &corruptions_nr, &leaks_nr);
	if (open_image(z, f, NULL, &disk)) {
		if (s->bytes)
			fuzz_fail("opened again: %s", z->err.text);
		return;
	}
	shadow_compare(disk, s, "opened again");
	if (!s->bytes)
		fuzz_read_dev(z, disk);
	dw_dev_close(disk, NULL);
	if (z->dev->size > s->file_end)
		leaks_nr = 0;
	if (s->bytes && f->check && (corruptions_nr || leaks_nr > s->leaks_nr))
		fuzz_fail("%llu corruptions, %llu leaks, %llu before",
			  (unsigned long long)corruptions_nr,
			  (unsigned long long)leaks_nr,
			  (unsigned long long)s->leaks_nr);
}

static void write_image(struct fuzz *z, const struct dw_format_driver *f)
{
	struct shadow s = { 0 };
	struct dw_dev *disk;

	if (open_image(z, f, NULL, &disk))
		return;
	if (!disk->readonly) {
		shadow_start(z, f, disk, &s);
		operate_all(z, disk, &s);
		fuzz_result(z, dw_dev_flush(disk, &z->err));
		shadow_compare(disk, &s, "written");
	}
	z->err = (struct dw_err){ 0 };
	fuzz_result(z, dw_dev_close(disk, &z->err));
	if (z->dev)
		look_again(z, f, &s);
	free(s.bytes);
}

/* What was mended stays so. */
static void repair_image(struct fuzz *z, const struct dw_format_driver *f)
{
	uint64_t corruptions_nr, leaks_nr, again_nr;

	check(z, f, true, &corruptions_nr, &leaks_nr);
	if (corruptions_nr || leaks_nr || z->ctl[FUZZ_FAULT])
		return;
	check(z, f, false, &corruptions_nr, &again_nr);
	if (corruptions_nr || again_nr)
		fuzz_fail("mended, and then %llu corruptions, %llu leaks",
			  (unsigned long long)corruptions_nr,
			  (unsigned long long)again_nr);
}

void fuzz_image(struct fuzz *z, const char *format, enum fuzz_image_do what)
{
	const struct dw_format_driver *f = dw_format_by_name(format);

	if (!f)
		return;
	if (what == FUZZ_IMAGE_READ) {
		z->dev->readonly = true;
		read_image(z, f);
	} else if (what == FUZZ_IMAGE_WRITE) {
		write_image(z, f);
	} else if (f->check) {
		repair_image(z, f);
	}
}
