/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes a kernel's files in a guest's filesystem. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/checked.h"
#include "job/add_kernel.h"
#include "job/target_file.h"

#define LABEL "security.selinux"

struct placing {
	const struct dw_add_kernel_plan *plan;
	struct dw_amend *a;
	struct dw_fs *fs;
	char *folder, *real;	/* that was looked at last; without links */
	bool has_labels;
};

/* ---- security labels ----------------------------------------------------- */

/* The same file of the older kernel: its version in place of the new one. */
static char *sibling(const struct placing *p, const char *path)
{
	const char *like = p->plan->like, *version = p->plan->version, *hit;
	struct dw_buf b = { 0 };

	if (!like || !*like || !strstr(path, version))
		return NULL;
	while ((hit = strstr(path, version))) {
		dw_buf_add(&b, path, (size_t)(hit - path));
		dw_buf_adds(&b, like);
		path = hit + strlen(version);
	}
	dw_buf_adds(&b, path);
	if (dw_buf_check(&b, NULL))
		dw_buf_free(&b);
	return dw_buf_take(&b, NULL);
}

/* What is new has its folder's label; its sibling's is better. */
static int label_as_sibling(const struct placing *p, const char *path,
			    struct dw_err *err)
{
	char *other = p->has_labels ? sibling(p, path) : NULL, *label = NULL;
	size_t len;
	int ret = 0;

	if (other && !dw_fs_getxattr(p->fs, other, LABEL, &label, &len, NULL))
		ret = dw_fs_setxattr(p->fs, path, LABEL, label, len, err);
	free(label);
	free(other);
	return ret;
}

/* ---- folders ------------------------------------------------------------- */

/* Each folder is made, and looked at, once in a row. */
static int enter_folder(struct placing *p, const struct dw_kernel_file *f,
			struct dw_err *err)
{
	static const struct dw_new new = { .uid = 0, .gid = 0, .mode = 0755 };
	char *folder = dw_target_folder(f->path);
	int ret = 0;

	if (!folder)
		return dw_fail_nomem(err);
	if (p->folder && !strcmp(folder, p->folder)) {
		free(folder);
		return 0;
	}
	free(p->folder);
	free(p->real);
	p->folder = folder;
	p->real = NULL;
	if (!dw_fs_exists(p->fs, folder))
		ret = dw_fs_mkdir(p->fs, folder, true, &new, err);
	return ret ? ret : dw_fs_realpath(p->fs, folder, &p->real, err);
}

/* A link of the guest may put /lib into /usr, but not a kernel into /etc. */
static int check_place(const struct placing *p, const struct dw_kernel_file *f,
		       struct dw_err *err)
{
	char *real;
	int ret = 0;

	if (f->is_firstboot)
		return 0;
	if (asprintf(&real, "%s%s", strcmp(p->real, "/") ? p->real : "",
		     strrchr(f->path, '/')) < 0)
		return dw_fail_nomem(err);
	if (dw_package_place(real) != DW_PLACE_TAKEN)
		ret = dw_fail(err, DW_UNSUPPORTED, "%s is %s in this guest, "
			      "where a kernel's files do not belong", f->path,
			      real);
	free(real);
	return ret;
}

/* ---- one file ------------------------------------------------------------ */

static int make_folder(const struct placing *p, const struct dw_kernel_file *f,
		       struct dw_err *err)
{
	struct dw_new new = { .uid = 0, .gid = 0, .mode = f->mode & 0777 };
	int ret;

	if (dw_fs_exists(p->fs, f->path))
		return 0;
	ret = dw_fs_mkdir(p->fs, f->path, false, &new, err);
	return ret ? ret : label_as_sibling(p, f->path, err);
}

/* What is in the way: a link goes, so that nothing is written to where it
 * leads, and one of several names of a file; a file gets new content. */
