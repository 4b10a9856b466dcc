/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Boot record of the filesystem: loads stage 2 by its inode number.
 *
 * Block size, inode size, descriptor size and the way the file's blocks are
 * mapped are all read when it runs, so that nothing that keeps the inode
 * (e2fsck, growth, defragmentation, most of tune2fs) can make it stale. The
 * first sector finds the filesystem and loads the second; the second finds
 * the file. Only the first sector of a map node is read: it holds 41 entries,
 * more than a file of STAGE2_MAX_LEN ever has in one node.
 *
 * Sector numbers are 64 bits wide in %edx:%eax and count from the start of
 * the filesystem.
 */
#include "boot/x86/memmap.h"

#define ENTRY_TYPE	4	/* of a partition entry */
#define ENTRY_START	8
#define RETRIES		3
#define SB(field)	RECORD_SB_ADDR + EXT_SB_##field

#define NODE_ENTRIES	2	/* of an extent node */
#define NODE_DEPTH	6
#define INDEX_CHILD_LO	4
#define INDEX_CHILD_HI	8
#define EXTENT_LEN	4
#define EXTENT_START_HI	6
#define EXTENT_START_LO	8
#define NODE_ENTRIES_MAX ((SECTOR_LEN - 12) / EXT_NODE_ENTRY_LEN)

	.code16
	.text
	.globl	_start
_start:
	jmp	1f
	nop
	.org	RECORD_NAME_OFF
	.ascii	RECORD_NAME

	.org	RECORD_CODE_OFF
1:	cli
	cld
	xorw	%ax, %ax
	movw	%ax, %ss
	movw	$STACK_ADDR, %sp
	sti
	movb	(%si), %bh		/* what the MBR may have handed over */
	movb	ENTRY_TYPE(%si), %bl
	movl	ENTRY_START(%si), %ecx
	movw	%ax, %ds
	movw	%ax, %es
	ljmp	$0, $2f
2:	movb	%dl, drive

	/*
	 * A partition entry at DS:SI is believed if it looks like one and our
	 * own second sector lies where it points: it then holds even after the
	 * partition was moved. Else the start written by the installer.
	 */
	testb	$RECORD_WHOLE_DISK, flags
	jnz	3f
	addb	%bh, %bh		/* 00 or 80 */
	jnz	3f
	testb	%bl, %bl
	jz	3f
	movl	%ecx, base
	call	second_sector
	je	load
3:	movl	start, %eax
	movl	start + 4, %edx
	movl	%eax, base
	movl	%edx, base + 4
	call	second_sector
	je	load
	call	die
	.asciz	"No boot record"

/* Loads our second sector; ZF if it is really ours. */
second_sector:
	xorl	%edx, %edx
	xorl	%eax, %eax
	incw	%ax
	movw	$BOOT_ADDR + SECTOR_LEN, %bx
	call	read_one
	cmpl	$RECORD_MAGIC, BOOT_ADDR + RECORD_MAGIC_OFF
	ret

/* Reads sector %edx:%eax, or %cx of them, to 0:%bx. Keeps all registers. */
read_one:
	movw	$1, %cx
read:
	pushal
	movw	%cx, packet_nr
	movw	%bx, packet_off
	addl	base, %eax
	adcl	base + 4, %edx
	movl	%eax, packet_lba
	movl	%edx, packet_lba + 4
	movw	$RETRIES, %di
1:	movb	drive, %dl
	movw	$packet, %si
	movb	$0x42, %ah
	int	$0x13
	jnc	2f
	movb	$0, %ah			/* reset, and once more */
	int	$0x13
	decw	%di
	jnz	1b
	call	die
	.asciz	"Disk read error"
2:	popal
	ret

/* Prints the text behind the call, then lets the BIOS try the next device. */
die:
	movw	$prefix, %si
	call	print
	popw	%si
	call	print
	int	$0x18
1:	hlt
	jmp	1b
1:	movb	$0x0e, %ah
	movw	$7, %bx
	int	$0x10
