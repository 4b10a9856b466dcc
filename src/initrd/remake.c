/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An initrd for another kernel, with all but the modules of the old one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "initrd/family.h"
#include "initrd/make.h"
#include "initrd/own.h"
#include "initrd/pack.h"
#include "kmod/module_file.h"

/* Files of several names in one archive that wait for their content. */
#define LINKS_MAX 4096
/* Bytes of the new archive that wait to be packed. */
#define DRAIN_LEN (1u << 20)
/* Bytes of microcode and of ACPI tables, which stay unpacked. */
#define EARLY_LEN_MAX (64u << 20)

struct link {
	uint64_t dev;
	uint32_t ino;
};

struct remake {
	const struct dw_initrd_target *t;
	const char *old_version;
	bool flat;		/* modules lie in lib/, as of nash */
	struct dw_initrd_build b;
	struct dw_cpio_writer early;
	struct dw_initrd_pack pack;
	bool early_any, main_any;
	bool in_early;		/* the entry at hand */
	uint32_t archive_nr;	/* of the last entry of the main part */
	struct link *links;
	size_t links_nr;
	int ret;
	struct dw_err *err;
};

/* ---- what goes, what stays ------------------------------------------------- */

static bool is_below(const char *name, const char *usr, const char *version)
{
	char folder[300];
	size_t len = (size_t)snprintf(folder, sizeof(folder),
				      "%slib/modules/%s", usr, version);

	return len < sizeof(folder) && !strncmp(name, folder, len) &&
		(!name[len] || name[len] == '/');
}

static bool is_flat(const char *name)
{
	char module[DW_MODULE_NAME];

	return !strncmp(name, "lib/", 4) && !strchr(name + 4, '/') &&
		dw_module_name(dw_span_of(name), module);
}

static bool goes(const struct remake *r, const struct dw_cpio_entry *e)
{
	return is_below(e->name, "", r->old_version) ||
		is_below(e->name, "usr/", r->old_version) ||
		(r->flat && S_ISREG(e->mode) && is_flat(e->name));
}

/* What the kernel itself, or the processor, takes out of an archive that is
 * not packed and comes first. */
static bool is_early(const struct remake *r, const struct dw_cpio_entry *e)
{
	return !r->main_any && e->packing == DW_PACK_NONE &&
		(!strcmp(e->name, ".") || !strcmp(e->name, "early_cpio") ||
		 !strcmp(e->name, "kernel") ||
		 !strncmp(e->name, "kernel/", 7));
}

/* ---- several names of one file --------------------------------------------- */

static bool is_same(const struct link *l, const struct dw_cpio_entry *e)
{
	return l->ino == e->ino && l->dev == e->dev;
}

static int keep_link(struct remake *r, const struct dw_cpio_entry *e)
{
	if (!S_ISREG(e->mode) || e->links_nr < 2 || e->size)
		return 0;
	if (r->links_nr == LINKS_MAX)
		return dw_fail(r->err, DW_LIMIT, "more than %u files of "
			       "several names", LINKS_MAX);
	r->links[r->links_nr++] = (struct link){ e->dev, e->ino };
	return 0;
}

/* A name that goes may have held the content of one that stays. */
static int check_link(const struct remake *r, const struct dw_cpio_entry *e)
{
	if (!S_ISREG(e->mode) || e->links_nr < 2 || !e->size)
		return 0;
	for (size_t i = 0; i < r->links_nr; i++)
		if (is_same(&r->links[i], e))
			return dw_fail(r->err, DW_UNSUPPORTED, "%s of the old "
				       "kernel is also a file of another name",
				       e->name);
	return 0;
}

/* ---- copying --------------------------------------------------------------- */

/* Hands on what is complete, in whole blocks, so that the padding that is
 * counted from the start of the buffer stays right. */
static void drain(struct remake *r)
{
	struct dw_buf *out = &r->b.w.out;
	size_t len = out->len & ~(size_t)511;

	if (out->failed || len < DRAIN_LEN)
		return;
	dw_initrd_pack_add(&r->pack, out->data, len);
	memmove(out->data, out->data + len, out->len - len);
	out->len -= len;
}

static struct dw_cpio_writer *writer(struct remake *r)
{
	return r->in_early ? &r->early : &r->b.w;
}

/* Inode numbers mean something in one archive alone. */
static void begin_archive(struct remake *r, const struct dw_cpio_entry *e)
{
	if (e->archive_nr == r->archive_nr)
		return;
	r->archive_nr = e->archive_nr;
	r->links_nr = 0;
	if (r->in_early ? r->early_any : r->main_any)
		dw_cpio_next_archive(writer(r));
}

static enum dw_cpio_next on_entry(void *arg, const struct dw_cpio_entry *e)
{
	struct remake *r = arg;

