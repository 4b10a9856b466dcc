/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The members of a package's archive become entries. */
#include <archive_entry.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/checked.h"
#include "dev/kinds.h"
#include "package/package_impl.h"

#define LEFT_OUT_SHOWN 16
/* Each is looked for among all entries; kernel packages have none. */
#define HARD_LINKS_MAX 1024u

static int add_entry(struct dw_package *pkg, struct dw_package_entry **out,
		     struct dw_err *err)
{
	size_t cap = pkg->entries_cap ? 2 * pkg->entries_cap : 256;
	struct dw_package_entry *entries;

	if (pkg->entries_nr == DW_PACKAGE_MAX_FILES)
		return dw_fail(err, DW_LIMIT, "more than %u files",
			       DW_PACKAGE_MAX_FILES);
	if (pkg->entries_nr == pkg->entries_cap) {
		entries = realloc(pkg->entries, cap * sizeof(*entries));
		if (!entries)
			return dw_fail_nomem(err);
		pkg->entries = entries;
		pkg->entries_cap = cap;
	}
	*out = &pkg->entries[pkg->entries_nr++];
	memset(*out, 0, sizeof(**out));
	(*out)->same_as = -1;
	return 0;
}

/* What an archive is being read into. */
struct taking {
	struct dw_ctx *ctx;
	struct dw_package *pkg;
	struct dw_payload *p;
	unsigned links_nr;	/* hard links so far */
};

static int set_text(struct taking *t, char **field, const char *text,
		    struct dw_err *err)
{
	uint64_t len = strlen(text) + 1, cap_len = t->ctx->memory_cap_len;

	if (!dw_in_range(t->pkg->names_len, len, cap_len))
		return dw_fail(err, DW_LIMIT, "its names take more than %"
			       PRIu64 " bytes of memory", cap_len);
	*field = strdup(text);
	if (!*field)
		return dw_fail_nomem(err);
	t->pkg->names_len += len;
	return 0;
}

/* ---- content ------------------------------------------------------------- */

/* Sparse members of a tar have gaps, which stay zeros. */
static int take_content(struct dw_package *pkg, struct dw_payload *p,
			const struct dw_package_entry *e, struct dw_err *err)
{
	const void *buf;
	uint64_t off;
	size_t len = 1;
	int ret = 0;

	while (!ret && len) {
		ret = dw_payload_data(p, &buf, &len, &off, err);
		if (ret || !len)
			break;
		if (!dw_in_range(off, len, e->size))
			return dw_fail(err, DW_CORRUPT, "%s: holds more than "
				       "the %" PRIu64 " bytes that it is said "
				       "to have", e->path, e->size);
		ret = dw_spool_write(pkg->content, e->off + off, buf, len,
				     err);
	}
	return ret;
}

static int reserve(struct dw_package *pkg, struct dw_package_entry *e,
		   int64_t size, struct dw_err *err)
{
	if (size < 0)
		return dw_fail(err, DW_CORRUPT, "%s: a size below zero",
			       e->path);
	if (!dw_in_range(pkg->total_len, (uint64_t)size, DW_PACKAGE_MAX_LEN))
		return dw_fail(err, DW_LIMIT, "%s: with its %" PRId64 " bytes "
			       "the package has more than %llu", e->path, size,
			       DW_PACKAGE_MAX_LEN);
	e->off = pkg->total_len;
	e->size = (uint64_t)size;
	pkg->total_len += e->size;
	return 0;
}

static int take_file(struct dw_package *pkg, struct dw_payload *p,
		     struct archive_entry *ae, struct dw_package_entry *e,
		     struct dw_err *err)
{
	int ret = reserve(pkg, e, archive_entry_size(ae), err);

	return ret ? ret : take_content(pkg, p, e, err);
}

/* FNV-1a: so that not each link is compared with each name in full. */
static uint64_t hash(const char *path)
{
	uint64_t h = 0xcbf29ce484222325;

	for (; *path; path++)
		h = (h ^ (uint8_t)*path) * 0x100000001b3;
	return h;
}

