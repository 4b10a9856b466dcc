/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kinds of ext2/3/4 that tests run through. */
#ifndef TESTS_UNIT_FSKINDS_H
#define TESTS_UNIT_FSKINDS_H

static const struct fskind {
	const char *name, *size, *args;
} kinds[] = {
	{ "ext2-1k", "40M", "-t ext2 -b 1024" },
	{ "ext2-4k-128", "40M", "-t ext2 -b 4096 -I 128" },
	{ "ext3-1k-128", "40M", "-t ext3 -b 1024 -I 128" },
	{ "ext3-2k", "40M", "-t ext3 -b 2048" },
	{ "ext4", "64M", "-t ext4 -b 4096" },
	{ "ext4-1k-32bit", "40M", "-t ext4 -b 1024 -O ^64bit" },
	{ "ext4-2k", "64M", "-t ext4 -b 2048" },
	{ "ext4-64k", "256M", "-t ext4 -b 65536" },
	{ "ext4-128", "40M", "-t ext4 -I 128" },
	{ "ext4-nojournal", "40M", "-t ext4 -O ^has_journal" },
	{ "ext4-noextents", "40M", "-t ext4 -O ^extents,^64bit" },
	{ "ext4-uninit", "64M", "-t ext4 -O ^metadata_csum,uninit_bg" },
	{ "ext4-bigalloc", "128M", "-t ext4 -b 4096 -O bigalloc -C 16384" },
	{ "ext4-bigalloc-1k", "128M", "-t ext4 -b 1024 -O bigalloc -C 8192" },
	{ "ext4-inline", "64M", "-t ext4 -b 4096 -O inline_data" },
	{ "ext4-inline-1k", "64M", "-t ext4 -b 4096 -O inline_data -I 1024" },
	{ "ext4-metabg", "64M", "-t ext4 -b 1024 -O meta_bg,^resize_inode" },
	{ "ext4-csumseed", "64M", "-t ext4 -O metadata_csum_seed" },
	{ "ext4-orphanfile", "64M", "-t ext4 -O orphan_file" },
	{ "ext4-eainode", "64M", "-t ext4 -O ea_inode" },
	{ "ext4-mmp", "64M", "-t ext4 -O mmp" },
	{ "ext4-encrypt", "64M", "-t ext4 -O encrypt,casefold,verity" },
	{ "ext4-project", "64M", "-t ext4 -O project,large_dir" },
	{ "ext4-sparse2", "64M", "-t ext4 -O sparse_super2" },
};
#define KINDS_NR ((int)(sizeof(kinds) / sizeof(kinds[0])))

#endif
