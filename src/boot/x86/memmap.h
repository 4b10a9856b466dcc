/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where everything lies in memory and on the disk while the loader runs.
 * Plain constants only: the assembler, the C of stage 2 and the installer
 * read this file.
 *
 *   00000  interrupt vectors, BIOS data
 *   00600  the MBR, moved out of the way; its partition table stays here
 *   00800  one sector of the MBR's walk over extended partitions
 *   01000  boot record: superblock, descriptor or inode, map node
 *   01800  stack, downwards from 07c00 (real and protected mode alike)
 *   07c00  boot record of the filesystem, two sectors
 *   08000  stage 2 (below 10000, so that its real-mode part has CS = 0)
 *   10000  bounce buffer: 64 KiB that never cross a DMA boundary
 *   20000  cache of four filesystem blocks of up to 64 KiB
 *   60000  configuration text, as read
 *   70000  variables of stage 2 (.bss)
 *   80000  spare, and the lowest place for the kernel's setup
 *   90000  the kernel's setup, heap, stack and command line
 *  100000  the kernel
 */
#ifndef DW_X86_MEMMAP_H
#define DW_X86_MEMMAP_H

#define SECTOR_LEN	512

#define MBR_ADDR	0x0600
#define MBR_EBR_ADDR	0x0800
#define RECORD_SB_ADDR	0x1000	/* first half of the superblock */
#define RECORD_META_ADDR 0x1200	/* group descriptor, then the inode */
#define RECORD_NODE_ADDR 0x1400	/* extent node or indirect block */
#define STACK_ADDR	0x7c00
#define BOOT_ADDR	0x7c00	/* where a BIOS or MBR loads a boot sector */
#define STAGE2_ADDR	0x8000
#define BOUNCE_ADDR	0x10000
#define BOUNCE_LEN	0x10000
#define CACHE_ADDR	0x20000
#define CONFIG_ADDR	0x60000
#define CONFIG_LEN	0x10000
#define BSS_ADDR	0x70000
#define BSS_END		0x80000
#define LINUX_LOW_ADDR	0x80000
#define LINUX_SETUP_ADDR 0x90000
#define LINUX_ADDR	0x100000

/* Master boot record. */
#define MBR_CODE_LEN	440	/* the disk signature follows */
#define MBR_NAME_OFF	432
#define MBR_NAME	"DWMBR 1"	/* 7 bytes and NUL; the digit is the layout */
#define MBR_TABLE_OFF	446
#define MBR_TABLE_END	510
#define MBR_MAGIC_OFF	510
#define MBR_MAGIC	0xaa55

/*
 * Boot record of the filesystem: 1024 bytes. Bytes 11 to 89 stay zero, as
 * others read a FAT header there, and so do 440 to 509, where they read a
 * disk signature and a partition table.
 */
#define RECORD_LEN	1024
#define RECORD_NAME_OFF	3
#define RECORD_NAME	"DWBOOT 1"	/* 8 bytes; the digit is the layout */
#define RECORD_CODE_OFF	0x5a
#define RECORD_PATCH_OFF 0x1a8	/* filled in by the installer: */
#define RECORD_START_OFF 0x1a8	/*   u64 first sector of the filesystem */
#define RECORD_INODE_OFF 0x1b0	/*   u32 inode of stage 2 */
#define RECORD_FLAGS_OFF 0x1b4	/*   u8 RECORD_WHOLE_DISK */
#define RECORD_CODE_END	0x1b8
#define RECORD_WHOLE_DISK 1	/* no partition: DS:SI means nothing */
#define RECORD_MAGIC_OFF 0x3fc	/* u32, ends the second sector */
#define RECORD_MAGIC	0x31525744	/* "DWR1" */

/* Stage 2. */
#define STAGE2_MAGIC_OFF 4
#define STAGE2_MAGIC	0x32535744	/* "DWS2" */
#define STAGE2_VERSION_OFF 8	/* u16 */
#define STAGE2_VERSION	2
#define STAGE2_SECTORS_OFF 10	/* u16, length of the file in sectors */
#define STAGE2_SUM_OFF	12	/* u32 that makes the sum of all dwords zero */
#define STAGE2_DIR_OFF	16	/* directory it was installed in, NUL ended */
#define STAGE2_DIR_LEN	128
#define STAGE2_MAX_LEN	0x8000

/* ext2, ext3, ext4, as far as the boot record reads them. */
#define EXT_ROOT_INO	2
#define EXT_SB_SECTOR	2
#define EXT_SB_LOG_BLOCK 24
#define EXT_LOG_BLOCK_MAX 6	/* 64 KiB */
#define EXT_SB_INODES_PER_GROUP 40
#define EXT_SB_MAGIC	56
#define EXT_MAGIC	0xef53
#define EXT_SB_INODE_LEN 88
#define EXT_SB_INCOMPAT	96
#define EXT_INCOMPAT_64BIT 0x80
#define EXT_SB_DESC_LEN	254
#define EXT_DESC_TABLE_LO 8
#define EXT_DESC_TABLE_HI 40
#define EXT_INODE_LEN_LO 4
#define EXT_INODE_FLAGS	32
#define EXT_INODE_BLOCK	40
#define EXT_FLAG_EXTENTS 0x80000
#define EXT_DIRECT_NR	12
#define EXT_NODE_MAGIC	0xf30a
#define EXT_NODE_ENTRY_LEN 12

#endif
