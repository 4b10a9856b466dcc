/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What depmod.d of a guest says about which module wins (depmod.d(5)). */
#ifndef DW_KMOD_DEPMOD_CONF_H
#define DW_KMOD_DEPMOD_CONF_H

#include "fs/fs.h"

struct dw_depmod_word {
	struct dw_depmod_word *next;	/* what was named before it */
	size_t len;
	char text[];
};

struct dw_depmod_conf {
	/* "updates", "built-in", "external": the one named last is the first
	 * here, and has the lowest rank. */
	struct dw_depmod_word *searches;
	struct dw_depmod_word *overrides;	/* "updates/e1000", no ".ko" */
	struct dw_depmod_word *externals;	/* absolute folders */
	struct dw_depmod_word *excludes;	/* names of folders and files */
};

/*
 * The *.conf of /etc/depmod.d, /run/depmod.d, /usr/local/lib/depmod.d,
 * /usr/lib/depmod.d and /lib/depmod.d: a name counts once, in the first folder
 * that has it.  Lines for other kernels are left out, lines that make no sense
 * too, as depmod does.  Without any "search" it is "updates".  DW_UNSUPPORTED
 * for a pattern of kernels that has groups or counts.
 */
int dw_depmod_conf_read(struct dw_fs *fs, const char *version,
			struct dw_depmod_conf *out, struct dw_err *err);
/* One file's text on top of what is there. */
int dw_depmod_conf_parse(struct dw_depmod_conf *conf, const char *text,
			 size_t len, const char *version, struct dw_err *err);
void dw_depmod_conf_free(struct dw_depmod_conf *conf);

bool dw_depmod_excludes(const struct dw_depmod_conf *conf, const char *name);

/* A module's file. */
struct dw_depmod_place {
	const char *path;
	size_t below;		/* where in it the part below the folder of
				 * modules starts; 0: it is elsewhere */
	size_t stem_len;	/* of path, up to the end of the module's name */
};

/* Of two files of one module, whether the one found first stays. */
bool dw_depmod_stays(const struct dw_depmod_conf *conf,
		     const struct dw_depmod_place *old,
		     const struct dw_depmod_place *found);

#endif
