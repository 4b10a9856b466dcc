/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order in which depmod writes modules: modules.order, then the rest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "fs/read_text.h"
#include "kmod/depmod_impl.h"

#define ORDER_CAP_LEN (16u << 20)
/* kmod reads a line into 4096 bytes, its end and a NUL included. */
#define LINE_CAP_LEN 4094u

/* 16 bits of little-endian text, which is what x86 reads. */
static uint32_t pair(const signed char *s)
{
	return (uint8_t)s[0] | (uint32_t)(uint8_t)s[1] << 8;
}

/* Paul Hsieh's SuperFastHash, in the variant that kmod has; bytes are signed
 * where it takes one alone. */
uint32_t dw_depmod_bucket(const char *text, uint32_t buckets_nr)
{
	const signed char *s = (const signed char *)text;
	size_t len = strlen(text);
	uint32_t h = (uint32_t)len;

	for (; len >= 4; len -= 4, s += 4) {
		h += pair(s);
		h = h << 16 ^ pair(s + 2) << 11 ^ h;
		h += h >> 11;
	}
	if (len == 3) {
		h += pair(s);
		h ^= h << 16;
		h ^= (uint32_t)s[2] << 18;
		h += h >> 11;
	} else if (len == 2) {
		h += pair(s);
		h ^= h << 11;
		h += h >> 17;
	} else if (len == 1) {
		h += (uint32_t)s[0];
		h ^= h << 10;
		h += h >> 1;
	}
	h ^= h << 3;
	h += h >> 5;
	h ^= h << 4;
	h += h >> 17;
	h ^= h << 25;
	h += h >> 6;
	return h & (buckets_nr - 1);
}

/* A module's path as modules.order has it: ".ko", however it is packed. */
struct listed {
	struct dw_span path;
	struct dw_depmod_mod *mod;
};

static int by_path(const void *a, const void *b)
{
	const struct listed *la = a, *lb = b;
	size_t len = la->path.len < lb->path.len ? la->path.len : lb->path.len;
	int cmp = len ? memcmp(la->path.p, lb->path.p, len) : 0;

	if (cmp)
		return cmp;
	return (la->path.len > lb->path.len) - (la->path.len < lb->path.len);
}

/* The modules below the folder, by path; *nr of them. */
static struct listed *list_paths(const struct dw_depmod_job *job, size_t *nr)
{
	struct listed *all = calloc(job->mods_nr + 1, sizeof(*all));

	*nr = 0;
	if (!all)
		return NULL;
	for (size_t i = 0; i < job->mods_nr; i++) {
		struct dw_depmod_mod *m = &job->mods[i];
		size_t skip = (size_t)(m->path - m->full);

		if (m->is_below)
			all[(*nr)++] = (struct listed){
				{ m->path, m->stem_len - skip + strlen(".ko") },
				m,
			};
	}
	qsort(all, *nr, sizeof(*all), by_path);
	return all;
}

/* kmod leaves the file alone as a whole where one line has no end, is too long
 * or has a zero byte that is not its first. */
static bool is_sound(const char *text, size_t len, int64_t *lines_nr)
{
	*lines_nr = 0;
	for (size_t at = 0; at < len; ++*lines_nr) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t line_len = end ? (size_t)(end - text) - at : 0;

		if (!end || line_len > LINE_CAP_LEN ||
		    (text[at] && memchr(text + at, 0, line_len)))
			return false;
		at += line_len + 1;
	}
	return true;
}

/* A module that is listed twice has its last place. */
static void set_places(const struct listed *all, size_t nr, const char *text,
		       size_t len, int64_t lines_nr)
{
	struct listed key, *found;
	int64_t order = -lines_nr;

	for (size_t at = 0; at < len; order++) {
		const char *end = memchr(text + at, '\n', len - at);

		key.path = (struct dw_span){
			text + at, (size_t)(end - text) - at,
		};
		found = bsearch(&key, all, nr, sizeof(*all), by_path);
		if (found)
			found->mod->order = order;
		at += key.path.len + 1;
	}
}

static int by_order(const void *a, const void *b)
{
	const struct dw_depmod_mod *ma = a, *mb = b;

	return (ma->order > mb->order) - (ma->order < mb->order);
}

int dw_depmod_order(struct dw_depmod_job *job, struct dw_err *err)
{
	struct listed *all;
	char *path, *text;
	int64_t lines_nr;
	size_t len, nr;
	int ret;

	if (asprintf(&path, "%s/modules.order", job->dir) < 0)
		return dw_fail_nomem(err);
	ret = dw_fs_read_text(job->fs, path, ORDER_CAP_LEN, &text, &len, err);
	free(path);
	if (ret || !text)
		return ret;
	all = list_paths(job, &nr);
	if (!all) {
		free(text);
		return dw_fail_nomem(err);
	}
	if (is_sound(text, len, &lines_nr)) {
		set_places(all, nr, text, len, lines_nr);
		qsort(job->mods, job->mods_nr, sizeof(*job->mods), by_order);
	}
	free(all);
	free(text);
	return 0;
}
