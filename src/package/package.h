/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernel packages: what a .deb or .rpm calls itself, and the files in it that
 * a kernel package may bring.
 *
 * Packages are hostile.  Names are normalised and checked before anybody sees
 * them; content goes to an unnamed file on the host, so that memory follows
 * the number of files.  Scripts are never run, nor kept.
 */
#ifndef DW_PACKAGE_PACKAGE_H
#define DW_PACKAGE_PACKAGE_H

#include "base/ctx.h"
#include "base/notes.h"
#include "dev/dev.h"

enum dw_package_kind {
	DW_PACKAGE_DEB,
	DW_PACKAGE_RPM,
};

/* The largest kernel package, with debug information, has some 20,000 files
 * and 6 GiB; without it, 8,000 and 0.6 GiB. */
#define DW_PACKAGE_MAX_FILES	100000u
#define DW_PACKAGE_MAX_LEN	(8ull << 30)
#define DW_PACKAGE_FIELD	256
/* What Linux takes: PATH_MAX and NAME_MAX. */
#define DW_PACKAGE_PATH_MAX	4096u
#define DW_PACKAGE_NAME_MAX	255u

/* A folder, regular file or symbolic link; owner and group are root. */
struct dw_package_entry {
	char *path;		/* absolute, without "." and ".." */
	char *target;		/* of a symbolic link, as written */
	uint32_t mode;		/* as in st_mode; no setuid, setgid, sticky */
	int64_t mtime;
	uint64_t off, size;	/* of a file's content */
	long same_as;		/* while it is read: of a hard link, the entry
				 * that has the content; -1 */
	uint64_t path_hash;	/* while it is read */
};

struct dw_package {
	enum dw_package_kind kind;
	struct dw_dev *file;		/* the package itself */
	/* As the package has them, "" where it has none.  version is complete,
	 * with an rpm's release: "4.18.0-553.el8_10". */
	char name[DW_PACKAGE_FIELD], version[DW_PACKAGE_FIELD];
	char arch[DW_PACKAGE_FIELD];
	char *depends;			/* NULL: nothing */
	struct dw_dev *content;		/* all files, one after the other */
	struct dw_package_entry *entries;	/* by path, each once */
	size_t entries_nr, entries_cap;
	uint64_t total_len;		/* of all content */
	uint64_t names_len;		/* of paths and targets, in memory */
	/* What no kernel package may bring: how many, and some names. */
	uint64_t left_out_nr;
	struct dw_notes left_out;
};

/*
 * Reads a package of the host.  DW_UNSUPPORTED: neither a .deb nor an .rpm, or
 * of a kind that is not handled, by name.  DW_CORRUPT: names that lead out,
 * device nodes, setuid files, an archive that breaks off.  DW_LIMIT: more
 * files or bytes than any kernel has, longer names than Linux takes, more of
 * names than the context's memory.
 */
int dw_package_open(struct dw_ctx *ctx, const char *path,
		    struct dw_package **out, struct dw_err *err);
/* The same from a device, to which the package holds a reference. */
int dw_package_read(struct dw_ctx *ctx, struct dw_dev *dev,
		    struct dw_package **out, struct dw_err *err);
void dw_package_free(struct dw_package *pkg);

/* The entry of that path, or NULL. */
const struct dw_package_entry *
dw_package_find(const struct dw_package *pkg, const char *path);

/*
 * The version by which the kernel of the package, or the modules in it, are
 * called: that of /boot/vmlinuz-VERSION or lib/modules/VERSION.  DW_NOENT
 * where it has neither, DW_UNSUPPORTED where it has several.
 */
int dw_package_kernel_version(const struct dw_package *pkg,
			      char out[DW_PACKAGE_FIELD], struct dw_err *err);

/* ---- rules (rules.c) ----------------------------------------------------- */

enum dw_package_place {
	DW_PLACE_TAKEN,		/* a kernel package may write there */
	DW_PLACE_ABOVE,		/* a folder above such a place */
	DW_PLACE_LEFT_OUT,
};

/*
 * Turns the name of an archive's member, "./boot/vmlinuz-6.1", into an absolute
 * path; "" stands for the root.  DW_CORRUPT for an absolute name and for "..",
 * DW_LIMIT for more than DW_PACKAGE_PATH_MAX bytes, or DW_PACKAGE_NAME_MAX
 * between slashes.  The caller frees *out.
 */
int dw_package_path(const char *name, char **out, struct dw_err *err);
enum dw_package_place dw_package_place(const char *path);

/* Whether it can be a kernel's version: letters, digits and ".-_+~". */
bool dw_package_is_version(const char *text, size_t len);

#endif
