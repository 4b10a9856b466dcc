/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's command line, as /init understands it. */
#ifndef INIT_CMDLINE_H
#define INIT_CMDLINE_H

#include "text.h"

/* x86 kernels take 2048 bytes at most, NUL included; more is cut off. */
#define CMDLINE_LEN 4096

struct cmdline {
	char words[CMDLINE_LEN];	/* each with its NUL, quotes removed */
	size_t len;
	/* Of words given twice the last one counts.  NULL: not given. */
	const char *root, *root_type, *root_flags, *init, *resume, *shell;
	uint32_t root_delay;		/* seconds */
	bool root_wait, rw, quiet;
};

void cmdline_parse(struct cmdline *c, const char *text);

/* The word behind 'word' (NULL: the first), or NULL.  What follows "--" is
 * init's alone. */
const char *cmdline_next(const struct cmdline *c, const char *word);

/* What "MODULE.OPTION=VALUE" words say to a module, as init_module takes it;
 * false where not all fits. */
bool cmdline_options(const struct cmdline *c, const char *module, char *out,
		     size_t cap);
/* Whether modprobe.blacklist= (or dracut's rd.driver.blacklist=) names it. */
bool cmdline_blacklists(const struct cmdline *c, const char *module);

#endif
