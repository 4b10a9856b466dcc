/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volume groups out of texts, and which device is which PV of them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "lvm/set.h"

/* See collect.c: the tree gets half of what there is, the group a quarter. */
#define TREE_SHARE 2
#define GROUP_SHARE 4
/* A group with a problem is told of, however little there is. */
#define BAD_GROUP_LEN (128u << 10)

/* ---- groups -------------------------------------------------------------- */

static int read_text(struct dw_lvm *lvm, const struct dw_set_text *text,
		     struct dw_vg_own *own, struct dw_err *err)
{
	struct dw_arena arena = {
		.cap_len = lvm->ctx->memory_cap_len / TREE_SHARE,
	};
	struct dw_config cfg = { .arena = &arena };
	int rc;

	rc = dw_config_parse(&cfg, text->text, text->len, NULL, err);
	if (!rc)
		rc = dw_vg_decode(&cfg, own, err);
	if (!rc)
		rc = dw_vg_check(&own->vg, err);
	/* What could be read before, for who wants to know what it was. */
	if (rc && !own->vg.name[0])
		dw_vg_decode_names(&cfg, own, NULL);
	dw_arena_free(&arena);
	return rc;
}

/* One of which nothing but names may be known. */
static int make_bad_vg(const char *name, const char *id,
		       const struct dw_err *problem, struct dw_vg_own **out,
		       struct dw_err *err)
{
	struct dw_vg_own *own;
	int rc = dw_vg_new(BAD_GROUP_LEN, out, err);

	if (rc)
		return rc;
	own = *out;
	own->problem_code = problem->code;
	strcpy(own->vg.id, id);
	rc = dw_arena_dup(&own->arena, name, strlen(name), &own->vg.name, err);
	if (!rc)
		rc = dw_arena_dup(&own->arena, problem->text,
				  strlen(problem->text), &own->vg.problem,
				  err);
	if (rc) {
		dw_vg_free(own);
		*out = NULL;
	}
	return rc;
}

/* A text that cannot be used makes a group with a problem. */
static int make_vg(struct dw_lvm *lvm, const struct dw_set_text *text,
		   struct dw_vg_own **out, struct dw_err *err)
{
	struct dw_vg_own *own;
	struct dw_err fault;
	int rc;

	*out = NULL;
	rc = dw_vg_new(dw_max(lvm->ctx->memory_cap_len / GROUP_SHARE,
			      BAD_GROUP_LEN), &own, err);
	if (rc)
		return rc;
	rc = read_text(lvm, text, own, &fault);
	if (!rc) {
		dw_vg_link(&own->vg);
		*out = own;
		return 0;
	}
	if (rc == DW_NOMEM)
		rc = dw_fail_nomem(err);
	else
		rc = make_bad_vg(own->vg.name, text->id, &fault, out, err);
	dw_vg_free(own);
	return rc;
}

/* Gives the group to the set. */
static int add_vg_take(struct dw_lvm *lvm, struct dw_vg_own *own,
		       struct dw_err *err)
{
	struct dw_vg_own **vgs;

	vgs = realloc(lvm->vgs, (lvm->vgs_nr + 1) * sizeof(*vgs));
	if (!vgs) {
		dw_vg_free(own);
		return dw_fail_nomem(err);
	}
	lvm->vgs = vgs;
	vgs[lvm->vgs_nr++] = own;
	return 0;
}

static int make_vgs(struct dw_lvm *lvm, struct dw_set_texts *texts,
		    struct dw_err *err)
{
	struct dw_vg_own *own;
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < texts->nr; i++) {
		rc = make_vg(lvm, &texts->items[i], &own, err);
		if (rc)
			break;
		own->vg.notes = texts->items[i].notes;
		memset(&texts->items[i].notes, 0,
		       sizeof(texts->items[i].notes));
		rc = add_vg_take(lvm, own, err);
	}
	return rc;
}

/* ---- which device is which ----------------------------------------------- */

static int compare_set_pvs(const void *a, const void *b)
{
	const struct dw_set_pv *const *pa = a, *const *pb = b;

	return strcmp((*pa)->label.id, (*pb)->label.id);
}

static int find_set_pv(const void *id, const void *item)
{
	const struct dw_set_pv *const *pv = item;

	return strcmp(id, (*pv)->label.id);
}

/* What the reader should know of a PV that was found. */
static void note_pv(struct dw_vg_own *own, const struct dw_pv *pv,
		    const struct dw_set_pv *found)
{
	uint64_t end = pv->pe_start_off + pv->pe_nr * own->vg.extent_len;
	const struct dw_lvm_area *a;
	size_t i;

	if (found->fault.code)
		dw_notes_add(&own->vg.notes, "%s", found->fault.text);
	if (found->vg_id[0] && found->seqno < own->vg.seqno)
		dw_notes_add(&own->vg.notes,
			     "the metadata on %s is older (sequence number %"
			     PRIu64 "), that of %" PRIu64 " is used",
			     found->dev->name, found->seqno, own->vg.seqno);
	if (found->dev->size < end)
		dw_notes_add(&own->vg.notes,
			     "%s has %" PRIu64 " bytes, the extents of %s end "
			     "at %" PRIu64, found->dev->name,
			     found->dev->size, pv->name, end);
	/* LVM would not place extents there, but reads them. */
	for (i = 0; i < found->label.mdas_nr; i++) {
		a = &found->label.mdas[i];
		if (a->off < end && a->off + a->len > pv->pe_start_off)
			dw_notes_add(&own->vg.notes,
				     "the metadata area at %" PRIu64 " of %s "
				     "lies among its extents", a->off,
				     found->dev->name);
	}
}

