/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The format that the name of a target implies. */
#include <string.h>
#include <strings.h>

#include "formats/format.h"

/* Whoever wants one of these would not be glad of raw bytes under its name. */
static const char *const others[] = {
	".qcow", ".qed", ".vdi", ".vhdx", ".vpc", ".ova", ".bz2", ".lz4",
};

int dw_convert_format(const char *path, const char **format,
		      struct dw_err *err)
{
	const struct dw_format_driver *driver = dw_format_by_suffix(path);
	const char *dot = strrchr(path, '.');
	size_t i;

	*format = driver->name;
	if (driver->create && driver != &dw_raw_format)
		return 0;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (dot && !strcasecmp(dot, others[i]))
			return dw_fail(err, DW_USAGE, "%s: the format that %s "
				       "stands for is not written", path,
				       others[i]);
	return 0;
}
