/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VMDK: reading, and what else its driver can do. */
#include "image.h"

static void run(struct fuzz *z)
{
	fuzz_image(z, "vmdk", (enum fuzz_image_do)z->mode);
}

const struct fuzz_target fuzz_target = {
	.name = "vmdk",
	.modes_nr = 3,
	.run = run,
};
