/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens a kernel package of either kind. */
#include <stdlib.h>
#include <string.h>

#include "dev/kinds.h"
#include "package/package_impl.h"

static const struct kind {
	enum dw_package_kind kind;
	const char *magic;
	size_t magic_len;
	int (*read)(struct dw_ctx *ctx, struct dw_package *pkg,
		    struct dw_err *err);
} kinds[] = {
	{ DW_PACKAGE_DEB, "!<arch>\n", 8, dw_deb_read },
	{ DW_PACKAGE_RPM, "\xed\xab\xee\xdb", 4, dw_rpm_read },
};

void dw_package_free(struct dw_package *pkg)
{
	if (!pkg)
		return;
	for (size_t i = 0; i < pkg->entries_nr; i++) {
		free(pkg->entries[i].path);
		free(pkg->entries[i].target);
	}
	free(pkg->entries);
	free(pkg->depends);
	dw_notes_free(&pkg->left_out);
	dw_dev_close(pkg->content, NULL);
	dw_dev_close(pkg->file, NULL);
	free(pkg);
}

static int read_kind(struct dw_ctx *ctx, struct dw_package *pkg,
		     struct dw_err *err)
{
	char magic[8] = "";
	int ret;

	if (pkg->file->size < sizeof(magic))
		return dw_fail(err, DW_UNSUPPORTED, "neither a .deb nor an "
			       ".rpm");
	ret = dw_dev_pread(pkg->file, 0, magic, sizeof(magic), err);
	for (size_t i = 0; i < 2 && !ret; i++) {
		if (memcmp(magic, kinds[i].magic, kinds[i].magic_len))
			continue;
		pkg->kind = kinds[i].kind;
		return kinds[i].read(ctx, pkg, err);
	}
	return ret ? ret : dw_fail(err, DW_UNSUPPORTED, "neither a .deb nor an "
				   ".rpm");
}

int dw_package_read(struct dw_ctx *ctx, struct dw_dev *dev,
		    struct dw_package **out, struct dw_err *err)
{
	struct dw_package *pkg = calloc(1, sizeof(*pkg));
	int ret;

	*out = NULL;
	if (!pkg)
		return dw_fail_nomem(err);
	pkg->file = dw_dev_ref(dev);
	ret = dw_spool_new(ctx, dev->name, &pkg->content, err);
	if (!ret)
		ret = read_kind(ctx, pkg, err);
	if (!ret)
		ret = dw_package_settle(ctx, pkg, err);
	if (ret) {
		dw_package_free(pkg);
		return dw_err_prefix(err, ret, "%s", dev->name);
	}
	*out = pkg;
	return 0;
}

int dw_package_open(struct dw_ctx *ctx, const char *path,
		    struct dw_package **out, struct dw_err *err)
{
	struct dw_dev *dev;
	int ret;

	*out = NULL;
	ret = dw_file_open(ctx, path, 0, &dev, err);
	if (!ret)
		ret = dw_package_read(ctx, dev, out, err);
	dw_dev_close(dev, NULL);
	return ret;
}

static int by_path(const void *a, const void *b)
{
	const struct dw_package_entry *y = b;

	return strcmp(a, y->path);
}

const struct dw_package_entry *
dw_package_find(const struct dw_package *pkg, const char *path)
{
	if (!pkg->entries_nr)
		return NULL;
	return bsearch(path, pkg->entries, pkg->entries_nr,
		       sizeof(*pkg->entries), by_path);
}

/* ---- the kernel's version ------------------------------------------------ */

/* The version in a path, if it is there: len 0 is none.  SUSE's packages bring
 * vmlinux-VERSION.gz as well, for debuggers: nothing boots it. */
static const char *version_in(const char *path, size_t *len)
{
	static const char *const before[] = {
		"/lib/modules/", "/usr/lib/modules/", "/boot/vmlinuz-",
	};

	*len = 0;
	for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++) {
		const char *p = path + strlen(before[i]);

		if (strncmp(path, before[i], strlen(before[i])))
			continue;
		*len = strcspn(p, "/");
		return p;
	}
	return NULL;
}

int dw_package_kernel_version(const struct dw_package *pkg,
			      char out[DW_PACKAGE_FIELD], struct dw_err *err)
{
	size_t len;

	out[0] = '\0';
	for (size_t i = 0; i < pkg->entries_nr; i++) {
		const char *path = pkg->entries[i].path;
		const char *version = version_in(path, &len);

		if (!version || !len)
			continue;
		if (!dw_package_is_version(version, len))
			return dw_fail(err, DW_UNSUPPORTED, "'%.100s' is no "
				       "version of a kernel", version);
		if (out[0] && (strlen(out) != len ||
			       memcmp(out, version, len)))
			return dw_fail(err, DW_UNSUPPORTED, "holds more than "
				       "one kernel: %.80s and %.*s", out,
				       (int)(len < 80 ? len : 80), version);
		memcpy(out, version, len);
		out[len] = '\0';
	}
	if (out[0])
		return 0;
	return dw_fail(err, DW_NOENT, "%s holds no kernel and no modules"
		       "%s%.100s", pkg->name[0] ? pkg->name : "it",
		       pkg->depends ? "; it depends on " : "",
		       pkg->depends ? pkg->depends : "");
}
