/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Initrds of mkinitcpio: Arch Linux. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/read_text.h"
#include "initrd/words.h"

#define CONF		"/etc/mkinitcpio.conf"
#define CONF_FOLDER	CONF ".d"
#define CONF_CAP_LEN	(1u << 20)
#define FILES_MAX	1000

/* Its /init sources /config and loads $MODULES; with systemd in its place that
 * reads /etc/modules-load.d. */
static int add(struct dw_initrd_build *b, struct dw_err *err)
{
	static const struct dw_line_form config = { "MODULES=\"$MODULES ",
						    "\"" };
	struct dw_initrd_text texts[] = {
		{ .name = "config" },
		{ .name = "etc/modules-load.d/90-diskwright.conf" },
	};
	int ret;

	ret = dw_initrd_add_tree(b, err);
	if (!ret)
		ret = dw_initrd_get_all(b->target, b->path, texts, 2, err);
	if (!ret)
		ret = dw_initrd_put_lines(b, &texts[0], &config, err);
	if (!ret)
		ret = dw_initrd_put_lines(b, &texts[1], &dw_line_plain, err);
	dw_initrd_texts_free(texts, 2);
	return ret;
}

/* ---- the guest's configuration ---------------------------------------------- */

/* Files of /etc/mkinitcpio.conf.d are read behind the main one, by name. */
struct choice {
	const struct dw_initrd_target *t;
	char path[600];		/* the last that sets MODULES */
	char last[256];		/* its name there; "": it is the main one */
	unsigned nr;
};

static int consider(void *arg, const char *name, uint64_t ino,
		    uint32_t type_mode, struct dw_err *err)
{
	struct choice *c = arg;
	char path[600], *text;
	size_t len;
	int ret;

	if (!dw_span_ends(dw_span_of(name), ".conf") ||
	    strlen(name) >= sizeof(c->last) || strcmp(name, c->last) < 0)
		return 0;
	if (++c->nr > FILES_MAX)
		return dw_fail(err, DW_LIMIT, "%s: more than %u files",
			       CONF_FOLDER, FILES_MAX);
	snprintf(path, sizeof(path), "%s/%s", CONF_FOLDER, name);
	ret = dw_fs_read_text(c->t->fs, path, CONF_CAP_LEN, &text, &len, err);
	if (ret || !text)
		return ret;
	if (dw_shell_sets(text, len, "MODULES")) {
		memcpy(c->path, path, sizeof(path));
		strcpy(c->last, name);
	}
	free(text);
	return 0;
}

static int keep(const struct dw_initrd_target *t,
		const struct dw_module_list *names, struct dw_edits *edits,
		struct dw_err *err)
{
	const struct dw_shell_words words = {
		.name = "MODULES", .words = names, .array = true,
	};
	struct choice c = { .t = t, .path = CONF };
	int ret = dw_fs_readdir(t->fs, CONF_FOLDER, consider, &c, err);

	if (ret && !dw_fs_has_not(ret))
		return ret;
	return dw_initrd_keep_words(t, c.path, &words, edits, err);
}

const struct dw_initrd_driver dw_initrd_mkinitcpio = {
	.family = DW_INITRD_MKINITCPIO,
	.add = add,
	.keep = keep,
};
