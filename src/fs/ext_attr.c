/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Extended attributes. */
#include <stdlib.h>
#include <string.h>

#include "fs/ext_internal.h"

/* Inline data hides among the attributes. */
#define INLINE_DATA "system.data"

/* DW_NOENT where the filesystem never had one. */
static int open_attrs(struct dw_fs *f, ext2_ino_t ino,
		      struct ext2_xattr_handle **out, struct dw_err *err)
{
	errcode_t rc;

	*out = NULL;
	rc = ext2fs_xattrs_open(f->fs, ino, out);
	if (rc == EXT2_ET_MISSING_EA_FEATURE)
		return dw_fail(err, DW_NOENT,
			       "ext: a filesystem without attributes");
	if (!rc)
		rc = ext2fs_xattrs_read(*out);
	if (!rc)
		return 0;
	if (*out)
		ext2fs_xattrs_close(out);
	*out = NULL;
	return dw_ext_fail(err, f->fs, rc, "ext: attributes of inode %u", ino);
}

int dw_ext_attr_get(struct dw_fs *f, ext2_ino_t ino, const char *name,
		    char **value, size_t *len, struct dw_err *err)
{
	struct ext2_xattr_handle *h;
	void *v = NULL;
	errcode_t rc;
	int ret;

	*value = NULL;
	*len = 0;
	ret = open_attrs(f, ino, &h, err);
	if (ret)
		return ret;
	rc = ext2fs_xattr_get(h, name, &v, len);
	ext2fs_xattrs_close(&h);
	if (rc)
		return dw_ext_fail(err, f->fs, rc, "ext: attribute %s of inode "
				   "%u", name, ino);
	*value = v;
	return 0;
}

int dw_ext_attr_set(struct dw_fs *f, ext2_ino_t ino, const char *name,
		    const void *value, size_t len, struct dw_err *err)
{
	struct ext2_xattr_handle *h;
	errcode_t rc;
	int ret;

	if (!strcmp(name, INLINE_DATA))
		return dw_fail(err, DW_UNSUPPORTED, "ext: the attribute %s is "
			       "not for setting", name);
	/* As the kernel does with the first one. */
	if (!ext2fs_has_feature_xattr(f->fs->super)) {
		ext2fs_set_feature_xattr(f->fs->super);
		ext2fs_mark_super_dirty(f->fs);
	}
	ret = open_attrs(f, ino, &h, err);
	if (ret)
		return ret;
	rc = ext2fs_xattr_set(h, name, value, len);
	ext2fs_xattrs_close(&h);
	if (rc)
		return dw_ext_fail(err, f->fs, rc, "ext: attribute %s of inode "
				   "%u", name, ino);
	return 0;
}

struct names {
	char **v;
	size_t nr;
	errcode_t rc;
};

static int collect(char *name, char *value, size_t len, void *arg)
{
	struct names *n = arg;
	char **grown = realloc(n->v, (n->nr + 1) * sizeof(*grown));

	if (grown) {
		n->v = grown;
		n->v[n->nr] = strdup(name);
	}
	if (!grown || !n->v[n->nr]) {
		n->rc = EXT2_ET_NO_MEMORY;
		return XATTR_ABORT;
	}
	n->nr++;
	return 0;
}

/* libext2fs keeps the block of the attributes when the last has gone. */
static int free_block(struct dw_fs *f, ext2_ino_t ino, struct dw_err *err)
{
	struct ext2_inode_large *inode;
	errcode_t rc;
	int ret = dw_ext_inode_load(f->fs, ino, &inode, err);

	if (ret)
		return ret;
	rc = ext2fs_free_ext_attr(f->fs, ino, inode);
	if (rc)
		ret = dw_ext_fail(err, f->fs, rc, "ext: attributes of inode %u",
				  ino);
	else
		ret = dw_ext_inode_store(f->fs, ino, inode, err);
	free(inode);
	return ret;
}

/* Removing one by one is the only way in which libext2fs gives back an inode
 * that holds a long value. */
int dw_ext_attr_drop(struct dw_fs *f, ext2_ino_t ino, struct dw_err *err)
{
	struct ext2_xattr_handle *h;
	struct names names = { 0 };
	int ret = open_attrs(f, ino, &h, err);

	if (ret)
		return ret == DW_NOENT ? 0 : ret;
	names.rc = ext2fs_xattrs_iterate(h, collect, &names);
	for (size_t i = 0; i < names.nr; i++) {
		if (!names.rc)
			names.rc = ext2fs_xattr_remove(h, names.v[i]);
		free(names.v[i]);
	}
	free(names.v);
	ext2fs_xattrs_close(&h);
	if (names.rc)
		ret = dw_ext_fail(err, f->fs, names.rc,
				  "ext: attributes of inode %u", ino);
	return ret ? ret : free_block(f, ino, err);
}

int dw_fs_getxattr(struct dw_fs *f, const char *path, const char *name,
		   char **value, size_t *len, struct dw_err *err)
{
	ext2_ino_t ino;
	int ret;

	*value = NULL;
	*len = 0;
	ret = dw_ext_find(f, path, true, &ino, err);
	if (!ret)
		ret = dw_ext_attr_get(f, ino, name, value, len, err);
	return ret;
}

int dw_fs_setxattr(struct dw_fs *f, const char *path, const char *name,
		   const void *value, size_t len, struct dw_err *err)
{
	ext2_ino_t ino;
	int ret = dw_ext_begin(f, err);

	if (!ret)
		ret = dw_ext_find(f, path, true, &ino, err);
	if (!ret)
		ret = dw_ext_attr_set(f, ino, name, value, len, err);
	return ret;
}

struct listing {
	struct dw_fs *f;
	ext2_ino_t ino;
	dw_xattr_fn fn;
	void *arg;
	struct dw_err *err;
	int ret;
};

/* The values come as they are on disk; for ACLs that is not what getxattr
 * gives, so each is asked for by name. */
static int list_one(char *name, char *value, size_t len, void *arg)
{
	struct listing *l = arg;
	char *v;

	if (!strcmp(name, INLINE_DATA))
		return 0;
	l->ret = dw_ext_attr_get(l->f, l->ino, name, &v, &len, l->err);
	if (!l->ret)
		l->ret = l->fn(l->arg, name, v, len, l->err);
	free(v);
	return l->ret ? XATTR_ABORT : 0;
}

int dw_fs_listxattr(struct dw_fs *f, const char *path, dw_xattr_fn fn,
		    void *arg, struct dw_err *err)
{
	struct listing l = { .f = f, .fn = fn, .arg = arg, .err = err };
	struct ext2_xattr_handle *h;
	errcode_t rc;
	int ret = dw_ext_find(f, path, true, &l.ino, err);

	if (ret)
		return ret;
	ret = open_attrs(f, l.ino, &h, err);
	if (ret)
		return ret == DW_NOENT ? 0 : ret;
	rc = ext2fs_xattrs_iterate(h, list_one, &l);
	ext2fs_xattrs_close(&h);
	if (rc)
		return dw_ext_fail(err, f->fs, rc, "ext: attributes of inode "
				   "%u", l.ino);
	return l.ret;
}
