/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What depmod.d of a guest says about which module wins (depmod.d(5)). */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/lines.h"
#include "fs/read_text.h"
#include "kmod/depmod_conf.h"

#define CONF_CAP_LEN (1u << 20)
#define FILES_CAP_NR 4096u
/* Patterns are for a kernel's version, and short. */
#define PATTERN_CAP_LEN 128u

static int add_word(struct dw_depmod_word **list, struct dw_err *err,
		    struct dw_span a, const char *between, struct dw_span b)
{
	size_t len = a.len + strlen(between) + b.len;
	struct dw_depmod_word *w = malloc(sizeof(*w) + len + 1);

	if (!w)
		return dw_fail_nomem(err);
	w->len = len;
	snprintf(w->text, len + 1, "%.*s%s%.*s", (int)a.len, a.p, between,
		 (int)b.len, b.p);
	w->next = *list;
	*list = w;
	return 0;
}

static void free_words(struct dw_depmod_word **list)
{
	while (*list) {
		struct dw_depmod_word *w = *list;

		*list = w->next;
		free(w);
	}
}

void dw_depmod_conf_free(struct dw_depmod_conf *conf)
{
	free_words(&conf->searches);
	free_words(&conf->overrides);
	free_words(&conf->externals);
	free_words(&conf->excludes);
}

/* ---- lines --------------------------------------------------------------- */

/*
 * An extended regular expression that is found somewhere in the version, or
 * "*".  Groups and counts are refused: with them a guest could make regcomp()
 * take any time and memory, e.g. by (^|$|())*(^|$|())*...
 */
static int matches(struct dw_span pattern, const char *version, bool *yes,
		   struct dw_err *err)
{
	char text[PATTERN_CAP_LEN + 1];
	regex_t re;

	*yes = dw_span_is(pattern, "*");
	if (*yes)
		return 0;
	if (pattern.len > PATTERN_CAP_LEN)
		return dw_fail(err, DW_LIMIT, "a pattern of %zu bytes for "
			       "kernels, more than %u", pattern.len,
			       PATTERN_CAP_LEN);
	dw_span_copy(pattern, text, sizeof(text));
	if (strpbrk(text, "({"))
		return dw_fail(err, DW_UNSUPPORTED, "the pattern '%s' for "
			       "kernels has groups or counts", text);
	if (regcomp(&re, text, REG_EXTENDED | REG_NOSUB))
		return 0;
	*yes = !regexec(&re, version, 0, NULL, 0);
	regfree(&re);
	return 0;
}

static int add_rest(struct dw_depmod_word **list, struct dw_span line,
		    size_t pos, struct dw_err *err)
{
	struct dw_span word, none = { "", 0 };
	int ret = 0;

	while (!ret && dw_word_next(line, &pos, &word))
		ret = add_word(list, err, word, "", none);
	return ret;
}

/* override MODULE VERSION FOLDER */
static int parse_override(struct dw_depmod_conf *conf, struct dw_span line,
			  size_t pos, const char *version, struct dw_err *err)
{
	struct dw_span module, pattern, folder;
	bool yes;
	int ret;

	if (!dw_word_next(line, &pos, &module) ||
	    !dw_word_next(line, &pos, &pattern) ||
	    !dw_word_next(line, &pos, &folder))
		return 0;
	ret = matches(pattern, version, &yes, err);
	if (ret || !yes)
		return ret;
	return add_word(&conf->overrides, err, folder, "/", module);
}

/* external VERSION FOLDER */
static int parse_external(struct dw_depmod_conf *conf, struct dw_span line,
			  size_t pos, const char *version, struct dw_err *err)
{
	struct dw_span pattern, folder, none = { "", 0 };
	bool yes;
	int ret;

	if (!dw_word_next(line, &pos, &pattern) ||
	    !dw_word_next(line, &pos, &folder))
		return 0;
	ret = matches(pattern, version, &yes, err);
	if (ret || !yes)
		return ret;
	return add_word(&conf->externals, err, folder, "", none);
}

