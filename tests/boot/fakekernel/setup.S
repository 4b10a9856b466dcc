/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Setup of a kernel that only tells what it was given. PROTOCOL is the boot
 * protocol it speaks: 0x204 (not relocatable, as in Linux 2.6.18), 0x20f, or
 * an old one: 0x200.
 */
#define SETUP_SECTORS	4
#define REPORT		0x1c0	/* free bytes of the first sector: */
#define REPORT_SS	REPORT + 0	/* what the loader set */
#define REPORT_SP	REPORT + 4
#define REPORT_CS	REPORT + 8
#define PAYLOAD_LEN	REPORT + 12	/* filled in by mkkernel.sh */
#define KERNEL_ADDR	0x100000

	.code16
	.text
	.globl	_start
_start:
	.org	0x1f1
	.byte	SETUP_SECTORS
	.word	0			/* root flags */
	.long	0			/* syssize */
	.word	0			/* RAM disk flags */
	.word	0xffff			/* video mode */
	.word	0			/* root device */
	.word	0xaa55
	.byte	0xeb, start - 1f	/* jump, at 0x200 */
1:	.ascii	"HdrS"
	.word	PROTOCOL
	.long	0			/* real-mode switch */
	.word	0x1000
	.word	0			/* version text */
	.byte	0			/* type of loader */
	.byte	1			/* LOADED_HIGH */
	.word	0x8000			/* setup move size */
	.long	KERNEL_ADDR		/* code32_start */
	.long	0			/* initrd */
	.long	0			/* its length */
	.long	0
	.word	0			/* heap end */
	.word	0
	.long	0			/* command line */
	.long	0x37ffffff		/* initrd_addr_max, 2.03 */
#if PROTOCOL >= 0x20f
	.long	0x200000		/* alignment, 2.05 */
	.byte	1			/* relocatable */
	.byte	21
	.word	1			/* xloadflags */
	.long	2047			/* cmdline_size, 2.06 */
	.long	0			/* 2.07 */
	.quad	0
	.long	0			/* payload, 2.08 */
	.long	0
	.quad	0			/* setup_data, 2.09 */
	.quad	0x1000000		/* pref_address, 2.10 */
	.long	0x600000		/* init_size */
	.long	0			/* handover, 2.11 */
	.long	0			/* kernel_info, 2.15 */
#endif

start:
	cli
	movw	%cs, %ax
	movzwl	%ax, %eax
	movw	%ds, %bx
	movzwl	%bx, %esi
	shll	$4, %esi		/* the setup's address */
	movl	%eax, REPORT_CS
	xorl	%ecx, %ecx
	movw	%ss, %cx
	movl	%ecx, REPORT_SS
	movl	%esp, REPORT_SP
	leal	gdt(%esi), %eax
	movl	%eax, gdt_ptr + 2
	lgdtl	gdt_ptr
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpl	$8, $KERNEL_ADDR

	.balign	8
gdt:
	.quad	0
	.quad	0x00cf9a000000ffff
	.quad	0x00cf92000000ffff
gdt_ptr:
	.word	. - gdt - 1
	.long	0
	.org	(SETUP_SECTORS + 1) * 512

	.section .note.GNU-stack, "", @progbits
