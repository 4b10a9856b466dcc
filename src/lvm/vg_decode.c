/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tree of a text becomes a volume group. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "lvm/label.h"
#include "lvm/vg.h"

#define CONTENTS "Text Format Volume Group"
#define VERSION 1
/* Sizes in sectors that fit 64 bits as bytes. */
#define SECTORS_MAX (UINT64_MAX / DW_LVM_SECTOR)

/* ---- names --------------------------------------------------------------- */

static int take_name(const struct dw_config *cfg,
		     const struct dw_config_node *node, struct dw_vg_own *own,
		     char **out, struct dw_err *err)
{
	if (!dw_lvm_name_is(node->key))
		return dw_config_fail(cfg, node, err,
				      "\"%s\" cannot be a name", node->key);
	return dw_arena_dup(&own->arena, node->key, strlen(node->key), out,
			    err);
}

static int take_id(const struct dw_config *cfg,
		   const struct dw_config_node *s, char id[DW_LVM_ID_TEXT],
		   struct dw_err *err)
{
	const char *text;
	int rc = dw_config_str(cfg, s, "id", &text, err);

	if (rc)
		return rc;
	if (!dw_lvm_id_is(text))
		return dw_config_fail(cfg, s, err,
				      "the \"id\" of \"%s\" is no UUID of LVM",
				      s->key);
	memcpy(id, text, DW_LVM_ID_TEXT);
	return 0;
}

/* LVM keeps some flags where versions that do not know them pass over them. */
static bool has_flag(const struct dw_config_node *s, const char *flag)
{
	return dw_config_has(s, "status", flag) ||
	       dw_config_has(s, "flags", flag);
}

static size_t count_sections(const struct dw_config_node *s)
{
	const struct dw_config_node *node;
	size_t nr = 0;

	for (node = s->children; node; node = node->next)
		nr += node->is_section;
	return nr;
}

/* ---- physical volumes ---------------------------------------------------- */

static int decode_pv_size(const struct dw_config *cfg,
			  const struct dw_config_node *s, struct dw_pv *pv,
			  struct dw_err *err)
{
	uint64_t dev_size = 0, pe_start;
	int rc;

	/* Early versions did not write it. */
	rc = dw_config_opt_num(cfg, s, "dev_size", SECTORS_MAX, &dev_size,
			       err);
	if (!rc)
		rc = dw_config_num(cfg, s, "pe_start", SECTORS_MAX, &pe_start,
				   err);
	if (!rc)
		rc = dw_config_num(cfg, s, "pe_count", UINT32_MAX, &pv->pe_nr,
				   err);
	if (rc)
		return rc;
	pv->size = dev_size * DW_LVM_SECTOR;
	pv->pe_start_off = pe_start * DW_LVM_SECTOR;
	return 0;
}

static int decode_pv(const struct dw_config *cfg,
		     const struct dw_config_node *s, struct dw_vg_own *own,
		     struct dw_pv *pv, struct dw_err *err)
{
	const char *hint = "";
	int rc = take_name(cfg, s, own, &pv->name, err);

	if (!rc)
		rc = take_id(cfg, s, pv->id, err);
	if (!rc)
		rc = dw_config_opt_str(cfg, s, "device", &hint, err);
	/* What LVM writes of a PV that was away already. */
	if (!rc && (!strcmp(hint, "[unknown]") ||
		    !strcmp(hint, "unknown device")))
		hint = "";
	if (!rc)
		rc = dw_arena_dup(&own->arena, hint, strlen(hint), &pv->hint,
				  err);
	if (!rc)
		rc = decode_pv_size(cfg, s, pv, err);
	pv->is_missing = has_flag(s, "MISSING");
	return rc;
}

static int compare_pvs(const void *a, const void *b)
{
	const struct dw_pv *const *pa = a, *const *pb = b;

	return strcmp((*pa)->name, (*pb)->name);
}

static int decode_pvs(const struct dw_config *cfg,
		      const struct dw_config_node *group,
		      struct dw_vg_own *own, struct dw_err *err)
{
	struct dw_vg *vg = &own->vg;
	const struct dw_config_node *s, *node;
	size_t nr;
	int rc;

	rc = dw_config_section(cfg, group, "physical_volumes", &s, err);
	if (rc)
		return rc;
	nr = count_sections(s);
	rc = dw_arena_alloc(&own->arena, nr, sizeof(*vg->pvs), &vg->pvs, err);
	if (!rc)
		rc = dw_arena_alloc(&own->arena, nr, sizeof(struct dw_pv *),
				    &own->pvs_by_name, err);
	for (node = s->children; !rc && node; node = node->next) {
		if (!node->is_section)
			continue;
		own->pvs_by_name[vg->pvs_nr] = &vg->pvs[vg->pvs_nr];
		rc = decode_pv(cfg, node, own, &vg->pvs[vg->pvs_nr++], err);
	}
	if (!rc)
		qsort(own->pvs_by_name, nr, sizeof(struct dw_pv *),
		      compare_pvs);
	return rc;
}

