/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The console of Xen in what PyGrub boots, now and after update-grub. */
#include <stdlib.h>
#include <string.h>

#include "boot/bootconf.h"
#include "guest/console.h"
#include "guest/console_args.h"
#include "job/bootfiles.h"

static int add_console(struct dw_bootfiles *b, struct dw_bootconf *conf,
		       size_t i, struct dw_err *err)
{
	const struct dw_boot_entry *e = &conf->entries[i];
	struct dw_arg_edit edit = { .op = DW_ARG_ADD, .name = "console" };
	const struct dw_kernel *kernel;
	size_t nr;

	if (e->is_module || e->is_other ||
	    !dw_bootfiles_find_kernel(b, e, &nr) ||
	    !dw_console_lacks_xen(dw_span_of(e->args ? e->args : "")))
		return 0;
	kernel = &b->source->kernels->items[nr];
	edit.value = dw_console_of_kernel(&b->guest->release, kernel);
	return kernel->xen_ok ? dw_bootconf_edit_entry(conf, i, &edit, 1, err)
			      : 0;
}

/* What update-grub of GRUB legacy puts together for each entry. */
static int add_to_automagic(struct dw_bootconf *conf, const char *tty,
			    struct dw_err *err)
{
	struct dw_arg_edit edit = {
		.op = DW_ARG_ADD, .name = "console", .value = tty,
	};
	struct dw_span kopt, more;

	if (conf->kind != DW_BOOTCONF_MENULST ||
	    !dw_menulst_setting(conf, "kopt", &kopt) ||
	    !dw_console_lacks_xen(kopt) ||
	    (dw_menulst_setting(conf, "defoptions", &more) &&
	     !dw_console_lacks_xen(more)))
		return 0;
	return dw_bootconf_edit_defaults(conf, &edit, 1, err);
}

int dw_bootfiles_console(struct dw_bootfiles *b, struct dw_bootconf *conf,
			 struct dw_err *err)
{
	const struct dw_kernels *kernels = b->source->kernels;
	const char *tty;
	size_t i, nr;
	int ret = 0;

	if (!dw_bootfiles_newest_xen(b, &nr))
		return 0;
	tty = dw_console_of_kernel(&b->guest->release, &kernels->items[nr]);
	for (i = 0; i < conf->entries_nr && !ret; i++)
		ret = add_console(b, conf, i, err);
	if (!ret)
		ret = add_to_automagic(conf, tty, err);
	if (!ret && conf->kind == DW_BOOTCONF_GRUBCFG)
		ret = dw_edits_run(b->edits, b->source->fs,
				   "/etc/default/grub", dw_grub_console_edit,
				   tty, err);
	return ret;
}
