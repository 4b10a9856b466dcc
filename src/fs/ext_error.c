/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors of libext2fs in our own codes. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <et/com_err.h>
#include <ext2fs/ext2_err.h>

#include "fs/ext_internal.h"

static enum dw_code code_of(errcode_t rc)
{
	switch (rc) {
	case EXT2_ET_NO_MEMORY:
		return DW_NOMEM;
	case EXT2_ET_BAD_MAGIC:
		return DW_NOT_MINE;
	case EXT2_ET_UNSUPP_FEATURE:
	case EXT2_ET_RO_UNSUPP_FEATURE:
	case EXT2_ET_REV_TOO_HIGH:
	case EXT2_ET_UNIMPLEMENTED:
	case EXT2_ET_OP_NOT_SUPPORTED:
	case EXT2_ET_DIRHASH_UNSUPP:
	case EXT2_ET_UNKNOWN_CSUM:
	case EXT2_ET_FILE_TOO_BIG:
		return DW_UNSUPPORTED;
	case EXT2_ET_BLOCK_ALLOC_FAIL:
	case EXT2_ET_INODE_ALLOC_FAIL:
	case EXT2_ET_DIR_NO_SPACE:
	case EXT2_ET_EXPAND_DIR_ERR:
	case EXT2_ET_EA_NO_SPACE:
	case EXT2_ET_INLINE_DATA_NO_SPACE:
	case EXT2_ET_EXTENT_NO_SPACE:
		return DW_NOSPACE;
	case EXT2_ET_FILE_NOT_FOUND:
	case EXT2_ET_EA_KEY_NOT_FOUND:
		return DW_NOENT;
	case EXT2_ET_FILE_EXISTS:
	case EXT2_ET_DIR_EXISTS:
		return DW_EXISTS;
	case EXT2_ET_RO_FILSYS:
	case EXT2_ET_FILE_RO:
	case EXT2_ET_RO_BLOCK_ITERATE:
		return DW_READONLY;
	case EXT2_ET_TOO_MANY_REFS:
		return DW_LIMIT;
	case EOVERFLOW:		/* an inode's count of blocks */
		return DW_CORRUPT;
	default:
		return rc > 0 && rc < 256 ? DW_IO : DW_CORRUPT;
	}
}

/*
 * The table is read directly: com_err's own lookup needs the table to be
 * registered in a list of the whole process.
 */
static const char *text_of(errcode_t rc, char *buf, size_t size)
{
	long n = rc - et_ext2_error_table.base;

	if (n >= 0 && n < (long)et_ext2_error_table.n_msgs)
		return et_ext2_error_table.msgs[n];
	if (rc > 0 && rc < 256)
		return strerror_r((int)rc, buf, size);
	snprintf(buf, size, "libext2fs error %ld", (long)rc);
	return buf;
}

int dw_ext_fail(struct dw_err *err, ext2_filsys fs, errcode_t rc,
		const char *fmt, ...)
{
	struct dw_ext_io *io = fs ? fs->priv_data : NULL;
	char phrase[DW_ERR_TEXT], reason[80];
	enum dw_code code = code_of(rc);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(phrase, sizeof(phrase), fmt, ap);
	va_end(ap);
	if (io && io->err.code) {
		code = io->err.code;
		if (err)
			*err = io->err;
		io->err.code = 0;
		return dw_err_prefix(err, code, "%s", phrase);
	}
	return dw_fail(err, code, "%.150s: %s", phrase,
		       text_of(rc, reason, sizeof(reason)));
}
