/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The snapshots inside a qcow2 image: their table, and the disk of one. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "formats/qcow2_meta.h"

enum {
	OFF_L1 = 0,
	OFF_L1_NR = 8,
	OFF_ID_LEN = 12,
	OFF_NAME_LEN = 14,
	OFF_TIME_S = 16,
	OFF_TIME_NS = 20,
	OFF_VM_CLOCK = 24,
	OFF_VM_STATE_LEN = 32,
	OFF_EXTRA_LEN = 36,
	FIXED_LEN = 40,
	/* In the extra data, as far as it goes. */
	OFF_EXTRA_VM_STATE_LEN = 0,
	OFF_EXTRA_DISK_SIZE = 8,
	EXTRA_KNOWN_LEN = 16,
};

/* QEMU keeps 255 bytes of a name; more serves nobody. */
#define TEXT_MAX_LEN 1023u

/* The part of one entry whose length is the same in all. */
struct fixed {
	uint16_t id_len, name_len;
	uint32_t extra_len;
};

static void decode_fixed(const uint8_t *p, struct dw_qcow2_snapshot *out,
			 struct fixed *fixed)
{
	out->l1_off = dw_be64(p + OFF_L1);
	out->l1_nr = dw_be32(p + OFF_L1_NR);
	out->time_s = dw_be32(p + OFF_TIME_S);
	out->time_ns = dw_be32(p + OFF_TIME_NS);
	out->vm_clock_ns = dw_be64(p + OFF_VM_CLOCK);
	out->vm_state_len = dw_be32(p + OFF_VM_STATE_LEN);
	fixed->id_len = dw_be16(p + OFF_ID_LEN);
	fixed->name_len = dw_be16(p + OFF_NAME_LEN);
	fixed->extra_len = dw_be32(p + OFF_EXTRA_LEN);
}

/* p: extra data, id and name.  Version 2 has no disk size of its own. */
static int decode_rest(const uint8_t *p, const struct dw_qcow2_header *h,
		       const struct fixed *fixed, struct dw_qcow2_snapshot *out,
		       struct dw_err *err)
{
	out->disk_size = h->size;
	if (fixed->extra_len >= OFF_EXTRA_DISK_SIZE)
		out->vm_state_len = dw_be64(p + OFF_EXTRA_VM_STATE_LEN);
	if (fixed->extra_len >= EXTRA_KNOWN_LEN)
		out->disk_size = dw_be64(p + OFF_EXTRA_DISK_SIZE);
	else
		out->is_incomplete = h->version >= 3;
	p += fixed->extra_len;
	out->id = dw_qcow2_text(p, dw_min(fixed->id_len, TEXT_MAX_LEN));
	out->name = dw_qcow2_text(p + fixed->id_len,
				  dw_min(fixed->name_len, TEXT_MAX_LEN));
	return out->id && out->name ? 0 : dw_fail_nomem(err);
}

static int check_fixed(const struct fixed *fixed, size_t i, uint64_t off,
		       uint64_t table_off, uint64_t file_len,
		       struct dw_err *err)
{
	uint64_t len = (uint64_t)fixed->extra_len + fixed->id_len +
		       fixed->name_len;

	if (fixed->extra_len > DW_QCOW2_SNAPSHOT_EXTRA_MAX_LEN)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: snapshot %zu has %" PRIu32
			       " bytes of extra data (at most %u)", i,
			       fixed->extra_len,
			       DW_QCOW2_SNAPSHOT_EXTRA_MAX_LEN);
	if (off + len - table_off > DW_QCOW2_SNAPSHOT_TABLE_MAX_LEN)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: the snapshot table takes more than %u "
			       "bytes", DW_QCOW2_SNAPSHOT_TABLE_MAX_LEN);
	if (!dw_in_range(off, len, file_len))
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: snapshot %zu at %" PRIu64 " with %"
			       PRIu64 " bytes ends past the end of the file "
			       "at %" PRIu64, i, off, len, file_len);
	return 0;
}

