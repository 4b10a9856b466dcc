/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* modprobe.conf: what loads the disk and the network of either hypervisor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "fs/read_text.h"
#include "guest/modprobe_conf.h"
#include "kmod/modules.h"

#define HOSTADAPTER "scsi_hostadapter"
/* More lines of one kind than any file has. */
#define ALIASES_NR 64

struct alias {
	struct dw_span name;
	char module[DW_MODULE_NAME];
};

struct state {
	struct alias aliases[ALIASES_NR];
	size_t aliases_nr;
	uint64_t last_adapter_nr;	/* line of the last hostadapter */
	unsigned next_number;		/* of the next: 0 is no number */
	bool xen_disk;
};

static bool same(const char *module, const char *const *of)
{
	for (; *of; of++)
		if (!strcmp(module, *of))
			return true;
	return false;
}

static bool is_xen_disk(const char *module)
{
	return same(module, (const char *const[]){ "xenblk", "xen_blkfront",
						   "xen_vbd", NULL });
}

static bool is_xen_net(const char *module)
{
	return same(module, (const char *const[]){ "xennet", "xen_netfront",
						   "netfront", "xen_vnif",
						   NULL });
}

/* The name as modprobe compares it; false where there is none or more. */
static bool module_of(struct dw_span word, char out[DW_MODULE_NAME])
{
	char path[DW_MODULE_NAME + 4];

	if (!word.len || word.len >= DW_MODULE_NAME ||
	    memchr(word.p, '\0', word.len))
		return false;
	snprintf(path, sizeof(path), "%.*s.ko", (int)word.len, word.p);
	return dw_module_name(dw_span_of(path), out);
}

/* "alias NAME MODULE", whole: a line that goes on in the next one is not
 * looked at. */
static bool parse(struct dw_span line, struct alias *out)
{
	struct dw_span word, module;
	size_t pos = 0;

	return !dw_span_ends(line, "\\") &&
	       dw_word_next(line, &pos, &word) && dw_span_is(word, "alias") &&
	       dw_word_next(line, &pos, &out->name) &&
	       dw_word_next(line, &pos, &module) &&
	       !dw_word_next(line, &pos, &word) &&
	       module_of(module, out->module);
}

static bool is_adapter(const struct alias *a)
{
	return dw_span_starts(a->name, HOSTADAPTER);
}

static unsigned adapter_number(const struct alias *a)
{
	struct dw_span digits = dw_span_skip(a->name, strlen(HOSTADAPTER));
	unsigned nr = 0;

	for (size_t i = 0; i < digits.len && nr < 1000; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			break;
		nr = nr * 10 + (unsigned)(digits.p[i] - '0');
	}
	return nr;
}

/* False where there are more than can be remembered. */
static bool survey(const char *text, size_t len, struct state *s)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line line;
	struct alias a;

	while (dw_lines_next(&walk, &line)) {
		if (!parse(line.text, &a) ||
		    (!is_adapter(&a) && !is_xen_net(a.module) &&
		     strcmp(a.module, "virtio_net")))
			continue;
		if (s->aliases_nr == ALIASES_NR)
			return false;
		s->aliases[s->aliases_nr++] = a;
		if (!is_adapter(&a))
			continue;
		s->last_adapter_nr = line.nr;
		s->xen_disk |= is_xen_disk(a.module);
		if (adapter_number(&a) >= s->next_number)
			s->next_number = adapter_number(&a) + 1;
	}
	return true;
}

static bool has_adapter(const struct state *s, const char *module)
{
	for (size_t i = 0; i < s->aliases_nr; i++)
		if (is_adapter(&s->aliases[i]) &&
		    !strcmp(s->aliases[i].module, module))
			return true;
	return false;
}

static bool has_virtio_net(const struct state *s, struct dw_span name)
{
	for (size_t i = 0; i < s->aliases_nr; i++) {
		const struct alias *a = &s->aliases[i];

		if (!strcmp(a->module, "virtio_net") &&
		    a->name.len == name.len &&
		    !memcmp(a->name.p, name.p, name.len))
			return true;
	}
	return false;
}

static void add_line(uint64_t nr, struct dw_span name, const char *module,
		     const char *eol, const char *note, struct dw_buf *out,
		     struct dw_changes *changes)
{
	size_t start;

	if (out->len && out->data[out->len - 1] != '\n')
		dw_buf_adds(out, eol);
	start = out->len;
	dw_buf_adds(out, "alias ");
	dw_buf_add(out, name.p, name.len);
	dw_buf_printf(out, " %s", module);
	if (!out->failed)
		dw_changes_add(changes, nr, NULL, 0, out->data + start,
			       out->len - start, "%s", note);
	dw_buf_adds(out, eol);
}

static void add_adapter(struct state *s, const char *name, uint64_t nr,
			const char *eol, struct dw_buf *out,
			struct dw_changes *changes)
{
	char module[DW_MODULE_NAME], alias[sizeof(HOSTADAPTER) + 16];