static int parse_line(struct dw_depmod_conf *conf, struct dw_span line,
		      const char *version, struct dw_err *err)
{
	struct dw_span command;
	size_t pos = 0;

	line.len = strnlen(line.p, line.len);
	if (!line.len || line.p[0] == '#' || !dw_word_next(line, &pos, &command))
		return 0;
	if (dw_span_is(command, "search"))
		return add_rest(&conf->searches, line, pos, err);
	if (dw_span_is(command, "exclude"))
		return add_rest(&conf->excludes, line, pos, err);
	if (dw_span_is(command, "override"))
		return parse_override(conf, line, pos, version, err);
	if (dw_span_is(command, "external"))
		return parse_external(conf, line, pos, version, err);
	return 0;
}

/* A '\' takes a line end away, and else only itself.  A '\r' stays. */
int dw_depmod_conf_parse(struct dw_depmod_conf *conf, const char *text,
			 size_t len, const char *version, struct dw_err *err)
{
	struct dw_buf line = { 0 };
	int ret = 0;

	dw_buf_adds(&line, "");
	for (size_t i = 0; !ret && i <= len; i++) {
		if (i < len && text[i] == '\\' && i + 1 < len) {
			if (text[++i] != '\n')
				dw_buf_add(&line, text + i, 1);
			continue;
		}
		if (i < len && text[i] != '\n') {
			dw_buf_add(&line, text + i, 1);
			continue;
		}
		ret = dw_buf_check(&line, err);
		if (!ret)
			ret = parse_line(conf, (struct dw_span){ line.data,
								 line.len },
					 version, err);
		line.len = 0;
	}
	dw_buf_free(&line);
	return ret;
}

/* ---- files --------------------------------------------------------------- */

struct conf_file {
	char *name;
	unsigned folder;	/* among the folders below */
};

struct conf_files {
	struct conf_file *items;
	size_t nr;
	unsigned folder;
};

static const char *const folders[] = {
	"/etc/depmod.d", "/run/depmod.d", "/usr/local/lib/depmod.d",
	"/usr/lib/depmod.d", "/lib/depmod.d",
};

static int add_file(void *arg, const char *name, uint64_t ino,
		    uint32_t type_mode, struct dw_err *err)
{
	struct conf_files *files = arg;
	struct conf_file *items;

	if (name[0] == '.' || !dw_span_ends(dw_span_of(name), ".conf"))
		return 0;
	if (files->nr == FILES_CAP_NR)
		return dw_fail(err, DW_LIMIT, "depmod.d: more than %u files",
			       FILES_CAP_NR);
	items = reallocarray(files->items, files->nr + 1, sizeof(*items));
	if (!items)
		return dw_fail_nomem(err);
	files->items = items;
	items[files->nr] = (struct conf_file){ strdup(name), files->folder };
	if (!items[files->nr].name)
		return dw_fail_nomem(err);
	files->nr++;
	return 0;
}

static int list_folder(struct dw_fs *fs, struct conf_files *files,
		       struct dw_err *err)
{
	const char *folder = folders[files->folder];
	int ret;

	if (!dw_fs_exists(fs, folder))
		return 0;
	ret = dw_fs_readdir(fs, folder, add_file, files, err);
	return ret == DW_NOENT || ret == DW_UNSUPPORTED ? 0 : ret;
}

static int by_name(const void *a, const void *b)
{
	const struct conf_file *fa = a, *fb = b;
	int cmp = strcmp(fa->name, fb->name);

	return cmp ? cmp : (int)fa->folder - (int)fb->folder;
}

static int parse_file(struct dw_depmod_conf *conf, struct dw_fs *fs,
		      const struct conf_file *file, const char *version,
		      struct dw_err *err)
{
	char path[512], *text;
	size_t len;
	int ret;

