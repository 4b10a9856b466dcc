/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A kernel's modules: which are files, which are built in, who needs whom. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kmod/modules.h"
#include "fs/read_text.h"

/* A distribution's modules.dep is about 1 MiB. */
#define DEP_CAP_LEN (16u << 20)
#define MODULES_CAP_NR 200000

struct module {
	char name[DW_MODULE_NAME];
	struct dw_span path;	/* below the folder, or absolute (before
				 * module-init-tools 3.4); not of builtins */
	struct dw_span needs;	/* the rest of its line in modules.dep */
	bool builtin;
};

struct dw_modules {
	char *dir, *dep;
	bool has_builtin_list;
	struct module *items;	/* sorted by name */
	size_t nr, cap;
};

static bool strip_suffix(struct dw_span *s, const char *suffix)
{
	if (!dw_span_ends(*s, suffix))
		return false;
	s->len -= strlen(suffix);
	return true;
}

static void normalise(char *name)
{
	for (; *name; name++)
		if (*name == '-')
			*name = '_';
}

bool dw_module_is_packed(struct dw_span path)
{
	return dw_span_ends(path, ".gz") || dw_span_ends(path, ".xz") ||
	       dw_span_ends(path, ".zst");
}

bool dw_module_name(struct dw_span path, char out[DW_MODULE_NAME])
{
	const char *slash = path.len ? memrchr(path.p, '/', path.len) : NULL;

	if (slash)
		path = dw_span_skip(path, (size_t)(slash + 1 - path.p));
	if (!strip_suffix(&path, ".gz") && !strip_suffix(&path, ".xz"))
		strip_suffix(&path, ".zst");
	if (!strip_suffix(&path, ".ko") && !strip_suffix(&path, ".o"))
		return false;
	if (!path.len || path.len >= DW_MODULE_NAME)
		return false;
	dw_span_copy(path, out, DW_MODULE_NAME);
	normalise(out);
	return true;
}

static int add(struct dw_modules *mods, struct dw_span path,
	       struct dw_span needs, bool builtin, struct dw_err *err)
{
	struct module *m;
	char name[DW_MODULE_NAME];

	if (!dw_module_name(path, name))
		return 0;
	if (mods->nr == MODULES_CAP_NR)
		return dw_fail(err, DW_LIMIT,
			       "modules.dep: more than %u modules",
			       MODULES_CAP_NR);
	if (mods->nr == mods->cap) {
		size_t cap = mods->cap * 2 + 256;

		m = realloc(mods->items, cap * sizeof(*m));
		if (!m)
			return dw_fail_nomem(err);
		mods->items = m;
		mods->cap = cap;
	}
	m = &mods->items[mods->nr++];
	memcpy(m->name, name, sizeof(name));
	m->path = path;
	m->needs = needs;
	m->builtin = builtin;
	return 0;
}

/* "kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko ...": a line a module. */
static int add_dep(struct dw_modules *mods, size_t len, struct dw_err *err)
{
	struct dw_lines walk = { .p = mods->dep, .len = len };
	struct dw_line line;
	int ret = 0;

	while (!ret && dw_lines_next(&walk, &line)) {
		struct dw_span s = line.text;
		const char *colon = s.len ? memchr(s.p, ':', s.len) : NULL;
		size_t path_len;

		if (!colon)
			continue;
		path_len = (size_t)(colon - s.p);
		ret = add(mods, (struct dw_span){ s.p, path_len },
			  dw_span_skip(s, path_len + 1), false, err);
	}
	return ret;
}

static int add_builtin(struct dw_modules *mods, const char *text, size_t len,
		       struct dw_err *err)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_span none = { "", 0 };
	struct dw_line line;
	int ret = 0;

	while (!ret && dw_lines_next(&walk, &line))
		ret = add(mods, dw_span_trim(line.text), none, true, err);
	return ret;
}

static int by_name(const void *a, const void *b)
{
	const struct module *ma = a, *mb = b;

	return strcmp(ma->name, mb->name);
}

int dw_modules_parse(const char *dep, size_t dep_len, const char *builtin,
		     size_t builtin_len, struct dw_modules **out,
		     struct dw_err *err)
{
	struct dw_modules *mods;
	int ret = 0;

	*out = NULL;
	mods = calloc(1, sizeof(*mods));
	if (!mods)
		return dw_fail_nomem(err);
	if (dep) {
		mods->dep = malloc(dep_len + 1);
		if (!mods->dep) {
			ret = dw_fail_nomem(err);
			goto out;
		}
		memcpy(mods->dep, dep, dep_len);
		ret = add_dep(mods, dep_len, err);
	}
	if (!ret && builtin) {
		mods->has_builtin_list = true;
		ret = add_builtin(mods, builtin, builtin_len, err);
	}
	if (ret)
		goto out;
	if (mods->nr)
		qsort(mods->items, mods->nr, sizeof(*mods->items), by_name);
	*out = mods;
	mods = NULL;
out:
	dw_modules_free(mods);
	return ret;
}

