/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which package would help, by distribution, release and architecture. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/notes.h"
#include "guest/packages.h"
#include "lib/run.h"

#define RPM_TEXT(package, more, arch) \
	"package " package more " would help: diskwright add-kernel IMAGE" \
	" --package " package "-*." arch ".rpm"
#define DEB_TEXT(package, more, arch) \
	"package " package more " would help: diskwright add-kernel IMAGE" \
	" --package linux-image-*_" arch ".deb"
#define NO_PACKAGE "no package would help: "
#define NO_PV32 "no 32-bit kernel since Linux 5.9 runs as a Xen PV guest"

enum { KVM = DW_SIDE_KVM, XEN = DW_SIDE_XEN };

static const struct {
	enum dw_distro distro;
	unsigned major, minor;
	bool is_32;
	int side;
	const char *package, *text;
} cases[] = {
	{ DW_DISTRO_RHEL, 3, 9, true, KVM, NULL,
	  NO_PACKAGE "its kernels are older than virtio" },
	{ DW_DISTRO_RHEL, 4, 8, true, KVM, "kernel",
	  RPM_TEXT("kernel", " (of 4.8 or later, 2.6.9-89)", "i686") },
	{ DW_DISTRO_RHEL, 4, 8, false, XEN, "kernel-xenU",
	  RPM_TEXT("kernel-xenU", " (of 4.5 or later)", "x86_64") },
	{ DW_DISTRO_RHEL, 5, 11, false, KVM, "kernel",
	  RPM_TEXT("kernel", " (of 5.3 or later, 2.6.18-128)", "x86_64") },
	{ DW_DISTRO_RHEL, 5, 11, false, XEN, "kernel-xen",
	  RPM_TEXT("kernel-xen", "", "x86_64") },
	{ DW_DISTRO_RHEL, 5, 11, true, XEN, "kernel-xen",
	  RPM_TEXT("kernel-xen", "", "i686") },
	{ DW_DISTRO_RHEL, 6, 10, true, XEN, "kernel",
	  RPM_TEXT("kernel", "", "i686") },
	{ DW_DISTRO_RHEL, 7, 9, false, KVM, "kernel",
	  RPM_TEXT("kernel", "", "x86_64") },
	{ DW_DISTRO_RHEL, 8, 0, false, KVM, "kernel-core",
	  RPM_TEXT("kernel-core", "", "x86_64") },
	{ DW_DISTRO_RHEL, 9, 4, false, XEN, NULL,
	  NO_PACKAGE "no kernel of it runs as a Xen PV guest" },
	{ DW_DISTRO_FEDORA, 8, 0, false, XEN, "kernel-xen",
	  RPM_TEXT("kernel-xen", "", "x86_64") },
	{ DW_DISTRO_FEDORA, 14, 0, true, XEN, "kernel-PAE",
	  RPM_TEXT("kernel-PAE", "", "i686") },
	{ DW_DISTRO_FEDORA, 40, 0, true, KVM, NULL,
	  NO_PACKAGE "it has no 32-bit kernels any more" },
	{ DW_DISTRO_SLES, 9, 4, false, XEN, NULL,
	  NO_PACKAGE "no kernel of it runs as a Xen PV guest" },
	{ DW_DISTRO_SLES, 10, 4, true, XEN, "kernel-xenpae",
	  RPM_TEXT("kernel-xenpae", "", "i586") },
	{ DW_DISTRO_SLES, 11, 3, false, KVM, "kernel-default",
	  RPM_TEXT("kernel-default", "", "x86_64") },
	{ DW_DISTRO_SLES, 11, 3, false, XEN, "kernel-xen",
	  RPM_TEXT("kernel-xen", "", "x86_64") },
	{ DW_DISTRO_SLES, 12, 1, false, XEN, "kernel-xen",
	  RPM_TEXT("kernel-xen", "", "x86_64") },
	{ DW_DISTRO_SLES, 12, 2, false, XEN, "kernel-default",
	  RPM_TEXT("kernel-default", "", "x86_64") },
	{ DW_DISTRO_OPENSUSE, 13, 2, true, XEN, "kernel-xen",
	  RPM_TEXT("kernel-xen", "", "i586") },
	{ DW_DISTRO_OPENSUSE, 0, 0, true, XEN, NULL, NO_PACKAGE NO_PV32 },
	{ DW_DISTRO_DEBIAN, 4, 0, true, KVM, NULL,
	  NO_PACKAGE "its kernels are older than virtio" },
	{ DW_DISTRO_DEBIAN, 5, 0, false, XEN, "linux-image-2.6-xen-amd64",
	  DEB_TEXT("linux-image-2.6-xen-amd64", "", "amd64") },
	{ DW_DISTRO_DEBIAN, 6, 0, true, KVM, "linux-image-2.6-686",
	  DEB_TEXT("linux-image-2.6-686", "", "i386") },
	{ DW_DISTRO_DEBIAN, 10, 13, true, XEN, "linux-image-686-pae",
	  DEB_TEXT("linux-image-686-pae", "", "i386") },
	{ DW_DISTRO_DEBIAN, 11, 0, true, XEN, "linux-image-amd64:amd64",
	  DEB_TEXT("linux-image-amd64:amd64",
		   " (a 32-bit system runs on it, too)", "amd64") },
	{ DW_DISTRO_DEBIAN, 0, 0, false, KVM, "linux-image-amd64",
	  DEB_TEXT("linux-image-amd64", "", "amd64") },
	{ DW_DISTRO_UBUNTU, 8, 4, false, XEN, "linux-image-xen",
	  DEB_TEXT("linux-image-xen", "", "amd64") },
	{ DW_DISTRO_UBUNTU, 18, 4, true, XEN, "linux-image-virtual",
	  DEB_TEXT("linux-image-virtual", " (or linux-image-generic)",
		   "i386") },
	{ DW_DISTRO_UBUNTU, 22, 4, true, KVM, NULL,
	  NO_PACKAGE "it has no 32-bit kernels any more" },
	{ DW_DISTRO_ALPINE, 3, 19, false, KVM, "linux-virt",
	  "package linux-virt would help: 'apk add linux-virt' in the guest" },
	{ DW_DISTRO_ALPINE, 3, 19, false, XEN, "linux-lts",
	  "package linux-lts would help: 'apk add linux-lts' in the guest" },
	{ DW_DISTRO_ALPINE, 3, 13, true, XEN, NULL, NO_PACKAGE NO_PV32 },
	{ DW_DISTRO_ARCH, 0, 0, false, XEN, "linux",
	  "package linux would help: 'pacman -S linux' in the guest" },
	{ DW_DISTRO_GENTOO, 0, 0, false, KVM, "sys-kernel/gentoo-kernel-bin",
	  "package sys-kernel/gentoo-kernel-bin would help:"
	  " 'emerge sys-kernel/gentoo-kernel-bin' in the guest" },
	{ DW_DISTRO_UNKNOWN, 1, 0, false, KVM, NULL, NO_PACKAGE
	  "it takes one with CONFIG_VIRTIO_PCI and CONFIG_VIRTIO_BLK" },
};

