/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the modules of a kernel, one of each name, in depmod's order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "fs/read_text.h"
#include "kmod/depmod_conf.h"
#include "kmod/depmod_impl.h"

#define ENTRIES_CAP_NR (1u << 20)
#define PATH_CAP_LEN 4096u
/* kmod's table of modules by name; its order is that of modules which
 * modules.order does not have. */
#define NAME_BUCKETS_NR 512u

/* A folder that is to be walked through, or a module's file. */
struct place {
	char *path;
	uint64_t ino;
	size_t above;		/* the folder that it is in; its own number for
				 * the first */
};

struct places {
	struct place *items;
	size_t nr, cap;
};

struct finder {
	struct dw_depmod_job *job;
	struct dw_depmod_conf conf;
	struct places folders, files;
	size_t folder;		/* that is being listed */
	size_t entries_nr;
};

static int add_place(struct places *places, char *path_take, uint64_t ino,
		     size_t above, struct dw_err *err)
{
	if (places->nr == places->cap) {
		size_t cap = places->cap * 2 + 256;
		struct place *items = reallocarray(places->items, cap,
						   sizeof(*items));

		if (!items) {
			free(path_take);
			return dw_fail_nomem(err);
		}
		places->items = items;
		places->cap = cap;
	}
	places->items[places->nr++] = (struct place){ path_take, ino, above };
	return 0;
}

static void free_places(struct places *places)
{
	for (size_t i = 0; i < places->nr; i++)
		free(places->items[i].path);
	free(places->items);
}

/* ---- walking ------------------------------------------------------------- */

static bool is_module(const char *name)
{
	static const char *const ends[] = {
		".ko", ".ko.gz", ".ko.xz", ".ko.zst",
	};
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (len > strlen(ends[i]) &&
		    dw_span_ends((struct dw_span){ name, len }, ends[i]))
			return true;
	return false;
}

/* Whether the way to this folder leads through the same one: symbolic links
 * may make a loop. */
static bool is_above(const struct finder *f, uint64_t ino)
{
	size_t i = f->folder;

	while (f->folders.items[i].ino != ino) {
		if (f->folders.items[i].above == i)
			return false;
		i = f->folders.items[i].above;
	}
	return true;
}

/* A folder, a module's file, or what a symbolic link leads to. */
static int take(struct finder *f, char *path_take, bool named_as_module,
		struct dw_err *err)
{
	struct dw_stat st = { 0 };
	int ret = dw_fs_stat(f->job->fs, path_take, &st, err);
	uint32_t type = st.mode & 0170000;

	if (!ret && type == 0040000 && !is_above(f, st.ino))
		return add_place(&f->folders, path_take, st.ino, f->folder,
				 err);
	if (!ret && type == 0100000 && named_as_module)
		return add_place(&f->files, path_take, st.ino, f->folder, err);
	free(path_take);
	return dw_fs_has_not(ret) ? 0 : ret;
}

static int add_entry(void *arg, const char *name, uint64_t ino,
		     uint32_t type_mode, struct dw_err *err)
{
	struct finder *f = arg;
	const char *folder = f->folders.items[f->folder].path;
	bool named = is_module(name);
	char *path;

	if (++f->entries_nr > ENTRIES_CAP_NR)
		return dw_fail(err, DW_LIMIT, "%s: more than %u files",
			       f->job->dir, ENTRIES_CAP_NR);
	if (((type_mode & 0170000) == 0100000 && !named) ||
	    dw_depmod_excludes(&f->conf, name))
		return 0;
	if (strlen(folder) + 1 + strlen(name) >= PATH_CAP_LEN)
		return dw_fail(err, DW_LIMIT, "%s: a path of more than %u bytes",
			       f->job->dir, PATH_CAP_LEN - 1);
	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return dw_fail_nomem(err);
	return take(f, path, named, err);
}

static int by_path(const void *a, const void *b)
{
	const struct place *pa = a, *pb = b;

	return strcmp(pa->path, pb->path);
}

/* All files below a folder, by path: the order in a directory is chance, and
 * must not decide which of two modules of one name is taken. */
static int walk(struct finder *f, const char *top, struct dw_err *err)
{
	size_t first = f->folders.nr, files = f->files.nr;
	struct dw_stat st;
	char *path;
	int ret;

	ret = dw_fs_stat(f->job->fs, top, &st, err);
	if (ret)
		return ret;
	path = strdup(top);
	if (!path)
		return dw_fail_nomem(err);
	ret = add_place(&f->folders, path, st.ino, first, err);
	for (f->folder = first; !ret && f->folder < f->folders.nr;
	     f->folder++) {
		ret = dw_ctx_check(f->job->ctx, err);
		if (!ret)
			ret = dw_fs_readdir(f->job->fs,
					    f->folders.items[f->folder].path,
					    add_entry, f, err);
	}
	if (!ret && f->files.nr > files)
		qsort(f->files.items + files, f->files.nr - files,
		      sizeof(*f->files.items), by_path);
	return ret;
}