/* A PV that left one group for another is still in the text of the first where
 * that was away meanwhile; its own copy decides. */
static bool is_of(const struct dw_vg_own *own, const struct dw_set_pv *found)
{
	return !found->vg &&
	       (!found->vg_id[0] || !strcmp(found->vg_id, own->vg.id));
}

static int bind_vg(struct dw_lvm *lvm, struct dw_vg_own *own,
		   struct dw_set_pv **sorted, struct dw_err *err)
{
	struct dw_set_pv **found;
	struct dw_pv *pv;
	size_t i;

	for (i = 0; i < own->vg.pvs_nr; i++) {
		pv = &own->vg.pvs[i];
		found = bsearch(pv->id, sorted, lvm->pvs_nr, sizeof(*sorted),
				find_set_pv);
		if (!found || !is_of(own, *found)) {
			pv->is_missing = true;
			continue;
		}
		pv->dev = dw_dev_ref((*found)->dev);
		(*found)->vg = own;
		note_pv(own, pv, *found);
	}
	return dw_vg_link_missing(&own->vg, err);
}

/* Of a group with a problem only those PVs are known that have its text. */
static void bind_bad_vg(struct dw_lvm *lvm, struct dw_vg_own *own)
{
	struct dw_set_pv *pv;
	size_t i;

	for (i = 0; i < lvm->pvs_nr; i++) {
		pv = &lvm->pvs[i];
		if (!pv->vg && own->vg.id[0] &&
		    (!strcmp(pv->vg_id, own->vg.id) ||
		     (!pv->vg_id[0] && !strcmp(pv->fault_id, own->vg.id))))
			pv->vg = own;
	}
}

static int bind_vgs(struct dw_lvm *lvm, struct dw_err *err)
{
	struct dw_set_pv **sorted;
	size_t i;
	int rc = 0;

	sorted = calloc(lvm->pvs_nr + 1, sizeof(*sorted));
	if (!sorted)
		return dw_fail_nomem(err);
	for (i = 0; i < lvm->pvs_nr; i++)
		sorted[i] = &lvm->pvs[i];
	qsort(sorted, lvm->pvs_nr, sizeof(*sorted), compare_set_pvs);
	for (i = 0; !rc && i < lvm->vgs_nr; i++)
		if (lvm->vgs[i]->vg.problem)
			bind_bad_vg(lvm, lvm->vgs[i]);
		else
			rc = bind_vg(lvm, lvm->vgs[i], sorted, err);
	free(sorted);
	return rc;
}

/* PVs whose metadata is damaged and that no group knows make groups of which
 * nothing but the damage is known. */
static int make_bad_vgs(struct dw_lvm *lvm, struct dw_err *err)
{
	struct dw_vg_own *own;
	struct dw_set_pv *pv;
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < lvm->pvs_nr; i++) {
		pv = &lvm->pvs[i];
		if (pv->vg || !pv->fault.code || pv->vg_id[0])
			continue;
		rc = make_bad_vg(pv->fault_name, pv->fault_id, &pv->fault,
				 &own, err);
		if (!rc)
			rc = add_vg_take(lvm, own, err);
		if (rc)
			break;
		pv->vg = own;
		bind_bad_vg(lvm, own);
	}
	return rc;
}

static int list_orphans(struct dw_lvm *lvm, struct dw_err *err)
{
	size_t i;

	lvm->orphans = calloc(lvm->pvs_nr + 1, sizeof(*lvm->orphans));
	if (!lvm->orphans)
		return dw_fail_nomem(err);
	for (i = 0; i < lvm->pvs_nr; i++)
		if (!lvm->pvs[i].vg)
			lvm->orphans[lvm->orphans_nr++] = lvm->pvs[i].dev;
	return 0;
}

static int check_notes(const struct dw_lvm *lvm, struct dw_err *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < lvm->vgs_nr; i++)
		rc = dw_notes_check(&lvm->vgs[i]->vg.notes, err);
	return rc;
}

int dw_lvm_assemble(struct dw_lvm *lvm, struct dw_err *err)
{
	struct dw_set_texts texts;
	int rc;

	if (lvm->is_assembled)
		return 0;
	lvm->is_assembled = true;
	rc = dw_set_collect(lvm, &texts, err);
	if (!rc)
		rc = make_vgs(lvm, &texts, err);
	dw_set_texts_free(&texts);
	if (!rc)
		rc = bind_vgs(lvm, err);
	if (!rc)
		rc = make_bad_vgs(lvm, err);
	if (!rc)
		rc = list_orphans(lvm, err);
	if (!rc)
		rc = check_notes(lvm, err);
	return rc;
}
