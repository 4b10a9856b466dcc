/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A unique id for a new image that is the same each time it is made. */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/sum.h"
#include "base/uuid.h"
#include "formats/image_id.h"

#define LOOK_LEN (2u << 20)

int dw_image_id(struct dw_dev *file, const char *purpose, uint8_t id[16],
		struct dw_err *err)
{
	size_t len = dw_min(file->size, LOOK_LEN);
	uint8_t *buf = malloc(len), facts[16];
	int rc;

	if (!buf)
		return dw_fail_nomem(err);
	rc = dw_dev_pread(file, 0, buf, len, err);
	if (!rc) {
		dw_put_le32(facts, dw_crc32c(0, buf, len));
		dw_put_le32(facts + 4, dw_crc32(buf, len));
		dw_put_le64(facts + 8, file->size);
		dw_uuid_derive(facts, purpose, id);
	}
	free(buf);
	return rc;
}
