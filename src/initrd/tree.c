/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts modules where modprobe finds them, with the lists it reads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/read_text.h"
#include "initrd/family.h"
#include "kmod/module_file.h"

/* Ten times what a distribution's modules.alias has. */
#define LIST_CAP_LEN (16u << 20)

/* What modprobe of any age and its kin read, as depmod and the kernel's own
 * installation write them (modules.dep(5), kernel's scripts/depmod.sh). */
static const char *const lists[] = {
	"dep", "dep.bin", "alias", "alias.bin", "symbols", "symbols.bin",
	"builtin", "builtin.bin", "builtin.alias.bin", "builtin.modinfo",
	"softdep", "weakdep", "devname", "order",
};

/* The path of a module below the folder of its kernel. */
static int below(const struct dw_initrd_target *t, const char *path,
		 const char **out, struct dw_err *err)
{
	const char *dir = dw_modules_dir(t->mods);
	size_t len = strlen(dir);

	/* The same folder under either name. */
	if (!strncmp(path, "/usr/lib/", 9) && strncmp(dir, "/usr/", 5))
		path += 4;
	if (strncmp(path, dir, len) || path[len] != '/')
		return dw_fail(err, DW_UNSUPPORTED, "%.100s: a module that is "
			       "not below %s", path, dir);
	*out = path + len + 1;
	return 0;
}

static int add_module(struct dw_initrd_build *b, const char *name,
		      struct dw_err *err)
{
	const struct dw_initrd_target *t = b->target;
	char *path = NULL, *data = NULL, to[4096];
	const char *rest = NULL;
	size_t len;
	int ret;

	ret = dw_modules_file(t->mods, name, &path, err);
	if (!ret)
		ret = below(t, path, &rest, err);
	if (!ret && snprintf(to, sizeof(to), "%s/%s", b->layout.dir, rest) >=
	    (int)sizeof(to))
		ret = dw_fail(err, DW_LIMIT, "modules: a path of %zu bytes",
			      strlen(path));
	if (!ret)
		ret = dw_fs_read_file(t->fs, path, DW_MODULE_LEN_MAX, &data,
				      &len, err);
	if (!ret)
		dw_cpio_file(&b->w, to, 0644, data, len);
	free(data);
	free(path);
	return ret;
}

static int add_list(struct dw_initrd_build *b, const char *list,
		    struct dw_err *err)
{
	const struct dw_initrd_target *t = b->target;
	char path[600], *data;
	size_t len;
	int ret;

	snprintf(path, sizeof(path), "%s/modules.%s", dw_modules_dir(t->mods),
		 list);
	ret = dw_fs_read_text(t->fs, path, LIST_CAP_LEN, &data, &len, err);
	if (ret || !data)
		return ret;
	snprintf(path, sizeof(path), "%s/modules.%s", b->layout.dir, list);
	dw_cpio_file(&b->w, path, 0644, data, len);
	free(data);
	return 0;
}

int dw_initrd_add_tree(struct dw_initrd_build *b, struct dw_err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < b->load->nr; i++) {
		ret = dw_ctx_check(b->target->ctx, err);
		if (!ret)
			ret = add_module(b, b->load->names[i], err);
	}
	for (size_t i = 0; !ret && i < sizeof(lists) / sizeof(*lists); i++)
		ret = add_list(b, lists[i], err);
	return ret;
}
