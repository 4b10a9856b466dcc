/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decides what is appended to an initrd, and does it. */
#include <stdlib.h>
#include <string.h>

#include "initrd/family.h"
#include "initrd/frame.h"

static const struct dw_initrd_driver *const drivers[] = {
	&dw_initrd_initramfs_tools,
	&dw_initrd_dracut,
	&dw_initrd_nash,
	&dw_initrd_suse,
	&dw_initrd_mkinitcpio,
	&dw_initrd_mkinitfs,
	&dw_initrd_own,
};

static int find_driver(enum dw_initrd_family family,
		       const struct dw_initrd_driver **out,
		       struct dw_err *err)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++)
		if (drivers[i]->family == family) {
			*out = drivers[i];
			return 0;
		}
	if (family == DW_INITRD_UNKNOWN)
		return dw_fail(err, DW_UNSUPPORTED, "initrd: the program that "
			       "made it is not known, so nothing is added");
	return dw_fail(err, DW_UNSUPPORTED, "initrd: adding to one of %s is "
		       "not supported", dw_initrd_family_name(family));
}

void dw_initrd_change_free(struct dw_initrd_change *c)
{
	free(c->path);
	free(c->bytes);
	free(c->note);
	dw_module_list_free(&c->added);
	memset(c, 0, sizeof(*c));
}

/* "virtio_blk, virtio_pci added (5 modules, 412 KiB)" */
static int describe(const struct dw_module_list *names,
		    struct dw_initrd_change *out, struct dw_err *err)
{
	struct dw_buf note = { 0 };
	int ret;

	if (!out->len)
		dw_buf_adds(&note, "nothing is lacking");
	for (size_t i = 0; out->len && i < names->nr; i++)
		dw_buf_printf(&note, "%s%s", i ? ", " : "", names->names[i]);
	if (out->len)
		dw_buf_printf(&note, " added (%zu module%s, %zu KiB)",
			      out->added.nr, out->added.nr == 1 ? "" : "s",
			      (out->len + 1023) / 1024);
	ret = dw_buf_check(&note, err);
	out->note = ret ? NULL : dw_buf_take(&note, NULL);
	dw_buf_free(&note);
	return ret;
}

static int build(const struct dw_initrd_driver *driver,
		 const struct dw_initrd_target *t,
		 const struct dw_initrd *initrd,
		 const struct dw_module_list *names,
		 struct dw_initrd_change *out, struct dw_err *err)
{
	struct dw_initrd_build b = {
		.target = t, .initrd = initrd, .path = out->path,
		.names = names, .load = &out->added,
	};
	char *data = NULL;
	size_t len;
	int ret;

	b.w.cap_len = t->ctx->memory_cap_len;
	ret = dw_initrd_scan(&b, err);
	if (!ret)
		ret = dw_initrd_check_room(t, &out->added, true, err);
	if (!ret)
		ret = driver->add(&b, err);
	if (!ret)
		ret = dw_cpio_end(&b.w, &data, &len, err);
	if (!ret)
		ret = dw_initrd_frame(&b.layout.tail, out->old_len, data, len,
				      &out->bytes, &out->len, err);
	dw_cpio_abort(&b.w);
	dw_initrd_layout_free(&b.layout);
	return ret ? dw_err_prefix(err, ret, "%s", out->path) : 0;
}

int dw_initrd_add(const struct dw_initrd_target *t,
		  const struct dw_initrd *initrd,
		  const struct dw_module_list *names,
		  struct dw_initrd_change *out, struct dw_err *err)
{
	const struct dw_initrd_driver *driver;
	struct dw_stat st;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = find_driver(initrd->family, &driver, err);
	if (!ret && !t->kernel->initrd_path)
		ret = dw_fail(err, DW_NOENT, "%s has no initrd",
			      t->kernel->path);
	if (!ret)
		ret = dw_fs_realpath(t->fs, t->kernel->initrd_path, &out->path,
				     err);
	if (!ret)
		ret = dw_fs_stat(t->fs, out->path, &st, err);
	if (!ret) {
		out->old_len = st.size;
		ret = dw_initrd_resolve(t, initrd, names, &out->added, err);
	}
	if (!ret && out->added.nr)
		ret = build(driver, t, initrd, names, out, err);
	if (!ret)
		ret = describe(names, out, err);
	if (ret)
		dw_initrd_change_free(out);
	return ret;
}

int dw_initrd_apply(const struct dw_initrd_change *change, struct dw_fs *fs,
		    struct dw_err *err)
{
	if (change->whole)
		return dw_fs_write_file(fs, change->path, change->bytes,
					change->len, NULL, err);
	if (!change->len)
		return 0;
	return dw_fs_append_file(fs, change->path, change->bytes, change->len,
				 err);
}

int dw_initrd_keep(const struct dw_initrd_target *t,
		   enum dw_initrd_family family,
		   const struct dw_module_list *names, struct dw_edits *edits,
		   struct dw_err *err)
{
	const struct dw_initrd_driver *driver;
	int ret = find_driver(family, &driver, err);

	return ret || !names->nr ? ret : driver->keep(t, names, edits, err);
}
