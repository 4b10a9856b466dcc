/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A new kernel's lists of modules, and its initrd. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/notes.h"
#include "dev/kinds.h"
#include "initrd/make.h"
#include "job/add_kernel.h"
#include "kmod/depmod.h"

/* ---- lists of modules ---------------------------------------------------- */

#define DAMAGED_SHOWN 10

/* depmod goes on without them, and so do we; but they do not load. */
static void note_damaged(struct dw_add_kernel_plan *plan,
			 const struct dw_depmod *lists)
{
	const struct dw_notes *damaged = &lists->damaged;
	size_t nr = damaged->nr < DAMAGED_SHOWN ? damaged->nr : DAMAGED_SHOWN;

	for (size_t i = 0; i < nr; i++)
		dw_notes_add(&plan->notes, "a damaged module: %s",
			     damaged->items[i]);
	if (lists->damaged_nr > nr)
		dw_notes_add(&plan->notes, "damaged modules beside these: %zu",
			     lists->damaged_nr - nr);
}

static int add_lists(struct dw_add_kernel_plan *plan,
		     const struct dw_depmod *lists, struct dw_err *err)
{
	bool merged = plan->state->before.guest->release.usr_merged;
	char path[2 * DW_PACKAGE_FIELD];
	int ret = 0;

	for (size_t i = 0; i < lists->files_nr && !ret; i++) {
		snprintf(path, sizeof(path), "%s/lib/modules/%s/%s",
			 merged ? "/usr" : "", plan->version,
			 lists->files[i].name);
		ret = dw_kernel_files_add_bytes(plan->state, path, 0644,
						lists->files[i].data,
						lists->files[i].len, err);
	}
	return ret;
}

/* As the tools of the guest want modules.dep: the other kernel's shows it. */
static int choose_flags(const struct dw_add_kernel_plan *plan, unsigned *flags,
			struct dw_err *err)
{
	const struct dw_add_kernel_state *s = plan->state;
	struct dw_modules *mods = NULL;
	int ret;

	*flags = 0;
	if (!s->like)
		return 0;
	ret = dw_modules_open(s->before.root.fs, s->like->version, &mods, err);
	if (!ret && dw_modules_are_absolute(mods))
		*flags = DW_DEPMOD_ABSOLUTE;
	dw_modules_free(mods);
	return ret == DW_NOENT ? 0 : ret;
}

static int run_depmod(struct dw_add_kernel_plan *plan, struct dw_amend *a,
		      struct dw_err *err)
{
	char dir[2 * DW_PACKAGE_FIELD];
	struct dw_depmod lists = { 0 };
	struct dw_kernel_view view;
	unsigned flags = 0;
	int ret = dw_kernel_view_open(plan, a, &view, err);

	if (!ret)
		ret = choose_flags(plan, &flags, err);
	snprintf(dir, sizeof(dir), "/lib/modules/%s", plan->version);
	if (!ret && dw_fs_exists(view.sys.root.fs, dir)) {
		ret = dw_depmod(plan->state->ctx, view.sys.root.fs, dir,
				flags, &lists, err);
		if (!ret)
			ret = add_lists(plan, &lists, err);
		if (!ret)
			note_damaged(plan, &lists);
	}
	dw_depmod_free(&lists);
	dw_kernel_view_close(&view);
	return ret;
}

/* ---- the initrd ---------------------------------------------------------- */

/* As the other kernel's is called, else as the distribution would. */
static int name_initrd(struct dw_add_kernel_plan *plan, struct dw_err *err)
{
	const struct dw_add_kernel_state *s = plan->state;
	const struct dw_release *r = &s->before.guest->release;
	const char *old = s->like ? s->like->initrd_path : NULL;
	const char *hit = old && *plan->like && !strncmp(old, "/boot/", 6)
		? strstr(old, plan->like) : NULL;
	int len;

	if (hit)
		len = asprintf(&plan->initrd, "%.*s%s%s", (int)(hit - old),
			       old, plan->version, hit + strlen(plan->like));
	else if (r->distro == DW_DISTRO_SLES ||
		 r->distro == DW_DISTRO_OPENSUSE)
		len = asprintf(&plan->initrd, "/boot/initrd-%s",
			       plan->version);
	else if (r->distro == DW_DISTRO_RHEL || r->distro == DW_DISTRO_FEDORA)
		len = asprintf(&plan->initrd, r->distro == DW_DISTRO_RHEL &&
			       r->major && r->major < 6 ?
			       "/boot/initrd-%s.img" :
			       "/boot/initramfs-%s.img", plan->version);
	else
		len = asprintf(&plan->initrd, "/boot/initrd.img-%s",
			       plan->version);
	if (len >= 0)
		return 0;
	plan->initrd = NULL;
	return dw_fail_nomem(err);
}

/* A kernel in a view, as makers of initrds want it; DW_NOENT where it has no
 * modules. */
