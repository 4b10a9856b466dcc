/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether packages and guest go together. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/notes.h"
#include "job/add_kernel.h"

/* ---- packages ------------------------------------------------------------ */

/* An image at one of the places from which it gets to /boot. */
static bool has_kernel(const struct dw_package *pkg, const char *version)
{
	static const char *const forms[] = {
		"/boot/vmlinuz-%s", "/lib/modules/%s/vmlinuz",
		"/usr/lib/modules/%s/vmlinuz",
	};
	char path[2 * DW_PACKAGE_FIELD];

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		snprintf(path, sizeof(path), forms[i], version);
		if (dw_package_find(pkg, path))
			return true;
	}
	return false;
}

static int check_version(struct dw_add_kernel_plan *plan,
			 const struct dw_package *pkg, const char *file,
			 struct dw_err *err)
{
	char version[DW_PACKAGE_FIELD];
	int ret = dw_package_kernel_version(pkg, version, err);

	if (ret)
		return dw_err_prefix(err, ret, "%s", file);
	if (plan->version && strcmp(plan->version, version))
		return dw_fail(err, DW_USAGE, "%s is of kernel %.60s, another "
			       "package of %.60s", file, version,
			       plan->version);
	if (!plan->version)
		plan->version = strdup(version);
	return plan->version ? 0 : dw_fail_nomem(err);
}

int dw_kernel_check_packages(struct dw_add_kernel_plan *plan,
			     struct dw_err *err)
{
	struct dw_add_kernel_state *s = plan->state;
	bool found = false;
	int ret = 0;

	for (size_t i = 0; i < s->pkgs_nr && !ret; i++) {
		ret = check_version(plan, s->pkgs[i], plan->packages[i].file,
				    err);
		if (!ret)
			found |= has_kernel(s->pkgs[i], plan->version);
		if (!ret && s->pkgs[i]->kind != s->pkgs[0]->kind)
			ret = dw_fail(err, DW_USAGE, "packages of two kinds, "
				      ".deb and .rpm");
	}
	if (!ret && !found)
		ret = dw_fail(err, DW_UNSUPPORTED, "no package brings the "
			      "kernel %s itself, only modules; give the one "
			      "that does as well", plan->version);
	if (!ret && asprintf(&plan->kernel, "/boot/vmlinuz-%s",
			     plan->version) < 0) {
		plan->kernel = NULL;
		ret = dw_fail_nomem(err);
	}
	return ret;
}

/* ---- the machine --------------------------------------------------------- */

#define ELF_CLASS_OFF	4
#define ELF_MACHINE_OFF	18
#define ELF_HEAD_LEN	20
#define EM_386		3
#define EM_X86_64	62

/* The machine of the guest's own programs; 0: not known. */
static unsigned guest_machine(struct dw_fs *fs)
{
	static const char *const programs[] = {
		"/sbin/init", "/bin/sh", "/bin/bash", "/bin/busybox",
	};
	uint8_t head[ELF_HEAD_LEN];
	struct dw_stat st;
	size_t got;

	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		if (!dw_fs_stat(fs, programs[i], &st, NULL) &&
		    !dw_fs_pread(fs, st.ino, 0, head, sizeof(head), &got,
				 NULL) && got == sizeof(head) &&
		    !memcmp(head, "\177ELF", 4))
			return dw_le16(head + ELF_MACHINE_OFF);
	return 0;
}

