/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Master boot record: finds the active partition, primary or logical, loads
 * its first sector and jumps there with DL = drive and DS:SI = its entry.
 *
 * The sector moves itself to MBR_ADDR first, for the boot sector it loads
 * expects to run at BOOT_ADDR too. Sectors are read by LBA (EDD) alone:
 * every BIOS since 1998 has it, and CHS ends at 8 GB.
 *
 * Registers after the move: %ebp first sector of the table being searched,
 * %edi first sector of the extended partition (0: not seen), %bx active
 * entry (0: none yet). Drive and ES:DI ($PnP) are kept on the stack.
 */
#include "boot/x86/memmap.h"

#define ENTRY_LEN	16
#define ENTRY_TYPE	4
#define ENTRY_START	8
#define ACTIVE		0x80
#define EBR_LIMIT	64	/* a chain longer than this is a loop */

	.code16
	.text
	.globl	_start
_start:
	cli
	xorw	%ax, %ax
	movw	%ax, %ss
	movw	$STACK_ADDR, %sp
	pushw	%es			/* for the next boot sector */
	pushw	%di
	pushw	%dx
	movw	%ax, %ds
	movw	%ax, %es
	sti
	cld
	movw	$BOOT_ADDR, %si
	movw	$MBR_ADDR, %di
	movw	$SECTOR_LEN / 2, %cx
	rep movsw
	ljmp	$0, $moved

moved:
	xorl	%ebp, %ebp
	xorl	%edi, %edi
	xorw	%bx, %bx
	movw	$MBR_ADDR + MBR_TABLE_OFF, %si
	call	scan
	testw	%bx, %bx
	jnz	boot

	/* No active primary partition: look at the logical ones. */
	movw	$EBR_LIMIT, %cx
next_ebr:
	testl	%edx, %edx		/* the link scan found, 0: none */
	jz	none
	leal	(%edi,%edx), %ebp	/* links count from the first EBR */
	testl	%edi, %edi
	jnz	1f
	movl	%ebp, %edi
1:	pushw	%cx
	movl	%ebp, %eax
	movw	$MBR_EBR_ADDR, %cx
	call	read
	movw	$MBR_EBR_ADDR + MBR_TABLE_OFF, %si
	call	scan
	popw	%cx
	testw	%bx, %bx
	jnz	boot
	loop	next_ebr
none:
	call	die
	.asciz	"No active partition"

boot:
	/* A logical partition counts from its own table; make it absolute. */
	addl	%ebp, ENTRY_START(%bx)
	movl	ENTRY_START(%bx), %eax
	movw	$BOOT_ADDR, %cx
	call	read
	movw	%bx, %si
	popw	%dx
	popw	%di
	popw	%es
	ljmp	$0, $BOOT_ADDR

/*
 * Searches the table at %si. Out: %bx active entry or 0, %edx start of the
 * last extended entry or 0. Spoils %ax, %cx, %si.
 */
scan:
	movw	$4, %cx
	xorl	%edx, %edx
1:	movb	ENTRY_TYPE(%si), %al
	cmpb	$0x05, %al
	je	2f
	cmpb	$0x0f, %al
	je	2f
	cmpb	$0x85, %al
	je	2f
	cmpb	$ACTIVE, (%si)
	jne	3f
	testw	%bx, %bx
	jnz	multiple
	movw	%si, %bx
	jmp	3f
2:	movl	ENTRY_START(%si), %edx
3:	addw	$ENTRY_LEN, %si
	loop	1b
	ret
multiple:
	call	die
	.asciz	"Multiple active partitions"

/* Reads sector %eax to 0:%cx; it must end in 55 AA. Spoils %ax, %cx, %dx. */
read:
	movl	%eax, packet_lba
	movw	%cx, packet_off
	movw	%cx, %si
	movb	$3, %cl			/* floppies and old disks need retries */
1:	movb	STACK_ADDR - 6, %dl	/* the drive, as pushed at the start */
	movb	$0x42, %ah
	pushw	%si
	movw	$packet, %si
	int	$0x13
	popw	%si
	jnc	2f
	movb	$0, %ah
	int	$0x13
	decb	%cl
	jnz	1b
	call	die
	.asciz	"Disk read error"
2:	cmpw	$MBR_MAGIC, MBR_MAGIC_OFF(%si)
	jne	3f
	ret
3:	call	die
	.asciz	"No boot sector in partition"

/* Prints the text behind the call, then lets the BIOS try the next device. */
die:
	popw	%si
1:	lodsb
	testb	%al, %al
	jz	2f
	movb	$0x0e, %ah
	movw	$7, %bx
	int	$0x10
	jmp	1b
2:	movw	$0x0e0d, %ax
	int	$0x10
	movw	$0x0e0a, %ax
	int	$0x10
	int	$0x18
3:	hlt
	jmp	3b

	.balign	4
packet:
	.byte	16, 0
	.word	1
packet_off:
	.word	0, 0
packet_lba:
	.quad	0

	.org	MBR_NAME_OFF		/* an error here: it does not fit */
	.asciz	MBR_NAME
	.org	MBR_CODE_LEN

	.section .note.GNU-stack, "", @progbits
