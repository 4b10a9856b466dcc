/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an initrd holds: modules, the family it is of, a few small files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "initrd/init/limits.h"
#include "initrd/initrd.h"

#define MODULES_CAP_NR 100000
/* More than any; a hole of that size alone would take long to read. */
#define FILE_CAP_LEN (2ull << 30)

struct reader {
	struct dw_initrd *initrd;
	const char *version;
	bool failed;		/* out of memory or over the cap */
};

static const char *const family_names[] = {
	[DW_INITRD_UNKNOWN] = "unknown",
	[DW_INITRD_INITRAMFS_TOOLS] = "initramfs-tools",
	[DW_INITRD_DRACUT] = "dracut",
	[DW_INITRD_NASH] = "mkinitrd (nash)",
	[DW_INITRD_SUSE] = "mkinitrd (SUSE)",
	[DW_INITRD_MKINITCPIO] = "mkinitcpio",
	[DW_INITRD_MKINITFS] = "mkinitfs",
	[DW_INITRD_OWN] = "diskwright",
};

const char *dw_initrd_family_name(enum dw_initrd_family family)
{
	return (size_t)family < sizeof(family_names) / sizeof(*family_names) ?
		family_names[family] : "?";
}

/* Files that only one of the programs puts in. */
static const struct {
	enum dw_initrd_family family;
	const char *start;	/* the name, or its start where it ends in / */
} marks[] = {
	{ DW_INITRD_OWN, INIT_LIST },
	{ DW_INITRD_INITRAMFS_TOOLS, "conf/initramfs.conf" },
	{ DW_INITRD_INITRAMFS_TOOLS, "conf/arch.conf" },
	{ DW_INITRD_INITRAMFS_TOOLS, "scripts/functions" },
	{ DW_INITRD_INITRAMFS_TOOLS, "scripts/init-premount/" },
	{ DW_INITRD_DRACUT, "usr/lib/dracut/" },
	{ DW_INITRD_DRACUT, "lib/dracut/" },
	{ DW_INITRD_DRACUT, "lib/dracut-lib.sh" },
	{ DW_INITRD_DRACUT, "usr/lib/dracut-lib.sh" },
	{ DW_INITRD_DRACUT, "dracut-state.sh" },
	{ DW_INITRD_DRACUT, "initqueue/" },
	{ DW_INITRD_NASH, "bin/nash" },
	{ DW_INITRD_NASH, "sbin/nash" },
	{ DW_INITRD_SUSE, "run_all.sh" },
	{ DW_INITRD_SUSE, "mkinitrd.config" },
	{ DW_INITRD_SUSE, "config/start.sh" },
	{ DW_INITRD_MKINITCPIO, "init_functions" },
	{ DW_INITRD_MKINITCPIO, "buildconfig" },
	{ DW_INITRD_MKINITFS, "sbin/nlplug-findfs" },
	{ DW_INITRD_MKINITFS, "usr/sbin/nlplug-findfs" },
	{ DW_INITRD_MKINITFS, "usr/bin/nlplug-findfs" },
	{ DW_INITRD_MKINITFS, "etc/modprobe.d/kms.conf" },
};

static void note_family(struct dw_initrd *initrd, const char *name)
{
	if (initrd->family)
		return;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		size_t len = strlen(marks[i].start);
		bool folder = marks[i].start[len - 1] == '/';

		if (!strncmp(name, marks[i].start, len) &&
		    (folder || !name[len])) {
			initrd->family = marks[i].family;
			return;
		}
	}
}

/* Whether the path lies under lib/modules of another kernel. */
static bool is_foreign(const struct reader *r, const char *name, bool *usr)
{
	const char *at = strstr(name, "lib/modules/");
	size_t len = r->version ? strlen(r->version) : 0;

	*usr = at && at >= name + 4 && !memcmp(at - 4, "usr/", 4);
	if (!at || !r->version)
		return false;
	at += strlen("lib/modules/");
	return strncmp(at, r->version, len) || at[len] != '/';
}

static void note_module(struct reader *r, const struct dw_cpio_entry *e)
{
	struct dw_initrd *initrd = r->initrd;
	char module[DW_MODULE_NAME];
	bool usr;

	if (!dw_module_name(dw_span_of(e->name), module) ||
	    is_foreign(r, e->name, &usr))
		return;
	if (initrd->modules_nr == initrd->modules_cap) {
		size_t cap = initrd->modules_cap * 2 + 256;
		void *p = cap > MODULES_CAP_NR ? NULL :
			realloc(initrd->modules, cap * DW_MODULE_NAME);

		if (!p) {
			r->failed = true;
			return;
		}
		initrd->modules = p;
		initrd->modules_cap = cap;
	}
	memcpy(initrd->modules[initrd->modules_nr++], module, sizeof(module));
	initrd->usr_lib |= usr;
	initrd->packing = e->packing;
}

static enum dw_cpio_next on_entry(void *arg, const struct dw_cpio_entry *e)
{
	struct reader *r = arg;
	struct dw_initrd *initrd = r->initrd;

	initrd->entries_nr++;
	initrd->packings |= 1u << e->packing;
	if (!initrd->modules_nr)
		initrd->packing = e->packing;
	note_family(initrd, e->name);
	if (S_ISREG(e->mode) &&
	    (!strcmp(e->name, "init") || !strcmp(e->name, "linuxrc") ||
	     !strcmp(e->name, "conf/modules")))
		return DW_CPIO_DATA;
	if (S_ISREG(e->mode))
		note_module(r, e);
	return r->failed ? DW_CPIO_STOP : DW_CPIO_SKIP;
}

