/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage 2: header, entry in real mode, and the only code that changes between
 * real and protected mode.
 *
 * The C code runs in flat 32-bit protected mode with interrupts off; all of
 * memory is in reach and a BIOS that spoils segment limits does no harm. The
 * BIOS is called in real mode, through real_exec. Both modes use one stack
 * below 64 KiB, where SS:SP and ESP mean the same.
 *
 * C functions take their arguments in %eax, %edx, %ecx (-mregparm=3).
 */
#include "boot/x86/memmap.h"

#define CODE32	0x08
#define DATA32	0x10
#define CODE16	0x18
#define DATA16	0x20
#define CR0_PE	1

/* struct real_regs of bios.h */
#define REGS_DS		32
#define REGS_ES		34
#define REGS_FLAGS	36

	.code16
	.section .header, "ax"
	.globl	_start
_start:
	jmp	entry
	.org	STAGE2_MAGIC_OFF
	.long	STAGE2_MAGIC
	.org	STAGE2_VERSION_OFF
	.word	STAGE2_VERSION
	.org	STAGE2_SECTORS_OFF
	.word	0
	.org	STAGE2_SUM_OFF
	.long	0
	.org	STAGE2_DIR_OFF
	.globl	install_dir
install_dir:
	.fill	STAGE2_DIR_LEN, 1, 0

/* In: %dl drive, %ecx:%ebx first sector of the filesystem. */
entry:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	$STACK_ADDR, %esp
	pushl	%ecx
	pushl	%ebx
	movzbl	%dl, %ebx
	calll	protected_mode
	.code32
	movl	$BSS_ADDR, %edi
	movl	$bss_len, %ecx
	xorl	%eax, %eax
	cld
	rep stosb
	movl	%ebx, %eax
	popl	%edx
	popl	%ecx
	call	main			/* (drive, base_lo, base_hi) */
1:	jmp	1b

	.text
/*
 * To protected mode; returns to its caller's next instruction, which is 32-bit
 * code. Spoils %ecx. The table is loaded each time: a BIOS may have its own.
 */
	.code16
protected_mode:
	cli
	lgdtl	gdt_ptr
	movl	%cr0, %ecx
	orb	$CR0_PE, %cl
	movl	%ecx, %cr0
	ljmpl	$CODE32, $1f
	.code32
1:	movw	$DATA32, %cx
	movw	%cx, %ds
	movw	%cx, %es
	movw	%cx, %ss
	movw	%cx, %fs
	movw	%cx, %gs
	ret

/*
 * To real mode, interrupts still off; returns to its caller's next
 * instruction, which is 16-bit code. The interrupt table was never replaced:
 * with interrupts off nothing uses it in protected mode. Spoils %eax.
 */
	.code32
real_mode:
	ljmp	$CODE16, $1f
	.code16
1:	movw	$DATA16, %ax		/* the limits of real mode */
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	%ax, %fs
	movw	%ax, %gs
	movl	%cr0, %eax
	andb	$~CR0_PE, %al
	movl	%eax, %cr0
	ljmp	$0, $2f
2:	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	%ax, %fs
	movw	%ax, %gs
	retl

/*
 * void real_exec(uint16_t instruction, struct real_regs *regs)
 *
 * Executes one two-byte instruction (int N, hlt + nop) in real mode with the
 * registers given, which are below 64 KiB, and hands back what it leaves.
 * The instruction is written into the code: "int" takes no register.
 */
	.code32
	.globl	real_exec
real_exec:
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movw	%ax, instruction
	movl	%edx, regs_ptr
	movl	%edx, %ebx
	call	real_mode
	.code16
	movl	%esp, saved_sp
	movw	%bx, %sp		/* take the registers off the struct */
	popal
	popw	%ds
	popw	%es
	movl	%cs:saved_sp, %esp
	sti
instruction:
	int	$0x00
	cli
	pushfw
	pushw	%es
	pushw	%ds
	pushw	$0
	popw	%ds
	popw	saved_ds
	popw	saved_es
	popw	saved_flags
	movl	regs_ptr, %esp
	addw	$REGS_FLAGS + 2, %sp
	pushw	saved_flags
	pushw	saved_es
	pushw	saved_ds
	pushal
	movl	saved_sp, %esp
	cld
	calll	protected_mode
	.code32
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret

/*
 * void linux_start(uint32_t segment, uint32_t stack)
 *
 * Jumps to the kernel's setup at segment + 0x20, all segments set to it.
 */
	.globl	linux_start
linux_start:
	movl	%eax, %ebx
	movl	%edx, %ecx
	call	real_mode
	.code16
	movw	%bx, %ds
	movw	%bx, %es
	movw	%bx, %fs
	movw	%bx, %gs
	movw	%bx, %ss
	movl	%ecx, %esp
	addw	$0x20, %bx
	pushw	%bx
	pushw	$0
	lretw

/* void chain_start(uint32_t drive): runs the boot sector at BOOT_ADDR. */
	.code32
	.globl	chain_start
chain_start:
	movl	%eax, %ebx
	call	real_mode
	.code16
	movb	%bl, %dl
	movw	$STACK_ADDR, %sp
	sti
	ljmp	$0, $BOOT_ADDR

	.balign	8
gdt:
	.quad	0
	.quad	0x00cf9a000000ffff	/* CODE32: base 0, 4 GiB */
	.quad	0x00cf92000000ffff	/* DATA32 */
	.quad	0x00009a000000ffff	/* CODE16: base 0, 64 KiB */
	.quad	0x000092000000ffff	/* DATA16 */
gdt_ptr:
	.word	. - gdt - 1
	.long	gdt
	.balign	4
regs_ptr:
	.long	0
saved_sp:
	.long	0
saved_ds:
	.word	0
saved_es:
	.word	0
saved_flags:
	.word	0

	.section .note.GNU-stack, "", @progbits
