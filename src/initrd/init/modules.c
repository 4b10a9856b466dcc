/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads the modules of the list. */
#include "console.h"
#include "files.h"
#include "init.h"
#include "list.h"
#include "sys.h"

#define LIST_FILE	"/" INIT_LIST
#define OPTIONS_LEN	1024

/* ENODEV: there is no such hardware, as in a guest that two hypervisors run.
 * EEXIST: it is built in, or was loaded before. */
static void tell(const struct list_entry *e, long ret)
{
	if (!ret || ret == -SYS_EEXIST || ret == -SYS_ENODEV || e->optional)
		return;
	error("module %s: error %u of the kernel", e->module, (uint32_t)-ret);
}

static void load(const struct cmdline *cmd, const struct list_entry *e)
{
	char options[OPTIONS_LEN];
	const char *data;
	size_t len;
	long ret;

	if (cmdline_blacklists(cmd, e->module)) {
		note("module %s is blacklisted", e->module);
		return;
	}
	if (!cmdline_options(cmd, e->module, options, sizeof(options)))
		error("module %s: its options have more than %u bytes; some "
		      "are left out", e->module, OPTIONS_LEN);
	ret = file_load(e->path, &data, &len);
	if (!ret)
		ret = sys_init_module(data, len, options);
	file_drop();
	tell(e, ret);
}

void modules_load(const struct cmdline *cmd)
{
	static char text[INIT_LIST_LEN];
	struct list_entry entry;
	const char *at = text;
	uint32_t bad = 0;

	if (file_text(LIST_FILE, text, sizeof(text)) < 0) {
		note("no list of modules: the kernel has what it needs");
		return;
	}
	while (list_next(&at, &entry, &bad))
		load(cmd, &entry);
	if (bad)
		error("%u lines of " LIST_FILE " say nothing", bad);
}
