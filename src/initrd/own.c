/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Initrds that were made here: their list of modules, and adding to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "initrd/init/limits.h"
#include "initrd/own.h"
#include "kmod/module_file.h"

int dw_own_check(const struct dw_initrd_target *t, struct dw_err *err)
{
	const struct dw_kernel *k = t->kernel;

	if (!*k->version || strchr(k->version, '/') ||
	    strchr(k->version, '\n') || *k->version == '.')
		return dw_fail(err, DW_UNSUPPORTED, "initrd: the version of "
			       "%s is not known", k->path);
	if (k->config.known && k->config.initrd == DW_HAVE_NO)
		return dw_fail(err, DW_UNSUPPORTED,
			       "kernel %s takes no initrd", k->version);
	return 0;
}

/* elf(5): e_ident, e_machine */
static void read_elf(const char *data, size_t len, struct dw_own_elf *out)
{
	const uint8_t *p = (const uint8_t *)data;

	memset(out, 0, sizeof(*out));
	if (len < 20 || memcmp(p, "\x7f" "ELF", 4) || p[4] < 1 || p[4] > 2)
		return;
	out->bits = p[4] * 32;
	out->machine = dw_le16(p + 18);
}

int dw_own_put_module(const struct dw_initrd_target *t, const char *name,
		      bool optional, struct dw_cpio_writer *w,
		      struct dw_buf *list, struct dw_own_elf *elf,
		      struct dw_err *err)
{
	char *path = NULL, *data = NULL, to[INIT_PATH_LEN];
	size_t len;
	int ret;

	if (snprintf(to, sizeof(to), "lib/modules/%s/%s.ko",
		     t->kernel->version, name) >= (int)sizeof(to))
		return dw_fail(err, DW_LIMIT, "initrd: a path of more than %u "
			       "bytes for %s", INIT_PATH_LEN - 1, name);
	ret = dw_modules_file(t->mods, name, &path, err);
	if (!ret)
		ret = dw_module_read(t->ctx, t->fs, path, &data, &len, err);
	if (!ret) {
		dw_cpio_file(w, to, 0644, data, len);
		dw_buf_printf(list, "%s %s\n", optional ? "try" : "need", to);
		if (elf)
			read_elf(data, len, elf);
	}
	free(data);
	free(path);
	return ret;
}

int dw_own_put_list(struct dw_cpio_writer *w, const struct dw_buf *list,
		    struct dw_err *err)
{
	int ret = dw_buf_check(list, err);

	if (ret)
		return ret;
	if (list->len >= INIT_LIST_LEN)
		return dw_fail(err, DW_LIMIT, "initrd: a list of modules of "
			       "%zu bytes", list->len);
	dw_cpio_file(w, INIT_LIST, 0644, list->data, list->len);
	return 0;
}

/* The list in the archive that is appended takes the place of the old one. */
static int add(struct dw_initrd_build *b, struct dw_err *err)
{
	struct dw_buf list = { 0 };
	char *old;
	size_t len;
	int ret;

	ret = dw_initrd_get(b->target, b->path, INIT_LIST, &old, &len, err);
	if (ret)
		return ret;
	dw_buf_add(&list, old, len);
	if (len && old[len - 1] != '\n')
		dw_buf_adds(&list, "\n");
	for (size_t i = 0; !ret && i < b->load->nr; i++) {
		ret = dw_ctx_check(b->target->ctx, err);
		if (!ret)
			ret = dw_own_put_module(b->target, b->load->names[i],
						false, &b->w, &list, NULL,
						err);
	}
	if (!ret)
		ret = dw_own_put_list(&b->w, &list, err);
	dw_buf_free(&list);
	free(old);
	return ret;
}

static int keep(const struct dw_initrd_target *t,
		const struct dw_module_list *names, struct dw_edits *edits,
		struct dw_err *err)
{
	dw_changes_note(&edits->changes, 0, "no program of the guest makes "
			"this initrd anew; it stays as it is");
	return dw_changes_check(&edits->changes, err);
}

const struct dw_initrd_driver dw_initrd_own = {
	.family = DW_INITRD_OWN,
	.add = add,
	.keep = keep,
};
