/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Initrds of RHEL 4 and 5, and of Fedora up to 11: mkinitrd with nash. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/uuid.h"
#include "fs/read_text.h"
#include "guest/modprobe_conf.h"
#include "initrd/family.h"
#include "initrd/nash.h"
#include "initrd/words.h"
#include "kmod/module_file.h"

/* ---- the initrd ---------------------------------------------------------- */

/* All that is to be loaded, be it in the initrd or not. */
struct loads {
	struct dw_module_list names;
	struct dw_nash_module *modules;	/* as many */
	char **paths;			/* in the guest */
	char **files;			/* their names in the initrd */
};

static void free_loads(struct loads *l)
{
	for (size_t i = 0; i < l->names.nr; i++) {
		if (l->paths)
			free(l->paths[i]);
		if (l->files)
			free(l->files[i]);
	}
	free(l->paths);
	free(l->files);
	free(l->modules);
	dw_module_list_free(&l->names);
}

/* "dm-mod.ko" of ".../kernel/drivers/md/dm-mod.ko.gz": mkinitrd unpacks
 * modules and puts them into one folder. */
static char *name_file(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *file = slash ? slash + 1 : path;
	const char *end = strstr(file, ".ko");

	return strndup(file, end ? (size_t)(end + 3 - file) : strlen(file));
}

static int find_loads(const struct dw_initrd_build *b, struct loads *l,
		      struct dw_err *err)
{
	const struct dw_modules *mods = b->target->mods;
	int ret;

	ret = dw_initrd_resolve(b->target, NULL, b->names, &l->names, err);
	if (ret)
		return ret;
	l->modules = calloc(l->names.nr + 1, sizeof(*l->modules));
	l->paths = calloc(l->names.nr + 1, sizeof(*l->paths));
	l->files = calloc(l->names.nr + 1, sizeof(*l->files));
	if (!l->modules || !l->paths || !l->files)
		return dw_fail_nomem(err);
	for (size_t i = 0; !ret && i < l->names.nr; i++) {
		l->modules[i].name = l->names.names[i];
		ret = dw_modules_file(mods, l->names.names[i], &l->paths[i],
				      err);
		if (ret)
			break;
		l->files[i] = name_file(l->paths[i]);
		if (!l->files[i])
			return dw_fail_nomem(err);
		l->modules[i].file = l->files[i];
	}
	return ret;
}

/* Without a line that shows how modules are loaded, there must be the program
 * that would do it; mkinitrd puts one in, used or not. */
static int check_loader(const struct dw_initrd_build *b,
			const struct dw_nash_style *style, struct dw_err *err)
{
	static const char *const programs[] = { "bin/insmod", "sbin/insmod" };
	char *data;
	size_t len;
	int ret;

	if (style->known)
		return 0;
	for (size_t i = 0; i < 2; i++) {
		ret = dw_initrd_get(b->target, b->path, programs[i], &data,
				    &len, err);
		free(data);
		if (!ret || ret == DW_LIMIT)
			return 0;
		if (ret != DW_NOENT)
			return ret;
	}
	return dw_fail(err, DW_UNSUPPORTED, "%s: it loads no modules and has "
		       "no insmod", b->path);
}

/* The folder as a name in an archive: "lib". */
static int check_folder(const char *folder, const char **out,
			struct dw_err *err)
{
	*out = folder + strspn(folder, "/");
	if (strstr(folder, "..") || strchr(folder, '?') ||
	    strlen(folder) >= sizeof(((struct dw_nash_style *)0)->folder) - 1)
		return dw_fail(err, DW_UNSUPPORTED, "init: modules in '%s'",
			       folder);
	return 0;
}

/* Only what the initrd lacks; the rest lies in its folder already. */
static int add_files(struct dw_initrd_build *b, const struct loads *l,
		     const char *folder, struct dw_err *err)
{
	char to[160], *data = NULL;
	size_t len;
	int ret;

	ret = check_folder(folder, &folder, err);
	for (size_t i = 0; !ret && i < l->names.nr; i++) {
		if (dw_initrd_has(b->initrd, l->modules[i].name))
			continue;
		ret = dw_module_read(b->target->ctx, b->target->fs,
				     l->paths[i], &data, &len, err);
		if (ret)
			break;
		snprintf(to, sizeof(to), "%s%s%s", folder, *folder ? "/" : "",
			 l->modules[i].file);
		dw_cpio_file(&b->w, to, 0644, data, len);
		free(data);
	}
	return ret;
}

static int root_name(struct dw_fs *fs, char out[DW_UUID_TEXT + 8],
		     struct dw_err *err)
{
	struct dw_fs_info info;
	int ret = dw_fs_get_info(fs, &info, err);

	*out = '\0';
	if (ret || !info.has_uuid)
		return ret;
	strcpy(out, "UUID=");
	dw_uuid_format(info.uuid, out + 5);
	return 0;
}

