/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The KVM side: a syslinux.cfg of our own, one entry per usable kernel. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "boot/bootconf.h"
#include "job/bootfiles.h"

#define CONFIG_PATH DW_LOADER_DIR "/syslinux.cfg"
#define MAX_CONFIG_LEN (1u << 20)
/* PARTUUID= of an MBR disk: Linux 3.7. */
#define HAS_PARTUUID 3, 7, 0

int dw_bootfiles_root(struct dw_bootfiles *b, size_t kernel_nr,
		      const char *disk_name, char text[200],
		      struct dw_err *err)
{
	const struct dw_verdict_source *source = b->source;
	const struct dw_kernel *kernel;
	const struct dw_boot_check *check;
	bool by_uuid, by_name;
	int ret;

	if (!source->kernels->nr) {
		snprintf(text, 200, "%s", b->names.spec);
		return 0;
	}
	kernel = &source->kernels->items[kernel_nr];
	ret = dw_verdict_check(b->source, kernel_nr, &check, err);
	if (ret)
		return ret;
	by_uuid = !strncmp(b->names.spec, "UUID=", 5);
	by_name = check->initrd && (by_uuid ? check->initrd->root_by_uuid
					    : check->initrd->root_by_label);
	if (by_name)
		snprintf(text, 200, "%s", b->names.spec);
	else if (check->initrd && check->initrd->root_by_label &&
		 b->names.label[0])
		snprintf(text, 200, "LABEL=%s", b->names.label);
	else if (!kernel->initrd_path && source->part_nr &&
		 dw_version_at_least(kernel->version, HAS_PARTUUID))
		snprintf(text, 200, "PARTUUID=%08x-%02x",
			 source->disk_signature, source->part_nr);
	else if (source->part_nr)
		snprintf(text, 200, "/dev/%s%u", disk_name, source->part_nr);
	else
		snprintf(text, 200, "/dev/%s", disk_name);
	return 0;
}

/* ---- arguments ---------------------------------------------------------- */

/* What belongs to the old host, or is given anew. */
static bool is_dropped(struct dw_span word)
{
	static const char *const names[] = {
		"root", "console", "xencons", "initrd", "BOOT_IMAGE",
		"resume", "clocksource", "net.ifnames", "biosdevname",
	};
	struct dw_span value;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (dw_arg_is(word, names[i], &value))
			return true;
	return false;
}

/* Adds the words of the guest's own arguments that are worth keeping. */
static void add_kept(struct dw_buf *out, const char *args, bool *has_mode)
{
	struct dw_span word;
	const char *p = args;

	while (*p) {
		p += strspn(p, " \t");
		word = (struct dw_span){ p, strcspn(p, " \t") };
		p += word.len;
		if (!word.len || is_dropped(word))
			continue;
		*has_mode |= dw_span_is(word, "ro") || dw_span_is(word, "rw");
		dw_buf_adds(out, " ");
		dw_buf_add(out, word.p, word.len);
	}
}

/* The arguments that a guest's configuration gives this kernel; those of its
 * default entry where it does not know the kernel.  NULL: none. */
static char *guest_args(struct dw_bootfiles *b, const struct dw_kernel *kernel,
			struct dw_bootconf *conf)
{
	const struct dw_boot_entry *e, *found = NULL;
	struct dw_stat st;
	size_t i;

	for (i = 0; conf && i < conf->entries_nr; i++) {
		e = &conf->entries[i];
		if (e->is_other || e->is_module || !e->args || !e->kernel)
			continue;
		if (!found && (long)i == conf->default_nr)
			found = e;
		if (!dw_fs_stat(b->source->fs, e->kernel, &st, NULL) &&
		    st.ino == kernel->ino) {
			found = e;
			break;
		}
	}
	return found ? strdup(found->args) : NULL;
}

