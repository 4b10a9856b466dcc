/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small guest that both sides would boot, as far as anybody looks. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "fsimg.h"
#include "guestimg.h"

static void write_file(const char *root, const char *name, const void *data,
		       size_t len)
{
	char path[400];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, len, f), len);
	fclose(f);
}

/* The setup header of a bzImage of protocol 2.15, packed with gzip. */
static void write_kernel(const char *root)
{
	static const char version[] = "6.1.0-test";
	uint8_t k[16384] = { 0 };

	k[0x1f1] = 3;
	dw_put_le16(k + 0x1fe, 0xaa55);
	memcpy(k + 0x202, "HdrS", 4);
	dw_put_le16(k + 0x206, 0x020f);
	dw_put_le16(k + 0x20e, 0x300);
	k[0x211] = 1;
	k[0x234] = 1;
	dw_put_le16(k + 0x236, 1);
	dw_put_le32(k + 0x248, 64);
	dw_put_le32(k + 0x24c, 8000);
	memcpy(k + 0x500, version, sizeof(version));
	memcpy(k + 2048 + 64, "\x1f\x8b\x08", 3);
	write_file(root, "boot/vmlinuz-6.1.0-test", k, sizeof(k));
}

static void write_text(const char *root, const char *name, const char *text)
{
	write_file(root, name, text, strlen(text));
}

const char *guestimg_make(const char *name, const char *more)
{
	char root[200], args[300];

	snprintf(root, sizeof(root), "%s", fsimg_path("root"));
	fsimg_run(NULL, "rm -rf %s; mkdir -p %s/etc %s/boot/grub %s/sbin",
		  root, root, root, root);
	write_text(root, "etc/fstab", "/dev/xvda / ext4 defaults 0 1\n");
	write_text(root, "etc/os-release", "ID=test\nNAME=\"Test\"\n");
	write_text(root, "sbin/init", "x");
	write_text(root, "boot/config-6.1.0-test",
		   "CONFIG_64BIT=y\nCONFIG_XEN_PV=y\nCONFIG_XEN=y\n"
		   "CONFIG_XEN_BLKDEV_FRONTEND=y\nCONFIG_VIRTIO_PCI=y\n"
		   "CONFIG_VIRTIO_BLK=y\nCONFIG_VIRTIO_NET=y\n"
		   "CONFIG_EXT4_FS=y\nCONFIG_CRYPTO_CRC32C=y\n"
		   "CONFIG_BLK_DEV_INITRD=y\n");
	write_text(root, "boot/grub/menu.lst",
		   "default 0\ntimeout 2\n\ntitle Guest\nroot (hd0)\n"
		   "kernel /boot/vmlinuz-6.1.0-test root=/dev/xvda ro\n");
	write_kernel(root);
	ck_assert_int_eq(fsimg_run(NULL, "cd %s && { %s:; }", root, more), 0);
	snprintf(args, sizeof(args), "-t ext4 -U %s -d %s", GUESTIMG_UUID,
		 root);
	return fsimg_make(name, "8M", args);
}

void guestimg_debugfs(const char *path, const char *commands)
{
	ck_assert_int_eq(fsimg_run(NULL, "printf '%%s\\n' '%s' | debugfs -w "
				   "-f - %s", commands, path), 0);
}

int guestimg_plan(struct dw_ctx *ctx, const char *more,
		  struct dw_dualboot_plan **plan, struct dw_err *err)
{
	struct dw_dualboot_options options = { .size = sizeof(options) };
	const char *image = guestimg_make("plan.img", more);
	struct dw_dev *dev;
	int ret;

	ck_assert_int_eq(fsimg_run(NULL, "tune2fs -L / %s", image), 0);
	ck_assert_int_eq(dw_open(ctx, image, NULL, 0, &dev, err), 0);
	err->text[0] = '\0';
	ret = dw_dualboot_plan(ctx, dev, &options, plan, err);
	dw_dev_close(dev, NULL);
	return ret;
}

const struct dw_change *guestimg_change(const struct dw_dualboot_plan *plan,
					const char *path, size_t n)
{
	for (size_t i = 0; i < plan->changes.nr; i++)
		if (!strcmp(plan->changes.items[i].path, path) && !n--)
			return &plan->changes.items[i];
	return NULL;
}

bool guestimg_noted(const struct dw_dualboot_plan *plan, const char *text)
{
	for (size_t i = 0; i < plan->notes.nr; i++)
		if (strstr(plan->notes.items[i], text))
			return true;
	return false;
}
