/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What our loader starts when nobody chooses: the default entry, else another
 * one, else the newest kernel of /boot.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/notes.h"
#include "boot/loader_scan.h"
#include "fs/read_text.h"
#include "job/verdict.h"

/* ---- entries ------------------------------------------------------------------ */

/* Paths that do not begin with a slash are seen from the configuration. */
static int absolute(const char *config, const char *path, char **out,
		    struct dw_err *err)
{
	const char *slash = strrchr(config, '/');
	int len = slash ? (int)(slash - config) + 1 : 0;

	if (path[0] == '/')
		*out = strdup(path);
	else if (asprintf(out, "%.*s%s", len, config, path) < 0)
		*out = NULL;
	return *out ? 0 : dw_fail_nomem(err);
}

static bool is_there(struct dw_verdict_source *source, const char *path,
		     struct dw_stat *st)
{
	return !dw_fs_stat(source->fs, path, st, NULL);
}

/* A kernel that the loader takes for one; what is not known might be. */
static bool is_bootable(struct dw_verdict_source *source,
			const struct dw_stat *st)
{
	const struct dw_kernels *kernels = source->kernels;

	if (!S_ISREG(st->mode))
		return false;
	for (size_t i = 0; i < kernels->nr; i++)
		if (kernels->items[i].ino == st->ino)
			return kernels->items[i].head.kind ==
			       DW_KERNEL_BZIMAGE;
	return true;
}

/* Whether the loader finds the entry's kernel, and gets as far as starting it;
 * 'config' is the file that the entry stands in. */
static int look_at(struct dw_verdict_source *source, const char *config,
		   const struct dw_boot_entry *e, bool *found, bool *starts,
		   struct dw_err *err)
{
	struct dw_stat st;
	char *path;
	int ret;

	*found = *starts = false;
	if (e->is_other || !e->kernel)
		return 0;
	ret = absolute(config, e->kernel, &path, err);
	if (ret)
		return ret;
	*found = is_there(source, path, &st);
	*starts = *found && is_bootable(source, &st);
	free(path);
	for (unsigned i = 0; *starts && i < e->initrds_nr; i++) {
		ret = absolute(config, e->initrds[i], &path, err);
		if (ret)
			return ret;
		*starts = is_there(source, path, &st);
		free(path);
	}
	return 0;
}

static size_t default_of(const struct dw_bootconf *conf)
{
	return conf->default_nr < 0 ? 0 : (size_t)conf->default_nr;
}

/* *nr is the entry that boots; entries_nr where no kernel of any entry is
 * there.  Where some are there and none can be started, the default's fault
 * is what is told. */
static int choose(struct dw_verdict_source *source, const char *config,
		  const struct dw_bootconf *conf, size_t *nr,
		  struct dw_err *err)
{
	size_t first = default_of(conf), i, at;
	bool any = false, found, starts;
	int ret;

	for (i = 0; i < conf->entries_nr; i++) {
		/* the default, then the others in their order */
		at = !i ? first : i <= first ? i - 1 : i;
		ret = look_at(source, config, &conf->entries[at], &found,
			      &starts, err);
		if (ret)
			return ret;
		if (starts) {
			*nr = at;
			return 0;
		}
		any |= found;
	}
	*nr = any ? first : conf->entries_nr;
	return 0;
}

static int make_absolute(const char *config, char **path, struct dw_err *err)
{
	char *whole;
	int ret;

	if (!*path || !**path)
		return 0;
	ret = absolute(config, *path, &whole, err);
	if (ret)
		return ret;
	free(*path);
	*path = whole;
	return 0;
}

/* ---- /boot -------------------------------------------------------------------- */

struct scan {
	const char *before;
	char best[DW_SCAN_NAME_LEN];
};

static int look_at_name(void *arg, const char *name, uint64_t ino,
			uint32_t type_mode, struct dw_err *err)
{
	struct scan *s = arg;

	if (dw_scan_is_kernel(name, strlen(name)) &&
	    (!*s->before || dw_scan_compare(name, s->before) < 0) &&
	    (!*s->best || dw_scan_compare(name, s->best) > 0))
		snprintf(s->best, sizeof(s->best), "%s", name);
	return 0;
}

/* The arguments that stage 2 starts from, as its old_args() has them. */
static const char *old_args(const struct dw_bootconf *conf)
{
	if (!conf || !conf->entries_nr)
		return NULL;
	if (conf->default_nr >= 0)
		return conf->entries[conf->default_nr].args;
	for (size_t i = 0; i < conf->entries_nr; i++)
		if (conf->entries[i].args &&
		    dw_scan_has_root(conf->entries[i].args))
			return conf->entries[i].args;
	return NULL;
}

