/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files that images name: backing files, external data files. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dev/hostlock.h"
#include "dev/kinds.h"
#include "formats/backing.h"

/* A rename beside us makes the kernel unsure of ".."; it asks to try again. */
#define TRIES_NR 16

/* Where a name leads: 'path' for people, 'below' from the allowed folder. */
struct place {
	char *root;		/* the folder, without symbolic links */
	char *path;
	const char *below;	/* in path */
};

static void place_free(struct place *p)
{
	free(p->root);
	free(p->path);
}

/* "x:" before the first slash is how QEMU writes anything but a file. */
static int check_name(const char *what, const char *name, struct dw_err *err)
{
	size_t len = strcspn(name, ":/");

	if (name[len] == ':')
		return dw_fail(err, DW_DENIED,
			       "the %s \"%.128s\" is named by the protocol "
			       "\"%.*s\"; only files are opened", what, name,
			       len > 32 ? 32 : (int)len, name);
	if (!*name)
		return dw_fail(err, DW_DENIED, "the %s has no name", what);
	return 0;
}

/* The folder of an image, without symbolic links. */
static char *folder_of(const char *image)
{
	const char *slash = strrchr(image, '/');
	char *folder, *real;

	if (slash)
		folder = strndup(image, slash == image ? 1 : slash - image);
	else
		folder = strdup(".");
	real = folder ? realpath(folder, NULL) : NULL;
	free(folder);
	return real;
}

/* Leads "../" out of a folder that has no symbolic links, where that is what
 * the kernel would do; further ones are left to it. */
static const char *strip_parents(char *folder, const char *name)
{
	char *slash;

	for (;;) {
		while (*name == '/')
			name++;
		if (!strncmp(name, "./", 2)) {
			name += 2;
		} else if (!strncmp(name, "../", 3)) {
			name += 3;
			slash = strrchr(folder, '/');
			slash[slash == folder] = '\0';
		} else {
			return name;
		}
	}
}

static char *full_path(const char *image, const char *name)
{
	char *folder, *path = NULL;

	if (*name == '/')
		return strdup(name);
	folder = folder_of(image);
	if (folder) {
		name = strip_parents(folder, name);
		if (asprintf(&path, "%s/%s", folder[1] ? folder : "",
			     name) < 0)
			path = NULL;
	}
	free(folder);
	return path;
}

/* What of path lies below root, or NULL. */
static const char *below(const char *path, const char *root)
{
	size_t len = strlen(root);

	while (len && root[len - 1] == '/')
		len--;
	if (strncmp(path, root, len) || path[len] != '/')
		return NULL;
	while (path[len] == '/')
		len++;
	return path[len] ? path + len : NULL;
}

static int find_place(struct dw_ctx *ctx, const char *image, const char *what,
		      const char *name, struct place *out, struct dw_err *err)
{
	int rc = check_name(what, name, err);

	if (rc)
		return rc;
	out->root = realpath(ctx->backing_dir, NULL);
	if (!out->root)
		return dw_fail_errno(err, errno, "%s", ctx->backing_dir);
	out->path = full_path(image, name);
	if (!out->path)
		return dw_fail_errno(err, errno, "the folder of %s", image);
	out->below = below(out->path, out->root);
	/* An absolute name may well be spelt as the caller spelt his. */
	if (!out->below && *ctx->backing_dir == '/')
		out->below = below(out->path, ctx->backing_dir);
	if (out->below)
		return 0;
	return dw_fail(err, DW_DENIED,
		       "the %s \"%.128s\" does not lie below %s", what, name,
		       out->root);
}