START_TEST(each_release_has_its_answer)
{
	size_t nr = sizeof(cases) / sizeof(*cases);
	struct dw_kernels none = { 0 };

	for (size_t i = 0; i < nr; i++) {
		struct dw_release r = {
			.distro = cases[i].distro, .major = cases[i].major,
			.minor = cases[i].minor,
			.arch = cases[i].is_32 ? DW_ARCH_I386 : DW_ARCH_X86_64,
		};
		struct dw_kernel_advice a;

		ck_assert_int_eq(dw_packages_advise(&r, &none,
				 (enum dw_side)cases[i].side, &a, NULL), 0);
		ck_assert_msg(!strcmp(a.text, cases[i].text), "case %zu: %s",
			      i, a.text);
		ck_assert_pstr_eq(a.package, cases[i].package);
		dw_kernel_advice_clear(&a);
	}
}
END_TEST

/* No release, architecture or side without an answer, however odd. */
START_TEST(there_is_always_an_answer)
{
	const char *remark;

	for (int d = 0; d <= DW_DISTRO_GENTOO; d++)
		for (unsigned major = 0; major < 60; major++)
			for (int way = 0; way < 4; way++) {
				struct dw_release r = {
					.distro = (enum dw_distro)d,
					.major = major,
				};
				const char *name;

				remark = NULL;
				name = dw_packages_find(&r, way & 1 ?
					DW_ARCH_I386 : DW_ARCH_X86_64, way & 2
					? DW_SIDE_KVM : DW_SIDE_XEN, &remark);
				ck_assert_ptr_nonnull(remark);
				ck_assert_msg(name || *remark,
					      "distribution %d, release %u",
					      d, major);
			}
}
END_TEST