static int add_init(struct dw_initrd_build *b, const struct loads *l,
		    const char *text, size_t len, struct dw_nash_style *style,
		    struct dw_err *err)
{
	char root[DW_UUID_TEXT + 8];
	struct dw_nash_want want = { l->modules, l->names.nr, root };
	struct dw_changes changes = { 0 };
	struct dw_buf out = { 0 };
	int ret;

	ret = root_name(b->target->fs, root, err);
	if (!*root)
		want.root = NULL;
	if (!ret)
		ret = dw_nash_edit(text, len, &want, style, &out, &changes,
				   err);
	if (!ret)
		dw_cpio_file(&b->w, "init", 0755, out.data, out.len);
	dw_changes_free(&changes);
	dw_buf_free(&out);
	return ret ? dw_err_prefix(err, ret, "%s", b->path) : 0;
}

static int add(struct dw_initrd_build *b, struct dw_err *err)
{
	struct dw_nash_style style = { .known = false };
	struct loads l = { 0 };
	char *text = NULL;
	size_t len;
	int ret;

	ret = dw_initrd_get(b->target, b->path, "init", &text, &len, err);
	if (ret == DW_NOENT)
		ret = dw_fail(err, DW_UNSUPPORTED, "%s: an initrd of nash "
			      "without /init", b->path);
	if (!ret)
		ret = find_loads(b, &l, err);
	if (!ret)
		ret = add_init(b, &l, text, len, &style, err);
	if (!ret)
		ret = check_loader(b, &style, err);
	if (!ret)
		ret = style.modprobe ? dw_initrd_add_tree(b, err) :
				       add_files(b, &l, style.folder, err);
	free_loads(&l);
	free(text);
	return ret;
}

/* ---- the next initrd ----------------------------------------------------- */

#define MODPROBE_CONF "/etc/modprobe.conf"
#define SYSCONFIG "/etc/sysconfig/mkinitrd"

/* Filesystems and checksums come in by what the root is; drivers have to be
 * named. */
static int find_drivers(const struct dw_initrd_target *t,
			const struct dw_module_list *names,
			struct dw_module_list *out, struct dw_err *err)
{
	char *path;
	int ret = 0;

	for (size_t i = 0; !ret && i < names->nr; i++) {
		if (dw_modules_file(t->mods, names->names[i], &path, NULL))
			continue;
		if (strstr(path, "/drivers/"))
			ret = dw_module_list_add(out, names->names[i], err);
		free(path);
	}
	return ret;
}

static int keep_modprobe(const struct dw_initrd_target *t,
			 const struct dw_module_list *drivers,
			 struct dw_edits *edits, struct dw_err *err)
{
	const char **names = calloc(drivers->nr + 1, sizeof(*names));
	struct dw_modprobe_want want = { names, drivers->nr };
	int ret;

	if (!names)
		return dw_fail_nomem(err);
	for (size_t i = 0; i < drivers->nr; i++)
		names[i] = drivers->names[i];
	ret = dw_edits_run(edits, t->fs, MODPROBE_CONF, dw_modprobe_conf_edit,
			   &want, err);
	free(names);
	return ret;
}

/* Where there is no modprobe.conf, making one would hide modprobe.d from the
 * modprobe of that time.  mkinitrd sources this, be it a file or a folder of
 * executable ones. */
static int keep_sysconfig(const struct dw_initrd_target *t,
			  const struct dw_module_list *drivers,
			  struct dw_edits *edits, struct dw_err *err)
{
	struct dw_stat st;
	bool folder = !dw_fs_stat(t->fs, SYSCONFIG, &st, NULL) &&
		      S_ISDIR(st.mode);
	const char *path = folder ? SYSCONFIG "/diskwright" : SYSCONFIG;
	const struct dw_shell_words words = {
		.name = "MODULES", .words = drivers, .adds = true,
	};
	struct dw_changes changes = { 0 };
	struct dw_buf out = { 0 };
	char *text = NULL;
	size_t len = 0;
	int ret;

	ret = dw_edits_read(edits, t->fs, path, &text, &len, err);
	if (ret && !dw_fs_has_not(ret))
		return ret;
	ret = dw_shell_add_words(text ? text : "", len, &words, &out, &changes,
				 err);
	if (!ret && out.len != len)
		ret = dw_edits_set(edits, t->fs, path, out.data, out.len,
				   folder ? 0755 : 0644, &changes, NULL, err);
	dw_changes_free(&changes);
	dw_buf_free(&out);
	free(text);
	return ret;
}

static int keep(const struct dw_initrd_target *t,
		const struct dw_module_list *names, struct dw_edits *edits,
		struct dw_err *err)
{
	struct dw_module_list drivers = { 0 };
	int ret;

	ret = find_drivers(t, names, &drivers, err);
	if (!ret && drivers.nr)
		ret = dw_fs_exists(t->fs, MODPROBE_CONF) ?
			keep_modprobe(t, &drivers, edits, err) :
			keep_sysconfig(t, &drivers, edits, err);
	dw_module_list_free(&drivers);
	return ret;
}

const struct dw_initrd_driver dw_initrd_nash = {
	.family = DW_INITRD_NASH,
	.add = add,
	.keep = keep,
};
