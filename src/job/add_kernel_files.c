/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files a kernel's packages make in a guest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/notes.h"
#include "dev/kinds.h"
#include "job/add_kernel.h"

/* What depmod makes is made anew, out of the modules that there are. */
static const char *const by_depmod[] = {
	"modules.dep", "modules.dep.bin", "modules.alias", "modules.alias.bin",
	"modules.symbols", "modules.symbols.bin", "modules.softdep",
	"modules.weakdep", "modules.devname", "modules.builtin.bin",
	"modules.builtin.alias.bin",
};

void dw_kernel_file_free(struct dw_kernel_file *file)
{
	free(file->path);
	free(file->target);
	dw_dev_close(file->content, NULL);
	memset(file, 0, sizeof(*file));
}

void dw_kernel_files_take(struct dw_add_kernel_state *s, const char *path,
			  struct dw_kernel_file *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < s->files_nr && !out->path; i++) {
		if (strcmp(s->files[i].path, path))
			continue;
		*out = s->files[i];
		s->files_nr--;
		memmove(&s->files[i], &s->files[i + 1],
			(s->files_nr - i) * sizeof(*out));
	}
}

void dw_kernel_files_free(struct dw_add_kernel_state *s)
{
	for (size_t i = 0; i < s->files_nr; i++)
		dw_kernel_file_free(&s->files[i]);
	free(s->files);
	s->files = NULL;
	s->files_nr = s->files_cap = 0;
}

int dw_kernel_files_add(struct dw_add_kernel_state *s,
			const struct dw_kernel_file *file, struct dw_err *err)
{
	size_t cap = s->files_cap ? 2 * s->files_cap : 256;
	struct dw_kernel_file *files, *f;

	if (s->files_nr == s->files_cap) {
		files = realloc(s->files, cap * sizeof(*files));
		if (!files)
			return dw_fail_nomem(err);
		s->files = files;
		s->files_cap = cap;
	}
	f = &s->files[s->files_nr++];
	*f = *file;
	f->path = strdup(file->path);
	f->target = file->target ? strdup(file->target) : NULL;
	f->content = file->content ? dw_dev_ref(file->content) : NULL;
	return f->path && (f->target || !file->target) ? 0
						       : dw_fail_nomem(err);
}

int dw_kernel_files_add_bytes(struct dw_add_kernel_state *s, const char *path,
			      uint32_t mode, const void *data, size_t len,
			      struct dw_err *err)
{
	struct dw_kernel_file file = {
		.path = (char *)path, .mode = S_IFREG | mode, .mtime = -1,
	};
	int ret = dw_mem_new(path, len, &file.content, err);

	if (!ret && len)
		ret = dw_dev_pwrite(file.content, 0, data, len, err);
	if (!ret)
		ret = dw_kernel_files_add(s, &file, err);
	dw_dev_close(file.content, NULL);
	return ret;
}

/* ---- out of packages ----------------------------------------------------- */

static bool is_by_depmod(const char *path, const char *version)
{
	const char *name = strstr(path, "/modules/");
	size_t len = strlen(version);

	if (!name)
		return false;
	name += strlen("/modules/");
	if (strncmp(name, version, len) || name[len] != '/')
		return false;
	name += len + 1;
	for (size_t i = 0; i < sizeof(by_depmod) / sizeof(*by_depmod); i++)
		if (!strcmp(name, by_depmod[i]))
			return true;
	return false;
}

/*
 * Where the guest has it: modules are looked for in /lib/modules, which is
 * /usr/lib/modules where /lib is a link; a package may be made for either.
 */
static char *guest_path(const char *path, bool usr_merged)
{
	char *out;

	if (usr_merged && !strncmp(path, "/lib/", 5))
		return asprintf(&out, "/usr%s", path) < 0 ? NULL : out;
	if (!usr_merged && (!strncmp(path, "/usr/lib/modules/", 17) ||
			    !strncmp(path, "/usr/lib/firmware/", 18)))
		return strdup(path + strlen("/usr"));
	return strdup(path);
}

/* Files of /boot without the version are other kernels', or links that their
 * scripts would keep. */
static bool is_foreign(const struct dw_package_entry *e, const char *version)
{
	return !strncmp(e->path, "/boot/", 6) && !strstr(e->path, version);
}

/* Lists are written into it: as a link it would lead them elsewhere. */
static int check_folder(const struct dw_package_entry *e, const char *version,
			struct dw_err *err)
{
	const char *name = strstr(e->path, "/lib/modules/");

	if (!name || S_ISDIR(e->mode) ||
	    strcmp(name + strlen("/lib/modules/"), version))
		return 0;
	return dw_fail(err, DW_CORRUPT, "%s is no folder in the package",
		       e->path);
}

