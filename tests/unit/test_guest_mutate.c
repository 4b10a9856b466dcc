/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Damaged text files through every editor: what changes is reported. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "guest/console.h"
#include "guest/devnames.h"
#include "guest/fstab.h"
#include "guest/kernel.h"
#include "guest/network.h"
#include "guest/release.h"
#include "lib/run.h"

#define ROUNDS 3000

static struct dw_names names;
static uint32_t seed;

static uint32_t next_random(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

static int inittab(const char *text, size_t len, struct dw_buf *out,
		   struct dw_changes *changes)
{
	struct dw_console console = { "hvc0", "/sbin/getty" };

	return dw_inittab_edit(text, len, &console, out, changes, NULL);
}

static int securetty(const char *text, size_t len, struct dw_buf *out,
		     struct dw_changes *changes)
{
	struct dw_console console = { "xvc0", "/sbin/getty" };

	return dw_securetty_edit(text, len, &console, out, changes, NULL);
}

#define BY_NAMES(fn) \
	static int fn(const char *text, size_t len, struct dw_buf *out, \
		      struct dw_changes *changes) \
	{ \
		return dw_##fn##_edit(text, len, &names, out, changes, NULL); \
	}
BY_NAMES(fstab)
BY_NAMES(args)
BY_NAMES(resume)
BY_NAMES(crypttab)
BY_NAMES(device_map)

#define BY_SYNTAX(fn, syntax) \
	static int fn(const char *text, size_t len, struct dw_buf *out, \
		      struct dw_changes *changes) \
	{ \
		dw_net_names(syntax, text, len, "eth"); \
		return dw_net_unpin(syntax, text, len, out, changes, NULL); \
	}
BY_SYNTAX(udev, DW_NET_UDEV)
BY_SYNTAX(netplan, DW_NET_NETPLAN)
BY_SYNTAX(networkd, DW_NET_NETWORKD)
BY_SYNTAX(keyfile, DW_NET_KEYFILE)
BY_SYNTAX(ifcfg, DW_NET_IFCFG)
BY_SYNTAX(ifupdown, DW_NET_IFUPDOWN)

static const struct {
	int (*edit)(const char *text, size_t len, struct dw_buf *out,
		    struct dw_changes *changes);
	const char *text;
} samples[] = {
	{ fstab, "# x\n/dev/xvda1 / ext4 errors=remount-ro 0 1\r\n"
	  "/dev/xvdb1\tnone swap sw 0 0\nLABEL=data /data xfs noatime 1 2\n"
	  "tmpfs /tmp tmpfs size=1g 0 0\n/dev/sdc /c ext3 noauto,user 0 2" },
	{ args, "GRUB_CMDLINE_LINUX=\"root=/dev/xvda1 resume=/dev/xvda2 ro\"\n"
	  "boot=/dev/xvda1\n# root=/dev/xvda1\n" },
	{ resume, "RESUME=/dev/xvda2\n RESUME=\"/dev/xvda1\"\n" },
	{ crypttab, "a /dev/xvdb1 /dev/urandom swap\nb UUID=1 none\nc /f k\n" },
	{ device_map, "(hd0)\t/dev/xvda1\n(hd1) /dev/xvdb\n" },
	{ inittab, "id:2:initdefault:\n1:2345:respawn:/sbin/getty 38400 tty1\n"
	  "#T0:23:respawn:/sbin/getty -L ttyS0 9600 vt100\nx:5:once:/b\n" },
	{ securetty, "console\ntty1\n#ttyS0\nxvc0\nhvc0" },
	{ udev, "# c\nATTR{address}==\"00:16\", NAME=\"eth0\" \\\n  X\n" },
	{ netplan, "network:\n  ethernets:\n    eth0:\n      match:\n"
	  "        macaddress: 00:16\n      set-name: eth0\n" },
	{ networkd, "[Match]\nMACAddress=00:16\n[Network]\nDHCP=yes\n" },
	{ keyfile, "[ethernet]\nmac-address=00:16\n" },
	{ ifcfg, "DEVICE=eth0\nHWADDR=00:16\n" },
	{ ifupdown, "auto lo eth0\niface eth0 inet dhcp\n" },
};
#define SAMPLES_NR ((int)(sizeof(samples) / sizeof(samples[0])))

/* Flips, doubles, cuts out and cuts off; the result is malloced at its exact
 * size, so that AddressSanitizer sees any byte read behind it. */
static char *mutate(const char *text, size_t *len)
{
	static const char special[] = "\n\r\t\0 #=:\"'\\/,[]{}";
	size_t n = strlen(text), at, run;
	char *p = malloc(2 * n), *exact;

	memcpy(p, text, n);
	for (unsigned i = next_random() % 4; i; i--) {
		at = next_random() % n;
		run = next_random() % (n - at + 1);
		switch (next_random() % 4) {
		case 0:
			p[at] = (char)next_random();
			break;
		case 1:
			p[at] = special[next_random() % sizeof(special)];
			break;
		case 2:
			memmove(p + at, p + at + run, n - at - run);
			n -= run < n ? run : 0;
			break;
		default:
			n = at ? at : n;
		}
	}
	exact = malloc(n);
	memcpy(exact, p, n);
	free(p);
	*len = n;
	return exact;
}

START_TEST(editors)
{
	seed = 1 + (uint32_t)_i;
	for (int round = 0; round < ROUNDS; round++) {
		struct dw_changes changes = { 0 };
		struct dw_buf out = { 0 };
		bool same;
		size_t len;
		char *text = mutate(samples[_i].text, &len);

		ck_assert_int_eq(samples[_i].edit(text, len, &out, &changes),
				 0);
		same = out.len == len && (!len || !memcmp(out.data, text, len));
		ck_assert_msg(same != dw_changes_any(&changes),
			      "sample %d round %d: %s without %s", _i, round,
			      same ? "report" : "change",
			      same ? "change" : "report");
		dw_changes_free(&changes);
		dw_buf_free(&out);
		free(text);
	}
}
END_TEST

START_TEST(readers)
{
	static const char *const texts[] = {
		"ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME='x'\n",
		("SUSE Linux Enterprise Server 10\nVERSION = 10\n"
		 "PATCHLEVEL = 4\n"),
		"CentOS release 5.11 (Final)\n", "5.0.10\n",
		"CONFIG_XEN=y\n# CONFIG_XEN_PV is not set\nCONFIG_EXT4_FS=m\n",
		"kernel/a.ko.xz: kernel/b.ko kernel/c.ko.gz\nkernel/b.ko:\n",
		"RESUME=/dev/xvda2\n", "# tty1\nexec /sbin/getty 38400 tty1\n",
	};
	static const char *const files[] = {
		"os-release", "lsb-release", "debian_version",
		"redhat-release", "SuSE-release", "alpine-release",
		"arch-release", "gentoo-release",
	};

	seed = 99;
	for (int round = 0; round < ROUNDS; round++) {
		struct dw_modules *mods;
		struct dw_kconfig config;
		struct dw_buf out = { 0 };
		size_t len;
		char *text = mutate(texts[round % 8], &len);

		for (size_t i = 0; i < 8; i++) {
			struct dw_release r = { 0 };

			dw_release_parse(files[i], text, len, &r);
		}
		dw_kconfig_parse(text, len, "5.0", &config);
		ck_assert_int_eq(dw_modules_parse(text, len, text, len, &mods,
						  NULL), 0);
		dw_modules_free(mods);
		dw_resume_waits(text, len, &names);
		dw_upstart_getty(text, len, "ttyS0", &out, NULL);
		dw_kernel_head_decode((uint8_t *)text, len,
				      &(struct dw_kernel_head){ 0 });
		dw_buf_free(&out);
		free(text);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("guest_mutate");

	dw_names_init(&names, "1b4e28ba-2fa1-11d2-883f-0016d3cca427", "root",
		      NULL);
	dw_names_add(&names, dw_span_of("/dev/xvda1"));
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, editors, 0, SAMPLES_NR);
	tcase_add_test(tc, readers);
	return dw_test_run("guest_mutate", tc);
}
