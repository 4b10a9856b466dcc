/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a BIOS would boot: the loader, its configuration, kernel and initrd. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/notes.h"
#include "boot/bootconf.h"
#include "boot/syslinux.h"
#include "job/verdict.h"

/* Boot configurations are a few kilobytes; PyGrub reads no more either. */
#define MAX_CONFIG_LEN (1u << 20)

/* ---- the configuration ---------------------------------------------------- */

static bool try_config(struct dw_verdict_source *source, const char *folder,
		       const char *name, char path[512])
{
	snprintf(path, 512, "%s/%s", strcmp(folder, "/") ? folder : "", name);
	return dw_fs_exists(source->fs, path);
}

/* syslinux and our stage 2: the folder they were installed in goes first. */
static bool find_syslinux(struct dw_verdict_source *source, char *folder,
			  char path[512])
{
	const char *const folders[] = {
		folder, "/boot/extlinux", "/boot/syslinux", "/boot",
		"/extlinux", "/syslinux", "/",
	};
	size_t i;

	for (i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		if (*folders[i] &&
		    (try_config(source, folders[i], "extlinux.conf", path) ||
		     try_config(source, folders[i], "syslinux.cfg", path)))
			return true;
	return false;
}

static bool find_grub(struct dw_verdict_source *source, char path[512],
		      enum dw_bootconf_kind *kind)
{
	static const struct {
		const char *path;
		enum dw_bootconf_kind kind;
	} files[] = {
		{ "/boot/grub/grub.cfg", DW_BOOTCONF_GRUBCFG },
		{ "/boot/grub2/grub.cfg", DW_BOOTCONF_GRUBCFG },
		{ "/boot/grub/menu.lst", DW_BOOTCONF_MENULST },
		{ "/boot/grub/grub.conf", DW_BOOTCONF_MENULST },
	};
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(*files); i++) {
		if (!dw_fs_exists(source->fs, files[i].path))
			continue;
		snprintf(path, 512, "%s", files[i].path);
		*kind = files[i].kind;
		return true;
	}
	return false;
}

/*
 * 0 with the configuration that the boot code will read, or DW_NOBOOT.  Ours
 * does without: path is "" then.  GRUB's own code is taken to work; only its
 * configuration is followed.
 */
static int find_config(struct dw_verdict_source *source,
		       struct dw_boot_verdict *v, char path[512],
		       enum dw_bootconf_kind *kind,
		       enum dw_loader_kind *loader, struct dw_err *err)
{
	struct dw_loader_place place = {
		.whole_disk = !source->part_nr,
		.start_lba = source->start_lba,
	};
	struct dw_loader_state fs_code, mbr;
	char folder[DW_LOADER_PATH_LEN];
	int ret;

	ret = dw_loader_inspect_sector(source->disk, &mbr, err);
	if (!ret)
		ret = dw_loader_inspect(source->fs, source->fs_dev, &place,
					&fs_code, err);
	if (ret)
		return ret;
	if (mbr.kind == DW_LOADER_NONE)
		return dw_fail(err, DW_NOBOOT, "no boot code at its start");
	*loader = mbr.kind;
	if (mbr.kind == DW_LOADER_GRUB) {
		dw_notes_add(&v->warnings, "GRUB's own code was not checked");
		if (find_grub(source, path, kind))
			return 0;
		return dw_fail(err, DW_NOBOOT, "GRUB without a configuration");
	}
	if (mbr.kind == DW_LOADER_OTHER)
		dw_notes_add(&v->warnings, "the MBR's code is not known");
	if (fs_code.kind == DW_LOADER_NONE)
		return dw_fail(err, DW_NOBOOT,
			       "the filesystem has no boot record");
	if (fs_code.stale)
		return dw_fail(err, DW_NOBOOT,
			       "the boot record is stale: %s", fs_code.problem);
	*loader = fs_code.kind;
	snprintf(folder, sizeof(folder), "%s", fs_code.stage2_path);
	if (strrchr(folder, '/'))
		*strrchr(folder, '/') = '\0';
	*kind = DW_BOOTCONF_EXTLINUX;
	if (find_syslinux(source, folder, path))
		return 0;
	path[0] = '\0';
	ret = dw_verdict_has_kernel(source, DW_SIDE_KVM, err);
	if (ret || fs_code.kind == DW_LOADER_OURS)
		return ret;
	return dw_fail(err, DW_NOBOOT, "no extlinux.conf or syslinux.cfg");
}

/* ---- the entry -------------------------------------------------------------- */