/* The file of that path before entry e, which is the last; its index, or that
 * of e. */
static size_t find_before(const struct dw_package *pkg,
			  const struct dw_package_entry *e, const char *path)
{
	const struct dw_package_entry *x = pkg->entries;
	uint64_t want = hash(path);

	while (x != e && !(x->path_hash == want && S_ISREG(x->mode) &&
			   !strcmp(x->path, path)))
		x++;
	return (size_t)(x - pkg->entries);
}

/*
 * Of the names of one file cpio stores the content with the last, tar with the
 * first; each becomes a file of its own.
 */
static int take_hard_link(struct taking *t, struct archive_entry *ae,
			  struct dw_package_entry *e, struct dw_err *err)
{
	struct dw_package *pkg = t->pkg;
	char *first;
	size_t i;
	int ret;

	if (++t->links_nr > HARD_LINKS_MAX)
		return dw_fail(err, DW_LIMIT, "more than %u hard links",
			       HARD_LINKS_MAX);
	ret = dw_package_path(archive_entry_hardlink(ae), &first, err);
	if (ret)
		return ret;
	i = find_before(pkg, e, first);
	if (&pkg->entries[i] == e)
		ret = dw_fail(err, DW_CORRUPT, "%s is a link to %s, which is "
			      "not in it", e->path, first);
	free(first);
	if (ret)
		return ret;
	e->same_as = (long)i;
	if (!archive_entry_size_is_set(ae) || archive_entry_size(ae) <= 0)
		return 0;
	ret = take_file(pkg, t->p, ae, e, err);
	pkg->entries[i].off = e->off;
	pkg->entries[i].size = e->size;
	return ret;
}

/* ---- members ------------------------------------------------------------- */

static int check_member(const char *path, uint32_t mode, struct dw_err *err)
{
	if (!S_ISREG(mode) && !S_ISDIR(mode) && !S_ISLNK(mode))
		return dw_fail(err, DW_CORRUPT, "%s is neither a file, a "
			       "folder nor a link; no kernel brings such",
			       path);
	if (!S_ISLNK(mode) && (mode & (S_ISUID | S_ISGID)))
		return dw_fail(err, DW_CORRUPT, "%s is setuid or setgid; no "
			       "kernel brings such", path);
	return 0;
}

static int take_member(struct taking *t, struct archive_entry *ae,
		       const char *path, struct dw_err *err)
{
	const char *link = archive_entry_hardlink(ae);
	uint32_t mode = archive_entry_mode(ae);
	struct dw_package_entry *e = NULL;
	int ret;

	if (link && !(mode & S_IFMT))
		mode |= S_IFREG;
	ret = check_member(path, mode, err);
	if (!ret)
		ret = add_entry(t->pkg, &e, err);
	if (!ret)
		ret = set_text(t, &e->path, path, err);
	if (ret)
		return ret;
	e->path_hash = hash(path);
	e->mode = mode & (S_IFMT | 0777);
	e->mtime = archive_entry_mtime(ae);
	if (link)
		return take_hard_link(t, ae, e, err);
	if (S_ISREG(mode))
		return take_file(t->pkg, t->p, ae, e, err);
	if (!S_ISLNK(mode))
		return 0;
	link = archive_entry_symlink(ae);
	if (!link || !*link || strlen(link) >= 4096)
		return dw_fail(err, DW_CORRUPT, "%s: a link without a target",
			       path);
	return set_text(t, &e->target, link, err);
}

static int sort_member(struct taking *t, struct archive_entry *ae,
		       struct dw_err *err)
{
	struct dw_package *pkg = t->pkg;
	const char *name = archive_entry_pathname(ae);
	char *path = NULL;
	int ret = 0;

