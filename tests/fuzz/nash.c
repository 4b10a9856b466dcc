/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scripts of old initrds and what names their modules in a guest: each editor
 * changes nothing where it has been before. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "guest/modprobe_conf.h"
#include "initrd/nash.h"
#include "initrd/suse.h"

enum { NASH, SUSE_LIST, SUSE_INIT, MODPROBE, MODES_NR };

static const struct dw_nash_module modules[] = {
	{ "virtio", "virtio.ko" }, { "virtio_pci", "virtio_pci.ko" },
	{ "scsi_mod", "scsi_mod.ko" }, { "dm_mod", "dm-mod.ko" },
};

static int nash(const char *text, size_t len, const void *arg,
		struct dw_buf *out, struct dw_changes *changes,
		struct dw_err *err)
{
	struct dw_nash_style style;

	return dw_nash_edit(text, len, arg, &style, out, changes, err);
}

/* The editor on the text, and on what it made of it. */
static void twice(struct fuzz *z, dw_edit_fn fn, const void *arg)
{
	struct dw_changes changes = { 0 }, none = { 0 };
	struct dw_buf once = { 0 }, again = { 0 };

	if (fuzz_result(z, fn((const char *)z->data, z->len, arg, &once,
			      &changes, &z->err)))
		goto out;
	if (once.len < z->len && !dw_changes_any(&changes))
		fuzz_fail("%zu bytes became %zu without a change", z->len,
			  once.len);
	if (fuzz_result(z, fn(once.data ? once.data : "", once.len, arg,
			      &again, &none, &z->err)))
		fuzz_fail("its own result is refused: %s", z->err.text);
	if (dw_changes_any(&none) || again.len != once.len ||
	    (once.len && memcmp(again.data, once.data, once.len)))
		fuzz_fail("the second time it changes its own result");
out:
	dw_buf_free(&once);
	dw_buf_free(&again);
	dw_changes_free(&changes);
	dw_changes_free(&none);
}

static void run(struct fuzz *z)
{
	const struct dw_nash_want want = { modules, 4, z->ctl[FUZZ_OWN] & 1 ?
					   "UUID=6b4a1b3c" : NULL };
	struct dw_module_list list = { 0 };
	struct dw_suse_list words = { "MODULES", &list,
				      z->ctl[FUZZ_OWN] & 2 };

	for (size_t i = 0; i < 4; i++)
		fuzz_result(z, dw_module_list_add(&list, modules[i].name,
						  &z->err));
	switch (z->mode) {
	case NASH:
		twice(z, nash, &want);
		break;
	case SUSE_LIST:
		twice(z, dw_suse_list_edit, &words);
		break;
	case SUSE_INIT:
		twice(z, dw_suse_init_edit, &list);
		break;
	default:
		twice(z, dw_modprobe_conf_edit, NULL);
	}
	dw_module_list_free(&list);
}

const struct fuzz_target fuzz_target = {
	.name = "nash",
	.modes_nr = MODES_NR,
	.plain = true,
	.run = run,
};