void dw_modules_free(struct dw_modules *mods)
{
	if (!mods)
		return;
	free(mods->items);
	free(mods->dir);
	free(mods->dep);
	free(mods);
}

/* Distributions before the merge of /usr have /lib, later ones a link there;
 * a few have only /usr/lib. */
static int find_dir(struct dw_fs *fs, const char *version, char dir[512],
		    struct dw_err *err)
{
	static const char *const tops[] = { "/lib", "/usr/lib" };
	struct dw_stat st;

	for (size_t i = 0; i < 2; i++) {
		int ret;

		if (snprintf(dir, 512, "%s/modules/%s", tops[i], version) >=
		    512)
			continue;
		ret = dw_fs_stat(fs, dir, &st, err);
		if (!ret || !dw_fs_has_not(ret))
			return ret;
	}
	return dw_fail(err, DW_NOENT, "modules: there are none of %s",
		       version);
}

static int read_one(struct dw_fs *fs, const char *dir, const char *file,
		    char **text, size_t *len, struct dw_err *err)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return dw_fs_read_text(fs, path, DEP_CAP_LEN, text, len, err);
}

int dw_modules_open(struct dw_fs *fs, const char *version,
		    struct dw_modules **out, struct dw_err *err)
{
	char dir[512], *dep = NULL, *builtin = NULL;
	size_t dep_len = 0, builtin_len = 0;
	int ret;

	*out = NULL;
	if (!*version || strchr(version, '/'))
		return dw_fail(err, DW_NOENT, "modules: no version is known");
	ret = find_dir(fs, version, dir, err);
	if (ret)
		return ret;
	ret = read_one(fs, dir, "modules.dep", &dep, &dep_len, err);
	if (!ret)
		ret = read_one(fs, dir, "modules.builtin", &builtin,
			       &builtin_len, err);
	if (!ret && !dep && !builtin)
		ret = dw_fail(err, DW_NOENT, "modules: no list of those of %s",
			      version);
	if (!ret)
		ret = dw_modules_parse(dep, dep_len, builtin, builtin_len, out,
				       err);
	if (!ret && !((*out)->dir = strdup(dir))) {
		dw_modules_free(*out);
		*out = NULL;
		ret = dw_fail_nomem(err);
	}
	free(dep);
	free(builtin);
	return ret;
}

static const struct module *find(const struct dw_modules *mods,
				 const char *name)
{
	struct module key;

	if (!mods || !mods->nr || strlen(name) >= sizeof(key.name))
		return NULL;
	memcpy(key.name, name, strlen(name) + 1);
	normalise(key.name);
	return bsearch(&key, mods->items, mods->nr, sizeof(key), by_name);
}

enum dw_have dw_modules_have(const struct dw_modules *mods, const char *name)
{
	const struct module *m = find(mods, name);

	if (m)
		return m->builtin ? DW_HAVE_BUILTIN : DW_HAVE_MODULE;
	return mods && mods->has_builtin_list ? DW_HAVE_NO : DW_HAVE_UNKNOWN;
}

const char *dw_modules_dir(const struct dw_modules *mods)
{
	return mods->dir ? mods->dir : "";
}

bool dw_modules_are_absolute(const struct dw_modules *mods)
{
	const char *dir = dw_modules_dir(mods);
	size_t len = strlen(dir);

	for (size_t i = 0; len && i < mods->nr; i++) {
		struct dw_span path = mods->items[i].path;

		if (!mods->items[i].builtin && path.len > len &&
		    !memcmp(path.p, dir, len) && path.p[len] == '/')
			return true;
	}
	return false;
}

int dw_modules_file(const struct dw_modules *mods, const char *name,
		    char **path, struct dw_err *err)
{
	const struct module *m = find(mods, name);
	bool below;

	*path = NULL;
	if (!m || m->builtin)
		return dw_fail(err, DW_NOENT, "modules: no file of '%s' is "
			       "listed", name);
	below = m->path.len && m->path.p[0] != '/';
	if (asprintf(path, "%s%s%.*s", below ? dw_modules_dir(mods) : "",
		     below ? "/" : "", (int)m->path.len, m->path.p) >= 0)
		return 0;
	*path = NULL;
	return dw_fail_nomem(err);
}

/* depmod writes the whole closure into each line, what must be loaded first
 * at its end, so no walk over a graph (which might have cycles) is needed. */
int dw_modules_needs(const struct dw_modules *mods, const char *name,
		     dw_module_fn fn, void *arg)
{
	const struct module *m = find(mods, name);
	char need[DW_MODULE_NAME];
	int ret = 0;

	if (!m || m->builtin)
		return 0;
	for (size_t end = m->needs.len; !ret && end;) {
		size_t start;

		while (end && strchr(" \t", m->needs.p[end - 1]))
			end--;
		start = end;
		while (start && !strchr(" \t", m->needs.p[start - 1]))
			start--;
		if (dw_module_name((struct dw_span){ m->needs.p + start,
						      end - start }, need))
			ret = fn(arg, need);
		end = start;
	}
	return ret ? ret : fn(arg, m->name);
}