	snprintf(path, sizeof(path), "%s/%s", folders[file->folder],
		 file->name);
	ret = dw_fs_read_text(fs, path, CONF_CAP_LEN, &text, &len, err);
	if (ret || !text)
		return ret;
	ret = dw_depmod_conf_parse(conf, text, len, version, err);
	free(text);
	return dw_err_prefix(err, ret, "%s", path);
}

int dw_depmod_conf_read(struct dw_fs *fs, const char *version,
			struct dw_depmod_conf *out, struct dw_err *err)
{
	struct conf_files files = { 0 };
	struct dw_span none = { "", 0 };
	const char *last = "";
	int ret = 0;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; !ret && i < sizeof(folders) / sizeof(*folders); i++) {
		files.folder = (unsigned)i;
		ret = list_folder(fs, &files, err);
	}
	if (files.nr)
		qsort(files.items, files.nr, sizeof(*files.items), by_name);
	for (size_t i = 0; !ret && i < files.nr; i++) {
		if (strcmp(last, files.items[i].name))
			ret = parse_file(out, fs, &files.items[i], version,
					 err);
		last = files.items[i].name;
	}
	if (!ret && !out->searches)
		ret = add_word(&out->searches, err, dw_span_of("updates"), "",
			       none);
	for (size_t i = 0; i < files.nr; i++)
		free(files.items[i].name);
	free(files.items);
	if (ret)
		dw_depmod_conf_free(out);
	return ret;
}

/* ---- who wins ------------------------------------------------------------ */

bool dw_depmod_excludes(const struct dw_depmod_conf *conf, const char *name)
{
	const struct dw_depmod_word *w = conf->excludes;

	while (w && strcmp(w->text, name))
		w = w->next;
	return w || !strcmp(name, "build") || !strcmp(name, "source");
}

static bool is_below(const char *path, size_t len,
		     const struct dw_depmod_word *folder)
{
	return len > folder->len && path[folder->len] == '/' &&
	       !memcmp(path, folder->text, folder->len);
}

/* The stem below the folder of modules; empty for others. */
static struct dw_span stem(const struct dw_depmod_place *p)
{
	size_t skip = p->below ? p->below : p->stem_len;

	return (struct dw_span){ p->path + skip, p->stem_len - skip };
}

static void rank_externals(const struct dw_depmod_conf *conf,
			   const struct dw_depmod_place *old,
			   const struct dw_depmod_place *found, int *i,
			   int *old_rank, int *rank)
{
	const struct dw_depmod_word *e;

	for (e = conf->externals; e; e = e->next, ++*i) {
		if (is_below(found->path, found->stem_len, e))
			*rank = *i;
		if (is_below(old->path, old->stem_len, e))
			*old_rank = *i;
	}
}

/* Two files below one folder of the search: only the new one takes its rank,
 * and so wins, as in depmod. */
bool dw_depmod_stays(const struct dw_depmod_conf *conf,
		     const struct dw_depmod_place *old,
		     const struct dw_depmod_place *found)
{
	int builtin_rank = -1, old_rank = -1, rank = -1, i = 0;
	struct dw_span a = stem(old), b = stem(found);
	const struct dw_depmod_word *w;

	for (w = conf->overrides; w; w = w->next) {
		if (dw_span_is(b, w->text))
			return false;
		if (dw_span_is(a, w->text))
			return true;
	}
	for (w = conf->searches; w; w = w->next, i++) {
		if (!strcmp(w->text, "built-in"))
			builtin_rank = i;
		else if (!strcmp(w->text, "external"))
			rank_externals(conf, old, found, &i, &old_rank, &rank);
		else if (is_below(b.p, b.len, w))
			rank = i;
		else if (is_below(a.p, a.len, w))
			old_rank = i;
	}
	if (rank < 0)
		rank = builtin_rank;
	if (old_rank < 0)
		old_rank = builtin_rank;
	return rank <= old_rank;
}