static int add_entry(struct dw_add_kernel_plan *plan,
		     const struct dw_package *pkg,
		     const struct dw_package_entry *e, const char *path,
		     struct dw_err *err)
{
	struct dw_kernel_file file = {
		.path = (char *)path, .target = e->target, .mode = e->mode,
		.mtime = e->mtime,
	};
	int ret = 0;

	if (S_ISREG(e->mode))
		ret = dw_window_new(pkg->content, e->off, e->size, e->path,
				    &file.content, err);
	if (!ret)
		ret = dw_kernel_files_add(plan->state, &file, err);
	dw_dev_close(file.content, NULL);
	return ret;
}

static int list_package(struct dw_add_kernel_plan *plan,
			const struct dw_package *pkg, struct dw_err *err)
{
	bool merged = plan->state->before.guest->release.usr_merged;
	uint64_t foreign_nr = 0;
	char *path;
	int ret = 0;

	for (size_t i = 0; i < pkg->entries_nr && !ret; i++) {
		const struct dw_package_entry *e = &pkg->entries[i];

		if (is_foreign(e, plan->version)) {
			foreign_nr += !S_ISDIR(e->mode);
			continue;
		}
		if (is_by_depmod(e->path, plan->version))
			continue;
		ret = check_folder(e, plan->version, err);
		if (ret)
			break;
		path = guest_path(e->path, merged);
		ret = path ? add_entry(plan, pkg, e, path, err)
			   : dw_fail_nomem(err);
		free(path);
	}
	if (foreign_nr)
		dw_notes_add(&plan->notes, "%s: %llu files of /boot have "
			     "another name than the kernel's, and are left "
			     "out", pkg->name, (unsigned long long)foreign_nr);
	return ret;
}

/* ---- a kernel that lies beside its modules ------------------------------- */

/*
 * Red Hat's packages since version 8, and SUSE's, have vmlinuz, config and
 * System.map in the folder of the modules; kernel-install, called by a script
 * of theirs, copies them to /boot.
 */
static int copy_to_boot(struct dw_add_kernel_plan *plan,
			const struct dw_package *pkg, const char *name,
			const char *form, struct dw_err *err)
{
	static const char *const folders[] = { "/usr/lib/modules",
					       "/lib/modules" };
	const struct dw_package_entry *e = NULL;
	char path[2 * DW_PACKAGE_FIELD];

	for (size_t i = 0; i < 2 && !e; i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", folders[i],
			 plan->version, name);
		e = dw_package_find(pkg, path);
	}
	snprintf(path, sizeof(path), form, plan->version);
	if (!e || !S_ISREG(e->mode) || dw_package_find(pkg, path))
		return 0;
	return add_entry(plan, pkg, e, path, err);
}

static int by_path(const void *a, const void *b)
{
	const struct dw_kernel_file *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

int dw_kernel_files_check(const struct dw_add_kernel_state *s,
			  struct dw_err *err)
{
	const struct dw_kernel_file **all;
	int ret = 0;

	if (!s->files_nr)
		return 0;
	all = malloc(s->files_nr * sizeof(*all));
	if (!all)
		return dw_fail_nomem(err);
	for (size_t i = 0; i < s->files_nr; i++)
		all[i] = &s->files[i];
	qsort(all, s->files_nr, sizeof(*all), by_path);
	for (size_t i = 1; i < s->files_nr && !ret; i++)
		if (!strcmp(all[i]->path, all[i - 1]->path) &&
		    !(S_ISDIR(all[i]->mode) && S_ISDIR(all[i - 1]->mode)))
			ret = dw_fail(err, DW_CORRUPT, "%s would be made "
				      "twice, of the packages' files",
				      all[i]->path);
	free(all);
	return ret;
}

int dw_kernel_files_list(struct dw_add_kernel_plan *plan, struct dw_err *err)
{
	static const char *const beside[][2] = {
		{ "vmlinuz", "/boot/vmlinuz-%s" },
		{ "config", "/boot/config-%s" },
		{ "System.map", "/boot/System.map-%s" },
		/* With fips=1, dracut's initrd stops without it. */
		{ ".vmlinuz.hmac", "/boot/.vmlinuz-%s.hmac" },
	};
	struct dw_add_kernel_state *s = plan->state;
	int ret = 0;

	for (size_t i = 0; i < s->pkgs_nr && !ret; i++) {
		ret = list_package(plan, s->pkgs[i], err);
		for (size_t j = 0; j < 4 && !ret; j++)
			ret = copy_to_boot(plan, s->pkgs[i], beside[j][0],
					   beside[j][1], err);
	}
	return ret ? ret : dw_kernel_files_check(s, err);
}
