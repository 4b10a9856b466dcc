/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The set of physical volumes, and what can be asked of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "lvm/set.h"

/* ---- the set ------------------------------------------------------------- */

int dw_lvm_new(struct dw_ctx *ctx, struct dw_lvm **out, struct dw_err *err)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return dw_fail_nomem(err);
	(*out)->ctx = ctx;
	return 0;
}

void dw_lvm_free(struct dw_lvm *lvm)
{
	size_t i;

	if (!lvm)
		return;
	for (i = 0; i < lvm->vgs_nr; i++)
		dw_vg_free(lvm->vgs[i]);
	for (i = 0; i < lvm->pvs_nr; i++)
		dw_dev_close(lvm->pvs[i].dev, NULL);
	free(lvm->vgs);
	free(lvm->pvs);
	free(lvm->orphans);
	free(lvm);
}

bool dw_lvm_is_pv(struct dw_dev *dev)
{
	struct dw_label label;

	return !dw_label_read(dev, &label, NULL);
}

static int check_new(const struct dw_lvm *lvm, const struct dw_dev *dev,
		     const struct dw_label *label, struct dw_err *err)
{
	const struct dw_set_pv *pv;
	size_t i;

	for (i = 0; i < lvm->pvs_nr; i++) {
		pv = &lvm->pvs[i];
		if (!strcmp(pv->label.id, label->id))
			return dw_fail(err, DW_EXISTS,
				       "lvm: %s and %s are the same physical "
				       "volume %s", pv->dev->name, dev->name,
				       label->id);
	}
	return 0;
}

int dw_lvm_add(struct dw_lvm *lvm, struct dw_dev *dev, struct dw_err *err)
{
	struct dw_label label;
	struct dw_set_pv *pvs;
	int rc;

	rc = dw_label_read(dev, &label, err);
	if (!rc)
		rc = check_new(lvm, dev, &label, err);
	if (rc)
		return rc;
	pvs = realloc(lvm->pvs, (lvm->pvs_nr + 1) * sizeof(*pvs));
	if (!pvs)
		return dw_fail_nomem(err);
	lvm->pvs = pvs;
	pvs[lvm->pvs_nr++] = (struct dw_set_pv){
		.dev = dw_dev_ref(dev), .label = label,
	};
	return 0;
}

/* ---- what is in it ------------------------------------------------------- */

size_t dw_lvm_vgs_nr(const struct dw_lvm *lvm)
{
	return lvm->vgs_nr;
}

const struct dw_vg *dw_lvm_vg(const struct dw_lvm *lvm, size_t i)
{
	return &lvm->vgs[i]->vg;
}

size_t dw_lvm_orphans_nr(const struct dw_lvm *lvm)
{
	return lvm->orphans_nr;
}

struct dw_dev *dw_lvm_orphan(const struct dw_lvm *lvm, size_t i)
{
	return lvm->orphans[i];
}

static const struct dw_set_pv *find_pv(const struct dw_lvm *lvm,
				       const struct dw_dev *dev)
{
	size_t i;

	for (i = 0; i < lvm->pvs_nr; i++)
		if (lvm->pvs[i].dev == dev)
			return &lvm->pvs[i];
	return NULL;
}

const char *dw_lvm_id_of(const struct dw_lvm *lvm, const struct dw_dev *dev)
{
	const struct dw_set_pv *pv = find_pv(lvm, dev);

	return pv ? pv->label.id : NULL;
}

const struct dw_vg *dw_lvm_vg_of(const struct dw_lvm *lvm,
				 const struct dw_dev *dev)
{
	const struct dw_set_pv *pv = find_pv(lvm, dev);

	return pv && pv->vg ? &pv->vg->vg : NULL;
}

/* ---- by name ------------------------------------------------------------- */

/* An error that ends with a list of names, as many as it holds; takes the
 * list. */
static int fail_list(struct dw_buf *names, enum dw_code code,
		     struct dw_err *err, const char *what)
{
	int rc = dw_buf_check(names, err);