	r->in_early = is_early(r, e);
	begin_archive(r, e);
	if (goes(r, e)) {
		r->ret = check_link(r, e);
		return r->ret ? DW_CPIO_STOP : DW_CPIO_SKIP;
	}
	if (!*e->name)
		return DW_CPIO_SKIP;
	r->ret = keep_link(r, e);
	*(r->in_early ? &r->early_any : &r->main_any) = true;
	dw_cpio_copy(writer(r), e);
	if (r->ret || r->b.w.ret || r->pack.ret)
		return DW_CPIO_STOP;
	return e->size ? DW_CPIO_ALL : DW_CPIO_SKIP;
}

/* Scripts and settings, which are small. */
static bool is_script(const char *name)
{
	static const char *const starts[] = {
		"init", "linuxrc", "etc/", "conf/", "config/", "scripts/",
		"boot/",
	};
	size_t len = strlen(name);

	if (len > 3 && !strcmp(name + len - 3, ".sh"))
		return true;
	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (!strncmp(name, starts[i], strlen(starts[i])))
			return true;
	return false;
}

static int on_data(void *arg, const struct dw_cpio_entry *e,
		   const uint8_t *data, size_t len, struct dw_err *err)
{
	struct remake *r = arg;
	struct dw_cpio_writer *w = writer(r);

	if (len == e->size && is_script(e->name) &&
	    memmem(data, len, r->old_version, strlen(r->old_version)))
		return dw_fail(err, DW_UNSUPPORTED, "its %s names Linux %s",
			       e->name, r->old_version);
	if (r->in_early && w->out.len + len > EARLY_LEN_MAX)
		return dw_fail(err, DW_LIMIT, "more than %u bytes of microcode",
			       EARLY_LEN_MAX);
	dw_cpio_copy_data(w, data, len);
	if (!r->in_early)
		drain(r);
	return 0;
}

static int copy(struct remake *r, const struct dw_initrd_file *file)
{
	struct dw_cpio_visitor visitor = { on_entry, on_data, r, NULL };
	int ret;

	r->links = calloc(LINKS_MAX, sizeof(*r->links));
	if (!r->links)
		return dw_fail_nomem(r->err);
	ret = dw_cpio_walk(r->t->ctx, &file->src, &visitor, r->err);
	return ret ? ret : r->ret;
}

/* ---- the new kernel's modules ---------------------------------------------- */

struct flat {
	struct remake *r;
	const struct dw_initrd *old;
	struct dw_module_list *load;
};

/* What is not in the old one under its name is not loaded by its /init. */
static int need_flat(void *arg, const char *name)
{
	struct flat *f = arg;
	struct remake *r = f->r;

	if (dw_initrd_kernel_has(r->t->kernel, r->t->mods, name) ==
	    DW_HAVE_BUILTIN)
		return 0;
	if (!dw_initrd_has(f->old, name))
		return dw_fail(r->err, DW_UNSUPPORTED, "Linux %s needs %s, "
			       "which its /init does not load",
			       r->t->kernel->version, name);
	return dw_module_list_add(f->load, name, r->err);
}

/* By name, what the old one had and the new kernel has as files; and what the
 * root needs, since that may have been built into the old kernel. */
static int choose(struct remake *r, const struct dw_initrd *old,
		  struct dw_module_list *names, struct dw_module_list *load)
{
	struct flat flat = { r, old, load };
	int ret = 0;

	for (size_t i = 0; !ret && i < old->modules_nr; i++) {
		const char *name = old->modules[i];

		if (dw_modules_have(r->t->mods, name) != DW_HAVE_MODULE)
			continue;
		ret = r->flat ? dw_modules_needs(r->t->mods, name, need_flat,
						 &flat) :
				dw_module_list_add(names, name, r->err);
	}
	if (ret || r->flat)
		return ret;
	ret = dw_initrd_wanted(r->t, NULL, DW_SIDE_KVM, names, r->err);
	if (!ret)
		ret = dw_initrd_wanted(r->t, NULL, DW_SIDE_XEN, names, r->err);
	return ret ? ret :
		dw_initrd_resolve(r->t, NULL, names, load, r->err);
}

static int put_flat(struct remake *r, const char *name)
{
	char *path = NULL, *data = NULL, to[DW_MODULE_NAME + 8];
	const char *file;
	size_t len;
	int ret;

	ret = dw_modules_file(r->t->mods, name, &path, r->err);
	if (!ret)
		ret = dw_module_read(r->t->ctx, r->t->fs, path, &data, &len,
				     r->err);
	if (!ret) {
		/* Its own spelling, "dm-mod.ko", is what the script names. */
		file = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
		snprintf(to, sizeof(to), "lib/%.*s.ko",
			 (int)strcspn(file, "."), file);
		dw_cpio_file(&r->b.w, to, 0644, data, len);
	}
	free(data);
	free(path);
	return ret;
}

static int put_modules(struct remake *r)
{
	int ret = 0;

	if (!r->flat)
		return dw_initrd_add_tree(&r->b, r->err);
	for (size_t i = 0; !ret && i < r->b.load->nr; i++) {
		ret = dw_ctx_check(r->t->ctx, r->err);
		if (!ret)
			ret = put_flat(r, r->b.load->names[i]);
	}
	return ret;
}

