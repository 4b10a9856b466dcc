/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What src/boot/pygrub has to say, for tests/boot/pygrub-agree.sh:
 *
 *   pygrublint lint RULES IMAGE...     a filesystem at the start of each image
 *   pygrublint offsets RULES IMAGE...  where filesystems are looked for
 *
 * RULES is 4.4 or 4.17.  One line for each image; strings in hexadecimal, "-"
 * for none.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/pygrub.h"
#include "dev/kinds.h"
#include "fs/fs.h"

static const char *const whys[] = {
	[DW_PYGRUB_BOOTS] = "boots",
	[DW_PYGRUB_NO_CONFIG] = "no-config",
	[DW_PYGRUB_NOT_UTF8] = "UnicodeDecodeError",
	[DW_PYGRUB_BAD_VALUE] = "ValueError",
	[DW_PYGRUB_BAD_DISK] = "IndexError",
	[DW_PYGRUB_SYNTAX] = "RuntimeError",
	[DW_PYGRUB_NO_ENTRY] = "IndexError",
	[DW_PYGRUB_NO_KERNEL] = "TypeError",
	[DW_PYGRUB_EMPTY_KERNEL] = "empty-kernel",
	[DW_PYGRUB_MISSING_KERNEL] = "missing-kernel",
	[DW_PYGRUB_MISSING_INITRD] = "missing-initrd",
};

static void put_hex(const char *key, const char *s, size_t len)
{
	printf(" %s=", key);
	if (!s)
		putchar('-');
	else
		for (size_t i = 0; i < len; i++)
			printf("%02x", (unsigned char)s[i]);
}

static void put_result(const struct dw_pygrub_result *r)
{
	printf("%s line=%" PRIu32, whys[r->why], r->line_nr);
	put_hex("config", r->v.config, r->v.config ? strlen(r->v.config) : 0);
	put_hex("entry", r->v.entry, r->entry_len);
	put_hex("kernel", r->v.kernel, r->kernel_len);
	put_hex("initrd", r->v.initrd, r->initrd_len);
	put_hex("args", r->v.args, r->args_len);
	put_hex("reason", r->v.reason, r->v.reason ? strlen(r->v.reason) : 0);
	putchar('\n');
}

static int lint(struct dw_ctx *ctx, enum dw_pygrub_rules rules,
		struct dw_dev *dev, struct dw_err *err)
{
	struct dw_pygrub_result *r = NULL;
	struct dw_fs *fs = NULL;
	int ret;

	ret = dw_fs_open(ctx, dev, 0, &fs, err);
	if (!ret)
		ret = dw_pygrub_lint_fs(rules, fs, &r, err);
	if (!ret)
		put_result(r);
	dw_pygrub_free(r);
	dw_fs_close(fs);
	return ret;
}

static int offsets(struct dw_ctx *ctx, enum dw_pygrub_rules rules,
		   struct dw_dev *dev, struct dw_err *err)
{
	static uint8_t head[DW_PYGRUB_HEAD_LEN];
	uint64_t list[DW_PYGRUB_MAX_OFFSETS];
	size_t len = sizeof(head), nr;
	int ret;

	if (dw_dev_size(dev) < len)
		len = dw_dev_size(dev);
	ret = dw_dev_pread(dev, 0, head, len, err);
	if (!ret)
		ret = dw_pygrub_offsets(rules, head, len, list, &nr, err);
	if (ret)
		return ret;
	for (size_t i = 0; i < nr; i++)
		printf("%s%" PRIu64, i ? " " : "", list[i]);
	putchar('\n');
	return 0;
}

int main(int argc, char **argv)
{
	enum dw_pygrub_rules rules;
	struct dw_ctx *ctx;
	struct dw_dev *dev;
	struct dw_err err;

	if (argc < 4 || dw_ctx_new(&ctx, &err))
		return 2;
	rules = strcmp(argv[2], "4.4") ? DW_PYGRUB_4_17 : DW_PYGRUB_4_4;
	for (int i = 3; i < argc; i++) {
		int ret = dw_file_open(ctx, argv[i], 0, &dev, &err);

		if (!ret)
			ret = strcmp(argv[1], "lint") ?
			      offsets(ctx, rules, dev, &err) :
			      lint(ctx, rules, dev, &err);
		if (ret)
			printf("error %s\n", err.text);
		dw_dev_close(dev, NULL);
	}
	dw_ctx_free(ctx);
	return 0;
}
