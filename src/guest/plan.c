/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans the edits of a guest's own files. */
#include <stdlib.h>
#include <string.h>

#include "guest/console.h"
#include "guest/devnames.h"
#include "guest/fstab.h"
#include "guest/guest.h"
#include "guest/modprobe_conf.h"
#include "guest/network.h"
#include "fs/read_text.h"

typedef int (*names_fn)(const char *text, size_t len,
			const struct dw_names *names, struct dw_buf *out,
			struct dw_changes *changes, struct dw_err *err);

struct names_arg {
	const struct dw_names *names;
	names_fn fn;
};

static int run_names(const char *text, size_t len, const void *arg,
		     struct dw_buf *out, struct dw_changes *changes,
		     struct dw_err *err)
{
	const struct names_arg *a = arg;

	return a->fn(text, len, a->names, out, changes, err);
}

static int plan_names(struct dw_fs *fs, const struct dw_names *names,
		      struct dw_edits *edits, struct dw_err *err)
{
	static const struct {
		const char *path;
		names_fn fn;
	} files[] = {
		{ "/etc/fstab", dw_fstab_edit },
		{ "/etc/crypttab", dw_crypttab_edit },
		{ "/etc/initramfs-tools/conf.d/resume", dw_resume_edit },
		{ "/etc/default/grub", dw_args_edit },
		{ "/etc/sysconfig/grub", dw_args_edit },
		{ "/etc/sysconfig/kernel", dw_args_edit },
		{ "/etc/sysconfig/bootloader", dw_args_edit },
		{ "/boot/grub/device.map", dw_device_map_edit },
		{ "/boot/grub2/device.map", dw_device_map_edit },
	};
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(files) / sizeof(*files); i++) {
		struct names_arg arg = { names, files[i].fn };
		bool again = false;

		/* A later name may be a link to an earlier one: its remarks
		 * would come twice. */
		if (!strcmp(files[i].path, "/etc/sysconfig/grub")) {
			char *real = NULL;

			if (!dw_fs_realpath(fs, files[i].path, &real, NULL))
				again = !strcmp(real, "/etc/default/grub");
			free(real);
		}
		if (!again)
			ret = dw_edits_run(edits, fs, files[i].path, run_names,
					   &arg, err);
	}
	return ret;
}

/* initramfs-tools' resume file, as the initrd was made from it. */
static int find_resume(struct dw_fs *fs, const struct dw_names *names,
		       struct dw_guest_needs *needs, struct dw_err *err)
{
	char *text = NULL;
	size_t len = 0;
	int ret;

	ret = dw_fs_read_text(fs, "/etc/initramfs-tools/conf.d/resume",
				 65536, &text, &len, err);
	if (text)
		needs->noresume = dw_resume_waits(text, len, names);
	free(text);
	return ret;
}

int dw_guest_plan(const struct dw_guest *guest, struct dw_fs *fs,
		  const struct dw_guest_edit_opts *opts,
		  struct dw_edits *edits, struct dw_guest_needs *needs,
		  struct dw_err *err)
{
	int ret;

	memset(needs, 0, sizeof(*needs));
	ret = find_resume(fs, opts->names, needs, err);
	if (!ret)
		ret = plan_names(fs, opts->names, edits, err);
	if (!ret)
		ret = dw_console_plan(guest, fs, edits, err);
	if (!ret)
		ret = dw_modprobe_plan(fs, edits, err);
	if (!ret && !opts->keep_net)
		ret = dw_network_plan(guest, fs, edits, needs, err);
	return ret;
}
