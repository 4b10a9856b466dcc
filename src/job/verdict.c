/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What both verdicts share: kernels and their initrds, and the root's name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "base/notes.h"
#include "guest/names.h"
#include "job/verdict.h"

int dw_verdict_checks_new(struct dw_verdict_source *source,
			  struct dw_err *err)
{
	size_t nr = source->kernels->nr;

	source->checks = calloc(nr ? nr : 1, sizeof(*source->checks));
	return source->checks ? 0 : dw_fail_nomem(err);
}

void dw_verdict_forget(struct dw_verdict_source *source, size_t kernel_nr)
{
	if (source->checks[kernel_nr])
		dw_boot_check_clear(source->checks[kernel_nr]);
	free(source->checks[kernel_nr]);
	source->checks[kernel_nr] = NULL;
}

void dw_verdict_checks_free(struct dw_verdict_source *source)
{
	size_t i;

	if (!source->checks)
		return;
	for (i = 0; i < source->kernels->nr; i++)
		dw_verdict_forget(source, i);
	free(source->checks);
	source->checks = NULL;
}

int dw_verdict_check(struct dw_verdict_source *source, size_t kernel_nr,
		     const struct dw_boot_check **out, struct dw_err *err)
{
	struct dw_boot_check *check = source->checks[kernel_nr];
	struct dw_root_fs root_fs;
	struct dw_fs_info info;
	int ret;

	*out = check;
	if (check)
		return 0;
	ret = dw_fs_get_info(source->fs, &info, err);
	if (ret)
		return ret;
	check = calloc(1, sizeof(*check));
	if (!check)
		return dw_fail_nomem(err);
	root_fs = dw_root_fs_of(&info);
	ret = dw_boot_check(source->ctx, source->fs,
			    &source->kernels->items[kernel_nr], &root_fs,
			    check, err);
	if (ret) {
		free(check);
		return ret;
	}
	*out = source->checks[kernel_nr] = check;
	return 0;
}

/* Links to one kernel share its inode. */
int dw_verdict_find_kernel(struct dw_verdict_source *source,
		       const struct dw_boot_verdict *v, size_t *kernel_nr,
		       struct dw_err *err)
{
	struct dw_stat st;
	size_t i;

	if (dw_fs_stat(source->fs, v->kernel, &st, NULL))
		return dw_fail(err, DW_NOBOOT, "%s: its kernel %s is missing",
			       v->config, v->kernel);
	for (i = 0; i < source->kernels->nr; i++) {
		if (source->kernels->items[i].ino == st.ino) {
			*kernel_nr = i;
			return 0;
		}
	}
	return dw_fail(err, DW_NOBOOT, "%s is not a kernel that is known",
		       v->kernel);
}

int dw_verdict_check_initrd(struct dw_verdict_source *source,
			     const struct dw_boot_verdict *v,
			     const struct dw_kernel *kernel,
			     struct dw_err *err)
{
	struct dw_stat want, have;

	if (!v->initrd)
		return 0;
	if (dw_fs_stat(source->fs, v->initrd, &have, NULL))
		return dw_fail(err, DW_NOBOOT, "%s: its initrd %s is missing",
			       v->config, v->initrd);
	if (!kernel->initrd_path ||
	    dw_fs_stat(source->fs, kernel->initrd_path, &want, NULL) ||
	    want.ino != have.ino)
		return dw_fail(err, DW_NOBOOT, "%s is not the initrd of %s",
			       v->initrd, v->kernel);
	return 0;
}

static bool is_disk_name(const char *root, const char *disk_name)
{
	return !strncmp(root, "/dev/", 5) && !strcmp(root + 5, disk_name);
}

static bool is_part_name(const struct dw_verdict_source *source,
			 const char *root, const char *disk_name)
{
	char device[40], partuuid[40];

	snprintf(device, sizeof(device), "/dev/%s%u", disk_name,
		 source->part_nr);
	snprintf(partuuid, sizeof(partuuid), "PARTUUID=%08x-%02x",
		 source->disk_signature, source->part_nr);
	return !strcmp(root, device) || !strcasecmp(root, partuuid);
}

int dw_verdict_root(struct dw_verdict_source *source, const char *root,
		    const char *disk_name, bool has_initrd,
		    struct dw_err *err)
{
	char uuid[DW_UUID_TEXT];
	struct dw_names names;
	struct dw_fs_info info;
	int ret;

	if (!root)
		return dw_fail(err, DW_NOBOOT, "the kernel is given no root=");
	if (source->part_nr ? is_part_name(source, root, disk_name)
			    : is_disk_name(root, disk_name))
		return 0;
	ret = dw_fs_get_info(source->fs, &info, err);
	if (ret)
		return ret;
	dw_uuid_format(info.uuid, uuid);
	dw_names_init(&names, info.has_uuid ? uuid : NULL, info.label, NULL);
	if (!dw_names_is_lasting(&names, dw_span_of(root)))
		return dw_fail(err, DW_NOBOOT,
			       "root=%s is not this filesystem there", root);
	if (!has_initrd)
		return dw_fail(err, DW_NOBOOT,
			       "without an initrd the kernel does not "
			       "understand root=%s", root);
	return 0;
}

int dw_verdict_has_kernel(const struct dw_verdict_source *source,
			  enum dw_side side, struct dw_err *err)
{
	const struct dw_kernels *kernels = source->kernels;
	const struct dw_kernel *k = kernels->items;
	const char *name = side == DW_SIDE_KVM ? "KVM" : "Xen";
	size_t i;

	if (!kernels->nr)
		return dw_fail(err, DW_NOBOOT, "it has no kernel");
	for (i = 0; i < kernels->nr; i++)
		if (side == DW_SIDE_KVM ? k[i].kvm_ok : k[i].xen_ok)
			return 0;
	return dw_fail(err, DW_NOBOOT, "none of its kernels runs on %s; %s: %s",
		       name, k->path,
		       side == DW_SIDE_KVM ? k->kvm_why : k->xen_why);
}

int dw_verdict_settle(const struct dw_verdict_source *source,
		      enum dw_side side, struct dw_boot_verdict *v, int ret,
		      struct dw_err *why, struct dw_err *err)
{
	if (ret && ret != DW_NOBOOT) {
		if (err)
			*err = *why;
		return ret;
	}
	v->boots = !ret;
	if (ret) {
		v->reason = strdup(why->text);
		if (!v->reason)
			return dw_fail_nomem(err);
		ret = dw_packages_advise(source->release, source->kernels,
					 side, &v->advice, err);
		if (ret)
			return ret;
	}
	return dw_notes_check(&v->warnings, err);
}
