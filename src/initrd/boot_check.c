/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verdict on one kernel of a guest, its initrd included. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "initrd/boot_check.h"
#include "fs/read_text.h"

void dw_boot_check_clear(struct dw_boot_check *check)
{
	dw_initrd_free(check->initrd);
	for (size_t i = 0; i < DW_BUS_NR; i++)
		free(check->missing[i]);
	memset(check, 0, sizeof(*check));
}

static int check_buses(const struct dw_kernel *kernel,
		       const struct dw_modules *mods,
		       const struct dw_root_fs *root,
		       struct dw_boot_check *out, struct dw_err *err)
{
	struct dw_buf missing = { 0 };
	int ret = 0;

	for (int bus = 0; !ret && bus < DW_BUS_NR; bus++) {
		ret = dw_initrd_check(kernel, mods, out->initrd,
				      (enum dw_bus)bus, root, &missing, err);
		if (!ret && missing.len)
			out->missing[bus] = dw_buf_take(&missing, NULL);
	}
	dw_buf_free(&missing);
	return ret;
}

/* One verdict: what is against the kernel itself comes first. */
static bool judge(const struct dw_kernel *kernel,
		  const struct dw_boot_check *check, bool kernel_ok,
		  const char *kernel_why, enum dw_bus bus, char *why,
		  size_t cap)
{
	if (!kernel_ok)
		snprintf(why, cap, "%s", kernel_why);
	else if (check->initrd_failed)
		snprintf(why, cap, "%s", check->initrd_err.text);
	else if (check->missing[bus] && !check->initrd)
		snprintf(why, cap, "it has no initrd, and these are not built "
			 "in: %s", check->missing[bus]);
	else if (check->missing[bus])
		snprintf(why, cap, "%s lacks %s", kernel->initrd_path,
			 check->missing[bus]);
	else
		why[0] = '\0';
	return !why[0];
}

/* Codes that say something of the initrd, not of this run. */
static bool is_about_initrd(int code)
{
	return code == DW_CORRUPT || dw_fs_has_not(code);
}

int dw_boot_check(struct dw_ctx *ctx, struct dw_fs *fs,
		  const struct dw_kernel *kernel,
		  const struct dw_root_fs *root, struct dw_boot_check *out,
		  struct dw_err *err)
{
	struct dw_modules *mods = NULL;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = dw_modules_open(fs, kernel->version, &mods, err);
	if (ret && !dw_fs_has_not(ret))
		goto out;
	ret = 0;
	if (kernel->initrd_path) {
		ret = dw_initrd_read(ctx, fs, kernel->initrd_path,
				     kernel->version, &out->initrd,
				     &out->initrd_err);
		out->initrd_failed = ret && is_about_initrd(ret);
		if (ret && !out->initrd_failed) {
			if (err)
				*err = out->initrd_err;
			goto out;
		}
	}
	ret = check_buses(kernel, mods, root, out, err);
	out->kvm_ok = judge(kernel, out, kernel->kvm_ok, kernel->kvm_why,
			    DW_BUS_VIRTIO_BLK, out->kvm_why,
			    sizeof(out->kvm_why));
	out->xen_ok = judge(kernel, out, kernel->xen_ok, kernel->xen_why,
			    DW_BUS_XEN, out->xen_why, sizeof(out->xen_why));
out:
	dw_modules_free(mods);
	if (ret)
		dw_boot_check_clear(out);
	return ret;
}