/* *path is the initrd of a kernel of /boot, NULL where it has none. */
static int find_initrd(struct dw_verdict_source *source, const char *kernel,
		       char **path, struct dw_err *err)
{
	char name[DW_SCAN_NAME_LEN];
	struct dw_stat st;
	int ret;

	*path = NULL;
	for (uint32_t i = 0; dw_scan_initrd_name(i, kernel, name); i++) {
		ret = absolute(DW_SCAN_DIR "/", name, path, err);
		if (ret || is_there(source, *path, &st))
			return ret;
		free(*path);
		*path = NULL;
	}
	return 0;
}

static int take_kernel(struct dw_verdict_source *source, const char *name,
		       char *initrd, const struct dw_bootconf *conf,
		       struct dw_boot_verdict *v, struct dw_err *err)
{
	struct dw_boot_entry e = { .label = (char *)"by scanning " DW_SCAN_DIR };
	char args[DW_SCAN_ARGS_LEN];
	struct dw_fs_info info;
	int ret = dw_fs_get_info(source->fs, &info, err);

	if (initrd)
		e.initrds[e.initrds_nr++] = initrd;
	if (!ret)
		ret = absolute(DW_SCAN_DIR "/", name, &e.kernel, err);
	if (!ret) {
		dw_scan_args(old_args(conf), info.uuid, args);
		e.args = args;
		ret = dw_verdict_copy_entry(&e, NULL, v, err);
	}
	free(e.kernel);
	return ret;
}

/* Takes a kernel of /boot if it is its turn in a round, and it can start. */
static int try_kernel(struct dw_verdict_source *source, const char *name,
		      uint32_t round, const struct dw_bootconf *conf,
		      struct dw_boot_verdict *v, bool *taken,
		      struct dw_err *err)
{
	char path[DW_SCAN_NAME_LEN + sizeof(DW_SCAN_DIR)], *initrd;
	struct dw_stat st;
	int ret = find_initrd(source, name, &initrd, err);

	if (ret)
		return ret;
	snprintf(path, sizeof(path), DW_SCAN_DIR "/%s", name);
	*taken = dw_scan_round(name, initrd) == round &&
		 is_there(source, path, &st) && is_bootable(source, &st);
	if (*taken)
		ret = take_kernel(source, name, initrd, conf, v, err);
	free(initrd);
	return ret;
}

static int try_round(struct dw_verdict_source *source, uint32_t round,
		     const struct dw_bootconf *conf, struct dw_boot_verdict *v,
		     bool *taken, struct dw_err *err)
{
	char before[DW_SCAN_NAME_LEN] = "";
	int ret;

	for (int i = 0; i < DW_SCAN_TRIES && !*taken; i++) {
		struct scan s = { .before = before };

		ret = dw_fs_readdir(source->fs, DW_SCAN_DIR, look_at_name, &s,
				    err);
		if (ret && !dw_fs_has_not(ret))
			return ret;
		if (!*s.best)
			break;
		ret = try_kernel(source, s.best, round, conf, v, taken, err);
		if (ret)
			return ret;
		memcpy(before, s.best, sizeof(before));
	}
	return 0;
}

static int scan(struct dw_verdict_source *source,
		const struct dw_bootconf *conf, struct dw_boot_verdict *v,
		struct dw_err *err)
{
	bool taken = false;
	int ret;

	dw_notes_add(&v->warnings, "no configured kernel is there: the loader "
		     "scans " DW_SCAN_DIR);
	for (uint32_t round = 0; round < DW_SCAN_ROUNDS; round++) {
		ret = try_round(source, round, conf, v, &taken, err);
		if (ret || taken)
			return ret;
	}
	return dw_fail(err, DW_NOBOOT, "no configured kernel is there, and "
		       "scanning " DW_SCAN_DIR " finds none");
}

int dw_verdict_follow_loader(struct dw_verdict_source *source,
			     const char *config,
			     const struct dw_bootconf *conf,
			     struct dw_boot_verdict *v, struct dw_err *err)
{
	size_t nr = 0;
	int ret = 0;

	if (conf)
		ret = choose(source, config, conf, &nr, err);
	if (ret)
		return ret;
	if (!conf || nr == conf->entries_nr)
		return scan(source, conf, v, err);
	if (nr != default_of(conf))
		dw_notes_add(&v->warnings, "the default entry cannot be "
			     "started; the next one that can is this");
	ret = dw_verdict_copy_entry(&conf->entries[nr], config, v, err);
	if (!ret)
		ret = make_absolute(config, &v->kernel, err);
	return ret ? ret : make_absolute(config, &v->initrd, err);
}
