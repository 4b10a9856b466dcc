/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes a new syslinux.cfg or menu.lst. */
#include <stdlib.h>
#include <string.h>

#include "boot/bootconf_impl.h"

/* Both formats are lines of text without quoting; PyGrub takes UTF-8 alone,
 * which the caller's strings may hold, but no control byte makes sense. */
static bool is_line(const char *s, bool blanks)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f ||
		    (*s == ' ' && !blanks))
			return false;
	return true;
}

/* GRUB's devices and syslinux's lists of files would be misread. */
bool dw_boot_can_name(const char *s)
{
	return s[0] == '/' && is_line(s, false) && !strchr(s, ',') &&
	       !strchr(s, '"');
}

/* The names of an entry: a label in syslinux.cfg, in a menu.lst a title, for
 * which a label stands in. */
static int check_names(const struct dw_boot_spec_entry *e, bool needs_label,
		       struct dw_err *err)
{
	const char *name = e->title && !needs_label ? e->title : e->label;

	if (!name || !name[0] || !is_line(name, !needs_label))
		return dw_fail(err, DW_USAGE, "boot entry: %s '%s'",
			       needs_label ? "label" : "title",
			       name ? name : "");
	if (e->title && (!e->title[0] || !is_line(e->title, true)))
		return dw_fail(err, DW_USAGE, "boot entry: title '%s'",
			       e->title);
	return 0;
}

static int check_entry(const struct dw_boot_spec_entry *e, bool needs_label,
		       struct dw_err *err)
{
	const char *name = e->label ? e->label : e->title;
	int ret = check_names(e, needs_label, err);

	if (ret)
		return ret;
	if (!e->kernel || !dw_boot_can_name(e->kernel))
		return dw_fail(err, DW_USAGE, "boot entry %s: kernel '%s' "
			       "cannot be written to a configuration",
			       name, e->kernel ? e->kernel : "");
	if (e->initrd && !dw_boot_can_name(e->initrd))
		return dw_fail(err, DW_USAGE, "boot entry %s: initrd '%s' "
			       "cannot be written to a configuration",
			       name, e->initrd);
	if (e->args && !is_line(e->args, true))
		return dw_fail(err, DW_USAGE, "boot entry %s: control "
			       "characters in the kernel arguments", name);
	return 0;
}

static int check_spec(const struct dw_boot_spec *spec, bool needs_label,
		      struct dw_err *err)
{
	size_t i;
	int ret;

	if (!spec->entries_nr || spec->default_nr >= spec->entries_nr)
		return dw_fail(err, DW_USAGE, "boot entry %zu of %zu as the "
			       "default", spec->default_nr, spec->entries_nr);
	for (i = 0; i < spec->entries_nr; i++) {
		ret = check_entry(&spec->entries[i], needs_label, err);
		if (ret)
			return ret;
	}
	return 0;
}

static void add_comment(struct dw_buf *b, const char *comment)
{
	size_t len;

	for (; comment && *comment; comment += len + !!comment[len]) {
		len = strcspn(comment, "\n");
		dw_buf_printf(b, "# %.*s\n", (int)len, comment);
	}
}

static int finish(struct dw_buf *b, char **data, size_t *len,
		  struct dw_err *err)
{
	int ret = dw_buf_check(b, err);

	if (ret)
		dw_buf_free(b);
	else
		*data = dw_buf_take(b, len);
	return ret;
}

static void add_extlinux_entry(struct dw_buf *b,
			       const struct dw_boot_spec_entry *e)
{
	const char *args = e->args ? e->args : "";

	dw_buf_printf(b, "\nLABEL %s\n", e->label);
	if (e->title)
		dw_buf_printf(b, "\tMENU LABEL %s\n", e->title);
	dw_buf_printf(b, "\tKERNEL %s\n", e->kernel);
	if (!e->initrd && !args[0])
		return;
	dw_buf_adds(b, "\tAPPEND");
	if (e->initrd)
		dw_buf_printf(b, " initrd=%s", e->initrd);
	if (args[0])
		dw_buf_printf(b, " %s", args);
	dw_buf_adds(b, "\n");
}

int dw_extlinux_build(const struct dw_boot_spec *spec, char **data,
		      size_t *len, struct dw_err *err)
{
	struct dw_buf b = { 0 };
	size_t i;
	int ret;

	*data = NULL;
	ret = check_spec(spec, true, err);
	if (ret)
		return ret;
	/* SERIAL counts from where it stands, so it comes first. */
	if (spec->serial_port >= 0)
		dw_buf_printf(&b, "SERIAL %d %u\n", spec->serial_port,
			      spec->serial_baud ? spec->serial_baud : 115200);
	add_comment(&b, spec->comment);
	dw_buf_printf(&b, "DEFAULT %s\nPROMPT %d\n",
		      spec->entries[spec->default_nr].label, spec->prompt);
	if (spec->timeout_ds)
		dw_buf_printf(&b, "TIMEOUT %u\n", spec->timeout_ds);
	for (i = 0; i < spec->entries_nr; i++)
		add_extlinux_entry(&b, &spec->entries[i]);
	return finish(&b, data, len, err);
}

/* A space, never a tab, behind the path: PyGrub splits there only. */
static void add_menulst_entry(struct dw_buf *b, const char *root,
			      const struct dw_boot_spec_entry *e)
{
	const char *args = e->args ? e->args : "";

	dw_buf_printf(b, "\ntitle %s\n", e->title ? e->title : e->label);
	if (root)
		dw_buf_printf(b, "root %s\n", root);
	dw_buf_printf(b, "kernel %s%s%s\n", e->kernel, args[0] ? " " : "",
		      args);
	if (e->initrd)
		dw_buf_printf(b, "initrd %s\n", e->initrd);
}

int dw_menulst_entry_text(struct dw_buf *b, const char *root,
			  const struct dw_boot_spec_entry *e,
			  struct dw_err *err)
{
	int ret = check_entry(e, false, err);

	if (ret)
		return ret;
	add_menulst_entry(b, root, e);
	return dw_buf_check(b, err);
}

int dw_menulst_build(const struct dw_boot_spec *spec, char **data, size_t *len,
		     struct dw_err *err)
{
	struct dw_buf b = { 0 };
	size_t i;
	int ret;

	*data = NULL;
	ret = check_spec(spec, false, err);
	if (ret)
		return ret;
	add_comment(&b, spec->comment);
	dw_buf_printf(&b, "default %zu\n", spec->default_nr);
	if (spec->timeout_ds)
		dw_buf_printf(&b, "timeout %u\n", (spec->timeout_ds + 9) / 10);
	for (i = 0; i < spec->entries_nr; i++)
		add_menulst_entry(&b, spec->grub_root, &spec->entries[i]);
	return finish(&b, data, len, err);
}
