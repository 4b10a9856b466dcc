/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The feature bits of ext2/3/4: their names, and which of them we handle. */
#include <stdio.h>
#include <string.h>

#include "fs/ext_internal.h"

/* In the order in which dumpe2fs prints: compat, incompat, ro_compat. */
static const char *const compat_names[32] = {
	"dir_prealloc", "imagic_inodes", "has_journal", "ext_attr",
	"resize_inode", "dir_index", "lazy_bg", NULL,
	"snapshot_bitmap", "sparse_super2", "fast_commit", "stable_inodes",
	"orphan_file",
};

static const char *const incompat_names[32] = {
	"compression", "filetype", "needs_recovery", "journal_dev",
	"meta_bg", NULL, "extent", "64bit",
	"mmp", "flex_bg", "ea_inode", NULL,
	"dirdata", "metadata_csum_seed", "large_dir", "inline_data",
	"encrypt", "casefold",
};

static const char *const ro_compat_names[32] = {
	"sparse_super", "large_file", NULL, "huge_file",
	"uninit_bg", "dir_nlink", "extra_isize", "snapshot",
	"quota", "bigalloc", "metadata_csum", "replica",
	"read-only", "project", "shared_blocks", "verity",
	"orphan_present",
};

/*
 * What libext2fs handles (its header leaves MMP out, its library does not) bars
 * nothing but: an external journal is no
 * filesystem; blocks shared by files, snapshots and copies must not be changed
 * in place; the usage files of quotas would be wrong after a change.
 */
#define READABLE_INCOMPAT \
	((EXT2_LIB_FEATURE_INCOMPAT_SUPP | EXT4_FEATURE_INCOMPAT_MMP) & \
	 ~EXT3_FEATURE_INCOMPAT_JOURNAL_DEV)
#define WRITABLE_RO_COMPAT \
	(EXT2_LIB_FEATURE_RO_COMPAT_SUPP & \
	 ~(EXT4_FEATURE_RO_COMPAT_READONLY | EXT4_FEATURE_RO_COMPAT_QUOTA | \
	   EXT4_FEATURE_RO_COMPAT_SHARED_BLOCKS))

#define EXT3_INCOMPAT \
	(EXT2_FEATURE_INCOMPAT_FILETYPE | EXT3_FEATURE_INCOMPAT_RECOVER | \
	 EXT2_FEATURE_INCOMPAT_META_BG | EXT3_FEATURE_INCOMPAT_JOURNAL_DEV)
#define EXT3_RO_COMPAT \
	(EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | \
	 EXT2_FEATURE_RO_COMPAT_LARGE_FILE | 0x4)

const char *dw_ext_type_name(const struct dw_ext_super *sb)
{
	if (sb->incompat & EXT3_FEATURE_INCOMPAT_JOURNAL_DEV)
		return "jbd";
	if (sb->incompat & ~EXT3_INCOMPAT || sb->ro_compat & ~EXT3_RO_COMPAT)
		return "ext4";
	return sb->compat & EXT3_FEATURE_COMPAT_HAS_JOURNAL ? "ext3" : "ext2";
}

static void name_of(char set, const char *const *names, unsigned bit, char *out,
		    size_t size)
{
	if (names[bit])
		snprintf(out, size, "%s", names[bit]);
	else
		snprintf(out, size, "FEATURE_%c%u", set, bit);
}

static size_t add_names(char set, const char *const *names, uint32_t bits,
			char *out, size_t size, size_t at)
{
	char name[32];

	for (unsigned bit = 0; bit < 32; bit++) {
		size_t len;

		if (!(bits >> bit & 1))
			continue;
		name_of(set, names, bit, name, sizeof(name));
		len = strlen(name);
		if (at + 1 + len >= size)
			break;
		if (at)
			out[at++] = ' ';
		memcpy(out + at, name, len + 1);
		at += len;
	}
	return at;
}

void dw_ext_feature_names(const struct dw_ext_super *sb, char *out, size_t size)
{
	size_t at = 0;

	out[0] = '\0';
	at = add_names('C', compat_names, sb->compat, out, size, at);
	at = add_names('I', incompat_names, sb->incompat, out, size, at);
	add_names('R', ro_compat_names, sb->ro_compat, out, size, at);
}

static int refuse(char set, const char *const *names, uint32_t bad,
		  const char *what, struct dw_err *err)
{
	char name[32];

	name_of(set, names, (unsigned)__builtin_ctz(bad), name, sizeof(name));
	return dw_fail(err, DW_UNSUPPORTED,
		       "ext: a filesystem with feature %s cannot be %s", name,
		       what);
}

int dw_ext_feature_check(const struct dw_ext_super *sb, bool writing,
			 struct dw_err *err)
{
	uint32_t bad = sb->incompat & ~READABLE_INCOMPAT;

	if (sb->incompat & EXT3_FEATURE_INCOMPAT_JOURNAL_DEV)
		return dw_fail(err, DW_UNSUPPORTED, "ext: this is the external "
			       "journal of another filesystem");
	if (bad)
		return refuse('I', incompat_names, bad, "read", err);
	bad = sb->ro_compat & ~WRITABLE_RO_COMPAT;
	if (writing && bad)
		return refuse('R', ro_compat_names, bad, "changed", err);
	return 0;
}