static int make_args(struct dw_bootfiles *b, size_t kernel_nr,
		     struct dw_bootconf *conf, char **out, struct dw_err *err)
{
	const struct dw_kernel *kernel =
		&b->source->kernels->items[kernel_nr];
	char root[200], *own = guest_args(b, kernel, conf);
	struct dw_buf args = { 0 };
	bool has_mode = false;
	int ret = 0;

	if (b->kvm_root)
		snprintf(root, sizeof(root), "%s", b->kvm_root);
	else
		ret = dw_bootfiles_root(b, kernel_nr, "vda", root, err);
	dw_buf_printf(&args, "root=%s", root);
	if (own)
		add_kept(&args, own, &has_mode);
	if (!has_mode)
		dw_buf_adds(&args, " ro");
	dw_buf_adds(&args, " console=tty0 console=ttyS0,115200n8");
	if (b->net_ifnames)
		dw_buf_adds(&args, " net.ifnames=0 biosdevname=0");
	if (b->noresume)
		dw_buf_adds(&args, " noresume");
	free(own);
	if (!ret)
		ret = dw_buf_check(&args, err);
	*out = ret ? NULL : dw_buf_take(&args, NULL);
	dw_buf_free(&args);
	return ret;
}

/* ---- entries --------------------------------------------------------------- */

struct menu {
	struct dw_boot_spec spec;
	struct dw_boot_spec_entry *entries;
	char **owned;		/* strings of the entries */
	size_t owned_nr;
	size_t newest;		/* the kernel of the default entry */
	bool has_default;
};

static int own(struct menu *m, char *text, struct dw_err *err)
{
	if (!text)
		return dw_fail_nomem(err);
	m->owned[m->owned_nr++] = text;
	return 0;
}

/* Labels end at a blank.  A rescue or old copy has the version of another
 * kernel, but not its name. */
static char *label_of(const struct dw_kernel *kernel)
{
	bool by_name = kernel->is_rescue || !kernel->version[0];
	char *label = strdup(!by_name ? kernel->version
			     : kernel->name[0] ? kernel->name : "linux");
	char *p;

	for (p = label; p && *p; p++)
		if (*p <= ' ' || *p == 0x7f)
			*p = '-';
	return label;
}

bool dw_bootfiles_can_name(struct dw_bootfiles *b,
			   const struct dw_kernel *kernel)
{
	if (dw_boot_can_name(kernel->path) &&
	    (!kernel->initrd_path || dw_boot_can_name(kernel->initrd_path)))
		return true;
	dw_notes_add(b->notes, "%s gets no new entry: boot menus cannot name "
		     "it", kernel->path);
	return false;
}

static int add_kernel(struct dw_bootfiles *b, struct menu *m, size_t kernel_nr,
		      struct dw_bootconf *conf, struct dw_err *err)
{
	const struct dw_kernel *kernel =
		&b->source->kernels->items[kernel_nr];
	struct dw_boot_spec_entry *e = &m->entries[m->spec.entries_nr];
	const struct dw_boot_check *check;
	char *args;
	int ret;

	ret = make_args(b, kernel_nr, conf, &args, err);
	if (!ret)
		ret = own(m, args, err);
	if (!ret)
		ret = own(m, label_of(kernel), err);
	if (ret)
		return ret;
	e->label = m->owned[m->owned_nr - 1];
	e->args = args;
	e->title = e->label;
	e->kernel = kernel->path;
	e->initrd = kernel->initrd_path;
	if (!m->has_default) {
		ret = dw_verdict_check(b->source, kernel_nr, &check, err);
		if (ret)
			return ret;
		if (check->kvm_ok) {
			m->has_default = true;
			m->newest = kernel_nr;
			m->spec.default_nr = m->spec.entries_nr;
		}
	}
	m->spec.entries_nr++;
	return 0;
}

