/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Initrds of dracut: RHEL 6 on, Fedora, SUSE 12 on. */
#include <string.h>

#include "initrd/words.h"

/*
 * udev loads drivers by itself once the lists name them.  They are loaded in
 * any case as well: by systemd where it runs in the initrd, else by the hook
 * for rd.driver.pre=, in dracut 004 (RHEL 6) rdloaddriver=.
 */
enum { LIB, USR_LIB, LOAD, CMDLINE_D, CMDLINE, TEXTS_NR };

static const struct dw_line_form pre = { "rd.driver.pre=", "" };
static const struct dw_line_form pre_004 = { "rdloaddriver=", "" };

/* /etc/cmdline.d came with dracut 014; before there is one file. */
static bool reads_folder(const struct dw_initrd_text *lib)
{
	return lib->data && strstr(lib->data, "/etc/cmdline.d/");
}

static int put_cmdline(struct dw_initrd_build *b,
		       const struct dw_initrd_text *texts, struct dw_err *err)
{
	bool has_lib = texts[LIB].data || texts[USR_LIB].data;

	if (!has_lib || reads_folder(&texts[LIB]) ||
	    reads_folder(&texts[USR_LIB]))
		return dw_initrd_put_lines(b, &texts[CMDLINE_D], &pre, err);
	return dw_initrd_put_lines(b, &texts[CMDLINE], &pre_004, err);
}

static int add(struct dw_initrd_build *b, struct dw_err *err)
{
	struct dw_initrd_text texts[TEXTS_NR] = {
		[LIB] = { .name = "lib/dracut-lib.sh" },
		[USR_LIB] = { .name = "usr/lib/dracut-lib.sh" },
		[LOAD] = { .name = "etc/modules-load.d/90-diskwright.conf" },
		[CMDLINE_D] = { .name = "etc/cmdline.d/90-diskwright.conf" },
		[CMDLINE] = { .name = "etc/cmdline" },
	};
	int ret;

	ret = dw_initrd_add_tree(b, err);
	if (!ret)
		ret = dw_initrd_get_all(b->target, b->path, texts, TEXTS_NR,
					err);
	if (!ret)
		ret = dw_initrd_put_lines(b, &texts[LOAD], &dw_line_plain, err);
	if (!ret)
		ret = put_cmdline(b, texts, err);
	dw_initrd_texts_free(texts, TEXTS_NR);
	return ret;
}

/* What several files add is put together without blanks between. */
static int keep(const struct dw_initrd_target *t,
		const struct dw_module_list *names, struct dw_edits *edits,
		struct dw_err *err)
{
	static const struct dw_line_form form = { "add_drivers+=\" ", " \"" };

	return dw_initrd_keep_lines(t, "/etc/dracut.conf.d/90-diskwright.conf",
				    names, &form, edits, err);
}

const struct dw_initrd_driver dw_initrd_dracut = {
	.family = DW_INITRD_DRACUT,
	.add = add,
	.keep = keep,
};
