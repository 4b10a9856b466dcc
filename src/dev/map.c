/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pieces of devices, one after the other: a new disk around an old one. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "dev/kinds.h"

struct map_piece {
	uint64_t start_off;	/* in the map */
	uint64_t len;
	struct dw_dev *dev;	/* NULL: zeros */
	uint64_t dev_off;
};

struct map_dev {
	struct dw_dev dev;
	size_t pieces_nr;
	struct map_piece pieces[];
};

static struct map_dev *map_of(struct dw_dev *dev)
{
	return (struct map_dev *)dev;
}

/* off lies inside the device, so that there is one; pieces have no gaps. */
static const struct map_piece *find(struct map_dev *map, uint64_t off)
{
	size_t lo = 0, hi = map->pieces_nr - 1, mid;

	while (lo < hi) {
		mid = lo + (hi - lo + 1) / 2;
		if (map->pieces[mid].start_off <= off)
			lo = mid;
		else
			hi = mid - 1;
	}
	return &map->pieces[lo];
}

typedef int (*piece_fn)(const struct map_piece *piece, uint64_t in_off,
			void *buf, uint64_t len, struct dw_err *err);

/* Calls fn for the part of each piece that the request touches. */
static int for_pieces(struct dw_dev *dev, uint64_t off, void *buf,
		      uint64_t len, piece_fn fn, struct dw_err *err)
{
	const struct map_piece *piece;
	uint8_t *p = buf;
	uint64_t in_off, step;
	int ret;

	for (; len; off += step, p += step, len -= step) {
		piece = find(map_of(dev), off);
		in_off = off - piece->start_off;
		step = dw_min(len, piece->len - in_off);
		ret = fn(piece, in_off, p, step, err);
		if (ret)
			return ret;
	}
	return 0;
}

static int read_piece(const struct map_piece *piece, uint64_t in_off,
		      void *buf, uint64_t len, struct dw_err *err)
{
	if (piece->dev)
		return dw_dev_pread(piece->dev, piece->dev_off + in_off, buf,
				    len, err);
	memset(buf, 0, len);
	return 0;
}

static int write_piece(const struct map_piece *piece, uint64_t in_off,
		       void *buf, uint64_t len, struct dw_err *err)
{
	if (piece->dev)
		return dw_dev_pwrite(piece->dev, piece->dev_off + in_off, buf,
				     len, err);
	return dw_fail(err, DW_READONLY,
		       "write of %llu bytes into a gap of the new disk",
		       (unsigned long long)len);
}

static int map_pread(struct dw_dev *dev, uint64_t off, void *buf, size_t len,
		     struct dw_err *err)
{
	return for_pieces(dev, off, buf, len, read_piece, err);
}

/* write_piece() only reads what it is given. */
static int map_pwrite(struct dw_dev *dev, uint64_t off, const void *buf,
		      size_t len, struct dw_err *err)
{
	return for_pieces(dev, off, (void *)(uintptr_t)buf, len, write_piece,
			  err);
}

static int map_extent(struct dw_dev *dev, uint64_t off, uint64_t len,
		      struct dw_extent *out, struct dw_err *err)
{
	const struct map_piece *piece = find(map_of(dev), off);
	uint64_t in_off = off - piece->start_off;
	int ret = 0;

	len = dw_min(len, piece->len - in_off);
	if (piece->dev) {
		ret = dw_dev_extent(piece->dev, piece->dev_off + in_off, len,
				    out, err);
	} else {
		out->kind = DW_EXTENT_UNMAPPED;
		out->len = len;
	}
	out->off = off;
	return ret;
}

typedef int (*dev_fn)(struct dw_dev *dev, struct dw_err *err);

/* Calls fn for each device below; once for a row of pieces on the same one. */
static int for_devs(struct dw_dev *dev, dev_fn fn, struct dw_err *err)
{
	const struct map_piece *piece = map_of(dev)->pieces;
	const struct map_piece *end = piece + map_of(dev)->pieces_nr;
	struct dw_dev *last = NULL;
	int ret = 0;

	for (; piece < end && !ret; piece++) {
		if (!piece->dev || piece->dev == last)
			continue;
		last = piece->dev;
		ret = fn(last, err);
	}
	return ret;
}

/* A volume may have thousands of pieces, and a flush may take milliseconds. */
static int map_flush(struct dw_dev *dev, struct dw_err *err)
{
	return for_devs(dev, dw_dev_flush, err);
}

static int map_check_unchanged(struct dw_dev *dev, struct dw_err *err)
{
	return for_devs(dev, dw_dev_check_unchanged, err);
}

static int map_close(struct dw_dev *dev, struct dw_err *err)
{
	struct map_dev *map = map_of(dev);
	int ret = 0, one;
	size_t i;

	for (i = 0; i < map->pieces_nr; i++) {
		one = dw_dev_close(map->pieces[i].dev, ret ? NULL : err);
		if (!ret)
			ret = one;
	}
	return ret;
}

static const struct dw_dev_driver map_driver = {
	.kind = "map",
	.pread = map_pread,
	.pwrite = map_pwrite,
	.flush = map_flush,
	.extent = map_extent,
	.check_unchanged = map_check_unchanged,
	.close = map_close,
};

/* Empty pieces are left out, so that find() has none to step over. */
static int add_piece(struct map_dev *map, const struct dw_map_piece *piece,
		     uint64_t *size, struct dw_err *err)
{
	if (!piece->len)
		return 0;
	if (piece->dev &&
	    !dw_in_range(piece->off, piece->len, piece->dev->size))
		return dw_fail(err, DW_RANGE,
			       "%s: a piece of %llu bytes passes its end",
			       piece->dev->name,
			       (unsigned long long)piece->len);
	map->pieces[map->pieces_nr++] = (struct map_piece){
		.start_off = *size,
		.len = piece->len,
		.dev = piece->dev ? dw_dev_ref(piece->dev) : NULL,
		.dev_off = piece->off,
	};
	if (!dw_add(*size, piece->len, size))
		return dw_fail(err, DW_RANGE, "the pieces are too long");
	return 0;
}

int dw_map_new(const char *name, const struct dw_map_piece *pieces,
	       size_t pieces_nr, struct dw_dev **out, struct dw_err *err)
{
	struct map_dev *map;
	uint64_t size = 0;
	bool readonly = false;
	int ret = 0;
	size_t i;

	*out = NULL;
	map = calloc(1, sizeof(*map) + pieces_nr * sizeof(map->pieces[0]));
	if (!map)
		return dw_fail_nomem(err);
	for (i = 0; i < pieces_nr && !ret; i++) {
		ret = add_piece(map, &pieces[i], &size, err);
		readonly |= pieces[i].dev && pieces[i].dev->readonly;
	}
	if (!ret)
		ret = dw_dev_init(&map->dev, &map_driver, name, size, 512,
				  readonly, err);
	if (ret) {
		map_close(&map->dev, NULL);
		free(map);
		return ret;
	}
	*out = &map->dev;
	return 0;
}