/* Reads entry i, moving *off behind it. */
static int read_entry(struct dw_dev *file, const struct dw_qcow2_header *h,
		      size_t i, uint64_t *off, struct dw_qcow2_snapshot *out,
		      struct dw_err *err)
{
	uint8_t head[FIXED_LEN], *rest;
	struct fixed fixed;
	size_t len;
	int rc;

	if (!dw_in_range(*off, FIXED_LEN, file->size))
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: snapshot %zu at %" PRIu64 " lies past "
			       "the end of the file at %" PRIu64, i, *off,
			       file->size);
	rc = dw_dev_pread(file, *off, head, sizeof(head), err);
	if (rc)
		return rc;
	decode_fixed(head, out, &fixed);
	*off += FIXED_LEN;
	rc = check_fixed(&fixed, i, *off, h->snapshots_off, file->size, err);
	if (rc)
		return rc;
	len = fixed.extra_len + fixed.id_len + fixed.name_len;
	rest = malloc(len + 1);
	if (!rest)
		return dw_fail_nomem(err);
	rc = dw_dev_pread(file, *off, rest, len, err);
	if (!rc)
		rc = decode_rest(rest, h, &fixed, out, err);
	free(rest);
	*off = dw_round_up(*off + len, 8);
	return rc;
}

int dw_qcow2_snapshots_read(struct dw_dev *file,
			    const struct dw_qcow2_header *h,
			    struct dw_qcow2_snapshots *out, struct dw_err *err)
{
	uint64_t off = h->snapshots_off;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (!h->snapshots_nr)
		return 0;
	/* As many as the file can hold: the header was checked. */
	out->items = calloc(h->snapshots_nr, sizeof(*out->items));
	if (!out->items)
		return dw_fail_nomem(err);
	while (!rc && out->nr < h->snapshots_nr) {
		rc = read_entry(file, h, out->nr, &off, &out->items[out->nr],
				err);
		out->nr++;
	}
	out->table_len = off - h->snapshots_off;
	return rc;
}

void dw_qcow2_snapshots_free(struct dw_qcow2_snapshots *snapshots)
{
	size_t i;

	for (i = 0; i < snapshots->nr; i++) {
		free(snapshots->items[i].id);
		free(snapshots->items[i].name);
	}
	free(snapshots->items);
	memset(snapshots, 0, sizeof(*snapshots));
}

/* An id is looked for first, because a name can be anybody's id. */
static const struct dw_qcow2_snapshot *find(const struct dw_qcow2_snapshots *s,
					    const char *id_or_name)
{
	size_t i;

	for (i = 0; i < s->nr; i++)
		if (!strcmp(s->items[i].id, id_or_name))
			return &s->items[i];
	for (i = 0; i < s->nr; i++)
		if (!strcmp(s->items[i].name, id_or_name))
			return &s->items[i];
	return NULL;
}

int dw_qcow2_snapshot_apply(struct dw_dev *file, const char *id_or_name,
			    struct dw_qcow2_header *h, struct dw_err *err)
{
	const struct dw_qcow2_snapshot *found;
	struct dw_qcow2_snapshots list;
	int rc;

	rc = dw_qcow2_snapshots_read(file, h, &list, err);
	if (rc)
		goto out;
	found = find(&list, id_or_name);
	if (!found) {
		rc = dw_fail(err, DW_NOENT,
			     "%s: there is no snapshot \"%.64s\" among the %zu "
			     "of the image", file->name, id_or_name, list.nr);
		goto out;
	}
	h->size = found->disk_size;
	h->l1_off = found->l1_off;
	h->l1_nr = found->l1_nr;
	/* The L1 table of a snapshot has to pass what that of now passed. */
	rc = dw_qcow2_check(h, file->size, err);
	if (rc)
		rc = dw_err_prefix(err, rc, "snapshot \"%.64s\"", id_or_name);
out:
	dw_qcow2_snapshots_free(&list);
	return rc;
}
