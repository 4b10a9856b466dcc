/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts modules where modprobe finds them, with the lists it reads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/read_text.h"
#include "initrd/tree.h"
#include "kmod/module_file.h"

/* Ten times what a distribution's modules.alias has. */
#define LIST_CAP_LEN (16u << 20)

/* What modprobe of any age and its kin read besides modules.dep, as depmod and
 * the kernel's own installation write them. */
static const char *const lists[] = {
	"alias", "alias.bin", "symbols", "symbols.bin", "builtin",
	"builtin.bin", "builtin.alias.bin", "builtin.modinfo", "softdep",
	"weakdep", "devname", "order",
};

/* ---- where modules go ------------------------------------------------------ */

/* The path of a module below the folder of its kernel. */
static int below(const struct dw_initrd_target *t, const char *path,
		 const char **out, struct dw_err *err)
{
	const char *dir = dw_modules_dir(t->mods);
	size_t len = strlen(dir);

	/* The same folder under either name. */
	if (!strncmp(path, "/usr/lib/", 9) && strncmp(dir, "/usr/", 5)) {
		path += 4;
	} else if (!strncmp(path, "/lib/", 5) && !strncmp(dir, "/usr/", 5)) {
		dir += 4;
		len -= 4;
	}
	if (strncmp(path, dir, len) || path[len] != '/')
		return dw_fail(err, DW_UNSUPPORTED, "%.100s: a module that is "
			       "not below %s", path, dir);
	*out = path + len + 1;
	return 0;
}

const char *dw_tree_held(const struct dw_initrd_layout *l, const char *name)
{
	size_t low = 0, high = l->held_nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = strcmp(l->held[mid].name, name);

		if (!c)
			return l->held[mid].path;
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* "kernel/fs/ext4/ext4.ko.xz", as it will be in the initrd. */
static int place(const struct dw_initrd_build *b, const char *name,
		 char **guest_path, char **path, struct dw_err *err)
{
	const char *rest = "";
	struct dw_span s;
	int ret;

	*path = NULL;
	ret = dw_modules_file(b->target->mods, name, guest_path, err);
	if (!ret)
		ret = below(b->target, *guest_path, &rest, err);
	if (ret)
		return ret;
	s = dw_span_of(rest);
	/* What its modprobe can unpack is known by what it holds. */
	if (dw_module_is_packed(s) && !b->layout.reads_packed)
		while (s.p[--s.len] != '.')
			;
	*path = dw_span_dup(s);
	return *path ? 0 : dw_fail_nomem(err);
}

static int add_module(struct dw_initrd_build *b, const char *name,
		      struct dw_tree_paths *paths, struct dw_err *err)
{
	const struct dw_initrd_target *t = b->target;
	char *from = NULL, *data = NULL, to[4096];
	struct dw_tree_path *p = &paths->items[paths->nr];
	size_t len;
	int ret;

	ret = place(b, name, &from, &p->path, err);
	if (!ret && snprintf(to, sizeof(to), "%s/%s", b->layout.dir,
			     p->path) >= (int)sizeof(to))
		ret = dw_fail(err, DW_LIMIT, "modules: a path of %zu bytes",
			      strlen(p->path));
	if (!ret && dw_module_is_packed(dw_span_of(p->path)))
		ret = dw_fs_read_file(t->fs, from, DW_MODULE_LEN_MAX, &data,
				      &len, err);
	else if (!ret)
		ret = dw_module_read(t->ctx, t->fs, from, &data, &len, err);
	if (!ret)
		dw_cpio_file(&b->w, to, 0644, data, len);
	memcpy(p->name, name, strlen(name) + 1);
	paths->nr++;
	free(data);
	free(from);
	return ret;
}

/* ---- lists ------------------------------------------------------------------ */

int dw_tree_read(const struct dw_initrd_target *t, const char *list,
		 char **data, size_t *len, struct dw_err *err)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/modules.%s", dw_modules_dir(t->mods),
		 list);
	return dw_fs_read_text(t->fs, path, LIST_CAP_LEN, data, len, err);
}

void dw_tree_put(struct dw_initrd_build *b, const char *list,
		 const char *data, size_t len)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/modules.%s", b->layout.dir, list);
	dw_cpio_file(&b->w, path, 0644, data, len);
}

static int add_list(struct dw_initrd_build *b, const char *list,
		    struct dw_err *err)
{
	char *data;
	size_t len;
	int ret = dw_tree_read(b->target, list, &data, &len, err);

	if (!ret && data)
		dw_tree_put(b, list, data, len);
	free(data);
	return ret;
}

static int by_name(const void *a, const void *b)
{
	const struct dw_tree_path *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int dw_initrd_add_tree(struct dw_initrd_build *b, struct dw_err *err)
{
	struct dw_tree_paths paths = { 0 };
	int ret = 0;

	paths.items = calloc(b->load->nr + 1, sizeof(*paths.items));
	if (!paths.items)
		return dw_fail_nomem(err);
	for (size_t i = 0; !ret && i < b->load->nr; i++) {
		ret = dw_ctx_check(b->target->ctx, err);
		if (!ret)
			ret = add_module(b, b->load->names[i], &paths, err);
	}
	qsort(paths.items, paths.nr, sizeof(*paths.items), by_name);
	if (!ret)
		ret = dw_tree_add_deps(b, &paths, err);
	for (size_t i = 0; !ret && i < sizeof(lists) / sizeof(*lists); i++)
		ret = add_list(b, lists[i], err);
	for (size_t i = 0; i < paths.nr; i++)
		free(paths.items[i].path);
	free(paths.items);
	return ret;
}
