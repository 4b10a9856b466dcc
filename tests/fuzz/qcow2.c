/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qcow2: reading, changing in place, checking and mending. */
#include "image.h"

static void run(struct fuzz *z)
{
	fuzz_image(z, "qcow2", (enum fuzz_image_do)z->mode);
}

const struct fuzz_target fuzz_target = {
	.name = "qcow2",
	.modes_nr = 3,
	.run = run,
};
