/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest may need of its initrd that our own /init does not do. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/lines.h"
#include "boot/bootconf.h"
#include "fs/read_text.h"
#include "guest/fstab.h"
#include "initrd/own_root.h"

#define MAX_TEXT_LEN (1u << 20)

/* ---- /etc/fstab ---------------------------------------------------------- */

/* What follows "/dev/disk/" is a name of the disk, not what it lies on. */
static int check_fstab_root(struct dw_span spec, struct dw_err *err)
{
	char *root = dw_span_dup(spec);
	const char *why = NULL;
	int ret = 0;

	if (!root)
		return dw_fail_nomem(err);
	if (dw_span_starts(spec, "/dev/") &&
	    !dw_span_starts(spec, "/dev/disk/"))
		why = dw_own_root_why_not(root);
	if (why)
		ret = dw_fail(err, DW_UNSUPPORTED, "/etc/fstab has / on %s: no "
			      "made one finds a root %s", root, why);
	free(root);
	return ret;
}

static bool is_link(struct dw_fs *fs, const char *path)
{
	struct dw_stat st;

	return !dw_fs_lstat(fs, path, &st, NULL) && S_ISLNK(st.mode);
}

static int check_fstab(const struct dw_initrd_target *t, struct dw_err *err)
{
	struct dw_span spec;
	char *text;
	size_t len;
	int ret = dw_fs_read_text(t->fs, "/etc/fstab", MAX_TEXT_LEN, &text,
				  &len, err);

	if (ret || !text)
		return ret;
	if (!t->new_root && dw_fstab_find(text, len, "/", &spec))
		ret = check_fstab_root(spec, err);
	if (!ret && dw_fstab_find(text, len, "/usr", &spec) &&
	    is_link(t->fs, "/sbin"))
		ret = dw_fail(err, DW_UNSUPPORTED, "/sbin is in /usr, a "
			      "filesystem of its own that no made one mounts");
	free(text);
	return ret;
}

/* ---- boot menus ---------------------------------------------------------- */

/* In a menu of a /boot of its own, paths begin there. */
static bool starts(const struct dw_initrd_target *t, const char *path)
{
	const char *name = strrchr(t->kernel->path, '/');
	struct dw_stat st;

	if (!path)
		return false;
	if (!dw_fs_stat(t->fs, path, &st, NULL) && st.ino == t->kernel->ino)
		return true;
	path = strrchr(path, '/');
	return path && name && !strcmp(path, name);
}

/* What stands behind a '$' is put in as the menu is run. */
static int check_entry(const struct dw_boot_entry *e, const char *path,
		       struct dw_err *err)
{
	struct dw_span args = dw_span_of(e->args ? e->args : "");
	struct dw_span value = { NULL, 0 };
	const char *why;
	char *root;
	int ret = 0;

	if (!dw_args_get(args, "root", &value) || !value.p)
		return dw_fail(err, DW_UNSUPPORTED, "%s gives %s no root=, "
			       "which a made one needs", path, e->kernel);
	if (memchr(value.p, '$', value.len))
		return 0;
	root = dw_span_dup(value);
	if (!root)
		return dw_fail_nomem(err);
	why = dw_own_root_why_not(root);
	if (why)
		ret = dw_fail(err, DW_UNSUPPORTED, "%s has root=%s: no "
			      "made one finds a root %s", path, root, why);
	free(root);
	return ret;
}

/* A kernel that is in no entry yet gets one like another's. */
static int check_entries(const struct dw_initrd_target *t,
			 const struct dw_bootconf *conf, const char *path,
			 struct dw_err *err)
{
	long model = dw_bootconf_model(conf);
	bool any = false;
	int ret = 0;

	for (size_t i = 0; !ret && i < conf->entries_nr; i++) {
		const struct dw_boot_entry *e = &conf->entries[i];

		if (e->is_other || e->is_module || !starts(t, e->kernel))
			continue;
		any = true;
		ret = check_entry(e, path, err);
	}
	if (!any && model >= 0)
		ret = check_entry(&conf->entries[model], path, err);
	return ret;
}

static int check_menu(const struct dw_initrd_target *t,
		      const struct dw_boot_file *file, struct dw_err *err)
{
	struct dw_bootconf *conf = NULL;
	char *text;
	size_t len;
	int ret = dw_fs_read_text(t->fs, file->path, MAX_TEXT_LEN, &text, &len,
				  err);

	if (ret || !text)
		return ret;
	ret = dw_bootconf_parse((enum dw_bootconf_kind)file->kind, text, len,
				&conf, err);
	if (!ret)
		ret = check_entries(t, conf, file->path, err);
	dw_bootconf_free(conf);
	free(text);
	return ret;
}

/* ---- all of it ----------------------------------------------------------- */

/* systemd and RHEL 5's sysvinit load it themselves; where upstart came with
 * dracut, dracut does. */
static int check_selinux(const struct dw_initrd_target *t, struct dw_err *err)
{
	enum dw_distro distro = t->release->distro;
	struct dw_span value;
	char *text;
	size_t len;
	int ret;

	if (t->release->init != DW_INIT_UPSTART ||
	    (distro != DW_DISTRO_RHEL && distro != DW_DISTRO_FEDORA))
		return 0;
	ret = dw_fs_read_text(t->fs, "/etc/selinux/config", MAX_TEXT_LEN,
			      &text, &len, err);
	if (ret || !text)
		return ret;
	if (!dw_shell_value(text, len, "SELINUX", &value) ||
	    !dw_span_is(value, "disabled"))
		ret = dw_fail(err, DW_UNSUPPORTED, "SELinux is on, whose "
			      "policy this guest's initrd has to load; no made "
			      "one does");
	free(text);
	return ret;
}

int dw_own_check_guest(const struct dw_initrd_target *t, struct dw_err *err)
{
	int ret = 0;

	if (t->root_on)
		return dw_fail(err, DW_UNSUPPORTED, "its root lies on %s, "
			       "where no made one finds it", t->root_on);
	ret = check_fstab(t, err);
	if (!ret)
		ret = check_selinux(t, err);
	for (const struct dw_boot_file *f = dw_boot_files;
	     !ret && !t->new_root && f->path; f++)
		ret = check_menu(t, f, err);
	return ret;
}