static int make_way(const struct placing *p, const struct dw_kernel_file *f,
		    bool *exists, struct dw_err *err)
{
	struct dw_stat st;
	int ret = dw_fs_lstat(p->fs, f->path, &st, err);

	*exists = !ret;
	if (ret)
		return ret == DW_NOENT ? 0 : ret;
	if (!p->plan->state->force)
		return dw_fail(err, DW_EXISTS, "%s is there already; --force "
			       "replaces it", f->path);
	if (S_ISREG(st.mode) && S_ISREG(f->mode) && st.links_nr == 1)
		return 0;
	if (!S_ISLNK(st.mode) && !(S_ISREG(st.mode) && S_ISREG(f->mode)))
		return dw_fail(err, DW_EXISTS, "%s is there already, and is "
			       "%s", f->path, S_ISDIR(st.mode) ? "a folder" :
			       "no file");
	*exists = false;
	return dw_fs_unlink(p->fs, f->path, err);
}

static int make_file(const struct placing *p, const struct dw_kernel_file *f,
		     struct dw_err *err)
{
	struct dw_new new = { .uid = 0, .gid = 0, .mode = f->mode & 0777 };
	bool exists;
	int ret = make_way(p, f, &exists, err);

	if (!ret && S_ISLNK(f->mode))
		return dw_fs_symlink(p->fs, f->target, f->path, err);
	if (!ret)
		ret = dw_amend_file(p->a, f->path, f->content, false, &new,
				    err);
	if (!ret && exists)
		ret = dw_fs_chown(p->fs, f->path, 0, 0, err);
	if (!ret && exists)
		ret = dw_fs_chmod(p->fs, f->path, f->mode & 0777, err);
	if (!ret && !exists)
		ret = label_as_sibling(p, f->path, err);
	if (!ret && f->mtime >= 0)
		ret = dw_fs_set_times(p->fs, f->path, f->mtime, f->mtime, err);
	return ret;
}

int dw_kernel_place(const struct dw_add_kernel_plan *plan, struct dw_amend *a,
		    size_t first, struct dw_err *err)
{
	const struct dw_add_kernel_state *s = plan->state;
	struct placing p = { .plan = plan, .a = a, .fs = a->fs };
	char *label;
	size_t len;
	int ret = 0;

	p.has_labels = !dw_fs_getxattr(a->fs, "/boot", LABEL, &label, &len,
				       NULL);
	if (p.has_labels)
		free(label);
	for (size_t i = first; i < s->files_nr && !ret; i++) {
		const struct dw_kernel_file *f = &s->files[i];

		ret = dw_ctx_check(s->ctx, err);
		if (!ret)
			ret = enter_folder(&p, f, err);
		if (!ret)
			ret = check_place(&p, f, err);
		if (!ret)
			ret = S_ISDIR(f->mode) ? make_folder(&p, f, err)
					       : make_file(&p, f, err);
	}
	free(p.folder);
	free(p.real);
	return ret;
}

/* ---- space --------------------------------------------------------------- */

int dw_kernel_check_space(const struct dw_add_kernel_state *s,
			  struct dw_err *err)
{
	uint64_t need_len = 0, block_len = s->amend.info.block_len;
	struct dw_fs_info info;
	int ret = dw_fs_get_info(s->amend.fs, &info, err);

	/* At most DW_PACKAGE_MAX_LEN of each package: no sum overflows. */
	for (size_t i = 0; i < s->files_nr; i++)
		if (s->files[i].content)
			need_len += dw_round_up(s->files[i].content->size,
						block_len);
		else
			need_len += S_ISDIR(s->files[i].mode) ? block_len : 0;
	if (ret || need_len <= info.free_len)
		return ret;
	return dw_fail(err, DW_NOSPACE, "the kernel's %zu files take %" PRIu64
		       " bytes, and the filesystem has %" PRIu64 " free; "
		       "'resize' makes it larger", s->files_nr, need_len,
		       info.free_len);
}