static unsigned package_machine(const char *arch)
{
	static const struct {
		const char *arch;
		unsigned machine;
	} known[] = {
		{ "amd64", EM_X86_64 }, { "x86_64", EM_X86_64 },
		{ "i386", EM_386 }, { "i486", EM_386 }, { "i586", EM_386 },
		{ "i686", EM_386 }, { "athlon", EM_386 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(arch, known[i].arch))
			return known[i].machine;
	return 0;
}

/* A 64-bit kernel runs 32-bit programs, not the other way round. */
static int check_machine(struct dw_add_kernel_plan *plan,
			 const struct dw_package *pkg, unsigned guest,
			 struct dw_err *err)
{
	bool any = !strcmp(pkg->arch, "all") || !strcmp(pkg->arch, "noarch");
	unsigned machine = package_machine(pkg->arch);
	const char *is;

	if (any || !guest || machine == guest)
		return 0;
	/* No package manager takes it, whatever the kernel runs. */
	if (plan->state->firstboot)
		return dw_fail(err, DW_UNSUPPORTED, "--firstboot: %s is for "
			       "%.40s, and the guest's programs are not",
			       pkg->name, pkg->arch);
	if (plan->state->force)
		return 0;
	if (machine == EM_X86_64 && guest == EM_386) {
		dw_notes_add(&plan->notes, "a 64-bit kernel for a guest of "
			     "32-bit programs");
		return 0;
	}
	is = guest == EM_X86_64 ? "x86_64" : guest == EM_386 ? "32-bit x86"
							     : "no x86";
	return dw_fail(err, DW_UNSUPPORTED, "%s is for %.40s, and the guest's "
		       "programs are for %s (--force adds it)", pkg->name,
		       pkg->arch, is);
}

/* ---- the guest ----------------------------------------------------------- */

static int check_there(struct dw_add_kernel_plan *plan, struct dw_err *err)
{
	struct dw_fs *fs = plan->state->amend.fs;
	char path[2 * DW_PACKAGE_FIELD];
	bool there = dw_fs_exists(fs, plan->kernel);

	snprintf(path, sizeof(path), "/lib/modules/%s/kernel", plan->version);
	there |= dw_fs_exists(fs, path);
	if (!there || plan->state->force)
		return 0;
	return dw_fail(err, DW_EXISTS, "the guest has kernel %s already; "
		       "--force puts it there again", plan->version);
}

/* The kernel that boots now, as PyGrub has it, else KVM, else the newest: the
 * new one's initrd and menu entries are made after its. */
static void choose_like(struct dw_add_kernel_plan *plan)
{
	struct dw_add_kernel_state *s = plan->state;
	const struct dw_boot_verdict *v[] = { &plan->pygrub_before,
					      &plan->kvm_before };
	const struct dw_kernels *kernels = &s->before.guest->kernels;
	size_t nr;

	for (size_t i = 0; i < 2 && !s->like; i++)
		if (v[i]->boots &&
		    !dw_verdict_find_kernel(&s->before.source, v[i], &nr,
					    NULL) &&
		    strcmp(kernels->items[nr].version, plan->version))
			s->like = &kernels->items[nr];
	for (size_t i = 0; i < kernels->nr && !s->like; i++)
		if (!kernels->items[i].is_rescue &&
		    kernels->items[i].version[0] &&
		    strcmp(kernels->items[i].version, plan->version))
			s->like = &kernels->items[i];
}

int dw_kernel_check_guest(struct dw_add_kernel_plan *plan, struct dw_err *err)
{
	struct dw_add_kernel_state *s = plan->state;
	unsigned machine = guest_machine(s->before.root.fs);
	int ret = 0;

	if (!dw_guest_is_system(s->before.guest))
		ret = dw_fail(err, DW_UNSUPPORTED, "no guest's system is on "
			      "it");
	else if (s->before.guest->has_separate_boot)
		ret = dw_fail(err, DW_UNSUPPORTED, "its /boot is a filesystem "
			      "of its own, which is not handled");
	for (size_t i = 0; i < s->pkgs_nr && !ret; i++)
		ret = check_machine(plan, s->pkgs[i], machine, err);
	if (!ret)
		ret = check_there(plan, err);
	if (ret)
		return ret;
	choose_like(plan);
	if (!s->like)
		return 0;
	plan->like = strdup(s->like->version);
	return plan->like ? 0 : dw_fail_nomem(err);
}
