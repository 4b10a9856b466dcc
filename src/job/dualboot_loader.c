/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The boot loader of the result: which one, and what stands in its way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/notes.h"
#include "job/dualboot.h"

/* ---- which --------------------------------------------------------------- */

/* What the BIOS would run: the MBR's code, or what that only hands over to. */
static int find_loader(struct dw_dualboot_state *s,
		       struct dw_loader_state *found, struct dw_err *err)
{
	int ret = dw_loader_inspect_sector(s->source, found, err);

	if (ret || !s->sys.root.part_nr ||
	    (found->kind != DW_LOADER_CHAIN && found->kind != DW_LOADER_OURS))
		return ret;
	return dw_loader_inspect_sector(s->sys.root.overlay, found, err);
}

static int refuse_other(struct dw_dualboot_plan *plan, bool replace,
			struct dw_err *err)
{
	struct dw_dualboot_state *s = plan->state;
	struct dw_loader_state found;
	int ret;

	ret = find_loader(s, &found, err);
	if (ret || found.kind == DW_LOADER_NONE ||
	    found.kind == DW_LOADER_OURS ||
	    (s->use_syslinux && found.kind == DW_LOADER_SYSLINUX))
		return ret;
	if (replace || !plan->had_table) {
		dw_notes_add(&plan->notes, "the boot code of %s is replaced",
			     found.name);
		return 0;
	}
	return dw_fail(err, DW_DENIED,
		       "%s: boots by %s already; --replace-loader puts another in "
		       "its place", s->source->name, found.name);
}

int dw_dualboot_choose_loader(struct dw_dualboot_plan *plan,
			      const struct dw_dualboot_options *options,
			      struct dw_err *err)
{
	struct dw_dualboot_state *s = plan->state;
	const char *name = options->loader ? options->loader : "diskwright";

	s->use_syslinux = !strcmp(name, "syslinux");
	if (!s->use_syslinux && strcmp(name, "diskwright"))
		return dw_fail(err, DW_USAGE, "there is no loader '%.60s'; "
			       "there are diskwright and syslinux", name);
	if (s->use_syslinux && !options->extlinux)
		return dw_fail(err, DW_USAGE, "syslinux: no 'extlinux' to take "
			       "it from");
	if (s->use_syslinux) {
		int ret = dw_syslinux_load(s->ctx, options->extlinux,
					   &s->syslinux, err);

		if (ret)
			return ret;
	}
	return refuse_other(plan, options->replace_loader, err);
}

/* ---- installing ---------------------------------------------------------- */

static int name_loader(struct dw_dualboot_plan *plan, struct dw_err *err)
{
	struct dw_dualboot_state *s = plan->state;
	const char *file = s->use_syslinux ? DW_SYSLINUX_SYS : DW_LOADER_FILE;
	char text[80];

	if (s->use_syslinux && s->syslinux.c32)
		dw_notes_add(&plan->notes, "syslinux has a second file, "
			     DW_LOADER_DIR "/" DW_SYSLINUX_C32);
	snprintf(text, sizeof(text), "syslinux %s", s->syslinux.fields.version);
	plan->loader = strdup(s->use_syslinux ? text : dw_loader_name());
	snprintf(text, sizeof(text), DW_LOADER_DIR "/%s", file);
	plan->stage2_path = strdup(text);
	return plan->loader && plan->stage2_path ? 0 : dw_fail_nomem(err);
}

int dw_dualboot_install_loader(struct dw_dualboot_plan *plan,
			       struct dw_err *err)
{
	struct dw_dualboot_state *s = plan->state;
	struct dw_loader_place place = {
		.whole_disk = !s->disk.part_nr,
		.start_lba = s->disk.fs_off / DW_SECTOR,
	};
	int ret;

	if (s->use_syslinux)
		ret = dw_syslinux_install(s->sys.root.fs, s->sys.root.overlay,
					  &place, &s->syslinux, NULL, err);
	else
		ret = dw_loader_install(s->sys.root.fs, s->sys.root.overlay,
					&place, NULL, err);
	if (!ret && s->disk.part_nr)
		ret = dw_loader_install_mbr(s->disk.front, err);
	if (!ret && plan->had_table)
		ret = dw_mbr_set_active(s->disk.front, s->disk.part_nr, err);
	if (ret)
		return ret;
	return name_loader(plan, err);
}

