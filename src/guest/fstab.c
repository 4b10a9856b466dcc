/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /etc/fstab: disks called by names that last, absent ones allowed. */
#include <string.h>

#include "guest/fstab.h"

enum { SPEC, FILE_, TYPE, OPTS, FREQ, PASSNO, FIELDS_NR };

/* The fields of one entry, pointing into its line. */
struct entry {
	struct dw_span line;
	struct dw_span fields[FIELDS_NR];
	size_t nr;
};

/* What becomes of an entry: NULL keeps a field. */
struct verdict {
	const char *spec;
	const char *opts_more;	/* appended, with a comma */
	bool opts_new;		/* there is no field of options */
	bool passno_zero;
	const char *note;
};

static bool split(struct dw_span line, struct entry *e)
{
	size_t pos = 0;

	memset(e, 0, sizeof(*e));
	e->line = line;
	while (e->nr < FIELDS_NR &&
	       dw_word_next(line, &pos, &e->fields[e->nr]) &&
	       e->fields[e->nr].p[0] != '#')
		e->nr++;
	if (e->nr < FIELDS_NR)
		e->fields[e->nr] = (struct dw_span){ "", 0 };
	return e->nr >= 3;
}

static bool is_one_of(struct dw_span s, const char *const *list)
{
	for (; *list; list++)
		if (dw_span_is(s, *list))
			return true;
	return false;
}

/* Types without a disk of this machine behind them. */
static bool is_diskless(struct dw_span type)
{
	static const char *const types[] = {
		"proc", "sysfs", "tmpfs", "ramfs", "devpts", "devtmpfs",
		"devfs", "none", "cgroup", "cgroup2", "debugfs", "tracefs",
		"usbfs", "usbdevfs", "securityfs", "configfs", "fusectl",
		"hugetlbfs", "mqueue", "binfmt_misc", "selinuxfs",
		"rpc_pipefs", "nfsd", "overlay", "overlayfs", "aufs",
		"autofs", "xenfs", "bpf", "pstore", "efivarfs", "ignore",
		"nfs", "nfs3", "nfs4", "cifs", "smbfs", "smb3", "ncpfs",
		"glusterfs", "ceph", "afs", "lustre", "9p", "virtiofs",
		"vboxsf", "vmhgfs", "sshfs", "davfs", "fuse", NULL,
	};

	return is_one_of(type, types) || dw_span_starts(type, "fuse.");
}

static bool has_option(struct dw_span opts, const char *name)
{
	while (opts.len) {
		const char *comma = memchr(opts.p, ',', opts.len);
		size_t len = comma ? (size_t)(comma - opts.p) : opts.len;

		if (dw_span_is((struct dw_span){ opts.p, len }, name))
			return true;
		opts = dw_span_skip(opts, len + 1);
	}
	return false;
}

static bool is_root_entry(const struct entry *e)
{
	return dw_span_is(e->fields[FILE_], "/") &&
	       !dw_span_is(e->fields[TYPE], "swap");
}

static void judge_root(const struct entry *e, const struct dw_names *names,
		       struct verdict *v)
{
	if (!*names->spec || is_diskless(e->fields[TYPE]) ||
	    dw_names_is_lasting(names, e->fields[SPEC]))
		return;
	v->spec = names->spec;
	v->note = "the root, by a name that does not depend on the machine";
}

/* What lies on the root's disk is as present as the root. */
static void judge_part(const struct entry *e, const struct dw_names *names,
		       struct verdict *v)
{
	if (!dw_span_starts(e->fields[SPEC], "/dev/") ||
	    dw_span_starts(e->fields[SPEC], "/dev/disk/"))
		return;
	v->spec = dw_names_part(names, e->fields[SPEC]);
	v->note = "a partition of this disk, by a name that does not depend "
		  "on the machine";
}

/* What lets the boot go on without the disk; NULL: it does already. */
static const char *more_options(const struct entry *e,
				const struct dw_names *names)
{
	struct dw_span opts = e->fields[OPTS];
	bool nofail = has_option(opts, "nofail");

	if (has_option(opts, "noauto"))
		return NULL;
	if (names->old_mount)
		return nofail ? NULL : "noauto";
	if (names->mountall && has_option(opts, "nobootwait"))
		return NULL;
	if (names->mountall)
		return nofail ? "nobootwait" : "nofail,nobootwait";
	if (!names->systemd || !dw_span_is(e->fields[TYPE], "swap") ||
	    dw_span_find(opts, "x-systemd.device-timeout"))
		return nofail ? NULL : "nofail";
	return nofail ? "x-systemd.device-timeout=5s" :
			"nofail,x-systemd.device-timeout=5s";
}