int dw_verdict_copy_entry(const struct dw_boot_entry *e, const char *config,
			  struct dw_boot_verdict *v, struct dw_err *err)
{
	struct dw_span root;
	bool ok = true;

	v->config = config ? strdup(config) : NULL;
	v->entry = strdup(e->label ? e->label : e->title ? e->title : "");
	v->kernel = strdup(e->kernel ? e->kernel : "");
	v->args = strdup(e->args ? e->args : "");
	ok = (v->config || !config) && v->entry && v->kernel && v->args;
	if (e->initrds_nr) {
		v->initrd = strdup(e->initrds[0]);
		ok = ok && v->initrd;
	}
	if (ok && dw_args_get((struct dw_span){ v->args, strlen(v->args) },
			      "root", &root)) {
		v->root = dw_span_dup(root);
		ok = v->root;
	}
	return ok ? 0 : dw_fail_nomem(err);
}

/* GRUB and syslinux boot the default, or ask. */
static int take_default(const struct dw_bootconf *conf, const char *path,
			struct dw_boot_verdict *v, struct dw_err *err)
{
	long nr = conf->default_nr < 0 ? 0 : conf->default_nr;

	return dw_verdict_copy_entry(&conf->entries[nr], path, v, err);
}

static int read_entry(struct dw_verdict_source *source,
		      struct dw_boot_verdict *v, enum dw_loader_kind *loader,
		      struct dw_err *err)
{
	struct dw_bootconf *conf = NULL;
	enum dw_bootconf_kind kind;
	char path[512], *text = NULL;
	size_t len;
	int ret;

	ret = find_config(source, v, path, &kind, loader, err);
	if (!ret && path[0])
		ret = dw_fs_read_file(source->fs, path, MAX_CONFIG_LEN, &text,
				      &len, err);
	if (!ret && path[0])
		ret = dw_bootconf_parse(kind, text, len, &conf, err);
	if (!ret && conf && !conf->entries_nr &&
	    (conf->includes_nr || *loader != DW_LOADER_OURS))
		ret = dw_fail(err, DW_NOBOOT, conf->includes_nr
			      ? "%s has its entries in files that it includes, "
				"which are not followed here"
			      : "%s has no entry", path);
	if (!ret && *loader == DW_LOADER_OURS)
		ret = dw_verdict_follow_loader(source, path, conf, v, err);
	else if (!ret)
		ret = take_default(conf, path, v, err);
	dw_bootconf_free(conf);
	free(text);
	return ret;
}

/* Ours reads whatever the filesystem can hold; the genuine one does not. */
static int check_for_syslinux(struct dw_verdict_source *source,
			      const struct dw_boot_verdict *v,
			      struct dw_err *err)
{
	const char *const paths[] = { v->config, v->kernel, v->initrd };
	struct dw_err why;
	size_t i;
	int ret = 0;

	for (i = 0; i < 3 && !ret; i++)
		if (paths[i])
			ret = dw_syslinux_check_file(source->fs, paths[i],
						     &why);
	return ret == DW_UNSUPPORTED
		? dw_fail(err, DW_NOBOOT, "%s", why.text) : 0;
}

/* ---- kernel and initrd -------------------------------------------------------- */

static int judge(struct dw_verdict_source *source, struct dw_boot_verdict *v,
		 struct dw_err *err)
{
	const struct dw_boot_check *check;
	enum dw_loader_kind loader = DW_LOADER_NONE;
	size_t kernel_nr = 0;
	int ret;

	ret = read_entry(source, v, &loader, err);
	if (!ret)
		ret = dw_verdict_find_kernel(source, v, &kernel_nr, err);
	if (!ret && loader == DW_LOADER_SYSLINUX)
		ret = check_for_syslinux(source, v, err);
	if (!ret)
		ret = dw_verdict_check_initrd(source, v,
				&source->kernels->items[kernel_nr], err);
	if (!ret)
		ret = dw_verdict_check(source, kernel_nr, &check, err);
	if (!ret && !check->kvm_ok)
		ret = dw_fail(err, DW_NOBOOT, "%s", check->kvm_why);
	if (!ret)
		ret = dw_verdict_root(source, v->root, "vda", v->initrd, err);
	return ret;
}

int dw_verdict_kvm(struct dw_verdict_source *source,
		   struct dw_boot_verdict *out, struct dw_err *err)
{
	struct dw_err why;

	memset(out, 0, sizeof(*out));
	return dw_verdict_settle(source, DW_SIDE_KVM, out,
				 judge(source, out, &why), &why, err);
}
