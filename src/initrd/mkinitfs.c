/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Initrds of mkinitfs: Alpine Linux. */
#include <stdlib.h>
#include <string.h>

#include "initrd/words.h"

#define CONF	"/etc/mkinitfs/mkinitfs.conf"
#define FEATURE	"diskwright"

/* Its /init loads what /etc/modules of the initrd names; nlplug-findfs loads
 * by modalias in any case. */
static int add(struct dw_initrd_build *b, struct dw_err *err)
{
	return dw_initrd_add_listed(b, "etc/modules", err);
}

/* ---- the guest's configuration ---------------------------------------------- */

/* "kernel/drivers/block/virtio_blk.ko*": a feature lists patterns below the
 * folder of the kernel, one that will be there with the next one as well. */
static int add_pattern(const struct dw_initrd_target *t, const char *name,
		       struct dw_buf *out, struct dw_err *err)
{
	size_t dir_len = strlen(dw_modules_dir(t->mods));
	char *path, *end;
	int ret = dw_modules_file(t->mods, name, &path, err);

	if (ret == DW_NOENT)
		return 0;
	if (ret)
		return ret;
	end = strstr(strrchr(path, '/'), ".ko");
	if (end && strlen(path) > dir_len && !strpbrk(path, " \t\n*?["))
		dw_buf_printf(out, "%.*s.ko*\n",
			      (int)(end - path - dir_len - 1),
			      path + dir_len + 1);
	free(path);
	return 0;
}

static bool has_line(const char *text, size_t len, struct dw_span line)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line l;

	while (dw_lines_next(&walk, &l)) {
		struct dw_span s = dw_span_trim(l.text);

		if (s.len == line.len && !memcmp(s.p, line.p, line.len))
			return true;
	}
	return false;
}

static int keep_feature(const struct dw_initrd_target *t,
			const struct dw_buf *patterns, struct dw_edits *edits,
			struct dw_err *err)
{
	static const char path[] = "/etc/mkinitfs/features.d/" FEATURE
		".modules";
	struct dw_lines walk = { .p = patterns->data, .len = patterns->len };
	struct dw_buf out = { 0 };
	struct dw_line line;
	char *old = NULL;
	size_t len = 0;
	int ret;

	ret = dw_edits_read(edits, t->fs, path, &old, &len, err);
	if (ret && ret != DW_NOENT)
		return ret;
	dw_buf_add(&out, old ? old : "", len);
	while (dw_lines_next(&walk, &line))
		if (!has_line(old ? old : "", len, line.text)) {
			dw_buf_add(&out, line.text.p, line.text.len);
			dw_buf_adds(&out, "\n");
		}
	ret = dw_buf_check(&out, err);
	if (!ret && out.len != len)
		ret = dw_edits_set(edits, t->fs, path, out.data, out.len, 0,
				   NULL, NULL, err);
	free(old);
	dw_buf_free(&out);
	return ret;
}

static int keep(const struct dw_initrd_target *t,
		const struct dw_module_list *names, struct dw_edits *edits,
		struct dw_err *err)
{
	static char feature[][DW_MODULE_NAME] = { FEATURE };
	static const struct dw_module_list one = { .names = feature, .nr = 1 };
	const struct dw_shell_words words = {
		.name = "features", .words = &one,
	};
	struct dw_buf patterns = { 0 };
	int ret = 0;

	for (size_t i = 0; !ret && i < names->nr; i++)
		ret = add_pattern(t, names->names[i], &patterns, err);
	if (!ret)
		ret = dw_buf_check(&patterns, err);
	if (!ret && patterns.len)
		ret = keep_feature(t, &patterns, edits, err);
	if (!ret && patterns.len)
		ret = dw_initrd_keep_words(t, CONF, &words, edits, err);
	dw_buf_free(&patterns);
	return ret;
}

const struct dw_initrd_driver dw_initrd_mkinitfs = {
	.family = DW_INITRD_MKINITFS,
	.add = add,
	.keep = keep,
};
