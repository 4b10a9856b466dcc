/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts together what is known about a guest. */
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "guest/fstab.h"
#include "guest/guest.h"
#include "fs/read_text.h"

#define FSTAB_CAP_LEN (1u << 20)

static int read_fstab(struct dw_fs *fs, struct dw_guest *guest,
		      struct dw_err *err)
{
	struct dw_span spec;
	char *text = NULL;
	size_t len = 0;
	int ret;

	ret = dw_fs_read_text(fs, "/etc/fstab", FSTAB_CAP_LEN, &text, &len,
				 err);
	if (ret || !text)
		return ret;
	guest->has_separate_boot = dw_fstab_find(text, len, "/boot", &spec);
	if (dw_fstab_find(text, len, "/", &spec)) {
		guest->root_spec = malloc(spec.len + 1);
		if (guest->root_spec)
			dw_span_copy(spec, guest->root_spec, spec.len + 1);
		else
			ret = dw_fail_nomem(err);
	}
	free(text);
	return ret;
}

int dw_guest_inspect(struct dw_ctx *ctx, struct dw_fs *fs,
		     struct dw_guest **out, struct dw_err *err)
{
	struct dw_guest *guest = calloc(1, sizeof(*guest));
	int ret;

	*out = NULL;
	if (!guest)
		return dw_fail_nomem(err);
	ret = dw_release_read(fs, &guest->release, err);
	if (!ret)
		ret = dw_kernels_find(ctx, fs, &guest->kernels, err);
	if (!ret)
		ret = read_fstab(fs, guest, err);
	if (ret)
		dw_guest_free(guest);
	else
		*out = guest;
	return ret;
}

void dw_guest_free(struct dw_guest *guest)
{
	if (!guest)
		return;
	dw_kernels_free(&guest->kernels);
	free(guest->root_spec);
	free(guest);
}

bool dw_guest_is_system(const struct dw_guest *guest)
{
	return guest->release.distro || *guest->release.id ||
	       guest->release.has_init || guest->kernels.nr;
}

int dw_guest_names(const struct dw_guest *guest, struct dw_fs *fs,
		   const char *spec, struct dw_names *out,
		   struct dw_err *err)
{
	struct dw_fs_info info;
	char uuid[DW_UUID_TEXT] = "";
	int ret;

	ret = dw_fs_get_info(fs, &info, err);
	if (ret)
		return ret;
	if (info.has_uuid)
		dw_uuid_format(info.uuid, uuid);
	dw_names_init(out, uuid, info.label, spec);
	if (guest->root_spec)
		dw_names_add(out, dw_span_of(guest->root_spec));
	out->old_mount = guest->release.old_mount;
	out->mountall = guest->release.init == DW_INIT_UPSTART &&
			dw_fs_exists(fs, "/etc/init/mountall.conf");
	out->systemd = guest->release.init == DW_INIT_SYSTEMD;
	return 0;
}
