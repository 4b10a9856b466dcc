/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device that cannot be read, and says why. */
#include <stdlib.h>
#include <string.h>

#include "lvm/targets.h"

struct error_dev {
	struct dw_dev dev;
	enum dw_code code;
	char *why;
};

static int error_pread(struct dw_dev *dev, uint64_t off, void *buf, size_t len,
		       struct dw_err *err)
{
	struct error_dev *e = (struct error_dev *)dev;

	return dw_fail(err, e->code, "%s: %s", dev->name, e->why);
}

static int error_close(struct dw_dev *dev, struct dw_err *err)
{
	free(((struct error_dev *)dev)->why);
	return 0;
}

static const struct dw_dev_driver error_driver = {
	.kind = "error",
	.pread = error_pread,
	.close = error_close,
};

int dw_error_new(const char *name, uint64_t size, enum dw_code code,
		 const char *why, struct dw_dev **out, struct dw_err *err)
{
	struct error_dev *e = calloc(1, sizeof(*e));
	int rc;

	*out = NULL;
	if (!e)
		return dw_fail_nomem(err);
	e->code = code;
	e->why = strdup(why);
	rc = e->why ? dw_dev_init(&e->dev, &error_driver, name, size, 512,
				  true, err) : dw_fail_nomem(err);
	if (rc) {
		free(e->why);
		free(e);
		return rc;
	}
	*out = &e->dev;
	return 0;
}
