/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names in /boot: which are kernels, and whose initrd is whose. */
#include <stdio.h>
#include <string.h>

#include "guest/kernel.h"

static bool ends_with(const char *s, const char *suffix)
{
	return dw_span_ends(dw_span_of(s), suffix);
}

/* Left-overs of package managers, signatures, checksums. */
static bool is_leftover(const char *name)
{
	static const char *const ends[] = {
		".dpkg-new", ".dpkg-tmp", ".dpkg-bak", ".dpkg-dist", ".rpmnew",
		".rpmsave", ".rpmorig", ".bak", "~", ".sig", ".sign", ".hmac",
		".sha256", ".sha512hmac", ".txt", ".tmp", ".map", ".gpg",
		".efi", ".cfg", ".conf",
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_with(name, ends[i]))
			return true;
	return name[0] == '.';
}

bool dw_kernel_is_name(const char *name, const char **suffix)
{
	/* The longer of two that begin alike comes first. */
	static const char *const stems[] = {
		"vmlinuz", "vmlinux", "bzImage", "zImage",
		"kernel-genkernel", "kernel", "linux",
	};

	*suffix = NULL;
	if (is_leftover(name))
		return false;
	for (size_t i = 0; i < sizeof(stems) / sizeof(stems[0]); i++) {
		size_t len = strlen(stems[i]);

		if (strncmp(name, stems[i], len))
			continue;
		if (name[len] == '-' || name[len] == '.')
			*suffix = name + len + 1;
		else if (!name[len])
			*suffix = "";
		else
			continue;
		/* SUSE's vmlinux-VERSION.gz is for debuggers. */
		return strcmp(stems[i], "vmlinux") || !ends_with(name, ".gz");
	}
	return false;
}

static const char *find_name(const char *want, char *const *names,
			     size_t names_nr)
{
	for (size_t i = 0; i < names_nr; i++)
		if (!strcmp(names[i], want))
			return names[i];
	return NULL;
}

/* The patterns of initramfs-tools, dracut and mkinitcpio, nash's and SUSE's
 * mkinitrd, mkinitfs and genkernel; %s is the kernel's suffix. */
static const char *pick_by(const char *suffix, char *const *names,
			   size_t names_nr)
{
	static const char *const patterns[] = {
		"initrd.img-%s", "initramfs-%s.img", "initrd-%s.img",
		"initrd-%s", "initramfs-%s", "initramfs-genkernel-%s",
		"initrd.%s", "initrd-%s.gz",
	};
	static const char *const bare[] = {
		"initrd.img", "initramfs.img", "initrd", "initramfs",
		"initrd.gz",
	};
	size_t nr = *suffix ? sizeof(patterns) / sizeof(patterns[0]) :
			      sizeof(bare) / sizeof(bare[0]);
	const char *found = NULL;
	char want[300];

	for (size_t i = 0; !found && i < nr; i++) {
		const char *pattern = *suffix ? patterns[i] : bare[i];
		int len = (int)strlen(pattern);
		const char *at = strstr(pattern, "%s");

		if (at)
			len = snprintf(want, sizeof(want), "%.*s%s%s",
				       (int)(at - pattern), pattern, suffix,
				       at + 2);
		else
			len = snprintf(want, sizeof(want), "%s", pattern);
		if (len > 0 && len < (int)sizeof(want))
			found = find_name(want, names, names_nr);
	}
	return found;
}

const char *dw_initrd_pick(const char *suffix, const char *version,
			   char *const *names, size_t names_nr)
{
	const char *found = pick_by(suffix, names, names_nr);
	size_t len = strlen(suffix);
	char cut[256];

	/* "vmlinuz-5.1.old" goes with "initrd.img-5.1". */
	if (!found && len > 4 && len < sizeof(cut) &&
	    ends_with(suffix, ".old")) {
		snprintf(cut, sizeof(cut), "%.*s", (int)(len - 4), suffix);
		found = pick_by(cut, names, names_nr);
	}
	if (!found && *version && strcmp(version, suffix))
		found = pick_by(version, names, names_nr);
	return found;
}

static bool name_is_classic_xen(const struct dw_kernel *k)
{
	struct dw_span v = dw_span_of(*k->version ? k->version : k->name);

	/* Debian's 2.6.32-5-xen-amd64 was a pvops kernel, those before not;
	 * after it no Debian kernel has the word in its name. */
	if (dw_span_find(v, "-xen-") && dw_version_at_least(v.p, 2, 6, 32))
		return false;
	/* SUSE went on with it until Linux 4.1. */
	return (dw_span_find(v, "el5xen") || dw_span_ends(v, "-xen") ||
		dw_span_ends(v, "xenU") || dw_span_ends(v, "xen0") ||
		dw_span_ends(v, "-xenpae") || dw_span_find(v, "-xen-")) &&
	       !dw_version_at_least(v.p, 4, 4, 0);
}

bool dw_kernel_is_classic_xen(const struct dw_kernel *k)
{
	return k->config.known || k->config.by_notes ? k->config.xen_classic
						     : name_is_classic_xen(k);
}

static void judge_kvm(struct dw_kernel *k)
{
	const struct dw_kconfig *c = &k->config;
	const char *why = "";

	if (k->head.kind == DW_KERNEL_ELF || k->head.kind == DW_KERNEL_GZIP)
		why = "it is no bzImage: only Xen starts such a kernel";
	else if (k->head.kind != DW_KERNEL_BZIMAGE)
		why = "it is no kernel that a BIOS boot loader can start";
	else if (dw_kernel_is_classic_xen(k))
		why = "it is a kernel for Xen PV alone";
	else if (c->virtio_pci == DW_HAVE_NO)
		why = "it has no virtio_pci driver";
	else if (c->virtio_blk == DW_HAVE_NO)
		why = "it has no virtio_blk driver";
	else if (c->initrd == DW_HAVE_NO &&
		 c->virtio_blk != DW_HAVE_BUILTIN)
		why = "it takes no initrd, and virtio_blk is not built in";
	else if (!c->known && c->virtio_blk == DW_HAVE_UNKNOWN &&
		 *k->version && !dw_version_at_least(k->version, 2, 6, 25))
		why = "it is older than the virtio drivers (Linux 2.6.25)";
	snprintf(k->kvm_why, sizeof(k->kvm_why), "%s", why);
	k->kvm_ok = !*why;
}

static void judge_xen(struct dw_kernel *k)
{
	const struct dw_kconfig *c = &k->config;
	const char *why = "";

	if (k->head.kind == DW_KERNEL_UNKNOWN ||
	    k->head.kind == DW_KERNEL_ZIMAGE)
		why = "it is no kernel that Xen can start";
	else if ((c->known || c->by_notes) && c->xen_pv == DW_HAVE_NO)
		why = "it was built without Xen PV (CONFIG_XEN_PV)";
	else if (c->xen_blk == DW_HAVE_NO)
		why = "it has no xen-blkfront driver";
	else if (!c->known && !c->by_notes && *k->version &&
		 !name_is_classic_xen(k) &&
		 c->xen_blk == DW_HAVE_UNKNOWN &&
		 !dw_version_at_least(k->version, 2, 6, 23))
		why = "it is older than Xen PV in Linux (2.6.23)";
	snprintf(k->xen_why, sizeof(k->xen_why), "%s", why);
	k->xen_ok = !*why;
}

void dw_kernel_judge(struct dw_kernel *k)
{
	judge_kvm(k);
	judge_xen(k);
}
