/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The default entry of the menu.lst or grub.conf that PyGrub reads.
 *
 * A guest with kernels of both kinds, or one that was a dom0, may start by
 * default what cannot run as a PV guest.  Its entries stay as they are; which
 * of them is the default does not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/notes.h"
#include "boot/bootconf.h"
#include "guest/console.h"
#include "job/bootfiles.h"

#define WHY_LEN 320

/* Whether it runs as a PV guest; else why not. */
static int entry_runs(struct dw_bootfiles *b, const struct dw_boot_entry *e,
		      char why[WHY_LEN], struct dw_err *err)
{
	const struct dw_boot_check *check;
	size_t kernel_nr;
	int ret;

	why[0] = '\0';
	if (e->is_module)
		snprintf(why, WHY_LEN, "it starts a hypervisor");
	else if (e->is_other || !e->kernel)
		snprintf(why, WHY_LEN, "it starts no Linux");
	else if (!dw_bootfiles_find_kernel(b, e, &kernel_nr))
		snprintf(why, WHY_LEN, "its kernel %s is missing", e->kernel);
	if (why[0])
		return 0;
	ret = dw_verdict_check(b->source, kernel_nr, &check, err);
	if (!ret)
		snprintf(why, WHY_LEN, "%s", check->xen_why);
	return ret;
}

/* For repairs; whoever starts a guest unattended does not mean these. */
static bool is_single(const struct dw_boot_entry *e)
{
	static const char *const words[] = { "single", "S", "1", "emergency" };
	struct dw_span args = dw_span_of(e->args ? e->args : ""), word;
	size_t pos = 0, i;

	while (dw_word_next(args, &pos, &word))
		for (i = 0; i < sizeof(words) / sizeof(*words); i++)
			if (dw_span_is(word, words[i]))
				return true;
	return false;
}

/* The first entry that runs; one for repairs only where there is no other. */
static int find_entry(struct dw_bootfiles *b, const struct dw_bootconf *conf,
		      size_t *nr, struct dw_err *err)
{
	char why[WHY_LEN];
	int ret = 0;

	for (int single = 0; single < 2; single++)
		for (size_t i = 0; i < conf->entries_nr; i++) {
			if (is_single(&conf->entries[i]) != single)
				continue;
			ret = entry_runs(b, &conf->entries[i], why, err);
			if (ret || !why[0]) {
				*nr = i;
				return ret;
			}
		}
	*nr = conf->entries_nr;
	return 0;
}

int dw_bootfiles_xen_entry(struct dw_bootfiles *b, size_t kernel_nr,
			   char args[DW_BOOTFILES_ARGS_LEN],
			   struct dw_boot_spec_entry *entry,
			   struct dw_err *err)
{
	const struct dw_kernel *kernel = &b->source->kernels->items[kernel_nr];
	char root[200];
	int ret = 0;

	if (b->xen_root)
		snprintf(root, sizeof(root), "%s", b->xen_root);
	else
		ret = dw_bootfiles_root(b, kernel_nr, "xvda", root, err);
	if (ret)
		return ret;
	snprintf(args, DW_BOOTFILES_ARGS_LEN, "root=%s ro console=%s", root,
		 dw_console_of_kernel(&b->guest->release, kernel));
	*entry = (struct dw_boot_spec_entry){
		.title = kernel->version[0] ? kernel->version : kernel->path,
		.kernel = kernel->path,
		.initrd = kernel->initrd_path,
		.args = args,
	};
	return 0;
}

/* An entry for the newest kernel that runs under Xen, where no entry starts
 * it; *title NULL where there is no such kernel. */
static int add_entry(struct dw_bootfiles *b, struct dw_bootconf *conf,
		     const char **title, struct dw_err *err)
{
	const struct dw_kernels *kernels = b->source->kernels;
	char args[DW_BOOTFILES_ARGS_LEN];
	struct dw_boot_spec_entry entry;
	const struct dw_boot_check *check;
	int ret;

	*title = NULL;
	for (size_t i = 0; i < kernels->nr; i++) {
		if (!kernels->items[i].xen_ok)
			continue;
		ret = dw_verdict_check(b->source, i, &check, err);
		if (ret)
			return ret;
		if (!check->xen_ok)
			continue;
		ret = dw_bootfiles_xen_entry(b, i, args, &entry, err);
		if (!ret)
			ret = dw_menulst_add_entry(conf, &entry,
						   b->source->part_nr ?
						   "(hd0,0)" : "(hd0)", err);
		*title = entry.title;
		return ret;
	}
	return 0;
}

int dw_bootfiles_default(struct dw_bootfiles *b, const char *path,
			 struct dw_bootconf *conf, struct dw_err *err)
{
	size_t old = conf->default_nr > 0 ? (size_t)conf->default_nr : 0, nr;
	const char *name = "", *title = NULL;
	char why[WHY_LEN] = "there is no entry";
	int ret = 0;

	if (conf->kind != DW_BOOTCONF_MENULST)
		return 0;
	if (conf->entries_nr) {
		ret = entry_runs(b, &conf->entries[old], why, err);
		if (ret || !why[0])
			return ret;
		name = conf->entries[old].title;
	}
	ret = find_entry(b, conf, &nr, err);
	if (!ret && nr == conf->entries_nr)
		ret = add_entry(b, conf, &title, err);
	else if (!ret)
		title = conf->entries[nr].title;
	if (ret || !title)
		return ret;
	ret = dw_menulst_set_default(conf, nr, err);
	if (!ret)
		dw_notes_add(b->notes, "%s: its default%s%s would not boot "
			     "under Xen (%s); now it is %s%s", path,
			     *name ? " " : "", name, why,
			     nr < conf->entries_nr ? "" : "a new entry, ",
			     title);
	return ret;
}
