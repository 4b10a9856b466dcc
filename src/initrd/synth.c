/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A whole initrd around our own /init. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "initrd/init/code.h"
#include "initrd/make.h"
#include "initrd/own.h"
#include "initrd/own_root.h"
#include "initrd/pack.h"

#define ELF_I386	3
#define ELF_X86_64	62

/* For the same disk on another bus, which whoever starts the machine may
 * choose.  The old IDE drivers come last: where libata has the disk, they do
 * not get it. */
static const char *const fallbacks[] = {
	"sd_mod", "ahci", "ata_piix", "ata_generic", "xen_platform_pci",
	"piix", "ide_generic", "ide_disk", "ide_gd_mod",
};

struct synth {
	const struct dw_initrd_target *t;
	struct dw_module_list needed;	/* a failure of these is told */
	struct dw_module_list load;	/* all, in the order of loading */
	struct dw_err *err;
};

static int add_names(struct dw_module_list *to,
		     const struct dw_module_list *from, struct dw_err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && from && i < from->nr; i++)
		ret = dw_module_list_add(to, from->names[i], err);
	return ret;
}

static int add_fallbacks(const struct synth *s, struct dw_module_list *to)
{
	int ret = 0;

	for (size_t i = 0; !ret &&
	     i < sizeof(fallbacks) / sizeof(*fallbacks); i++)
		if (dw_modules_have(s->t->mods, fallbacks[i]) ==
		    DW_HAVE_MODULE)
			ret = dw_module_list_add(to, fallbacks[i], s->err);
	return ret;
}

/* Both lists begin alike: what comes behind changes no order. */
static int choose(struct synth *s, const struct dw_module_list *more)
{
	struct dw_module_list names = { 0 };
	int ret;

	ret = dw_initrd_wanted(s->t, NULL, DW_SIDE_KVM, &names, s->err);
	if (!ret)
		ret = dw_initrd_wanted(s->t, NULL, DW_SIDE_XEN, &names,
				       s->err);
	if (!ret)
		ret = add_names(&names, more, s->err);
	if (!ret)
		ret = dw_initrd_resolve(s->t, NULL, &names, &s->needed,
					s->err);
	if (!ret)
		ret = add_fallbacks(s, &names);
	if (!ret)
		ret = dw_initrd_resolve(s->t, NULL, &names, &s->load, s->err);
	dw_module_list_free(&names);
	return ret;
}

/*
 * The kernel's kind by its modules; without any by its configuration or what
 * the file says of itself, which before Linux 3.8 is nothing.  Then it is the
 * program for i386: a kernel for x86_64 runs that, too.
 */
static int put_init(const struct synth *s, const struct dw_own_elf *elf,
		    struct dw_cpio_writer *w)
{
	const struct dw_kernel *k = s->t->kernel;
	const struct dw_init_code *code = &dw_init_code;
	bool is_64bit = k->config.known ? k->config.is_64bit :
					  k->head.is_64bit;

	if (elf->bits) {
		is_64bit = elf->bits == 64;
		if (elf->machine != (is_64bit ? ELF_X86_64 : ELF_I386))
			return dw_fail(s->err, DW_UNSUPPORTED, "initrd: kernel "
				       "%s has modules for machine %u of ELF, "
				       "not for a PC", k->version,
				       elf->machine);
	}
	dw_cpio_file(w, "init", 0755, is_64bit ? code->x86_64 : code->i386,
		     is_64bit ? code->x86_64_len : code->i386_len);
	return 0;
}

/* A kernel without devtmpfs looks for a console in here. */
static void put_frame(struct dw_cpio_writer *w)
{
	dw_cpio_folder(w, "dev", 0755);
	dw_cpio_node(w, "dev/console", S_IFCHR | 0600, 5, 1);
	dw_cpio_node(w, "dev/null", S_IFCHR | 0666, 1, 3);
	dw_cpio_folder(w, "proc", 0755);
	dw_cpio_folder(w, "root", 0700);
	dw_cpio_folder(w, "sys", 0755);
}

static int fill(const struct synth *s, struct dw_cpio_writer *w)
{
	struct dw_own_elf elf = { 0 };
	struct dw_buf list = { 0 };
	int ret = 0;

	dw_buf_printf(&list, "# modules of Linux %s, loaded in this order\n",
		      s->t->kernel->version);
	put_frame(w);
	for (size_t i = 0; !ret && i < s->load.nr; i++) {
		const char *name = s->load.names[i];

		ret = dw_ctx_check(s->t->ctx, s->err);
		if (!ret)
			ret = dw_own_put_module(s->t, name,
				!dw_module_list_has(&s->needed, name), w,
				&list, &elf, s->err);
	}
	if (!ret)
		ret = dw_own_put_list(w, &list, s->err);
	if (!ret)
		ret = put_init(s, &elf, w);
	dw_buf_free(&list);
	return ret;
}

int dw_initrd_synth(const struct dw_initrd_target *t,
		    const struct dw_module_list *more, char **data,
		    size_t *len, struct dw_err *err)
{
	struct synth s = { .t = t, .err = err };
	struct dw_cpio_writer w = { .cap_len = t->ctx->memory_cap_len };
	struct dw_initrd_pack pack;
	char *plain = NULL;
	size_t plain_len;
	int ret;

	*data = NULL;
	*len = 0;
	ret = dw_own_check(t, err);
	if (!ret)
		ret = dw_own_check_guest(t, err);
	if (!ret)
		ret = choose(&s, more);
	if (!ret)
		ret = dw_initrd_check_room(t, &s.load, false, err);
	if (!ret)
		ret = fill(&s, &w);
	if (!ret)
		ret = dw_cpio_end(&w, &plain, &plain_len, err);
	if (!ret) {
		dw_initrd_pack_open(&pack, t->kernel->config.no_gzip_initrd);
		dw_initrd_pack_add(&pack, plain, plain_len);
		ret = dw_initrd_pack_end(&pack, data, len, err);
	}
	free(plain);
	dw_cpio_abort(&w);
	dw_module_list_free(&s.needed);
	dw_module_list_free(&s.load);
	return ret ? dw_err_prefix(err, ret, "making an initrd") : 0;
}
