/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the text files of a guest, of which any may be anything. */
#include "fs/read_text.h"

bool dw_fs_has_not(int code)
{
	return code == DW_NOENT || code == DW_LIMIT || code == DW_UNSUPPORTED;
}

int dw_fs_read_text(struct dw_fs *fs, const char *path, size_t cap_len,
		       char **text, size_t *len, struct dw_err *err)
{
	int ret;

	*text = NULL;
	*len = 0;
	ret = dw_fs_read_file(fs, path, cap_len, text, len, err);
	return dw_fs_has_not(ret) ? 0 : ret;
}