print:
	lodsb
	testb	%al, %al
	jnz	1b
	ret

/* Filesystem block %edx:%eax to sectors. Spoils %cl. */
to_sectors:
	movb	SB(LOG_BLOCK), %cl
	incb	%cl
	shldl	%cl, %eax, %edx
	shll	%cl, %eax
	ret

corrupt:
	call	die
	.asciz	"Stage 2 is damaged or moved"

prefix:	.asciz	"\r\nBoot: "
packet:	.byte	16, 0
packet_nr:
	.word	0
packet_off:
	.word	0, 0
packet_lba:
	.quad	0
base:	.quad	0			/* first sector of the filesystem */
drive:	.byte	0

	.org	RECORD_START_OFF	/* an error here: it does not fit */
start:	.quad	0
	.org	RECORD_INODE_OFF
inode:	.long	0
	.org	RECORD_FLAGS_OFF
flags:	.byte	0
	.org	MBR_MAGIC_OFF
	.word	MBR_MAGIC

/* ------------------------------ second sector ------------------------- */

load:
	movl	$EXT_SB_SECTOR, %eax
	xorl	%edx, %edx
	movw	$RECORD_SB_ADDR, %bx
	call	read_one
	cmpw	$EXT_MAGIC, SB(MAGIC)
	jne	corrupt
	cmpb	$EXT_LOG_BLOCK_MAX, SB(LOG_BLOCK)
	ja	corrupt

	/* Group of the inode in %eax, index in the group in %edx. */
	movl	inode, %eax
	decl	%eax
	movl	SB(INODES_PER_GROUP), %ecx
	testl	%ecx, %ecx
	jz	corrupt
	divl	%ecx
	pushl	%edx

	/* Its descriptor. The table starts behind the superblock's block. */
	movl	$32, %ecx
	testb	$EXT_INCOMPAT_64BIT, SB(INCOMPAT)
	jz	2f
	movw	SB(DESC_LEN), %cx
2:	mull	%ecx
	pushw	%ax
	shrl	$9, %eax
	movb	SB(LOG_BLOCK), %cl
	movw	$2, %si
	shlw	%cl, %si
	cmpw	$4, %si			/* 1 KiB blocks: 2 is still the */
	jae	3f			/* superblock, the table is at 4 */
	movw	$4, %si
3:	movzwl	%si, %esi
	addl	%esi, %eax
	movw	$RECORD_META_ADDR, %bx
	call	read_one
	popw	%di
	andw	$SECTOR_LEN - 1, %di

	/* The inode table, then the inode. */
	movl	RECORD_META_ADDR + EXT_DESC_TABLE_LO(%di), %eax
	xorl	%edx, %edx
	testb	$EXT_INCOMPAT_64BIT, SB(INCOMPAT)
	jz	4f
	movl	RECORD_META_ADDR + EXT_DESC_TABLE_HI(%di), %edx
4:	call	to_sectors
	movl	%eax, %esi
	movl	%edx, %edi
	popl	%eax
	movzwl	SB(INODE_LEN), %ecx
	mull	%ecx
	pushw	%ax
	shrdl	$9, %edx, %eax
	shrl	$9, %edx
	addl	%esi, %eax
	adcl	%edi, %edx
	call	read_one		/* %bx is still RECORD_META_ADDR */
	popw	%si
	andw	$SECTOR_LEN - 1, %si
	addw	%bx, %si		/* %si: the inode, kept below */

	/* Its length in sectors, which must fit below 64 KiB. */
	movl	EXT_INODE_LEN_LO(%si), %ecx
	shrl	$9, %ecx
	jz	corrupt
	cmpl	$STAGE2_MAX_LEN / SECTOR_LEN, %ecx
	ja	corrupt
	pushw	%cx

	/* Block after block: %ebp its number, %bx where to, %cx still to do. */
	xorl	%ebp, %ebp
	movw	$STAGE2_ADDR, %bx