/* ---- logical volumes ----------------------------------------------------- */

static int decode_lv(const struct dw_config *cfg,
		     const struct dw_config_node *s, struct dw_vg_own *own,
		     struct dw_lv *lv, struct dw_err *err)
{
	int rc = take_name(cfg, s, own, &lv->name, err);

	if (!rc)
		rc = take_id(cfg, s, lv->id, err);
	lv->vg = &own->vg;
	lv->is_visible = has_flag(s, "VISIBLE");
	/* In groups with locks older versions are kept from writing. */
	lv->is_writable = has_flag(s, "WRITE") || has_flag(s, "WRITE_LOCKED");
	lv->is_notsynced = has_flag(s, "NOTSYNCED");
	lv->is_writemostly = has_flag(s, "WRITEMOSTLY");
	return rc;
}

static int compare_lvs(const void *a, const void *b)
{
	const struct dw_lv *const *pa = a, *const *pb = b;

	return strcmp((*pa)->name, (*pb)->name);
}

static int compare_starts(const void *a, const void *b)
{
	const struct dw_segment *sa = a, *sb = b;

	return sa->start_extent < sb->start_extent ? -1 :
	       sa->start_extent > sb->start_extent;
}

/* LVM counts extents in 32 bits. */
static int decode_size(const struct dw_config *cfg,
		       const struct dw_config_node *s, struct dw_lv *lv,
		       struct dw_err *err)
{
	uint64_t nr = 0;
	size_t i;

	for (i = 0; i < lv->segments_nr && nr <= UINT32_MAX; i++)
		nr += lv->segments[i].extents_nr;
	if (nr > UINT32_MAX)
		return dw_config_fail(cfg, s, err, "\"%s\" has %" PRIu64
				      " extents, more than LVM can count",
				      s->key, nr);
	if (!dw_mul(nr, lv->vg->extent_len, &lv->size))
		return dw_config_fail(cfg, s, err, "\"%s\" has %" PRIu64
				      " extents of %" PRIu64 " bytes, more "
				      "than any disk", s->key, nr,
				      lv->vg->extent_len);
	return 0;
}

static int decode_segments(const struct dw_config *cfg,
			   const struct dw_config_node *s,
			   struct dw_vg_own *own, struct dw_lv *lv,
			   struct dw_err *err)
{
	const struct dw_config_node *node;
	size_t nr = count_sections(s);
	uint64_t said_nr;
	int rc;

	rc = dw_config_num(cfg, s, "segment_count", UINT32_MAX, &said_nr, err);
	if (!rc && said_nr != nr)
		rc = dw_config_fail(cfg, s, err, "\"%s\" has %zu segments, it "
				    "says %" PRIu64, s->key, nr, said_nr);
	if (!rc)
		rc = dw_arena_alloc(&own->arena, nr, sizeof(*lv->segments),
				    &lv->segments, err);
	for (node = s->children; !rc && node; node = node->next)
		if (node->is_section)
			rc = dw_segment_decode(cfg, node, own,
					       &lv->segments[lv->segments_nr++],
					       err);
	if (rc)
		return rc;
	qsort(lv->segments, nr, sizeof(*lv->segments), compare_starts);
	return decode_size(cfg, s, lv, err);
}

/* All names first: segments refer to volumes that come later. */
static int decode_lv_names(const struct dw_config *cfg,
			   const struct dw_config_node *s,
			   struct dw_vg_own *own, struct dw_err *err)
{
	struct dw_vg *vg = &own->vg;
	const struct dw_config_node *node;
	size_t nr = count_sections(s);
	int rc;

	rc = dw_arena_alloc(&own->arena, nr, sizeof(*vg->lvs), &vg->lvs, err);
	if (!rc)
		rc = dw_arena_alloc(&own->arena, nr, sizeof(struct dw_lv *),
				    &own->lvs_by_name, err);
	for (node = s->children; !rc && node; node = node->next) {
		if (!node->is_section)
			continue;
		own->lvs_by_name[vg->lvs_nr] = &vg->lvs[vg->lvs_nr];
		rc = decode_lv(cfg, node, own, &vg->lvs[vg->lvs_nr++], err);
	}
	if (!rc)
		qsort(own->lvs_by_name, nr, sizeof(struct dw_lv *),
		      compare_lvs);
	return rc;
}

static int decode_lvs(const struct dw_config *cfg,
		      const struct dw_config_node *group,
		      struct dw_vg_own *own, struct dw_err *err)
{
	const struct dw_config_node *s, *node;
	struct dw_lv *lv;
	int rc;

