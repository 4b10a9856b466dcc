/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Device names in other files than fstab. */
#include <string.h>

#include "guest/devnames.h"

static bool is_comment(struct dw_span line)
{
	line = dw_span_trim(line);
	return !line.len || line.p[0] == '#';
}

/* A word that ends where a quote or a blank does. */
static size_t value_len(struct dw_span s)
{
	size_t i = 0;

	while (i < s.len && !strchr(" \t\"'", s.p[i]) && s.p[i])
		i++;
	return i;
}

/* What becomes of one line: an edit of it appends to out and says whether it
 * changed anything.  note receives the reason. */
typedef bool (*line_fn)(struct dw_span line, const struct dw_names *names,
			struct dw_buf *out, uint64_t nr,
			struct dw_changes *changes);

static int each_line(const char *text, size_t len,
		     const struct dw_names *names, line_fn fn,
		     const char *note, struct dw_buf *out,
		     struct dw_changes *changes, struct dw_err *err)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line line;
	int ret;

	while (dw_lines_next(&walk, &line)) {
		size_t start = out->len;

		if (is_comment(line.text))
			dw_buf_add(out, line.text.p, line.text.len);
		else if (fn(line.text, names, out, line.nr, changes) &&
			 !out->failed)
			dw_changes_add(changes, line.nr, line.text.p,
				       line.text.len, out->data + start,
				       out->len - start, "%s", note);
		dw_buf_add(out, line.eol.p, line.eol.len);
	}
	ret = dw_buf_check(out, err);
	return ret ? ret : dw_changes_check(changes, err);
}

static bool starts_word(struct dw_span line, size_t at)
{
	return !at || strchr(" \t\"'", line.p[at - 1]);
}

static bool put_disk(struct dw_span device, const struct dw_names *names,
		     struct dw_buf *out)
{
	struct dw_span disk;
	bool change = dw_name_split(device, &disk) && !names->unpartitioned &&
		      dw_names_is_root(names, device);

	dw_buf_add(out, device.p, change ? disk.len : device.len);
	return change;
}

static void remark(struct dw_changes *changes, uint64_t nr,
		   struct dw_span value)
{
	dw_changes_note(changes, nr, "names %.*s, another disk; left as it is",
			(int)(value.len > 200 ? 200 : value.len), value.p);
}

/* Puts the value of root= or resume=. */
static bool put_device(struct dw_span value, const struct dw_names *names,
		       struct dw_buf *out, uint64_t nr,
		       struct dw_changes *changes)
{
	const char *part = dw_names_part(names, value);

	if (*names->spec && dw_names_is_root(names, value) &&
	    !dw_names_is_lasting(names, value)) {
		dw_buf_adds(out, names->spec);
		return true;
	}
	if (part && dw_span_starts(value, "/dev/")) {
		dw_buf_adds(out, part);
		return true;
	}
	if (dw_name_is_device(value) && !part &&
	    !dw_names_is_root(names, value))
		remark(changes, nr, value);
	dw_buf_add(out, value.p, value.len);
	return false;
}

static bool args_line(struct dw_span line, const struct dw_names *names,
		      struct dw_buf *out, uint64_t nr,
		      struct dw_changes *changes)
{
	bool changed = false;
	size_t at = 0;

	while (at < line.len) {
		struct dw_span rest = dw_span_skip(line, at);
		struct dw_span value;
		size_t key_len = dw_span_starts(rest, "root=") ? 5 :
				 dw_span_starts(rest, "resume=") ? 7 :
				 !at && dw_span_starts(rest, "boot=") ? 5 : 0;

		if (!key_len || !starts_word(line, at)) {
			dw_buf_add(out, rest.p, 1);
			at++;
			continue;
		}
		value = dw_span_skip(rest, key_len);
		value.len = value_len(value);
		dw_buf_add(out, rest.p, key_len);
		changed |= rest.p[0] == 'b' ? put_disk(value, names, out) :
			put_device(value, names, out, nr, changes);
		at += key_len + value.len;
	}
	return changed;
}

int dw_args_edit(const char *text, size_t len, const struct dw_names *names,
		 struct dw_buf *out, struct dw_changes *changes,
		 struct dw_err *err)
{
	return each_line(text, len, names, args_line,
			 "by a name that does not depend on the machine", out,
			 changes, err);
}

