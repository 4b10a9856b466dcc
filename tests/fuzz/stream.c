/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Raw disks inside gzip, xz and zstd. */
#include "image.h"

static void run(struct fuzz *z)
{
	static const char *const formats[] = { "gzip", "xz", "zstd" };

	fuzz_image(z, formats[z->mode], FUZZ_IMAGE_READ);
}

const struct fuzz_target fuzz_target = {
	.name = "stream",
	.modes_nr = 3,
	.run = run,
};
