/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The flag in qcow2's tables that a cluster has no second user. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "formats/qcow2_check.h"

/* L1 entries that are held at once. */
#define PART_NR 8192u

/* A refcount that cannot be read says nothing of flags. */
static bool is_readable(const struct dw_qcow2_checker *c, uint64_t e)
{
	uint64_t i = (e & DW_QCOW2_OFF_MASK) >> c->h.cluster_bits;
	bool usable;

	dw_qcow2_refblock_off(c, i / dw_qcow2_refblock_nr(c), &usable);
	return usable;
}

/* Whether the flag of an entry is what the refcount of its cluster asks for. */
static int check_flag(struct dw_qcow2_checker *c, const char *what, uint64_t e,
		      struct dw_err *err)
{
	uint64_t off = e & DW_QCOW2_OFF_MASK;
	uint64_t i = off >> c->h.cluster_bits, refs;
	int rc = 0;

	if (!is_readable(c, e))
		return 0;
	if (i < c->clusters_nr)
		refs = dw_qcow2_bit(c->is_single, i);
	else
		rc = dw_qcow2_refcount_in_file(c, i, &refs, err);
	if (!rc && (refs == 1) != !!(e & DW_QCOW2_COPIED))
		dw_qcow2_found(c, "the %s at %" PRIu64 " is marked as %s", what,
			       off, e & DW_QCOW2_COPIED ? "not shared"
							: "shared");
	return rc;
}

static int check_entry(struct dw_qcow2_checker *c, uint64_t e,
		       struct dw_err *err)
{
	if (e & DW_QCOW2_COMPRESSED || !dw_qcow2_names_cluster(&c->h, e))
		return 0;
	if (!(c->h.incompat & DW_QCOW2_INCOMPAT_DATA_FILE))
		return check_flag(c, "data cluster", e, err);
	/* What lies in a file of its own has one user. */
	if (!(e & DW_QCOW2_COPIED))
		dw_qcow2_found(c, "the external cluster at %" PRIu64
			       " is marked as shared", e & DW_QCOW2_OFF_MASK);
	return 0;
}

static int check_l2(struct dw_qcow2_checker *c, uint64_t off,
		    struct dw_err *err)
{
	uint32_t entry_len = c->h.incompat & DW_QCOW2_INCOMPAT_EXT_L2 ? 16 : 8;
	int rc = dw_ctx_check(c->ctx, err);
	uint32_t i;

	if (!rc)
		rc = dw_qcow2_read_padded(c->file, off, c->l2, c->cluster_len,
					  err);
	for (i = 0; !rc && i < c->cluster_len; i += entry_len)
		rc = check_entry(c, dw_be64(c->l2 + i), err);
	return rc;
}

static int check_l1_entry(struct dw_qcow2_checker *c, uint64_t e,
			  struct dw_err *err)
{
	uint64_t off = e & DW_QCOW2_OFF_MASK;
	int rc;

	if (!off || !is_readable(c, e))
		return 0;
	rc = check_flag(c, "L2 table", e, err);
	return rc ? rc : check_l2(c, off, err);
}

int dw_qcow2_check_copied(struct dw_qcow2_checker *c, struct dw_err *err)
{
	uint8_t *part = malloc(PART_NR * 8);
	uint32_t i, j, nr;
	int rc = part ? 0 : dw_fail_nomem(err);

	for (i = 0; !rc && i < c->h.l1_nr; i += nr) {
		nr = (uint32_t)dw_min(PART_NR, c->h.l1_nr - i);
		rc = dw_dev_pread(c->file, c->h.l1_off + i * UINT64_C(8), part,
				  nr * 8, err);
		for (j = 0; !rc && j < nr; j++)
			rc = check_l1_entry(c, dw_be64(part + j * 8), err);
	}
	free(part);
	return rc;
}
