/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors: one line of text, written where the fault is found. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

/*
 * Names inside an image reach error texts.  Control bytes in them must not
 * reach a terminal, nor break the promise of one line.
 */
static void make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

int dw_fail(struct dw_err *err, enum dw_code code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	err->code = code;
	err->saved_errno = 0;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	make_printable(err->text);
	return code;
}

static enum dw_code code_of_errno(int errnum)
{
	switch (errnum) {
	case ENOENT:
	case ENOTDIR:
	case ENODEV:
	case ENXIO:
		return DW_NOENT;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return DW_NOSPACE;
	case EEXIST:
		return DW_EXISTS;
	case EBUSY:
	case ETXTBSY:
		return DW_BUSY;
	case EROFS:
		return DW_READONLY;
	case ENOMEM:
		return DW_NOMEM;
	default:
		return DW_IO;
	}
}

int dw_fail_errno(struct dw_err *err, int errnum, const char *fmt, ...)
{
	enum dw_code code = code_of_errno(errnum);
	char reason[80];
	va_list ap;
	int len;

	if (!err)
		return code;
	err->code = code;
	err->saved_errno = errnum;
	va_start(ap, fmt);
	len = vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	if (len >= 0 && (size_t)len < sizeof(err->text))
		snprintf(err->text + len, sizeof(err->text) - len, ": %s",
			 strerror_r(errnum, reason, sizeof(reason)));
	make_printable(err->text);
	return code;
}

int dw_fail_nomem(struct dw_err *err)
{
	return dw_fail(err, DW_NOMEM, "out of memory");
}

int dw_err_prefix(struct dw_err *err, int code, const char *fmt, ...)
{
	char below[DW_ERR_TEXT];
	va_list ap;
	int len;

	/* Success, which has no text, is passed on as well, and often. */
	if (!err || !code)
		return code;
	memcpy(below, err->text, sizeof(below));
	va_start(ap, fmt);
	len = vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	/* A layer below may have named the same thing; and what it found counts
	 * more than a name that leaves no room for it. */
	if (len < 0 || (size_t)len >= sizeof(err->text) ||
	    (!strncmp(below, err->text, (size_t)len) && below[len] == ':'))
		memcpy(err->text, below, sizeof(below));
	else
		snprintf(err->text + len, sizeof(err->text) - len, ": %.*s",
			 (int)(sizeof(err->text) - len), below);
	make_printable(err->text);
	return code;
}

int dw_exit_status(enum dw_code code)
{
	switch (code) {
	case DW_OK:
		return 0;
	case DW_USAGE:
		return 2;
	case DW_UNSUPPORTED:
	case DW_DENIED:
	case DW_NOT_MINE:
		return 3;
	case DW_CORRUPT:
		return 4;
	case DW_NOBOOT:
		return 5;
	default:
		return 1;
	}
}
