/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether there is room for modules: files of guests have any size. */
#include <stdlib.h>

#include "initrd/family.h"

/* A name is listed that has no file: reading it will tell. */
static int size_of(const struct dw_initrd_target *t, const char *name,
		   uint64_t *size, struct dw_err *err)
{
	struct dw_stat st = { 0 };
	char *path;
	int ret = dw_ctx_check(t->ctx, err);

	*size = 0;
	if (!ret)
		ret = dw_modules_file(t->mods, name, &path, err);
	if (ret)
		return ret == DW_NOENT ? 0 : ret;
	ret = dw_fs_stat(t->fs, path, &st, err);
	*size = st.size;
	free(path);
	return ret == DW_NOENT ? 0 : ret;
}

int dw_initrd_check_room(const struct dw_initrd_target *t,
			 const struct dw_module_list *load, bool appended,
			 struct dw_err *err)
{
	uint64_t cap_len = t->ctx->memory_cap_len, sum = 0, size;
	struct dw_fs_info info;
	int ret = dw_fs_get_info(t->fs, &info, err);

	for (size_t i = 0; !ret && i < load->nr; i++) {
		ret = size_of(t, load->names[i], &size, err);
		sum = sum + size < sum ? UINT64_MAX : sum + size;
	}
	if (!ret && sum > cap_len)
		return dw_fail(err, DW_LIMIT, "the modules to add have %llu "
			       "bytes, more than the %llu of memory allowed",
			       (unsigned long long)sum,
			       (unsigned long long)cap_len);
	if (!ret && appended && sum > info.free_len)
		return dw_fail(err, DW_NOSPACE, "the modules to add have "
			       "%llu bytes, but only %llu are free",
			       (unsigned long long)sum,
			       (unsigned long long)info.free_len);
	return ret;
}
