/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Initrds of initramfs-tools: Debian, Ubuntu and what is made of them. */
#include <stdlib.h>
#include <string.h>

#include "initrd/family.h"
#include "initrd/words.h"

#define CONF_MODULES "conf/modules"

static int add(struct dw_initrd_build *b, struct dw_err *err)
{
	struct dw_buf out = { 0 };
	char *old = NULL;
	size_t len = 0;
	int ret;

	ret = dw_initrd_add_tree(b, err);
	if (!ret)
		ret = dw_initrd_get(b->target, b->path, CONF_MODULES, &old,
				    &len, err);
	if (ret == DW_NOENT)
		ret = 0;
	if (!ret) {
		dw_initrd_add_lines(old ? old : "", len, b->names, &out, NULL);
		ret = dw_buf_check(&out, err);
	}
	if (!ret)
		dw_cpio_file(&b->w, CONF_MODULES, 0644, out.data, out.len);
	dw_buf_free(&out);
	free(old);
	return ret;
}

static int keep(const struct dw_initrd_target *t,
		const struct dw_module_list *names, struct dw_edits *edits,
		struct dw_err *err)
{
	return dw_initrd_keep_lines(t, "/etc/initramfs-tools/modules", names,
				    edits, err);
}

const struct dw_initrd_driver dw_initrd_initramfs_tools = {
	.family = DW_INITRD_INITRAMFS_TOOLS,
	.add = add,
	.keep = keep,
};
