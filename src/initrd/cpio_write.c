/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes cpio archives ("newc") as the kernel unpacks them. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/checked.h"
#include "initrd/cpio_write.h"

#define HEADER_LEN	110
#define NAME_CAP_LEN	4096	/* PATH_MAX, with the NUL */
#define END_ALIGN	512
#define TRAILER		"TRAILER!!!"

/* What differs between entries. */
struct entry {
	uint32_t mode;
	uint32_t links_nr;
	uint32_t rdev_major, rdev_minor;
	const void *data;
	size_t len;
};

void dw_cpio_abort(struct dw_cpio_writer *w)
{
	for (size_t i = 0; i < w->folders_nr; i++)
		free(w->folders[i]);
	free(w->folders);
	dw_buf_free(&w->out);
	memset(w, 0, sizeof(*w));
}

static void pad(struct dw_buf *out, size_t align)
{
	static const char zeros[END_ALIGN];

	dw_buf_add(out, zeros, (align - out->len % align) % align);
}

static void put_header(struct dw_cpio_writer *w, const char *name,
		       const struct dw_cpio_entry *e)
{
	size_t name_len = strlen(name) + 1;

	/* Behind content that was copied. */
	pad(&w->out, 4);
	/* magic ino mode uid gid nlink mtime filesize devmajor devminor
	 * rdevmajor rdevminor namesize check */
	dw_buf_printf(&w->out, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X"
		      "%08X%08X%08X%08X", e->ino, e->mode, e->uid, e->gid,
		      e->links_nr, e->mtime, e->size,
		      (uint32_t)(e->dev >> 32), (uint32_t)e->dev,
		      e->rdev_major, e->rdev_minor, (uint32_t)name_len, 0);
	dw_buf_add(&w->out, name, name_len);
	pad(&w->out, 4);
}

static void put_entry(struct dw_cpio_writer *w, const char *name,
		      const struct entry *e)
{
	uint64_t cap_len = DW_CPIO_LEN_MAX;

	if (w->cap_len)
		cap_len = dw_min(cap_len, w->cap_len);
	if (w->out.len + e->len > cap_len) {
		w->ret = dw_fail(&w->err, DW_LIMIT,
				 "initrd: an archive of more than %llu bytes",
				 (unsigned long long)cap_len);
		return;
	}
	put_header(w, name, &(struct dw_cpio_entry){
		.ino = w->ino, .mode = e->mode, .links_nr = e->links_nr,
		.size = (uint32_t)e->len, .rdev_major = e->rdev_major,
		.rdev_minor = e->rdev_minor,
	});
	dw_buf_add(&w->out, e->data, e->len);
	w->ino++;
}

/* ---- folders ------------------------------------------------------------- */