START_TEST(no_advice_where_a_kernel_suits)
{
	struct dw_release r = { .distro = DW_DISTRO_RHEL, .major = 5 };
	struct dw_kernel items[] = {
		{ .xen_ok = true },
		{ .kvm_ok = true },
	};
	struct dw_kernels kernels = { .items = items, .nr = 2 };
	struct dw_kernel_advice a;

	ck_assert_int_eq(dw_packages_advise(&r, &kernels, DW_SIDE_KVM, &a,
					    NULL), 0);
	ck_assert(!a.text && !a.package);
	ck_assert_int_eq(dw_packages_advise(&r, &kernels, DW_SIDE_XEN, &a,
					    NULL), 0);
	ck_assert(!a.text && !a.package);
	kernels.nr = 1;
	ck_assert_int_eq(dw_packages_advise(&r, &kernels, DW_SIDE_KVM, &a,
					    NULL), 0);
	ck_assert_str_eq(a.package, "kernel");
	dw_kernel_advice_clear(&a);
}
END_TEST

START_TEST(architectures)
{
	uint8_t head[DW_ELF_HEAD_LEN] = "\177ELF\2";
	struct dw_kernel k = { 0 };
	struct dw_kernels kernels = { .items = &k, .nr = 1 };
	struct dw_release r = { 0 };

	head[18] = 62;
	ck_assert_int_eq(dw_arch_of_elf(head, sizeof(head)), DW_ARCH_X86_64);
	ck_assert_int_eq(dw_arch_of_elf(head, 19), DW_ARCH_UNKNOWN);
	head[18] = 3;
	ck_assert_int_eq(dw_arch_of_elf(head, sizeof(head)), DW_ARCH_I386);
	head[0] = '#';
	ck_assert_int_eq(dw_arch_of_elf(head, sizeof(head)), DW_ARCH_UNKNOWN);
	/* Without programs the kernel tells, and without that nobody. */
	ck_assert_int_eq(dw_packages_arch(&r, &kernels), DW_ARCH_X86_64);
	k.head.protocol = 0x20c;
	ck_assert_int_eq(dw_packages_arch(&r, &kernels), DW_ARCH_I386);
	k.config.known = k.config.is_64bit = true;
	ck_assert_int_eq(dw_packages_arch(&r, &kernels), DW_ARCH_X86_64);
	r.arch = DW_ARCH_I386;
	ck_assert_int_eq(dw_packages_arch(&r, &kernels), DW_ARCH_I386);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("packages");

	tcase_add_test(tc, each_release_has_its_answer);
	tcase_add_test(tc, there_is_always_an_answer);
	tcase_add_test(tc, no_advice_where_a_kernel_suits);
	tcase_add_test(tc, architectures);
	return dw_test_run("packages", tc);
}
