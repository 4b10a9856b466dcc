/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What plans and reports are made of. */
#ifndef DISKWRIGHT_REPORT_H
#define DISKWRIGHT_REPORT_H
#ifndef DISKWRIGHT_H
#error "include <diskwright.h>"
#endif

/*
 * One line that changes.  Lines are without their line end; a byte 0 inside
 * one is shown as '?'.  Other bytes are as the file has them: who prints them
 * escapes them.
 */
struct dw_change {
	char *path;		/* NULL where a pure text function reports */
	uint64_t line_nr;	/* from 1, in the old text; 0: whole file */
	char *before;		/* NULL: the line is new */
	char *after;		/* NULL: the line goes; both NULL: only a note */
	char *note;		/* why, NULL where that is obvious */
};

struct dw_changes {
	struct dw_change *items;
	size_t nr;
	size_t cap;
	bool failed;	/* memory ran out while it was made; never in a result */
};

/* Lines for the reader that belong to no file: "source and copy share ...". */
struct dw_notes {
	char **items;
	size_t nr;
	bool failed;	/* as above */
};

/* What to do where no kernel of a guest suits one side.  Both NULL: one does. */
struct dw_kernel_advice {
	char *package;		/* its name; NULL: there is none */
	char *text;		/* one line */
};

/* What one side would boot, or why it would not. */
struct dw_boot_verdict {
	bool boots;
	char *reason;		/* why not; NULL where it boots */
	char *config;		/* the configuration file that decides; NULL:
				 * the loader scans /boot */
	char *entry;		/* its title or label */
	char *kernel;
	char *initrd;		/* NULL: none */
	char *args;
	char *root;		/* the root= among them, or NULL */
	struct dw_kernel_advice advice;
	struct dw_notes warnings;
};

struct dw_fs_info {
	char type[32];		/* "ext2", "ext3", "ext4", or blkid's name */
	uint8_t uuid[16];	/* zero where there is none */
	bool has_uuid;
	char label[64];		/* "" where there is none */
	uint32_t block_len;
	uint64_t size;		/* bytes the filesystem spans */
	uint64_t free_len;
	uint32_t inode_len;
	int64_t write_time;	/* last write, seconds */
	bool needs_recovery;	/* its journal holds transactions */
	bool has_orphans;
	bool has_errors;	/* marked so by a kernel or fsck */
	bool is_clean;		/* unmounted; says little with a journal */
	bool has_journal;
	bool partial;		/* only named, not readable */
	char features[256];	/* "has_journal ext_attr ..." */
};

/* What recovery did; counts of things mended. */
struct dw_recovery {
	uint64_t transactions_nr;
	uint64_t replayed_blk_nr;
	uint64_t revoked_blk_nr;
	uint64_t orphans_deleted_nr;
	uint64_t orphans_truncated_nr;
	uint64_t free_counts_fixed_nr;
	uint64_t bad_blk_nr;	/* in the journal with a wrong checksum */
	/* "", or what could not be recovered: the filesystem was then marked
	 * as having errors, and only e2fsck can mend it. */
	char damage[160];
};

#endif
