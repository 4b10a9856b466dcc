/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Physical volumes through all that can be asked of them. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "lvm/label.h"
#include "lvm/lvm.h"
#include "lvm/mda.h"
#include "lvmset.h"

#define SECTOR 512u
#define LVS_MAX 60u
#define EXTENTS_MAX 20u

/* ---- checksums ------------------------------------------------------------ */

static void put32(struct dw_dev *dev, uint64_t off, uint32_t v)
{
	uint8_t buf[4];

	dw_put_le32(buf, v);
	dw_dev_pwrite(dev, off, buf, sizeof(buf), NULL);
}

static void fix_text(struct dw_dev *dev, uint64_t off, const uint8_t *header)
{
	uint64_t len = dw_le64(header + 32), text_off = dw_le64(header + 40);
	uint64_t text_len = dw_le64(header + 48), first_len;
	uint8_t *text;

	if (!dw_in_range(off, len, dev->size) || text_off >= len ||
	    text_off < SECTOR || text_len > len - SECTOR)
		return;
	text = malloc(text_len + 1);
	first_len = dw_min(text_len, len - text_off);
	if (text && !dw_dev_pread(dev, off + text_off, text, first_len, NULL) &&
	    !dw_dev_pread(dev, off + SECTOR, text + first_len,
			  text_len - first_len, NULL))
		put32(dev, off + 56, dw_lvm_crc(text, text_len));
	free(text);
}

static void fix_mda(struct dw_dev *dev, uint64_t off)
{
	uint8_t buf[SECTOR];

	if (!dw_in_range(off, SECTOR, dev->size) ||
	    dw_dev_pread(dev, off, buf, SECTOR, NULL))
		return;
	fix_text(dev, off, buf);
	if (!dw_dev_pread(dev, off, buf, SECTOR, NULL))
		put32(dev, off, dw_lvm_crc(buf + 4, SECTOR - 4));
}

void fuzz_fix_pv(struct dw_dev *dev)
{
	struct dw_label label;
	uint8_t buf[SECTOR];
	uint64_t off;

	for (off = 0; off < 4 * SECTOR; off += SECTOR)
		if (dw_in_range(off, SECTOR, dev->size) &&
		    !dw_dev_pread(dev, off, buf, SECTOR, NULL) &&
		    !memcmp(buf, "LABELONE", 8))
			put32(dev, off + 16, dw_lvm_crc(buf + 20,
							SECTOR - 20));
	if (dw_label_read(dev, &label, NULL))
		return;
	for (size_t i = 0; i < label.mdas_nr; i++)
		fix_mda(dev, label.mdas[i].off);
}

/* ---- volumes -------------------------------------------------------------- */

static void see_extents(struct fuzz *z, struct dw_dev *dev)
{
	struct dw_extent e;
	uint64_t off = 0;

	for (unsigned n = 0; n < EXTENTS_MAX && off < dev->size; n++) {
		if (fuzz_result(z, dw_dev_extent(dev, off, dev->size - off, &e,
						 &z->err)))
			return;
		if (e.off != off || !e.len || e.len > dev->size - off)
			fuzz_fail("an extent of %llu bytes at %llu",
				  (unsigned long long)e.len,
				  (unsigned long long)e.off);
		off += e.len;
	}
}

static void see_dev(struct fuzz *z, const struct dw_lv *lv, struct dw_dev *dev)
{
	uint8_t buf[SECTOR];
	uint64_t offs[] = { 0, dev->size / 2, dev->size - 1 };

	if (!lv->snapshot && !lv->merging && dev->size != lv->size)
		fuzz_fail("%s has %llu bytes, not %llu", lv->name,
			  (unsigned long long)dev->size,
			  (unsigned long long)lv->size);
	for (unsigned i = 0; i < 3; i++)
		fuzz_result(z, dw_dev_pread(dev, offs[i], buf,
				(size_t)dw_min(SECTOR, dev->size - offs[i]),
				&z->err));
	see_extents(z, dev);
	if (dw_lv_check_writable(lv, dev, &z->err) && !dev->readonly)
		fuzz_fail("%s can be written: %s", lv->name, z->err.text);
	if (!dev->readonly)
		fuzz_result(z, dw_dev_pwrite(dev, dev->size - 1, buf, 1,
					     &z->err));
}

static void see_lv(struct fuzz *z, const struct dw_lv *lv)
{
	struct dw_dev *dev = NULL;
	uint64_t used_len;

	if (!dw_lv_kind_name(lv)[0] && lv->segments_nr &&
	    lv->segments[0].type[0])
		fuzz_fail("%s has no kind", lv->name);
	if (!fuzz_result(z, dw_lv_open(z->ctx, lv, "volume", &dev, &z->err)))
		see_dev(z, lv, dev);
	dw_dev_close(dev, NULL);
	fuzz_result(z, dw_lv_used_len(z->ctx, lv, &used_len, &z->err));
}

static void see_vg(struct fuzz *z, const struct dw_lvm *lvm,
		   const struct dw_vg *vg)
{
	const struct dw_vg *found;
	const struct dw_lv *lv;
	size_t i;

	if (!fuzz_result(z, dw_lvm_find_vg(lvm, vg->name, &found, &z->err)) &&
	    (found->problem || strcmp(found->name, vg->name)))
		fuzz_fail("%s is found with a problem", vg->name);
	if (vg->problem && (vg->lvs_nr || vg->pvs_nr))
		fuzz_fail("%s has volumes and a problem", vg->name);
	fuzz_result(z, dw_lvm_find_lv(vg, "no", &lv, &z->err));
	for (i = 0; i < vg->lvs_nr && i < LVS_MAX; i++) {
		if (dw_lvm_find_lv(vg, vg->lvs[i].name, &lv, NULL) ||
		    lv != &vg->lvs[i])
			fuzz_fail("%s is not found", vg->lvs[i].name);
		see_lv(z, lv);
	}
}

void fuzz_lvm_set(struct fuzz *z, struct dw_dev *const *devs, size_t nr)
{
	struct dw_lvm *lvm;
	size_t i;

	if (dw_lvm_new(z->ctx, &lvm, NULL))
		fuzz_fail("no set");
	for (i = 0; i < nr; i++)
		fuzz_result(z, dw_lvm_add(lvm, devs[i], &z->err));
	if (!fuzz_result(z, dw_lvm_assemble(lvm, &z->err)))
		for (i = 0; i < dw_lvm_vgs_nr(lvm); i++)
			see_vg(z, lvm, dw_lvm_vg(lvm, i));
	dw_lvm_free(lvm);
}