	/* A group without volumes has none. */
	if (!dw_config_find(group, "logical_volumes"))
		return 0;
	rc = dw_config_section(cfg, group, "logical_volumes", &s, err);
	if (!rc)
		rc = decode_lv_names(cfg, s, own, err);
	lv = own->vg.lvs;
	for (node = rc ? NULL : s->children; !rc && node; node = node->next)
		if (node->is_section)
			rc = decode_segments(cfg, node, own, lv++, err);
	return rc;
}

/* ---- the group ----------------------------------------------------------- */

static int check_format(const struct dw_config *cfg,
			const struct dw_config_node *group, struct dw_err *err)
{
	const char *contents, *format = "lvm2";
	uint64_t version;
	int rc;

	rc = dw_config_str(cfg, &cfg->root, "contents", &contents, err);
	if (!rc && strcmp(contents, CONTENTS))
		rc = dw_fail(err, DW_UNSUPPORTED, "lvm: %s: metadata with "
			     "\"%.40s\"", group->key, contents);
	if (!rc)
		rc = dw_config_num(cfg, &cfg->root, "version", UINT64_MAX,
				   &version, err);
	if (!rc && version != VERSION)
		rc = dw_fail(err, DW_UNSUPPORTED, "lvm: %s: metadata of "
			     "version %" PRIu64, group->key, version);
	if (!rc)
		rc = dw_config_opt_str(cfg, group, "format", &format, err);
	if (!rc && strcmp(format, "lvm2"))
		rc = dw_fail(err, DW_UNSUPPORTED, "lvm: %s: metadata of "
			     "format \"%.40s\"", group->key, format);
	return rc;
}

/* "Created *after* executing 'lvcreate ...'" and where that was. */
static int decode_creator(const struct dw_config *cfg, struct dw_vg_own *own,
			  struct dw_err *err)
{
	const char *what = "", *host = "";
	size_t len;
	char *text;
	int rc;

	rc = dw_config_opt_str(cfg, &cfg->root, "description", &what, err);
	if (!rc)
		rc = dw_config_opt_str(cfg, &cfg->root, "creation_host",
				       &host, err);
	len = strlen(what) + strlen(host) + sizeof(" (host )");
	if (!rc)
		rc = dw_arena_alloc(&own->arena, len, 1, &text, err);
	if (rc)
		return rc;
	stpcpy(stpcpy(stpcpy(stpcpy(text, what), " (host "), host), ")");
	own->vg.creator = text;
	return 0;
}

/* Groups that several hosts may use at once are marked in one of these ways;
 * "none" is what a group gets that no longer is one. */
static int decode_sharing(const struct dw_config *cfg,
			  const struct dw_config_node *group,
			  struct dw_vg *vg, struct dw_err *err)
{
	const char *lock_type = "none";
	int rc;

	rc = dw_config_opt_str(cfg, group, "lock_type", &lock_type, err);
	vg->is_exported = has_flag(group, "EXPORTED");
	vg->is_clustered_or_shared = has_flag(group, "CLUSTERED") ||
				     has_flag(group, "SHARED") ||
				     strcmp(lock_type, "none");
	return rc;
}

static int decode_group(const struct dw_config *cfg,
			const struct dw_config_node *group,
			struct dw_vg_own *own, struct dw_err *err)
{
	uint64_t extent_size;
	int rc;

	rc = dw_config_num(cfg, group, "seqno", UINT32_MAX, &own->vg.seqno,
			   err);
	if (!rc)
		rc = dw_config_num(cfg, group, "extent_size", UINT32_MAX,
				   &extent_size, err);
	if (!rc && !extent_size)
		rc = dw_config_fail(cfg, group, err, "extents of 0 sectors");
	if (rc)
		return rc;
	own->vg.extent_len = extent_size * DW_LVM_SECTOR;
	rc = decode_sharing(cfg, group, &own->vg, err);
	if (!rc)
		rc = decode_creator(cfg, own, err);
	return rc;
}

int dw_vg_decode_names(const struct dw_config *cfg, struct dw_vg_own *own,
		       struct dw_err *err)
{
	const struct dw_config_node *group = dw_config_group(cfg);
	int rc;

	if (!group)
		return dw_config_fail(cfg, &cfg->root, err,
				      "no volume group");
	rc = take_name(cfg, group, own, &own->vg.name, err);
	return rc ? rc : take_id(cfg, group, own->vg.id, err);
}

int dw_vg_decode(const struct dw_config *cfg, struct dw_vg_own *own,
		 struct dw_err *err)
{
	const struct dw_config_node *group = dw_config_group(cfg);
	int rc = dw_vg_decode_names(cfg, own, err);

	if (!rc)
		rc = check_format(cfg, group, err);
	if (!rc)
		rc = decode_group(cfg, group, own, err);
	if (!rc)
		rc = decode_pvs(cfg, group, own, err);
	if (!rc)
		rc = decode_lvs(cfg, group, own, err);
	return rc;
}