static int fill_target(const struct dw_add_kernel_plan *plan,
		       struct dw_kernel_view *view, struct dw_initrd_target *t,
		       struct dw_modules **mods, struct dw_err *err)
{
	const struct dw_guest *guest = view->sys.guest;
	const struct dw_fs_info *info = &plan->state->amend.info;
	int ret;

	*mods = NULL;
	*t = (struct dw_initrd_target) {
		.ctx = plan->state->ctx, .fs = view->sys.root.fs,
		.kernel = &guest->kernels.items[view->kernel_nr],
		.release = &guest->release,
	};
	t->root.type = info->type;
	t->root.metadata_csum = strstr(info->features, "metadata_csum");
	ret = dw_modules_open(t->fs, plan->version, mods, err);
	t->mods = *mods;
	return ret;
}

/* In kind, where it can be done: what the guest does in its initrd beside
 * mounting its root, it goes on doing.  *data stays NULL where no initrd helps
 * this kernel: what it boots on is judged later. */
static int make_initrd(struct dw_add_kernel_plan *plan,
		       const struct dw_initrd_target *t, char **data,
		       size_t *len, struct dw_err *err)
{
	const struct dw_kernel *like = plan->state->like;
	struct dw_err why = { 0 };
	int ret = DW_UNSUPPORTED;

	plan->initrd_origin = DW_INITRD_REMADE;
	if (like && like->initrd_path)
		ret = dw_initrd_remake(t, like->initrd_path, like->version,
				       data, len, &why);
	if (ret != DW_UNSUPPORTED) {
		if (ret && err)
			*err = why;
		return ret;
	}
	if (why.text[0])
		dw_notes_add(&plan->notes, "%s cannot be made anew for the "
			     "new kernel: %s", like->initrd_path, why.text);
	plan->initrd_origin = DW_INITRD_SYNTH;
	ret = dw_initrd_synth(t, NULL, data, len, &why);
	if (ret == DW_UNSUPPORTED) {
		dw_notes_add(&plan->notes, "no initrd is made: %s", why.text);
		plan->initrd_origin = DW_INITRD_NONE;
		return 0;
	}
	if (ret && err)
		*err = why;
	return ret;
}

static int add_initrd(struct dw_add_kernel_plan *plan,
		      struct dw_kernel_view *view, struct dw_err *err)
{
	struct dw_add_kernel_state *s = plan->state;
	struct dw_initrd_target t;
	struct dw_modules *mods;
	struct dw_stat st = { .mode = 0644 };
	char *data = NULL;
	size_t len = 0;
	int ret = fill_target(plan, view, &t, &mods, err);

	if (ret == DW_NOENT) {
		dw_notes_add(&plan->notes, "no initrd is made: kernel %s has "
			     "no modules", plan->version);
		return 0;
	}
	if (!ret)
		ret = make_initrd(plan, &t, &data, &len, err);
	if (ret || !data)
		goto out;
	ret = name_initrd(plan, err);
	/* Some hold keys: nobody else could read the other one, either. */
	if (!ret && s->like && s->like->initrd_path)
		ret = dw_fs_stat(s->before.root.fs, s->like->initrd_path, &st,
				 err);
	if (!ret)
		ret = dw_kernel_files_add_bytes(s, plan->initrd,
						st.mode & 0777, data, len,
						err);
	plan->initrd_len = len;
out:
	free(data);
	dw_modules_free(mods);
	return ret;
}

/* ---- what it lacks ------------------------------------------------------- */

/* The initrd is the last of the files, in memory. */
static int exchange(struct dw_add_kernel_plan *plan,
		    const struct dw_initrd_change *change, struct dw_err *err)
{
	struct dw_add_kernel_state *s = plan->state;
	struct dw_kernel_file *f = &s->files[s->files_nr - 1];
	uint64_t old_len = change->whole ? 0 : f->content->size;
	struct dw_dev *new = NULL;
	char *old = malloc(old_len + 1);
	int ret = old ? 0 : dw_fail_nomem(err);

	if (!ret)
		ret = dw_mem_new(f->path, old_len + change->len, &new, err);
	if (!ret && old_len)
		ret = dw_dev_pread(f->content, 0, old, old_len, err);
	if (!ret && old_len)
		ret = dw_dev_pwrite(new, 0, old, old_len, err);
	if (!ret && change->len)
		ret = dw_dev_pwrite(new, old_len, change->bytes, change->len,
				    err);
	free(old);
	if (ret) {
		dw_dev_close(new, NULL);
		return ret;
	}
	dw_dev_close(f->content, NULL);
	f->content = new;
	plan->initrd_len = new->size;
	if (change->note)
		dw_notes_add(&plan->notes, "%s: %s", f->path, change->note);
	return 0;
}

