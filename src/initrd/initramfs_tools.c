/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Initrds of initramfs-tools: Debian, Ubuntu and what is made of them. */
#include "initrd/words.h"

/* Its scripts load what conf/modules names, line by line. */
static int add(struct dw_initrd_build *b, struct dw_err *err)
{
	return dw_initrd_add_listed(b, "conf/modules", err);
}

static int keep(const struct dw_initrd_target *t,
		const struct dw_module_list *names, struct dw_edits *edits,
		struct dw_err *err)
{
	return dw_initrd_keep_lines(t, "/etc/initramfs-tools/modules", names,
				    &dw_line_plain, edits, err);
}

const struct dw_initrd_driver dw_initrd_initramfs_tools = {
	.family = DW_INITRD_INITRAMFS_TOOLS,
	.add = add,
	.keep = keep,
};
