/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the kernels of a guest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "guest/kernel.h"
#include "guest/xen_notes.h"
#include "fs/read_text.h"

/* A folder with more names than this is no /boot. */
#define NAMES_CAP_NR 4096
#define KERNELS_CAP_NR 256
#define CONFIG_CAP_LEN (4u << 20)

/* The names of one folder. */
struct names {
	char **items;
	size_t nr, cap;
};

static void names_free(struct names *names)
{
	for (size_t i = 0; i < names->nr; i++)
		free(names->items[i]);
	free(names->items);
	memset(names, 0, sizeof(*names));
}

static int names_add(void *arg, const char *name, uint64_t ino,
		     uint32_t type_mode, struct dw_err *err)
{
	struct names *names = arg;

	if (names->nr == NAMES_CAP_NR)
		return 0;
	if (names->nr == names->cap) {
		size_t cap = names->cap * 2 + 64;
		char **items = realloc(names->items, cap * sizeof(*items));

		if (!items)
			return dw_fail_nomem(err);
		names->items = items;
		names->cap = cap;
	}
	names->items[names->nr] = strdup(name);
	if (!names->items[names->nr])
		return dw_fail_nomem(err);
	names->nr++;
	return 0;
}

static void kernel_clear(struct dw_kernel *k)
{
	free(k->path);
	free(k->name);
	free(k->version);
	free(k->initrd_path);
	memset(k, 0, sizeof(*k));
}

void dw_kernels_free(struct dw_kernels *kernels)
{
	for (size_t i = 0; i < kernels->nr; i++)
		kernel_clear(&kernels->items[i]);
	free(kernels->items);
	free(kernels->link_kernel);
	free(kernels->link_initrd);
	memset(kernels, 0, sizeof(*kernels));
}