static int complete(struct dw_add_kernel_plan *plan,
		    const struct dw_initrd_target *t, struct dw_err *err)
{
	struct dw_module_list wanted = { 0 };
	struct dw_initrd_change change = { 0 };
	struct dw_initrd *initrd = NULL;
	int ret = dw_initrd_read(t->ctx, t->fs, plan->initrd, plan->version,
				 &initrd, err);

	if (!ret)
		ret = dw_initrd_wanted(t, initrd, DW_SIDE_KVM, &wanted, err);
	if (!ret)
		ret = dw_initrd_wanted(t, initrd, DW_SIDE_XEN, &wanted, err);
	if (!ret && wanted.nr)
		ret = dw_initrd_add(t, initrd, &wanted, &change, err);
	if (!ret && change.len)
		ret = exchange(plan, &change, err);
	dw_initrd_change_free(&change);
	dw_module_list_free(&wanted);
	dw_initrd_free(initrd);
	return ret;
}

/* One in kind has what the old one had, for one side perhaps. */
static int complete_initrd(struct dw_add_kernel_plan *plan, struct dw_amend *a,
			   struct dw_err *err)
{
	struct dw_modules *mods = NULL;
	struct dw_kernel_view view;
	struct dw_initrd_target t;
	int ret = dw_kernel_view_open(plan, a, &view, err);

	if (!ret)
		ret = fill_target(plan, &view, &t, &mods, err);
	if (!ret)
		ret = complete(plan, &t, err);
	dw_modules_free(mods);
	dw_kernel_view_close(&view);
	return ret;
}

/* ---- both ---------------------------------------------------------------- */

static int needs_initrd(struct dw_add_kernel_plan *plan,
			struct dw_kernel_view *view, bool *needed,
			struct dw_err *err)
{
	const struct dw_kernel *like = plan->state->like;
	const struct dw_boot_check *check;
	int ret;

	if (view->kernel_nr < 0)
		return dw_fail(err, DW_UNSUPPORTED, "%s is no kernel that a "
			       "PC boots", plan->kernel);
	*needed = false;
	ret = dw_verdict_check(&view->sys.source, (size_t)view->kernel_nr,
			       &check, err);
	if (!ret)
		*needed = (like && like->initrd_path) || !check->kvm_ok ||
			  !check->xen_ok;
	return ret;
}

static int run_initrd(struct dw_add_kernel_plan *plan, struct dw_amend *a,
		      bool *added, struct dw_err *err)
{
	struct dw_kernel_view view;
	int ret = dw_kernel_view_open(plan, a, &view, err);

	*added = false;
	if (!ret)
		ret = needs_initrd(plan, &view, added, err);
	if (!ret && *added)
		ret = add_initrd(plan, &view, err);
	*added &= plan->initrd != NULL;
	dw_kernel_view_close(&view);
	return ret;
}

/* Ours takes the place of one that a package brings, which goes in where none
 * is made. */
static int set_aside(struct dw_add_kernel_plan *plan,
		     struct dw_kernel_file *theirs, struct dw_err *err)
{
	int ret = name_initrd(plan, err);

	if (!ret)
		dw_kernel_files_take(plan->state, plan->initrd, theirs);
	free(plan->initrd);
	plan->initrd = NULL;
	return ret;
}

static int take_theirs(struct dw_add_kernel_plan *plan,
		       const struct dw_kernel_file *theirs, struct dw_err *err)
{
	int ret = dw_kernel_files_add(plan->state, theirs, err);

	if (!ret && S_ISREG(theirs->mode)) {
		plan->initrd = strdup(theirs->path);
		plan->initrd_len = theirs->content->size;
		plan->initrd_origin = DW_INITRD_GIVEN;
		ret = plan->initrd ? 0 : dw_fail_nomem(err);
	}
	return ret;
}

static int rehearse(struct dw_add_kernel_plan *plan, bool *added,
		    struct dw_err *err)
{
	struct dw_add_kernel_state *s = plan->state;
	size_t first = s->files_nr;
	struct dw_amend a;
	int ret = dw_rehearsal_open(s, &a, err);

	if (!ret)
		ret = dw_kernel_place(plan, &a, 0, err);
	if (!ret)
		ret = run_depmod(plan, &a, err);
	if (!ret)
		ret = dw_kernel_place(plan, &a, first, err);
	first = s->files_nr;
	if (!ret)
		ret = run_initrd(plan, &a, added, err);
	if (!ret && *added)
		ret = dw_kernel_place(plan, &a, first, err);
	if (!ret && *added)
		ret = complete_initrd(plan, &a, err);
	dw_rehearsal_close(&a);
	return ret;
}

int dw_kernel_make_lists(struct dw_add_kernel_plan *plan, struct dw_err *err)
{
	struct dw_kernel_file theirs = { 0 };
	bool added = false;
	int ret = set_aside(plan, &theirs, err);

	if (!ret)
		ret = rehearse(plan, &added, err);
	if (!ret && theirs.path && added)
		dw_notes_add(&plan->notes, "%s of the package is left out: one "
			     "for this guest is made", theirs.path);
	else if (!ret && theirs.path)
		ret = take_theirs(plan, &theirs, err);
	dw_kernel_file_free(&theirs);
	return ret;
}