next_block:
	pushw	%cx
	pushw	%bx
	call	map
	call	to_sectors
	popw	%bx
	movw	$2, %di			/* sectors in a block */
	movb	SB(LOG_BLOCK), %cl
	shlw	%cl, %di
	popw	%cx
	pushw	%cx
	cmpw	%di, %cx
	jbe	1f
	movw	%di, %cx
1:	call	read
	popw	%cx
	incl	%ebp
	movw	%di, %ax
	shlw	$9, %ax
	addw	%ax, %bx
	subw	%di, %cx
	ja	next_block

	/* All its dwords add up to zero, and it is stage 2. */
	popw	%cx
	shlw	$7, %cx
	movw	$STAGE2_ADDR, %si
	xorl	%edx, %edx
2:	lodsl
	addl	%eax, %edx
	loop	2b
	testl	%edx, %edx
	jnz	corrupt
	cmpl	$STAGE2_MAGIC, STAGE2_ADDR + STAGE2_MAGIC_OFF
	jne	corrupt
	movb	drive, %dl
	movl	base, %ebx
	movl	base + 4, %ecx
	ljmp	$0, $STAGE2_ADDR

/* Maps block %ebp of inode %si to %edx:%eax. Spoils %bx, %cx, %di. */
map:
	xorl	%edx, %edx
	leaw	EXT_INODE_BLOCK(%si), %di
	testb	$EXT_FLAG_EXTENTS >> 16, EXT_INODE_FLAGS + 2(%si)
	jnz	extents

	movw	%bp, %bx
	shlw	$2, %bx
	cmpw	$EXT_DIRECT_NR, %bp
	jb	1f
	subw	$EXT_DIRECT_NR * 4, %bx	/* offset in the indirect block */
	movl	EXT_DIRECT_NR * 4(%di), %eax
	call	to_sectors
	movzwl	%bx, %ecx
	shrw	$9, %cx
	addl	%ecx, %eax
	adcl	$0, %edx
	movw	$RECORD_NODE_ADDR, %di
	xchgw	%bx, %di
	call	read_one
	xchgw	%bx, %di
	andw	$SECTOR_LEN - 1, %bx
	xorl	%edx, %edx
1:	movl	(%bx,%di), %eax
	ret

extents:
	movb	$0xff, %dh		/* depth of the node above */
1:	cmpw	$EXT_NODE_MAGIC, (%di)
	jne	corrupt
	movb	NODE_DEPTH(%di), %dl
	cmpb	%dh, %dl		/* it shrinks, so the walk ends */
	jae	corrupt
	movb	%dl, %dh
	movw	NODE_ENTRIES(%di), %cx
	cmpw	$NODE_ENTRIES_MAX, %cx
	ja	corrupt
	movw	%di, %bx		/* the entry that was found; none yet */
	incw	%cx
	jmp	3f
2:	cmpl	%ebp, EXT_NODE_ENTRY_LEN(%bx)
	ja	4f
	addw	$EXT_NODE_ENTRY_LEN, %bx
3:	loop	2b
4:	cmpw	%di, %bx
	je	corrupt
	testb	%dl, %dl
	jz	5f
	movl	INDEX_CHILD_LO(%bx), %eax
	pushw	%dx
	movzwl	INDEX_CHILD_HI(%bx), %edx
	call	to_sectors
	movw	$RECORD_NODE_ADDR, %bx
	call	read_one
	movw	%bx, %di
	popw	%dx
	jmp	1b
5:	movl	%ebp, %ecx
	subl	(%bx), %ecx
	cmpw	EXTENT_LEN(%bx), %cx
	jae	corrupt			/* a hole */
	movl	EXTENT_START_LO(%bx), %eax
	movzwl	EXTENT_START_HI(%bx), %edx
	addl	%ecx, %eax
	adcl	$0, %edx
	ret

	.org	RECORD_MAGIC_OFF	/* an error here: it does not fit */
	.long	RECORD_MAGIC

	.section .note.GNU-stack, "", @progbits