static char *join(const char *folder, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

static int read_head(struct dw_fs *fs, struct dw_kernel *k,
		     struct dw_err *err)
{
	uint8_t *head = malloc(DW_KERNEL_HEAD_LEN), magic[DW_KERNEL_PACKING_LEN];
	size_t got = 0;
	int ret;

	if (!head)
		return dw_fail_nomem(err);
	ret = dw_fs_pread(fs, k->ino, 0, head, DW_KERNEL_HEAD_LEN, &got, err);
	if (ret)
		goto out;
	dw_kernel_head_decode(head, got, &k->head);
	if (k->head.payload_off && !k->head.packing) {
		ret = dw_fs_pread(fs, k->ino, k->head.payload_off, magic,
				  sizeof(magic), &got, err);
		if (!ret)
			k->head.packing = dw_kernel_packing_find(magic, got);
	}
out:
	free(head);
	return ret;
}

static bool has_modules(struct dw_fs *fs, const char *version)
{
	char path[512];
	int len;

	if (!*version || strchr(version, '/'))
		return false;
	len = snprintf(path, sizeof(path), "/lib/modules/%s", version);
	if (len < (int)sizeof(path) && dw_fs_exists(fs, path))
		return true;
	len = snprintf(path, sizeof(path), "/usr/lib/modules/%s", version);
	return len < (int)sizeof(path) && dw_fs_exists(fs, path);
}

/* The name of the module folder: what the file is called after, unless only
 * the header's text names a folder that is there (Alpine, Arch). */
static int find_version(struct dw_fs *fs, struct dw_kernel *k,
			struct dw_err *err)
{
	size_t len = strcspn(k->head.version, " ");
	char *head;

	k->has_modules = has_modules(fs, k->name);
	head = strndup(k->head.version, len);
	if (!head)
		return dw_fail_nomem(err);
	if (!k->has_modules && *head) {
		k->has_modules = has_modules(fs, head);
		if (k->has_modules || !dw_version_parse(k->name).major) {
			k->version = head;
			return 0;
		}
	}
	free(head);
	k->version = strdup(dw_version_parse(k->name).major ? k->name : "");
	return k->version ? 0 : dw_fail_nomem(err);
}

/* Without a configuration the list of modules tells at least of drivers. */
static int config_from_modules(struct dw_fs *fs, struct dw_kernel *k,
			       struct dw_err *err)
{
	struct dw_kconfig *c = &k->config;
	struct dw_modules *mods;
	int ret;

	if (!k->has_modules)
		return 0;
	ret = dw_modules_open(fs, k->version, &mods, err);
	if (ret)
		return dw_fs_has_not(ret) ? 0 : ret;
	c->virtio_pci = dw_modules_have(mods, "virtio_pci");
	c->virtio_blk = dw_modules_have(mods, "virtio_blk");
	c->virtio_net = dw_modules_have(mods, "virtio_net");
	c->virtio_scsi = dw_modules_have(mods, "virtio_scsi");
	c->xen_blk = dw_modules_have(mods, "xen-blkfront");
	if (c->xen_blk < DW_HAVE_MODULE)
		c->xen_blk = dw_modules_have(mods, "xenblk");
	dw_modules_free(mods);
	return 0;
}

static int read_config(struct dw_fs *fs, const char *folder,
		       struct dw_kernel *k, struct dw_err *err)
{
	char path[600], *text = NULL;
	const char *names[] = { k->name, k->version };
	size_t len = 0;
	int ret = 0;

	for (size_t i = 0; !ret && !text && i < 2; i++)
		if (*names[i] &&
		    snprintf(path, sizeof(path), "%s/config-%s", folder,
			     names[i]) < (int)sizeof(path))
			ret = dw_fs_read_text(fs, path, CONFIG_CAP_LEN,
						 &text, &len, err);
	/* Fedora from 33 on keeps it with the modules. */
	if (!ret && !text && k->has_modules &&
	    snprintf(path, sizeof(path), "/lib/modules/%s/config",
		     k->version) < (int)sizeof(path))
		ret = dw_fs_read_text(fs, path, CONFIG_CAP_LEN, &text, &len,
					 err);
	if (text)
		dw_kconfig_parse(text, len, k->version, &k->config);
	free(text);
	return ret || k->config.known ? ret : config_from_modules(fs, k, err);
}

struct file {
	struct dw_fs *fs;
	uint64_t ino;
};

static int read_file(void *arg, uint64_t off, void *buf, size_t len,
		     size_t *got, struct dw_err *err)
{
	struct file *file = arg;

	return dw_fs_pread(file->fs, file->ino, off, buf, len, got, err);
}

/*
 * Without a configuration the kernel itself tells whether Xen can start it.
 * That an old one has no notes says nothing: those had a section instead.
 */
static int read_notes(struct dw_fs *fs, struct dw_kernel *k,
		      struct dw_err *err)
{
	struct file file = { fs, k->ino };
	struct dw_source src = { read_file, &file, k->size };
	struct dw_xen_notes notes;
	int ret;

	if (k->config.known || k->head.kind == DW_KERNEL_UNKNOWN)
		return 0;
	ret = dw_xen_notes_read(&src, &k->head, &notes, err);
	if (ret || !notes.is_elf)
		return ret;
	if (!notes.has_entry && k->head.kind != DW_KERNEL_BZIMAGE)
		return 0;
	k->config.by_notes = true;
	k->config.xen_pv = notes.has_entry ? DW_HAVE_BUILTIN : DW_HAVE_NO;
	k->config.xen_classic = notes.is_classic;
	return 0;
}

static int find_initrd(struct dw_kernel *k, const char *folder,
		       const struct names *names, struct dw_err *err)
{
	const char *name = dw_initrd_pick(k->name, k->version, names->items,
					  names->nr);

	if (!name)
		return 0;
	k->initrd_path = join(folder, name);
	return k->initrd_path ? 0 : dw_fail_nomem(err);
}

static bool is_rescue(const char *name)
{
	struct dw_span s = dw_span_of(name);

	return dw_span_find(s, "rescue") || dw_span_ends(s, ".old");
}

static int fill(struct dw_fs *fs, const char *folder, const char *suffix,
		const struct names *names, struct dw_kernel *k,
		struct dw_err *err)
{
	int ret;

	k->name = strdup(suffix);
	if (!k->name)
		return dw_fail_nomem(err);
	k->is_rescue = is_rescue(k->path);
	ret = read_head(fs, k, err);
	if (!ret)
		ret = find_version(fs, k, err);
	if (!ret)
		ret = find_initrd(k, folder, names, err);
	if (!ret)
		ret = read_config(fs, folder, k, err);
	if (!ret)
		ret = read_notes(fs, k, err);
	if (!ret)
		dw_kernel_judge(k);
	return ret;
}

/* A file, or a link with a version to where openSUSE keeps its kernels; other
 * links name one that is listed by its own name.  A dangling or cyclic link is no kernel, and
 * no failure either. */
static bool is_kernel_file(struct dw_fs *fs, const char *path,
			   bool has_version, struct dw_stat *st)
{
	char *real = NULL;
	bool is_own;

	if (dw_fs_lstat(fs, path, st, NULL))
		return false;
	if (S_ISREG(st->mode))
		return true;
	if (!has_version || dw_fs_realpath(fs, path, &real, NULL))
		return false;
	is_own = strstr(real, "/lib/modules/") &&
		 !dw_fs_lstat(fs, real, st, NULL) && S_ISREG(st->mode);
	free(real);
	return is_own;
}

/* Adds one name of the folder; a hard link to a kernel that is listed already
 * is not listed twice. */
static int add(struct dw_fs *fs, const char *folder, const char *name,
	       const char *suffix, const struct names *names,
	       struct dw_kernels *out, struct dw_err *err)
{
	struct dw_kernel *items, k = { 0 };
	struct dw_stat st;
	int ret = 0;

	k.path = join(folder, name);
	if (!k.path)
		return dw_fail_nomem(err);
	if (!is_kernel_file(fs, k.path, *suffix, &st))
		goto out;
	for (size_t i = 0; i < out->nr; i++)
		if (out->items[i].ino == st.ino)
			goto out;
	k.ino = st.ino;
	k.size = st.size;
	ret = fill(fs, folder, suffix, names, &k, err);
	/* A damaged kernel is shown; something else called "linux" is not. */
	if (ret || (k.head.kind == DW_KERNEL_UNKNOWN &&
		    strncmp(name, "vmlinuz-", 8)))
		goto out;
	items = realloc(out->items, (out->nr + 1) * sizeof(*items));
	if (!items) {
		ret = dw_fail_nomem(err);
		goto out;
	}
	out->items = items;
	out->items[out->nr++] = k;
	return 0;
out:
	kernel_clear(&k);
	return ret;
}

static int newest_first(const void *a, const void *b)
{
	const struct dw_kernel *ka = a, *kb = b;
	int c;

	if (ka->is_rescue != kb->is_rescue)
		return ka->is_rescue ? 1 : -1;
	c = dw_version_compare(kb->version, ka->version);
	return c ? c : strcmp(ka->path, kb->path);
}

static int scan(struct dw_ctx *ctx, struct dw_fs *fs, const char *folder,
		struct dw_kernels *out, struct dw_err *err)
{
	struct names names = { 0 };
	const char *suffix;
	int ret;

	ret = dw_fs_readdir(fs, *folder ? folder : "/", names_add, &names, err);
	if (dw_fs_has_not(ret))
		ret = 0;
	for (size_t i = 0; !ret && i < names.nr; i++) {
		ret = dw_ctx_check(ctx, err);
		if (!ret && out->nr < KERNELS_CAP_NR &&
		    dw_kernel_is_name(names.items[i], &suffix))
			ret = add(fs, folder, names.items[i], suffix, &names,
				  out, err);
	}
	names_free(&names);
	return ret;
}

static bool is_link_to_file(struct dw_fs *fs, const char *path)
{
	struct dw_stat st;

	return !dw_fs_lstat(fs, path, &st, NULL) && S_ISLNK(st.mode) &&
	       !dw_fs_stat(fs, path, &st, NULL) && S_ISREG(st.mode);
}

static int find_links(struct dw_fs *fs, struct dw_kernels *out,
		      struct dw_err *err)
{
	static const char *const pairs[][2] = {
		{ "/vmlinuz", "/initrd.img" },
		{ "/boot/vmlinuz", "/boot/initrd.img" },
		{ "/boot/vmlinuz", "/boot/initrd" },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (!is_link_to_file(fs, pairs[i][0]) ||
		    !is_link_to_file(fs, pairs[i][1]))
			continue;
		out->link_kernel = strdup(pairs[i][0]);
		out->link_initrd = strdup(pairs[i][1]);
		return out->link_kernel && out->link_initrd ? 0 :
			dw_fail_nomem(err);
	}
	return 0;
}

int dw_kernels_find(struct dw_ctx *ctx, struct dw_fs *fs,
		    struct dw_kernels *out, struct dw_err *err)
{
	int ret;

	memset(out, 0, sizeof(*out));
	ret = scan(ctx, fs, "/boot", out, err);
	if (!ret && !out->nr)
		ret = scan(ctx, fs, "", out, err);
	if (!ret)
		ret = find_links(fs, out, err);
	if (ret)
		dw_kernels_free(out);
	else if (out->nr)
		qsort(out->items, out->nr, sizeof(*out->items), newest_first);
	return ret;
}
