/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes initrds for the kernels of an ext image, for tests that boot them:
 *
 *   initrdtool synth IMAGE VERSION OUT [MODULE...]
 *   initrdtool remake IMAGE VERSION INITRD OLD-VERSION OUT
 *
 * Prints what reading it back says: family, packing, how many modules, and for
 * each bus what is missing.  Exit status 1 with a line of text on an error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dev/kinds.h"
#include "initrd/make.h"

static struct dw_ctx *ctx;
static struct dw_dev *dev;
static struct dw_fs *fs;
static struct dw_kernels kernels;
static struct dw_modules *mods;
static struct dw_err err;

static void must(int ret)
{
	if (!ret)
		return;
	puts(err.text);
	exit(1);
}

static const struct dw_kernel *find_kernel(const char *version)
{
	must(dw_kernels_find(ctx, fs, &kernels, &err));
	for (size_t i = 0; i < kernels.nr; i++)
		if (!strcmp(kernels.items[i].version, version))
			return &kernels.items[i];
	printf("no kernel %s\n", version);
	exit(1);
}

static int read_memory(void *arg, uint64_t off, void *buf, size_t len,
		       size_t *got, struct dw_err *unused)
{
	const struct dw_buf *b = arg;

	*got = off >= b->len ? 0 : b->len - off < len ? b->len - off : len;
	if (*got)
		memcpy(buf, b->data + off, *got);
	return 0;
}

static void tell(const struct dw_initrd_target *t, char *data, size_t len)
{
	struct dw_buf memory = { .data = data, .len = len };
	struct dw_source src = { read_memory, &memory, len };
	struct dw_initrd *initrd;

	must(dw_initrd_read_source(ctx, &src, t->kernel->version, &initrd,
				   &err));
	printf("%s, %s, %zu modules%s%s\n",
	       dw_initrd_family_name(initrd->family),
	       dw_packing_name(initrd->packing), initrd->modules_nr,
	       initrd->root_by_uuid ? ", UUID" : "",
	       initrd->root_by_label ? ", LABEL" : "");
	for (int bus = 0; bus < DW_BUS_NR; bus++) {
		struct dw_buf missing = { 0 };

		must(dw_initrd_check(t->kernel, t->mods, initrd, bus, &t->root,
				     &missing, &err));
		printf("%s: %s\n", dw_bus_name(bus),
		       missing.len ? missing.data : "works");
		dw_buf_free(&missing);
	}
	dw_initrd_free(initrd);
}

static void write_out(const char *path, const char *data, size_t len)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(data, 1, len, f) != len || fclose(f)) {
		perror(path);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	bool synth = argc > 1 && !strcmp(argv[1], "synth");
	struct dw_initrd_target t = { 0 };
	struct dw_module_list more = { 0 };
	struct dw_release release = { 0 };
	struct dw_fs_info info;
	char *data;
	size_t len;

	if (argc < 5 || (!synth && (argc != 7 || strcmp(argv[1], "remake"))))
		return 2;
	must(dw_ctx_new(&ctx, &err));
	must(dw_file_open(ctx, argv[2], 0, &dev, &err));
	must(dw_fs_open(ctx, dev, 0, &fs, &err));
	must(dw_fs_get_info(fs, &info, &err));
	must(dw_modules_open(fs, argv[3], &mods, &err));
	t = (struct dw_initrd_target){
		.ctx = ctx, .fs = fs, .kernel = find_kernel(argv[3]),
		.mods = mods, .release = &release,
		.root = { info.type, strstr(info.features, "metadata_csum") },
	};
	for (int i = 5; synth && i < argc; i++)
		must(dw_module_list_add(&more, argv[i], &err));
	if (synth)
		must(dw_initrd_synth(&t, &more, &data, &len, &err));
	else
		must(dw_initrd_remake(&t, argv[4], argv[5], &data, &len,
				      &err));
	write_out(synth ? argv[4] : argv[6], data, len);
	tell(&t, data, len);
	free(data);
	dw_module_list_free(&more);
	dw_modules_free(mods);
	dw_kernels_free(&kernels);
	dw_fs_close(fs);
	dw_dev_close(dev, NULL);
	dw_ctx_free(ctx);
	return 0;
}