	if (!rc)
		rc = dw_fail(err, code, "%s%s", what,
			     names->len ? names->data : "none");
	dw_buf_free(names);
	return rc;
}

static void add_name(struct dw_buf *names, const char *name)
{
	if (names->len < DW_ERR_TEXT)
		dw_buf_printf(names, "%s%s", names->len ? ", " : "", name);
}

static int fail_no_vg(const struct dw_lvm *lvm, const char *name,
		      struct dw_err *err)
{
	struct dw_buf names = { 0 };
	char what[DW_ERR_TEXT];
	size_t i;

	for (i = 0; i < lvm->vgs_nr; i++)
		add_name(&names, lvm->vgs[i]->vg.name);
	snprintf(what, sizeof(what), "lvm: there is no volume group %.*s, "
		 "there is: ", DW_LVM_NAME_LEN, name);
	return fail_list(&names, DW_NOENT, err, what);
}

static int fail_two(const struct dw_lvm *lvm, const char *name,
		    struct dw_err *err)
{
	struct dw_buf ids = { 0 };
	char what[DW_ERR_TEXT];
	size_t i;

	for (i = 0; i < lvm->vgs_nr; i++)
		if (!strcmp(lvm->vgs[i]->vg.name, name))
			add_name(&ids, lvm->vgs[i]->vg.id);
	snprintf(what, sizeof(what), "lvm: several volume groups are called "
		 "%.*s; give the UUID: ", DW_LVM_NAME_LEN, name);
	return fail_list(&ids, DW_USAGE, err, what);
}

/* A group is the first member of what it is made of. */
int dw_lvm_check_vg(const struct dw_vg *vg, struct dw_err *err)
{
	const struct dw_vg_own *own = (const struct dw_vg_own *)vg;

	return vg->problem ? dw_fail(err, own->problem_code, "%s", vg->problem)
			   : 0;
}

int dw_lvm_find_vg(const struct dw_lvm *lvm, const char *name,
		   const struct dw_vg **out, struct dw_err *err)
{
	const struct dw_vg_own *found = NULL;
	size_t i;
	int rc;

	*out = NULL;
	for (i = 0; i < lvm->vgs_nr; i++) {
		if (strcmp(lvm->vgs[i]->vg.name, name))
			continue;
		if (found)
			return fail_two(lvm, name, err);
		found = lvm->vgs[i];
	}
	for (i = 0; !found && i < lvm->vgs_nr; i++)
		if (!strcmp(lvm->vgs[i]->vg.id, name))
			found = lvm->vgs[i];
	if (!found)
		return fail_no_vg(lvm, name, err);
	rc = dw_lvm_check_vg(&found->vg, err);
	if (!rc)
		*out = &found->vg;
	return rc;
}

static int fail_no_lv(const struct dw_vg *vg, const char *name,
		      struct dw_err *err)
{
	struct dw_buf names = { 0 };
	char what[DW_ERR_TEXT];
	size_t i;

	for (i = 0; i < vg->lvs_nr; i++)
		if (vg->lvs[i].is_visible)
			add_name(&names, vg->lvs[i].name);
	snprintf(what, sizeof(what), "lvm: %s has no volume %.*s, it has: ",
		 vg->name, DW_LVM_NAME_LEN, name);
	return fail_list(&names, DW_NOENT, err, what);
}

int dw_lvm_find_lv(const struct dw_vg *vg, const char *name,
		   const struct dw_lv **out, struct dw_err *err)
{
	const struct dw_vg_own *own = (const struct dw_vg_own *)vg;
	size_t i;

	*out = dw_vg_lv(own, name);
	for (i = 0; !*out && i < vg->lvs_nr; i++)
		if (!strcmp(vg->lvs[i].id, name))
			*out = &vg->lvs[i];
	return *out ? 0 : fail_no_lv(vg, name, err);
}
