/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lists of a kernel's modules as texts, which zero bytes part:
 * modules.dep, modules.builtin, modules.softdep, modules.alias. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "initrd/words.h"
#include "kmod/softdep.h"

enum { NEEDS, RESOLVE, WORDS, MODES_NR };

#define TEXTS_NR 4

struct text {
	const char *p;
	size_t len;
};

static void split(const struct fuzz *z, struct text texts[TEXTS_NR])
{
	const char *p = (const char *)z->data;
	size_t left = z->len;

	for (size_t i = 0; i < TEXTS_NR; i++) {
		const char *end = left ? memchr(p, 0, left) : NULL;

		texts[i].p = left ? p : "";
		texts[i].len = end ? (size_t)(end - p) : left;
		left -= end ? texts[i].len + 1 : left;
		p = end ? end + 1 : p;
	}
}

static int check_name(void *arg, const char *name)
{
	char again[DW_MODULE_NAME], path[DW_MODULE_NAME + 4];

	strcpy(stpcpy(path, name), ".ko");
	if (!dw_module_name(dw_span_of(path), again) || strcmp(name, again))
		fuzz_fail("'%s' is no name", name);
	++*(size_t *)arg;
	return 0;
}

static int check_length(void *arg, const char *name)
{
	if (!*name || strlen(name) >= DW_MODULE_NAME)
		fuzz_fail("'%s' is no name", name);
	++*(size_t *)arg;
	return 0;
}

/* Each word of the texts as a name. */
static void needs(const struct fuzz *z, const struct dw_modules *mods,
		  const struct dw_softdeps *soft, const struct text *texts)
{
	struct dw_span all = { texts[0].p, texts[0].len }, word;
	char name[DW_MODULE_NAME], *path;
	size_t pos = 0, nr = 0, words_nr = 0;

	while (words_nr++ < 50 && dw_word_next(all, &pos, &word)) {
		if (!dw_module_name(word, name))
			continue;
		dw_modules_have(mods, name);
		dw_modules_needs(mods, name, check_name, &nr);
		dw_softdeps_pre(soft, name, check_length, &nr);
		dw_softdeps_alias(soft, name, check_length, &nr, NULL);
		if (!dw_modules_file(mods, name, &path, NULL))
			free(path);
	}
}

static void resolve(struct fuzz *z, const struct dw_modules *mods,
		    const struct dw_softdeps *soft)
{
	static char version[] = "6.1";
	struct dw_kernel kernel = { .version = version };
	struct dw_initrd_target t = {
		.ctx = z->ctx, .kernel = &kernel, .mods = mods,
	};
	struct dw_module_list names = { 0 }, load = { 0 };

	if (dw_module_list_add(&names, "a", &z->err) ||
	    dw_module_list_add(&names, "ext4", &z->err))
		fuzz_fail("no list");
	if (!fuzz_result(z, dw_initrd_order(&t, NULL, soft, &names, &load,
					    &z->err)))
		for (size_t i = 0; i < load.nr; i++)
			for (size_t j = 0; j < i; j++)
				if (!strcmp(load.names[i], load.names[j]))
					fuzz_fail("%s twice", load.names[i]);
	dw_module_list_free(&names);
	dw_module_list_free(&load);
}

/* What was added to a configuration is not added again. */
static void words(struct fuzz *z)
{
	static char names[][DW_MODULE_NAME] = { "a", "virtio_blk" };
	static const struct dw_module_list list = { .names = names, .nr = 2 };
	const struct dw_shell_words w = {
		.name = "MODULES", .words = &list,
		.array = z->ctl[FUZZ_OWN] & 1,
	};
	struct dw_changes changes = { 0 };
	struct dw_buf one = { 0 }, two = { 0 };

	if (dw_shell_add_words((const char *)z->data, z->len, &w, &one,
			       &changes, &z->err) ||
	    dw_shell_add_words(one.data ? one.data : "", one.len, &w, &two,
			       &changes, &z->err))
		fuzz_fail("%s", z->err.text);
	if (one.len != two.len ||
	    (one.len && memcmp(one.data, two.data, one.len)))
		fuzz_fail("added twice");
	dw_changes_free(&changes);
	dw_buf_free(&one);
	dw_buf_free(&two);
}

static void run(struct fuzz *z)
{
	struct text texts[TEXTS_NR];
	struct dw_modules *mods;
	struct dw_softdeps *soft;

	if (z->mode == WORDS) {
		words(z);
		return;
	}
	split(z, texts);
	if (fuzz_result(z, dw_modules_parse(texts[0].p, texts[0].len,
					    texts[1].p, texts[1].len, &mods,
					    &z->err)))
		return;
	if (!fuzz_result(z, dw_softdeps_parse(texts[2].p, texts[2].len,
					      texts[3].p, texts[3].len, &soft,
					      &z->err))) {
		if (z->mode == NEEDS)
			needs(z, mods, soft, texts);
		else
			resolve(z, mods, soft);
		dw_softdeps_free(soft);
	}
	dw_modules_free(mods);
}

const struct fuzz_target fuzz_target = {
	.name = "modules",
	.modes_nr = MODES_NR,
	.plain = true,
	.run = run,
};
