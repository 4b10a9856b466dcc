/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the programs that make initrds differ in; for the files of this room. */
#ifndef DW_INITRD_FAMILY_H
#define DW_INITRD_FAMILY_H

#include "initrd/change.h"
#include "initrd/cpio_write.h"
#include "kmod/softdep.h"

/* A module's file in an initrd. */
struct dw_initrd_held {
	char name[DW_MODULE_NAME];
	char *path;		/* below the folder of modules.* */
	size_t seq;		/* in the order of the archives */
};

/* How an initrd is laid out, as far as what is added has to suit it. */
struct dw_initrd_layout {
	/* The folder of modules.*: "usr/lib/modules/6.1.0-50-amd64". */
	char dir[512];
	struct dw_initrd_held *held;	/* sorted by name; the last file of
					 * each name */
	size_t held_nr, held_cap;
	bool reads_packed;	/* packed ones are among them */
	struct dw_cpio_tail tail;
};

/* An archive that is being made for an initrd. */
struct dw_initrd_build {
	const struct dw_initrd_target *target;
	const struct dw_initrd *initrd;
	const char *path;		/* of the initrd in the guest */
	const struct dw_module_list *names;	/* as asked for */
	const struct dw_module_list *load;	/* of those and of what they
						 * need the ones that it lacks,
						 * in the order of loading */
	struct dw_initrd_layout layout;
	struct dw_cpio_writer w;	/* knows the initrd's links */
};

struct dw_initrd_driver {
	enum dw_initrd_family family;
	/* Puts the modules of b->load into b->w, with whatever makes the
	 * initrd load them. */
	int (*add)(struct dw_initrd_build *b, struct dw_err *err);
	int (*keep)(const struct dw_initrd_target *t,
		    const struct dw_module_list *names,
		    struct dw_edits *edits, struct dw_err *err);
};

extern const struct dw_initrd_driver dw_initrd_initramfs_tools;
extern const struct dw_initrd_driver dw_initrd_dracut;
extern const struct dw_initrd_driver dw_initrd_nash;
extern const struct dw_initrd_driver dw_initrd_suse;
extern const struct dw_initrd_driver dw_initrd_mkinitcpio;
extern const struct dw_initrd_driver dw_initrd_mkinitfs;
extern const struct dw_initrd_driver dw_initrd_own;

/* ---- shared pieces --------------------------------------------------------- */

/* How the kernel has a driver: the module list is what is really installed;
 * where it knows nothing of a name (no list of built-in ones) the
 * configuration is asked.  mods may be NULL. */
enum dw_have dw_initrd_kernel_has(const struct dw_kernel *kernel,
				  const struct dw_modules *mods,
				  const char *name);

/*
 * What the named modules need and themselves, without what is built in and
 * what the initrd (NULL: none) has, in the order of loading.  DW_NOENT: the
 * kernel does not have one of them.
 */
int dw_initrd_resolve(const struct dw_initrd_target *t,
		      const struct dw_initrd *initrd,
		      const struct dw_module_list *names,
		      struct dw_module_list *load, struct dw_err *err);

/* The same with soft dependencies that were read already. */
int dw_initrd_order(const struct dw_initrd_target *t,
		    const struct dw_initrd *initrd,
		    const struct dw_softdeps *soft,
		    const struct dw_module_list *names,
		    struct dw_module_list *load, struct dw_err *err);

/*
 * Refuses modules whose files have more bytes than the context allows
 * (DW_LIMIT) or, where they are to be added as they are, than the filesystem
 * has free (DW_NOSPACE): before any of them is read.
 */
int dw_initrd_check_room(const struct dw_initrd_target *t,
			 const struct dw_module_list *load, bool appended,
			 struct dw_err *err);

/* Fills b->layout and tells b->w of the links; b->path is set. */
int dw_initrd_scan(struct dw_initrd_build *b, struct dw_err *err);
void dw_initrd_layout_free(struct dw_initrd_layout *layout);
/* Its modules go; how it had them stays known. */
void dw_initrd_layout_forget(struct dw_initrd_layout *layout);

/*
 * The files of b->load as modprobe finds them: below
 * [usr/]lib/modules/VERSION as the initrd has it, as stored in the guest, with
 * the guest's own complete modules.* lists beside them.
 */
int dw_initrd_add_tree(struct dw_initrd_build *b, struct dw_err *err);

/* A small file of an initrd. */
struct dw_initrd_text {
	const char *name;
	char *data;		/* NUL-terminated; NULL: there is none */
	size_t len;
	/* Where it has other names as well, which one. */
	bool linked;
	uint32_t ino;
	uint64_t dev;
};

/* Reads several in one walk, each the last of its name.  DW_LIMIT for one above
 * DW_CPIO_DATA_LEN.  Free with dw_initrd_texts_free(), after errors too. */
int dw_initrd_get_all(const struct dw_initrd_target *t, const char *path,
		      struct dw_initrd_text *texts, size_t nr,
		      struct dw_err *err);
void dw_initrd_texts_free(struct dw_initrd_text *texts, size_t nr);

/* The same of one file; DW_NOENT where there is none.  The caller frees it. */
int dw_initrd_get(const struct dw_initrd_target *t, const char *path,
		  const char *name, char **data, size_t *len,
		  struct dw_err *err);

#endif
