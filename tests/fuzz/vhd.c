/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VHD: reading, and what else its driver can do. */
#include "image.h"

static void run(struct fuzz *z)
{
	fuzz_image(z, "vhd", (enum fuzz_image_do)z->mode);
}

const struct fuzz_target fuzz_target = {
	.name = "vhd",
	.modes_nr = 3,
	.run = run,
};
