/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the kernel enters: argc, argv and envp lie on the stack. */
	.section .note.GNU-stack, "", %progbits
	.text
	.globl _start
	.type _start, %function
_start:
#ifdef __x86_64__
	xorl	%ebp, %ebp
	movq	(%rsp), %rdi
	leaq	8(%rsp), %rsi
	leaq	16(%rsp, %rdi, 8), %rdx
	andq	$-16, %rsp
	call	init_main
	movl	%eax, %edi
	movl	$60, %eax		/* exit */
	syscall
#else
	xorl	%ebp, %ebp
	movl	(%esp), %eax
	leal	4(%esp), %ecx
	leal	8(%esp, %eax, 4), %edx
	andl	$-16, %esp
	pushl	%edx
	pushl	%edx
	pushl	%ecx
	pushl	%eax
	call	init_main
	movl	%eax, %ebx
	movl	$1, %eax		/* exit */
	int	$0x80
#endif
	hlt
