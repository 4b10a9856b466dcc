/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds a program of the host, to read it: nothing here runs one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

/* An ordinary user's PATH does not have those of an administrator. */
#define MORE_FOLDERS ":/usr/sbin:/sbin:/usr/bin"

bool cli_find_program(const char *name, char *path, size_t path_len)
{
	const char *env = getenv("PATH");
	char *folders = NULL, *rest, *folder;
	bool found = false;
	int len;

	if (asprintf(&folders, "%s" MORE_FOLDERS, env ? env : "") < 0)
		return false;
	rest = folders;
	while (!found && (folder = strsep(&rest, ":"))) {
		/* An empty one would be the current folder. */
		if (!*folder)
			continue;
		len = snprintf(path, path_len, "%s/%s", folder, name);
		found = len > 0 && (size_t)len < path_len &&
			access(path, X_OK) == 0;
	}
	free(folders);
	return found;
}
