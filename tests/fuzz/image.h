/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One image format through all that its driver can do. */
#ifndef TESTS_FUZZ_IMAGE_H
#define TESTS_FUZZ_IMAGE_H

#include "fuzz.h"

/* What is done with an image; a target numbers its modes so. */
enum fuzz_image_do { FUZZ_IMAGE_READ, FUZZ_IMAGE_WRITE, FUZZ_IMAGE_REPAIR };

/* A format that is not there, or cannot do it, is passed over. */
void fuzz_image(struct fuzz *z, const char *format, enum fuzz_image_do what);

#endif