/* A later file of the same name replaces the earlier one. */
static int on_data(void *arg, const struct dw_cpio_entry *e,
		   const uint8_t *data, size_t len, struct dw_err *err)
{
	struct reader *r = arg;
	char **to = strcmp(e->name, "conf/modules") ? &r->initrd->init :
						      &r->initrd->conf_modules;
	char *text;

	if (to == &r->initrd->init && (len < 2 || memcmp(data, "#!", 2)))
		return 0;
	text = malloc(len + 1);
	if (!text)
		return dw_fail_nomem(err);
	for (size_t i = 0; i < len; i++)
		text[i] = data[i] ? (char)data[i] : '?';
	text[len] = '\0';
	free(*to);
	*to = text;
	return 0;
}

/* Old or unusual ones are told by what their /init says. */
static void conclude(struct dw_initrd *initrd)
{
	const char *init = initrd->init;

	if (!initrd->family && init) {
		if (strstr(init, "nash"))
			initrd->family = DW_INITRD_NASH;
		else if (strstr(init, "Alpine Init"))
			initrd->family = DW_INITRD_MKINITFS;
		else if (strstr(init, "udev_discover_root") ||
			 strstr(init, "mkinitrd"))
			initrd->family = DW_INITRD_SUSE;
		else if (strstr(init, "dracut"))
			initrd->family = DW_INITRD_DRACUT;
	}
	/* All of the families hand both forms to libblkid, to udev's links or
	 * to findfs; of an unknown one nothing is promised. */
	initrd->root_by_uuid = initrd->family != DW_INITRD_UNKNOWN;
	initrd->root_by_label = initrd->root_by_uuid;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void sort_modules(struct dw_initrd *initrd)
{
	size_t kept = 0;

	if (!initrd->modules_nr)
		return;
	qsort(initrd->modules, initrd->modules_nr, DW_MODULE_NAME, by_name);
	for (size_t i = 0; i < initrd->modules_nr; i++)
		if (!i || strcmp(initrd->modules[i],
				 initrd->modules[kept - 1]))
			memmove(initrd->modules[kept++], initrd->modules[i],
				DW_MODULE_NAME);
	initrd->modules_nr = kept;
}

int dw_initrd_read_source(struct dw_ctx *ctx, const struct dw_source *src,
			  const char *version, struct dw_initrd **out,
			  struct dw_err *err)
{
	struct reader r = { .version = version };
	struct dw_cpio_visitor visitor = { on_entry, on_data, &r, NULL };
	int ret;

	*out = NULL;
	if (version && !*version)
		r.version = NULL;
	r.initrd = calloc(1, sizeof(*r.initrd));
	if (!r.initrd)
		return dw_fail_nomem(err);
	ret = dw_cpio_walk(ctx, src, &visitor, err);
	if (!ret && r.failed)
		ret = dw_fail(err, DW_LIMIT,
			      "initrd: more than %u modules, or no memory",
			      MODULES_CAP_NR);
	if (ret)
		goto out;
	sort_modules(r.initrd);
	conclude(r.initrd);
	*out = r.initrd;
	r.initrd = NULL;
out:
	dw_initrd_free(r.initrd);
	return ret;
}

static int read_file(void *arg, uint64_t off, void *buf, size_t len,
		     size_t *got, struct dw_err *err)
{
	struct dw_initrd_file *file = arg;

	return dw_fs_pread(file->fs, file->ino, off, buf, len, got, err);
}

int dw_initrd_file(struct dw_fs *fs, const char *path,
		   struct dw_initrd_file *out, struct dw_err *err)
{
	struct dw_stat st;
	int ret;

	ret = dw_fs_stat(fs, path, &st, err);
	if (!ret && !S_ISREG(st.mode))
		ret = dw_fail(err, DW_UNSUPPORTED, "it is not a file");
	if (!ret && st.size > FILE_CAP_LEN)
		ret = dw_fail(err, DW_LIMIT, "an initrd of %llu bytes",
			      (unsigned long long)st.size);
	if (ret)
		return dw_err_prefix(err, ret, "%s", path);
	out->fs = fs;
	out->ino = st.ino;
	out->src = (struct dw_source){ read_file, out, st.size };
	return 0;
}

int dw_initrd_read(struct dw_ctx *ctx, struct dw_fs *fs, const char *path,
		   const char *version, struct dw_initrd **out,
		   struct dw_err *err)
{
	struct dw_initrd_file file;
	int ret;

	*out = NULL;
	ret = dw_initrd_file(fs, path, &file, err);
	if (ret)
		return ret;
	ret = dw_initrd_read_source(ctx, &file.src, version, out, err);
	return ret ? dw_err_prefix(err, ret, "%s", path) : 0;
}

void dw_initrd_free(struct dw_initrd *initrd)
{
	if (!initrd)
		return;
	free(initrd->modules);
	free(initrd->init);
	free(initrd->conf_modules);
	free(initrd);
}

struct dw_root_fs dw_root_fs_of(const struct dw_fs_info *info)
{
	return (struct dw_root_fs){
		.type = info->type,
		.metadata_csum = strstr(info->features, "metadata_csum"),
	};
}

bool dw_initrd_has(const struct dw_initrd *initrd, const char *name)
{
	char key[DW_MODULE_NAME];
	char path[DW_MODULE_NAME + 4];

	if (!initrd->modules_nr ||
	    snprintf(path, sizeof(path), "%s.ko", name) >= (int)sizeof(path) ||
	    !dw_module_name(dw_span_of(path), key))
		return false;
	return bsearch(key, initrd->modules, initrd->modules_nr,
		       DW_MODULE_NAME, by_name);
}
