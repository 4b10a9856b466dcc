/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a qcow2 image asks for that we do not do, by its name. */
#include <inttypes.h>

#include "formats/qcow2_meta.h"

int dw_qcow2_refuse_unknown(const struct dw_qcow2_header *h,
			    const struct dw_qcow2_exts *exts,
			    struct dw_err *err)
{
	uint64_t unknown = h->incompat & ~(uint64_t)DW_QCOW2_INCOMPAT_KNOWN;

	if (unknown)
		return dw_fail(err, DW_UNSUPPORTED,
			       "qcow2: needs the incompatible feature \"%s\" "
			       "(bit %d), which is not supported",
			       *exts->feature ? exts->feature : "unknown",
			       __builtin_ctzll(unknown));
	if (h->compression > DW_QCOW2_ZSTD)
		return dw_fail(err, DW_UNSUPPORTED,
			       "qcow2: compression type %u is not supported",
			       h->compression);
	return 0;
}

int dw_qcow2_refuse(const struct dw_qcow2_header *h,
		    const struct dw_qcow2_exts *exts, struct dw_err *err)
{
	const char *name = h->crypt_method == 1 ? "AES" :
			   h->crypt_method == 2 ? "LUKS" : "unknown";
	int rc = dw_qcow2_refuse_unknown(h, exts, err);

	if (rc || !h->crypt_method)
		return rc;
	return dw_fail(err, DW_UNSUPPORTED,
		       "qcow2: is encrypted (%s, method %" PRIu32 "), which is "
		       "not supported", name, h->crypt_method);
}