	if (!module_of(dw_span_of(name), module) || has_adapter(s, module) ||
	    s->aliases_nr == ALIASES_NR)
		return;
	/* What is added counts as there, lest it be added again. */
	memcpy(s->aliases[s->aliases_nr].module, module, sizeof(module));
	s->aliases[s->aliases_nr++].name = dw_span_of(HOSTADAPTER);
	snprintf(alias, sizeof(alias), HOSTADAPTER "%u", s->next_number);
	add_line(nr, dw_span_of(s->next_number ? alias : HOSTADAPTER), module,
		 eol, "for the next initrd", out, changes);
	s->next_number++;
}

static void add_adapters(struct state *s, const struct dw_modprobe_want *want,
			 uint64_t nr, const char *eol, struct dw_buf *out,
			 struct dw_changes *changes)
{
	if (s->xen_disk) {
		add_adapter(s, "virtio_pci", nr, eol, out, changes);
		add_adapter(s, "virtio_blk", nr, eol, out, changes);
	}
	for (size_t i = 0; want && i < want->nr; i++)
		add_adapter(s, want->names[i], nr, eol, out, changes);
}

/* The card that a line gives a driver of Xen's, and none of KVM's. */
static bool lacks_net(struct state *s, struct dw_span line, struct alias *a)
{
	if (!parse(line, a) || !is_xen_net(a->module) || is_adapter(a) ||
	    has_virtio_net(s, a->name) || s->aliases_nr == ALIASES_NR)
		return false;
	s->aliases[s->aliases_nr] = *a;
	strcpy(s->aliases[s->aliases_nr++].module, "virtio_net");
	return true;
}

static void edit(const char *text, size_t len, struct state *s,
		 const struct dw_modprobe_want *want, struct dw_buf *out,
		 struct dw_changes *changes)
{
	struct dw_lines walk = { .p = text, .len = len };
	const char *eol = "\n";
	struct dw_line line;
	struct alias a;

	while (dw_lines_next(&walk, &line)) {
		eol = line.eol.len == 2 ? "\r\n" : "\n";
		dw_buf_add(out, line.text.p, line.text.len);
		dw_buf_add(out, line.eol.p, line.eol.len);
		if (lacks_net(s, line.text, &a))
			add_line(line.nr, a.name, "virtio_net", eol,
				 "the same card on KVM", out, changes);
		if (line.nr == s->last_adapter_nr)
			add_adapters(s, want, line.nr, eol, out, changes);
	}
	if (!s->last_adapter_nr)
		add_adapters(s, want, 0, eol, out, changes);
}

int dw_modprobe_conf_edit(const char *text, size_t len, const void *arg,
			  struct dw_buf *out, struct dw_changes *changes,
			  struct dw_err *err)
{
	struct state s = { 0 };
	int ret;

	if (survey(text, len, &s)) {
		edit(text, len, &s, arg, out, changes);
	} else {
		dw_changes_note(changes, 0, "more than %u aliases of disks and "
				"network cards; left as it is", ALIASES_NR);
		dw_buf_add(out, text, len);
	}
	ret = dw_buf_check(out, err);
	return ret ? ret : dw_changes_check(changes, err);
}

/* ---- a guest's files ----------------------------------------------------- */

#define FILES_NR 256

struct folder {
	char *names[FILES_NR];
	size_t nr;
};

static int add_file(void *arg, const char *name, uint64_t ino,
		    uint32_t type_mode, struct dw_err *err)
{
	struct folder *f = arg;

	if (f->nr == FILES_NR)
		return 0;
	f->names[f->nr] = strdup(name);
	if (!f->names[f->nr])
		return dw_fail_nomem(err);
	f->nr++;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int plan_file(struct dw_fs *fs, struct dw_edits *edits,
		     const char *folder, const char *name, struct dw_err *err)
{
	char path[300];

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >=
	    (int)sizeof(path))
		return 0;
	return dw_edits_run(edits, fs, path, dw_modprobe_conf_edit, NULL, err);
}

int dw_modprobe_plan(struct dw_fs *fs, struct dw_edits *edits,
		     struct dw_err *err)
{
	static const char *const names[] = {
		"modprobe.conf", "modprobe.conf.local", "modules.conf",
		"conf.modules",
	};
	struct folder folder = { .nr = 0 };
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(names) / sizeof(*names); i++)
		ret = plan_file(fs, edits, "/etc", names[i], err);
	if (!ret)
		ret = dw_fs_readdir(fs, "/etc/modprobe.d", add_file, &folder,
				    err);
	if (dw_fs_has_not(ret))
		ret = 0;
	/* Plans do not depend on the order of the folder. */
	qsort(folder.names, folder.nr, sizeof(*folder.names), by_name);
	for (size_t i = 0; i < folder.nr; i++) {
		if (!ret)
			ret = plan_file(fs, edits, "/etc/modprobe.d",
					folder.names[i], err);
		free(folder.names[i]);
	}
	return ret;
}