	if (!name)
		return dw_fail(err, DW_CORRUPT, "a name in it cannot be read");
	ret = dw_package_path(name, &path, err);
	if (ret)
		return ret;
	switch (dw_package_place(path)) {
	case DW_PLACE_TAKEN:
		ret = take_member(t, ae, path, err);
		break;
	case DW_PLACE_ABOVE:
		if (S_ISDIR(archive_entry_mode(ae)))
			break;
		ret = dw_fail(err, DW_CORRUPT, "%s is no folder in it", path);
		break;
	case DW_PLACE_LEFT_OUT:
		if (S_ISDIR(archive_entry_mode(ae)))
			break;
		if (pkg->left_out_nr++ < LEFT_OUT_SHOWN)
			dw_notes_add(&pkg->left_out, "%s", path);
		break;
	}
	free(path);
	return ret;
}

int dw_package_take(struct dw_ctx *ctx, struct dw_package *pkg,
		    struct dw_payload *p, struct dw_err *err)
{
	struct taking t = { .ctx = ctx, .pkg = pkg, .p = p };
	struct archive_entry *ae = NULL;
	uint64_t members_nr = 0;
	int ret;

	do {
		ret = dw_ctx_check(ctx, err);
		if (!ret)
			ret = dw_payload_next(p, &ae, err);
		if (!ret && ++members_nr > DW_PACKAGE_MAX_FILES)
			ret = dw_fail(err, DW_LIMIT, "more than %u files",
				      DW_PACKAGE_MAX_FILES);
		if (!ret && ae)
			ret = sort_member(&t, ae, err);
	} while (!ret && ae);
	return ret ? ret : dw_notes_check(&pkg->left_out, err);
}

/* ---- all of them --------------------------------------------------------- */

static int by_path(const void *a, const void *b)
{
	const struct dw_package_entry *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* As strcmp() of path and folder with a slash behind it; 0: below it. */
static int compare_below(const char *path, const char *folder, size_t len)
{
	int cmp = strncmp(path, folder, len);

	return cmp ? cmp : (unsigned char)path[len] - '/';
}

/*
 * What lies below something that is no folder would be written elsewhere.  By
 * path, what is below an entry lies together, somewhere behind it: one search
 * for each, however deep names are.
 */
static int check_below(const struct dw_package *pkg, size_t at,
		       struct dw_err *err)
{
	const struct dw_package_entry *e = pkg->entries;
	size_t low = at + 1, high = pkg->entries_nr;
	size_t len = strlen(e[at].path);

	if (S_ISDIR(e[at].mode))
		return 0;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int cmp = compare_below(e[mid].path, e[at].path, len);

		if (!cmp)
			return dw_fail(err, DW_CORRUPT, "%.160s lies below "
				       "%.160s, which is no folder in it",
				       e[mid].path, e[at].path);
		if (cmp < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return 0;
}

int dw_package_settle(struct dw_ctx *ctx, struct dw_package *pkg,
		      struct dw_err *err)
{
	struct dw_package_entry *e = pkg->entries;
	size_t i;
	int ret = 0;

	for (i = 0; i < pkg->entries_nr; i++) {
		if (e[i].same_as < 0)
			continue;
		e[i].off = e[e[i].same_as].off;
		e[i].size = e[e[i].same_as].size;
	}
	if (pkg->entries_nr)
		qsort(e, pkg->entries_nr, sizeof(*e), by_path);
	for (i = 0; i < pkg->entries_nr && !ret; i++) {
		ret = dw_ctx_check(ctx, err);
		if (!ret && i && !strcmp(e[i].path, e[i - 1].path))
			ret = dw_fail(err, DW_CORRUPT, "has %s twice",
				      e[i].path);
		if (!ret)
			ret = check_below(pkg, i, err);
	}
	/* Zeros at the end of the last file are there as well. */
	if (!ret && pkg->content->size < pkg->total_len)
		ret = dw_dev_resize(pkg->content, pkg->total_len, err);
	return ret ? ret : dw_file_settle(pkg->content, err);
}