/* Where a name of that length is, or where it would be put. */
static size_t find(const struct dw_cpio_writer *w, const char *name,
		   size_t len, bool *found)
{
	size_t low = 0, high = w->folders_nr;

	*found = false;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = strncmp(w->folders[mid], name, len);

		if (!c && w->folders[mid][len])
			c = 1;
		if (!c) {
			*found = true;
			return mid;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Notes a folder; false where it was noted already, or after an error. */
static bool note(struct dw_cpio_writer *w, const char *name, size_t len)
{
	bool found;
	size_t at = find(w, name, len, &found);
	char *copy, **p = w->folders;

	if (found || w->ret)
		return false;
	if (w->folders_nr == DW_CPIO_FOLDERS_MAX) {
		w->ret = dw_fail(&w->err, DW_LIMIT,
				 "initrd: more than %u folders",
				 DW_CPIO_FOLDERS_MAX);
		return false;
	}
	if (w->folders_nr == w->folders_cap) {
		p = realloc(p, (w->folders_cap * 2 + 64) * sizeof(*p));
		if (p) {
			w->folders = p;
			w->folders_cap = w->folders_cap * 2 + 64;
		}
	}
	copy = p ? strndup(name, len) : NULL;
	if (!copy) {
		w->ret = dw_fail_nomem(&w->err);
		return false;
	}
	memmove(p + at + 1, p + at, (w->folders_nr - at) * sizeof(*p));
	p[at] = copy;
	w->folders_nr++;
	return true;
}

void dw_cpio_has(struct dw_cpio_writer *w, const char *name)
{
	note(w, name, strlen(name));
}

/* The folders above an entry, outermost first. */
static void put_parents(struct dw_cpio_writer *w, const char *name)
{
	const struct entry folder = { .mode = S_IFDIR | 0755, .links_nr = 2 };
	char above[NAME_CAP_LEN];

	for (const char *s = strchr(name, '/'); s; s = strchr(s + 1, '/')) {
		size_t len = (size_t)(s - name);

		if (!note(w, name, len))
			continue;
		memcpy(above, name, len);
		above[len] = '\0';
		put_entry(w, above, &folder);
	}
}

/* ---- entries ------------------------------------------------------------- */

static bool is_name(const char *name)
{
	size_t len = strlen(name);

	if (!len || len >= NAME_CAP_LEN || !strcmp(name, TRAILER))
		return false;
	while (true) {
		size_t n = strcspn(name, "/");

		if (!n || (n == 1 && name[0] == '.') ||
		    (n == 2 && name[0] == '.' && name[1] == '.'))
			return false;
		if (!name[n])
			return true;
		name += n + 1;
	}
}

/* Whether an entry of that name may follow, its parents in front of it. */
static bool begin(struct dw_cpio_writer *w, const char *name)
{
	if (w->ret)
		return false;
	if (!is_name(name)) {
		w->ret = dw_fail(&w->err, DW_CORRUPT, "initrd: '%.100s' is no "
				 "name for a file in it", name);
		return false;
	}
	put_parents(w, name);
	return !w->ret;
}

void dw_cpio_folder(struct dw_cpio_writer *w, const char *name, uint32_t mode)
{
	const struct entry e = {
		.mode = S_IFDIR | (mode & 07777), .links_nr = 2,
	};

	if (begin(w, name) && note(w, name, strlen(name)))
		put_entry(w, name, &e);
}

void dw_cpio_file(struct dw_cpio_writer *w, const char *name, uint32_t mode,
		  const void *data, size_t len)
{
	const struct entry e = {
		.mode = S_IFREG | (mode & 07777), .links_nr = 1,
		.data = data, .len = len,
	};

	if (begin(w, name))
		put_entry(w, name, &e);
}

void dw_cpio_link(struct dw_cpio_writer *w, const char *name,
		  const char *target)
{
	const struct entry e = {
		.mode = S_IFLNK | 0777, .links_nr = 1,
		.data = target, .len = strlen(target),
	};

	/* What lies below it later goes through it. */
	if (begin(w, name) && note(w, name, strlen(name)))
		put_entry(w, name, &e);
}

void dw_cpio_node(struct dw_cpio_writer *w, const char *name, uint32_t mode,
		  uint32_t rdev_major, uint32_t rdev_minor)
{
	const struct entry e = {
		.mode = mode, .links_nr = 1,
		.rdev_major = rdev_major, .rdev_minor = rdev_minor,
	};

	if (begin(w, name))
		put_entry(w, name, &e);
}

void dw_cpio_copy(struct dw_cpio_writer *w, const struct dw_cpio_entry *e)
{
	if (!w->ret)
		put_header(w, e->name, e);
}

void dw_cpio_copy_data(struct dw_cpio_writer *w, const void *data, size_t len)
{
	if (!w->ret)
		dw_buf_add(&w->out, data, len);
}

static void put_trailer(struct dw_cpio_writer *w)
{
	put_header(w, TRAILER, &(struct dw_cpio_entry){ .links_nr = 1 });
	pad(&w->out, END_ALIGN);
}

void dw_cpio_next_archive(struct dw_cpio_writer *w)
{
	if (!w->ret)
		put_trailer(w);
}

int dw_cpio_end(struct dw_cpio_writer *w, char **data, size_t *len,
		struct dw_err *err)
{
	int ret;

	*data = NULL;
	*len = 0;
	if (!w->ret)
		put_trailer(w);
	ret = w->ret ? w->ret : dw_buf_check(&w->out, err);
	if (w->ret && err)
		*err = w->err;
	if (!ret)
		*data = dw_buf_take(&w->out, len);
	dw_cpio_abort(w);
	return ret;
}