static int open_below(int root_fd, const char *path, bool rdwr)
{
	struct open_how how = {
		/* A FIFO must not hang us, nor a terminal become ours. */
		.flags = (rdwr ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK |
			 O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int tries = 0;
	long fd;

	do {
		fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	} while (fd < 0 && (errno == EAGAIN || errno == EINTR) &&
		 ++tries < TRIES_NR);
	return (int)fd;
}

static int open_place(const struct place *p, const char *what, bool rdwr,
		      int *fd, struct dw_err *err)
{
	int root_fd = open(p->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int errnum;

	*fd = root_fd < 0 ? -1 : open_below(root_fd, p->below, rdwr);
	errnum = errno;
	if (root_fd >= 0)
		close(root_fd);
	if (*fd >= 0)
		return 0;
	switch (errnum) {
	case ENOSYS:
		return dw_fail(err, DW_UNSUPPORTED,
			       "the %s %s cannot be kept below %s: this kernel "
			       "has no openat2 (Linux 5.6)", what, p->path,
			       p->root);
	case EXDEV:
	case ELOOP:
		return dw_fail(err, DW_DENIED,
			       "the %s %s leads out of %s", what, p->path,
			       p->root);
	default:
		return dw_fail_errno(err, errnum, "the %s %s", what, p->path);
	}
}

/* Of a device that is no plain file of the host there is nothing to tell. */
static void identify(struct dw_dev *file, struct dw_backing_link *link)
{
	struct dw_extent e;
	struct stat st;

	if (dw_dev_extent(file, 0, 1, &e, NULL) || e.host_fd < 0 ||
	    fstat(e.host_fd, &st) < 0)
		return;
	link->is_known = true;
	link->dev = st.st_dev;
	link->ino = st.st_ino;
}

static int check_file(int fd, const struct dw_backing_link *above,
		      const char *what, const char *path, struct dw_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return dw_fail_errno(err, errno, "the %s %s", what, path);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return dw_fail(err, DW_DENIED, "the %s %s is neither a file "
			       "nor a block device", what, path);
	for (; above; above = above->above)
		if (above->is_known && above->dev == st.st_dev &&
		    above->ino == st.st_ino)
			return dw_fail(err, DW_CORRUPT, "the %s %s is part of "
				       "the chain already", what, path);
	return 0;
}

static int open_file(struct dw_ctx *ctx, const struct dw_format_how *how,
		     const struct dw_backing_link *link, const char *image,
		     const char *what, const char *name, bool rdwr,
		     struct dw_dev **out, struct dw_err *err)
{
	struct place place = { 0 };
	int fd = -1, rc;

	*out = NULL;
	if (!ctx->backing_dir)
		return dw_fail(err, DW_DENIED,
			       "needs the %s \"%.128s\", which is not allowed "
			       "to be opened (--allow-backing DIR allows what "
			       "lies below DIR)", what, name);
	if (how->depth >= DW_BACKING_DEPTH_MAX)
		return dw_fail(err, DW_LIMIT, "the chain of images is longer "
			       "than %u backing files", DW_BACKING_DEPTH_MAX);
	rc = find_place(ctx, image, what, name, &place, err);
	if (!rc)
		rc = open_place(&place, what, rdwr, &fd, err);
	if (!rc)
		rc = check_file(fd, link, what, place.path, err);
	if (!rc && !how->share)
		rc = dw_hostlock_take(fd, place.path, rdwr, err);
	if (!rc) {
		rc = dw_file_from_fd_take(fd, place.path, !rdwr, out, err);
		fd = -1;
	}
	if (fd >= 0)
		close(fd);
	place_free(&place);
	return rc;
}

int dw_backing_file(struct dw_ctx *ctx, const struct dw_format_how *how,
		    struct dw_dev *file, const char *what, const char *name,
		    bool rdwr, struct dw_dev **out, struct dw_err *err)
{
	struct dw_backing_link link = { .above = how->above };

	identify(file, &link);
	return open_file(ctx, how, &link, file->name, what, name, rdwr, out,
			 err);
}

int dw_backing_disk(struct dw_ctx *ctx, const struct dw_format_how *how,
		    struct dw_dev *file, const char *name, const char *format,
		    struct dw_dev **out, struct dw_err *err)
{
	struct dw_backing_link link = { .above = how->above };
	struct dw_format_how inner = {
		.share = how->share, .depth = how->depth + 1, .above = &link,
	};
	struct dw_dev *below_file = NULL;
	int rc;

	*out = NULL;
	identify(file, &link);
	rc = open_file(ctx, how, &link, file->name, "backing file", name,
		       false, &below_file, err);
	if (rc)
		return rc;
	/*
	 * Looking for a format would let whoever writes a raw backing disk,
	 * which is a guest, make it an image that names any file: the class
	 * of CVE-2008-2004, and of CVE-2015-5163 and CVE-2024-32498 again.
	 */
	if (!format)
		rc = dw_fail(err, DW_DENIED, "the format of the backing file "
			     "\"%.128s\" is not named in the image, and is not "
			     "guessed (qemu-img rebase -u -F FORMAT -b NAME "
			     "names it)", name);
	else if (!dw_format_by_name(format))
		rc = dw_fail(err, DW_UNSUPPORTED, "the backing file \"%.128s\" "
			     "has the format \"%.32s\", which is not supported",
			     name, format);
	else
		rc = dw_format_open_how(ctx, below_file, format, &inner, NULL,
					out, err);
	dw_dev_close(below_file, NULL);
	return rc;
}