static int walk_all(struct finder *f, struct dw_err *err)
{
	const struct dw_depmod_word *e;
	int ret;

	ret = walk(f, f->job->dir, err);
	for (e = f->conf.externals; !ret && e; e = e->next) {
		ret = e->text[0] == '/' ? walk(f, e->text, err) : 0;
		if (dw_fs_has_not(ret) && ret != DW_LIMIT)
			ret = 0;
	}
	return ret;
}

/* ---- one of each name ---------------------------------------------------- */

/* The name of a module is that of its file up to the first dot. */
static int fill(struct dw_depmod_mod *m, const struct dw_depmod_job *job,
		struct place *file, struct dw_err *err)
{
	const char *base = strrchr(file->path, '/') + 1;
	size_t len = strcspn(base, "."), dir_len = strlen(job->dir);

	memset(m, 0, sizeof(*m));
	m->name = strndup(base, len);
	if (!m->name)
		return dw_fail_nomem(err);
	for (char *c = m->name; *c; c++)
		if (*c == '-')
			*c = '_';
	m->full = file->path;
	file->path = NULL;
	m->stem_len = (size_t)(base - m->full) + len;
	m->is_below = !strncmp(m->full, job->dir, dir_len) &&
		      m->full[dir_len] == '/';
	m->path = m->full + (m->is_below ? dir_len + 1 : 0);
	return 0;
}

/* In kmod's order of hashed names; of one name, as they were found. */
static int by_name(const void *a, const void *b)
{
	const struct dw_depmod_mod *ma = a, *mb = b;
	uint32_t ba = dw_depmod_bucket(ma->name, NAME_BUCKETS_NR);
	uint32_t bb = dw_depmod_bucket(mb->name, NAME_BUCKETS_NR);
	int cmp;

	if (ba != bb)
		return ba < bb ? -1 : 1;
	cmp = strcmp(ma->name, mb->name);
	return cmp ? cmp : (ma->order > mb->order) - (ma->order < mb->order);
}

static struct dw_depmod_place place_of(const struct dw_depmod_mod *m)
{
	return (struct dw_depmod_place){
		m->full, (size_t)(m->path - m->full), m->stem_len,
	};
}

static void free_mod(struct dw_depmod_mod *m)
{
	free(m->full);
	free(m->name);
}

/* Those of one name are neighbours: each is compared with who stayed so far. */
static void drop_others(struct finder *f)
{
	struct dw_depmod_job *job = f->job;
	size_t kept = 0;

	for (size_t i = 0; i < job->mods_nr; i++) {
		struct dw_depmod_mod *m = &job->mods[i], *old;
		struct dw_depmod_place a, b;

		old = kept ? &job->mods[kept - 1] : NULL;
		if (!old || strcmp(old->name, m->name)) {
			job->mods[kept++] = *m;
			continue;
		}
		a = place_of(old);
		b = place_of(m);
		if (dw_depmod_stays(&f->conf, &a, &b)) {
			free_mod(m);
		} else {
			free_mod(old);
			*old = *m;
		}
	}
	job->mods_nr = kept;
}

static int select_mods(struct finder *f, struct dw_err *err)
{
	struct dw_depmod_job *job = f->job;
	int ret = 0;

	job->mods = calloc(f->files.nr + 1, sizeof(*job->mods));
	if (!job->mods)
		return dw_fail_nomem(err);
	for (size_t i = 0; !ret && i < f->files.nr; i++) {
		ret = fill(&job->mods[i], job, &f->files.items[i], err);
		job->mods[i].order = (int64_t)i;
		job->mods_nr += !ret;
	}
	if (ret)
		return ret;
	qsort(job->mods, job->mods_nr, sizeof(*job->mods), by_name);
	drop_others(f);
	if (job->mods_nr > DW_DEPMOD_MODULES_MAX)
		return dw_fail(err, DW_LIMIT, "%s: %zu modules, more than %u",
			       job->dir, job->mods_nr, DW_DEPMOD_MODULES_MAX);
	for (size_t i = 0; i < job->mods_nr; i++)
		job->mods[i].order = (int64_t)i;
	return 0;
}

static void free_finder(struct finder *f)
{
	free_places(&f->folders);
	free_places(&f->files);
	dw_depmod_conf_free(&f->conf);
}

int dw_depmod_find(struct dw_depmod_job *job, struct dw_err *err)
{
	const char *version = strrchr(job->dir, '/');
	struct finder f = { .job = job };
	int ret;

	ret = dw_depmod_conf_read(job->fs, version ? version + 1 : job->dir,
				  &f.conf, err);
	if (!ret)
		ret = walk_all(&f, err);
	if (!ret)
		ret = select_mods(&f, err);
	free_finder(&f);
	return ret ? ret : dw_depmod_order(job, err);
}