static void judge_absent(const struct entry *e, const struct dw_names *names,
			 struct verdict *v)
{
	v->opts_new = e->nr <= OPTS;
	v->opts_more = more_options(e, names);
	v->passno_zero = e->nr > PASSNO && !dw_span_is(e->fields[PASSNO], "0");
	v->note = names->old_mount && v->opts_more ?
		"another disk, which may be absent; this mount is older than "
		"nofail" : "another disk, which may be absent";
}

static void judge(const struct entry *e, const struct dw_names *names,
		  struct verdict *v)
{
	struct dw_span spec = e->fields[SPEC];
	struct dw_span opts = e->fields[OPTS];

	memset(v, 0, sizeof(*v));
	if (is_root_entry(e)) {
		judge_root(e, names, v);
		return;
	}
	if (is_diskless(e->fields[TYPE]) || !dw_name_is_device(spec) ||
	    has_option(opts, "bind") || has_option(opts, "rbind"))
		return;
	if (dw_names_is_root(names, spec))
		judge_root(e, names, v);
	else if (dw_names_part(names, spec))
		judge_part(e, names, v);
	else
		judge_absent(e, names, v);
}

/* Copies what lies between the end of one field and the start of another. */
static void add_between(struct dw_buf *out, const char *from, const char *to)
{
	dw_buf_add(out, from, (size_t)(to - from));
}

static const char *end_of(struct dw_span s)
{
	return s.p + s.len;
}

static void write_entry(const struct entry *e, const struct verdict *v,
			struct dw_buf *out)
{
	const char *at = e->line.p;
	struct dw_span last = e->fields[e->nr - 1];

	if (v->spec) {
		add_between(out, at, e->fields[SPEC].p);
		dw_buf_adds(out, v->spec);
		at = end_of(e->fields[SPEC]);
	}
	if (v->opts_more && v->opts_new) {
		add_between(out, at, end_of(last));
		dw_buf_printf(out, " defaults,%s", v->opts_more);
		at = end_of(last);
	} else if (v->opts_more) {
		add_between(out, at, end_of(e->fields[OPTS]));
		dw_buf_printf(out, ",%s", v->opts_more);
		at = end_of(e->fields[OPTS]);
	}
	if (v->passno_zero) {
		add_between(out, at, e->fields[PASSNO].p);
		dw_buf_adds(out, "0");
		at = end_of(e->fields[PASSNO]);
	}
	add_between(out, at, end_of(e->line));
}

static void edit_line(const struct dw_line *line, const struct entry *e,
		      const struct dw_names *names, struct dw_buf *out,
		      struct dw_changes *changes)
{
	size_t start = out->len;
	struct verdict v;

	judge(e, names, &v);
	write_entry(e, &v, out);
	if (!out->failed && (v.spec || v.opts_more || v.passno_zero))
		dw_changes_add(changes, line->nr, line->text.p, line->text.len,
			       out->data + start, out->len - start, "%s",
			       v.note);
}

bool dw_fstab_find(const char *text, size_t len, const char *mount_point,
		   struct dw_span *spec)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line line;
	struct entry e;

	while (dw_lines_next(&walk, &line)) {
		if (!split(line.text, &e) ||
		    !dw_span_is(e.fields[FILE_], mount_point) ||
		    dw_span_is(e.fields[TYPE], "swap"))
			continue;
		*spec = e.fields[SPEC];
		return true;
	}
	return false;
}

bool dw_fstab_next_swap(const char *text, size_t len, size_t *pos,
			struct dw_span *spec)
{
	struct dw_lines walk = { .p = text, .len = len, .pos = *pos };
	struct dw_line line;
	struct entry e;

	while (dw_lines_next(&walk, &line)) {
		if (!split(line.text, &e) ||
		    !dw_span_is(e.fields[TYPE], "swap"))
			continue;
		*spec = e.fields[SPEC];
		*pos = walk.pos;
		return true;
	}
	return false;
}

int dw_fstab_edit(const char *text, size_t len, const struct dw_names *names,
		  struct dw_buf *out, struct dw_changes *changes,
		  struct dw_err *err)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line line;
	struct entry e;
	bool root = false;
	int ret;

	while (dw_lines_next(&walk, &line)) {
		if (split(line.text, &e)) {
			root |= is_root_entry(&e);
			edit_line(&line, &e, names, out, changes);
		} else {
			dw_buf_add(out, line.text.p, line.text.len);
		}
		dw_buf_add(out, line.eol.p, line.eol.len);
	}
	if (!root)
		dw_changes_note(changes, 0, "there is no entry for the root; "
				"none is added");
	ret = dw_buf_check(out, err);
	return ret ? ret : dw_changes_check(changes, err);
}