/* SLES and others keep the links on a kernel for Xen alone. */
static bool link_runs(const struct dw_bootfiles *b)
{
	const struct dw_kernels *kernels = b->source->kernels;
	const struct dw_boot_entry e = { .kernel = kernels->link_kernel };
	size_t nr;

	return dw_bootfiles_find_kernel(b, &e, &nr) &&
	       kernels->items[nr].kvm_ok;
}

/* Follows the links that the distribution keeps on its newest kernel, for a
 * day when the files named above are gone. */
static int add_links(struct dw_bootfiles *b, struct menu *m,
		     struct dw_bootconf *conf, struct dw_err *err)
{
	const struct dw_kernels *kernels = b->source->kernels;
	struct dw_boot_spec_entry *e = &m->entries[m->spec.entries_nr];
	char *args;
	int ret;

	if (!kernels->link_kernel || !m->spec.entries_nr || !link_runs(b))
		return 0;
	ret = make_args(b, m->newest, conf, &args, err);
	if (!ret)
		ret = own(m, args, err);
	if (ret)
		return ret;
	*e = (struct dw_boot_spec_entry){
		.label = "latest",
		.title = "latest",
		.kernel = kernels->link_kernel,
		.initrd = kernels->link_initrd,
		.args = args,
	};
	m->spec.entries_nr++;
	return 0;
}

static int fill(struct dw_bootfiles *b, struct menu *m,
		struct dw_bootconf *conf, struct dw_err *err)
{
	const struct dw_kernels *kernels = b->source->kernels;
	size_t i;
	int ret = 0;

	for (i = 0; i < kernels->nr && !ret; i++)
		if (kernels->items[i].kvm_ok &&
		    dw_bootfiles_can_name(b, &kernels->items[i]))
			ret = add_kernel(b, m, i, conf, err);
	return ret ? ret : add_links(b, m, conf, err);
}

/* The guest's own configuration, for the arguments it gives its kernels. */
static int read_own(struct dw_bootfiles *b, struct dw_bootconf **conf,
		    struct dw_err *err)
{
	const struct dw_boot_file *file;
	char *text;
	size_t len;
	int ret;

	*conf = NULL;
	for (file = dw_boot_files; file->path; file++) {
		if (dw_fs_read_file(b->source->fs, file->path, MAX_CONFIG_LEN,
				    &text, &len, NULL))
			continue;
		ret = dw_bootconf_parse(file->kind, text, len, conf, err);
		free(text);
		return ret;
	}
	return 0;
}

static int write_config(struct dw_bootfiles *b, const struct menu *m,
			struct dw_err *err)
{
	char *text = NULL;
	size_t len;
	int ret;

	/* Nothing for KVM: the verdict says why. */
	if (!m->spec.entries_nr)
		return 0;
	ret = dw_extlinux_build(&m->spec, &text, &len, err);
	if (!ret)
		ret = dw_edits_set(b->edits, b->source->fs, CONFIG_PATH, text,
				   len, 0, NULL, "what KVM boots by", err);
	free(text);
	return ret;
}

int dw_bootfiles_kvm(struct dw_bootfiles *b, struct dw_err *err)
{
	size_t room = b->source->kernels->nr + 1, i;
	struct menu m = {
		.spec = {
			.comment = "Written by diskwright for its boot loader",
			.timeout_ds = 30,
			.prompt = true,
		},
		.entries = calloc(room, sizeof(*m.entries)),
		.owned = calloc(room, 2 * sizeof(*m.owned)),
	};
	struct dw_bootconf *conf = NULL;
	int ret;

	m.spec.entries = m.entries;
	ret = m.entries && m.owned ? read_own(b, &conf, err)
				   : dw_fail_nomem(err);
	if (!ret)
		ret = fill(b, &m, conf, err);
	if (!ret)
		ret = write_config(b, &m, err);
	for (i = 0; i < m.owned_nr; i++)
		free(m.owned[i]);
	dw_bootconf_free(conf);
	free(m.owned);
	free(m.entries);
	return ret;
}
