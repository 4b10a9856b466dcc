/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of a guest as bytes: boot configurations, fstab, inittab, kernels and
 * initrds; and locators.  Nothing here touches a device. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "boot/bootconf.h"
#include "boot/bzimage.h"
#include "boot/pygrub.h"
#include "fuzz.h"
#include "guest/console.h"
#include "guest/fstab.h"
#include "initrd/initrd.h"
#include "guest/network.h"
#include "stack/locator.h"

enum {
	EXTLINUX, MENULST, GRUBCFG, PYGRUB, FSTAB, INITTAB, NETWORK, KERNEL,
	INITRD, LOCATOR, MODES_NR
};

static const struct dw_arg_edit edits[] = {
	{ DW_ARG_SET, "root", "UUID=6b4a1b3c-1234-4321-8888-0123456789ab",
	  NULL },
	{ DW_ARG_ADD, "console", "ttyS0", NULL },
	{ DW_ARG_REPLACE, "resume", "/dev/sda2", "/dev/xvda2" },
	{ DW_ARG_REMOVE, "quiet", NULL, NULL },
};

#define EDITS_NR (sizeof(edits) / sizeof(edits[0]))

static void bootconf(struct fuzz *z, enum dw_bootconf_kind kind)
{
	struct dw_bootconf *bc;
	char *text;
	size_t nr, len;
	int ret;

	if (fuzz_result(z, dw_bootconf_parse(kind, (const char *)z->data,
					     z->len, &bc, &z->err)))
		return;
	nr = bc->entries_nr;
	ret = dw_bootconf_edit_defaults(bc, edits, EDITS_NR, &z->err);
	for (size_t i = 0; !ret && i < nr; i++)
		ret = dw_bootconf_edit_entry(bc, i, edits, EDITS_NR, &z->err);
	if (!ret)
		ret = dw_bootconf_set_partition(bc, 1, &z->err);
	if (!ret)
		ret = dw_bootconf_replace(bc, "sda", "vda", &z->err);
	if (!ret)
		ret = dw_text_render(bc->text, &text, &len, &z->err);
	if (!ret)
		free(text);
	if (!ret)
		ret = dw_bootconf_reread(bc, &z->err);
	if (!fuzz_result(z, ret) && bc->entries_nr != nr)
		fuzz_fail("%zu entries after edits, %zu before",
			  bc->entries_nr, nr);
	dw_bootconf_free(bc);
}

/* ---- pygrub ------------------------------------------------------------- */

static bool exists(void *arg, const char *path)
{
	struct fuzz *z = arg;

	return strstr(path, "vmlinuz") ||
	       strstr(path, (const char *[]){ "grub.cfg", "extlinux.conf",
			      "menu.lst", "grub.conf" }
		      [z->ctl[FUZZ_OWN] % 4]);
}

static int read_file(void *arg, const char *path, size_t max_len, char **data,
		     size_t *len, struct dw_err *err)
{
	struct fuzz *z = arg;

	*len = dw_min(z->len, max_len);
	*data = malloc(*len + 1);
	memcpy(*data, z->data, *len);
	(*data)[*len] = '\0';
	return 0;
}

static void pygrub(struct fuzz *z)
{
	const struct dw_pygrub_files files = {
		.arg = z, .exists = exists, .read = read_file,
	};
	enum dw_pygrub_rules rules = z->ctl[FUZZ_OWN] & 4 ? DW_PYGRUB_4_4 :
				     DW_PYGRUB_4_17;
	struct dw_pygrub_result *r = NULL;

	fuzz_result(z, dw_pygrub_lint(rules, &files, &r, &z->err));
	dw_pygrub_free(r);
}

/* ---- other texts --------------------------------------------------------- */

static void edit_text(struct fuzz *z)
{
	static const struct dw_console console = {
		.xen_tty = "hvc0", .getty = "/sbin/agetty",
	};
	const char *text = (const char *)z->data;
	struct dw_changes changes = { 0 };
	struct dw_buf out = { 0 };
	struct dw_names names;

	dw_names_init(&names, "6b4a1b3c-1234-4321-8888-0123456789ab", "root",
		      NULL);
	names.systemd = z->ctl[FUZZ_OWN] & 1;
	names.mountall = z->ctl[FUZZ_OWN] & 2;
	if (z->mode == FSTAB)
		fuzz_result(z, dw_fstab_edit(text, z->len, &names, &out,
					     &changes, &z->err));
	else if (z->mode == INITTAB)
		fuzz_result(z, dw_inittab_edit(text, z->len, &console, &out,
					       &changes, &z->err));
	else
		fuzz_result(z, dw_net_unpin((enum dw_net_syntax)
					    (z->ctl[FUZZ_OWN] %
					     (DW_NET_UDEV + 1)), text,
					    z->len, &out, &changes, &z->err));
	dw_buf_free(&out);
	dw_changes_free(&changes);
}

static void kernel(struct fuzz *z)
{
	struct dw_kernel_head head;

	dw_kernel_head_decode(z->data, dw_min(z->len, DW_KERNEL_HEAD_LEN),
			      &head);
	if (!memchr(head.version, '\0', sizeof(head.version)))
		fuzz_fail("a version without an end");
}

static int source_read(void *arg, uint64_t off, void *buf, size_t len,
		       size_t *got, struct dw_err *err)
{
	struct fuzz *z = arg;

	*got = off < z->len ? dw_min(len, z->len - off) : 0;
	memcpy(buf, z->data + dw_min(off, z->len), *got);
	return 0;
}

static void initrd(struct fuzz *z)
{
	const struct dw_source src = {
		.read = source_read, .arg = z, .size = z->len,
	};
	struct dw_initrd *initrd = NULL;

	fuzz_result(z, dw_initrd_read_source(z->ctx, &src, NULL, &initrd,
					     &z->err));
	dw_initrd_free(initrd);
}

static bool some_exist(void *arg, const char *path)
{
	return strlen(path) % 5 == 3;
}

static void locator(struct fuzz *z)
{
	char *text = strndup((const char *)z->data, z->len);
	struct dw_locator loc;

	fuzz_result(z, dw_locator_parse(text, some_exist, NULL, &loc,
					&z->err));
	dw_locator_free(&loc);
	free(text);
}

static void run(struct fuzz *z)
{
	switch (z->mode) {
	case EXTLINUX:
		bootconf(z, DW_BOOTCONF_EXTLINUX);
		break;
	case MENULST:
		bootconf(z, DW_BOOTCONF_MENULST);
		break;
	case GRUBCFG:
		bootconf(z, DW_BOOTCONF_GRUBCFG);
		break;
	case PYGRUB:
		pygrub(z);
		break;
	case KERNEL:
		kernel(z);
		break;
	case INITRD:
		initrd(z);
		break;
	case LOCATOR:
		locator(z);
		break;
	default:
		edit_text(z);
	}
}

const struct fuzz_target fuzz_target = {
	.name = "text",
	.modes_nr = MODES_NR,
	.plain = true,
	.run = run,
};