/* The folder of modules is where the old one had it; that the folders above
 * are there is known from now on, and its modules go. */
static int look(struct remake *r, const char *path)
{
	struct dw_kernel kernel = *r->t->kernel;
	struct dw_initrd_target t = *r->t;
	char *slash;
	int ret;

	kernel.version = (char *)r->old_version;
	t.kernel = &kernel;
	r->b.target = &t;
	r->b.path = path;
	ret = dw_initrd_scan(&r->b, r->err);
	r->b.target = r->t;
	dw_initrd_layout_forget(&r->b.layout);
	if (ret)
		return ret;
	slash = strrchr(r->b.layout.dir, '/');
	snprintf(slash + 1, sizeof(r->b.layout.dir) -
		 (size_t)(slash + 1 - r->b.layout.dir), "%s",
		 r->t->kernel->version);
	return 0;
}

/* ---- all of it ------------------------------------------------------------- */

static int finish(struct remake *r, char **data, size_t *len)
{
	char *rest = NULL, *early = NULL, *packed = NULL;
	size_t rest_len, early_len = 0, packed_len;
	struct dw_buf out = { 0 };
	int ret = 0;

	if (r->main_any)
		dw_cpio_next_archive(&r->b.w);
	ret = put_modules(r);
	if (!ret)
		ret = dw_cpio_end(&r->b.w, &rest, &rest_len, r->err);
	if (!ret) {
		dw_initrd_pack_add(&r->pack, rest, rest_len);
		ret = dw_initrd_pack_end(&r->pack, &packed, &packed_len,
					 r->err);
	}
	if (!ret && r->early_any)
		ret = dw_cpio_end(&r->early, &early, &early_len, r->err);
	if (!ret && early) {
		dw_buf_add(&out, early, early_len);
		dw_buf_add(&out, packed, packed_len);
		ret = dw_buf_check(&out, r->err);
	}
	*data = ret ? NULL : early ? dw_buf_take(&out, len) : packed;
	if (!ret && !early)
		*len = packed_len;
	if (ret || early)
		free(packed);
	free(early);
	free(rest);
	dw_buf_free(&out);
	return ret;
}

static int remake(struct remake *r, const char *path,
		  const struct dw_initrd *old, char **data, size_t *len)
{
	struct dw_module_list names = { 0 }, load = { 0 };
	struct dw_initrd_file file;
	int ret;

	r->flat = old->family == DW_INITRD_NASH;
	r->b.initrd = old;
	r->b.names = &names;
	r->b.load = &load;
	ret = choose(r, old, &names, &load);
	if (!ret)
		ret = look(r, path);
	if (!ret)
		ret = dw_initrd_file(r->t->fs, path, &file, r->err);
	dw_initrd_pack_open(&r->pack, r->t->kernel->config.no_gzip_initrd);
	if (!ret)
		ret = copy(r, &file);
	if (!ret)
		ret = finish(r, data, len);
	dw_initrd_pack_abort(&r->pack);
	dw_cpio_abort(&r->early);
	dw_cpio_abort(&r->b.w);
	dw_initrd_layout_free(&r->b.layout);
	free(r->links);
	dw_module_list_free(&names);
	dw_module_list_free(&load);
	return ret;
}

/* Of ours nothing is to be kept but which modules it had. */
static int again(const struct dw_initrd_target *t, const struct dw_initrd *old,
		 char **data, size_t *len, struct dw_err *err)
{
	struct dw_module_list more = { 0 };
	int ret = 0;

	for (size_t i = 0; !ret && i < old->modules_nr; i++)
		if (dw_modules_have(t->mods, old->modules[i]) ==
		    DW_HAVE_MODULE)
			ret = dw_module_list_add(&more, old->modules[i], err);
	if (!ret)
		ret = dw_initrd_synth(t, &more, data, len, err);
	dw_module_list_free(&more);
	return ret;
}

int dw_initrd_remake(const struct dw_initrd_target *t, const char *path,
		     const char *old_version, char **data, size_t *len,
		     struct dw_err *err)
{
	struct remake r = {
		.t = t, .old_version = old_version, .err = err,
	};
	struct dw_initrd *old;
	int ret;

	*data = NULL;
	*len = 0;
	if (!*old_version || strchr(old_version, '/'))
		return dw_fail(err, DW_USAGE, "initrd: '%.80s' is no version "
			       "of a kernel", old_version);
	ret = dw_own_check(t, err);
	if (!ret)
		ret = dw_initrd_read(t->ctx, t->fs, path, old_version, &old,
				     err);
	if (ret)
		return ret;
	if (old->family == DW_INITRD_UNKNOWN)
		ret = dw_fail(err, DW_UNSUPPORTED, "the program that made it "
			      "is not known");
	else if (old->family == DW_INITRD_OWN)
		ret = again(t, old, data, len, err);
	else
		ret = remake(&r, path, old, data, len);
	dw_initrd_free(old);
	return ret ? dw_err_prefix(err, ret, "%s", path) : 0;
}