/* RESUME="value", the quotes being optional. */
static bool resume_value(struct dw_span line, struct dw_span *value)
{
	*value = line;
	while (value->len && (value->p[0] == ' ' || value->p[0] == '\t'))
		*value = dw_span_skip(*value, 1);
	if (!dw_span_starts(*value, "RESUME="))
		return false;
	*value = dw_span_skip(*value, 7);
	if (value->len && strchr("\"'", value->p[0]))
		*value = dw_span_skip(*value, 1);
	value->len = value_len(*value);
	return true;
}

static bool resume_line(struct dw_span line, const struct dw_names *names,
			struct dw_buf *out, uint64_t nr,
			struct dw_changes *changes)
{
	struct dw_span value;
	bool changed;

	if (!resume_value(line, &value)) {
		dw_buf_add(out, line.p, line.len);
		return false;
	}
	dw_buf_add(out, line.p, (size_t)(value.p - line.p));
	changed = put_device(value, names, out, nr, changes);
	dw_buf_add(out, value.p + value.len,
		   (size_t)(line.p + line.len - (value.p + value.len)));
	return changed;
}

int dw_resume_edit(const char *text, size_t len,
		   const struct dw_names *names, struct dw_buf *out,
		   struct dw_changes *changes, struct dw_err *err)
{
	return each_line(text, len, names, resume_line,
			 "by a name that does not depend on the machine", out,
			 changes, err);
}

bool dw_resume_waits(const char *text, size_t len,
		     const struct dw_names *names)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_span value;
	struct dw_line line;
	bool waits = false;

	while (dw_lines_next(&walk, &line))
		if (!is_comment(line.text) && resume_value(line.text, &value))
			waits = dw_name_is_device(value) &&
				!dw_names_part(names, value) &&
				!dw_names_is_root(names, value);
	return waits;
}

static bool has_word(struct dw_span opts, const char *word)
{
	const char *at = dw_span_find(opts, word);

	return at;
}

/* name device [key [options]], crypttab(5). */
static bool crypttab_line(struct dw_span line, const struct dw_names *names,
			  struct dw_buf *out, uint64_t nr,
			  struct dw_changes *changes)
{
	const char *more = names->systemd ? "nofail" : "noauto";
	struct dw_span fields[4];
	const char *end = line.p + line.len;
	size_t pos = 0, fields_nr = 0;

	while (fields_nr < 4 && dw_word_next(line, &pos, &fields[fields_nr]))
		fields_nr++;
	if (fields_nr < 2 || !dw_name_is_device(fields[1]) ||
	    dw_names_is_root(names, fields[1]) ||
	    dw_names_part(names, fields[1]) ||
	    (fields_nr == 4 && (has_word(fields[3], "nofail") ||
				has_word(fields[3], "noauto")))) {
		dw_buf_add(out, line.p, line.len);
		return false;
	}
	if (fields_nr == 4)
		end = fields[3].p + fields[3].len;
	else
		end = fields[fields_nr - 1].p + fields[fields_nr - 1].len;
	dw_buf_add(out, line.p, (size_t)(end - line.p));
	dw_buf_printf(out, "%s%s", fields_nr == 4 ? "," :
		      fields_nr == 3 ? " " : " none ", more);
	dw_buf_add(out, end, (size_t)(line.p + line.len - end));
	return true;
}

int dw_crypttab_edit(const char *text, size_t len,
		     const struct dw_names *names, struct dw_buf *out,
		     struct dw_changes *changes, struct dw_err *err)
{
	return each_line(text, len, names, crypttab_line,
			 "another disk, which may be absent", out, changes,
			 err);
}

/* "(hd0)\t/dev/xvda1" */
static bool device_map_line(struct dw_span line,
			    const struct dw_names *names, struct dw_buf *out,
			    uint64_t nr, struct dw_changes *changes)
{
	struct dw_span disk, device;
	size_t pos = 0;
	bool changed;

	if (!dw_word_next(line, &pos, &disk) || disk.p[0] != '(' ||
	    !dw_word_next(line, &pos, &device)) {
		dw_buf_add(out, line.p, line.len);
		return false;
	}
	dw_buf_add(out, line.p, (size_t)(device.p - line.p));
	changed = put_disk(device, names, out);
	dw_buf_add(out, line.p + pos, line.len - pos);
	return changed;
}

int dw_device_map_edit(const char *text, size_t len,
		       const struct dw_names *names, struct dw_buf *out,
		       struct dw_changes *changes, struct dw_err *err)
{
	return each_line(text, len, names, device_map_line,
			 "the disk, which has a partition table now", out,
			 changes, err);
}
