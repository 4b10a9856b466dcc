/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /etc/fstab of several systems, rewritten. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "guest/fstab.h"
#include "lib/run.h"

#define UUID "1b4e28ba-2fa1-11d2-883f-0016d3cca427"

static struct dw_names names;
static struct dw_buf out;
static struct dw_changes changes;

static void setup(void)
{
	dw_names_init(&names, UUID, "root", NULL);
}

static void teardown(void)
{
	dw_buf_free(&out);
	dw_changes_free(&changes);
}

static void edit(const char *text, const char *want)
{
	struct dw_span spec;

	teardown();
	if (dw_fstab_find(text, strlen(text), "/", &spec))
		dw_names_add(&names, spec);
	ck_assert_int_eq(dw_fstab_edit(text, strlen(text), &names, &out,
				       &changes, NULL), 0);
	ck_assert_str_eq(out.data ? out.data : "", want);
}

START_TEST(swap_entries)
{
	static const char text[] = "/dev/xvda / ext4 defaults 0 1\n"
		"/swapfile none swap sw 0 0\n# /no none swap sw\n"
		"/dev/xvdb swap swap\n/data /swap ext4 swap 0 0\n/last - swap";
	static const char *const want[] = {
		"/swapfile", "/dev/xvdb", "/last",
	};
	struct dw_span spec;
	size_t i, pos = 0;

	for (i = 0; i < 3; i++) {
		ck_assert(dw_fstab_next_swap(text, strlen(text), &pos, &spec));
		ck_assert(dw_span_is(spec, want[i]));
	}
	ck_assert(!dw_fstab_next_swap(text, strlen(text), &pos, &spec));
}
END_TEST

START_TEST(debian)
{
	edit("# /etc/fstab: static file system information.\n"
	     "proc  /proc\tproc   defaults  0 0\n"
	     "/dev/xvda   /     ext4\terrors=remount-ro   0   1\n"
	     "/dev/xvdb1 none swap sw 0 0\n"
	     "/dev/xvdc /srv ext4 noatime 0 2\n"
	     "/dev/cdrom /media/cdrom0 udf,iso9660 user,noauto 0 0\n",
	     "# /etc/fstab: static file system information.\n"
	     "proc  /proc\tproc   defaults  0 0\n"
	     "UUID=" UUID "   /     ext4\terrors=remount-ro   0   1\n"
	     "/dev/xvdb1 none swap sw,nofail 0 0\n"
	     "/dev/xvdc /srv ext4 noatime,nofail 0 0\n"
	     "/dev/cdrom /media/cdrom0 udf,iso9660 user,noauto 0 0\n");
	ck_assert_uint_eq(changes.nr, 3);
	ck_assert_uint_eq(changes.items[0].line_nr, 3);
	ck_assert_str_eq(changes.items[0].before,
			 "/dev/xvda   /     ext4\terrors=remount-ro   0   1");
	ck_assert_str_eq(changes.items[2].after,
			 "/dev/xvdc /srv ext4 noatime,nofail 0 0");
}
END_TEST

START_TEST(systemd_swap_waits_less)
{
	names.systemd = true;
	edit("/dev/sda1 / ext3 defaults 1 1\n/dev/sda2 swap swap defaults 0 0\n",
	     "UUID=" UUID " / ext3 defaults 1 1\n"
	     "/dev/sda2 swap swap defaults,nofail,x-systemd.device-timeout=5s"
	     " 0 0\n");
	edit("LABEL=root / ext3 d\n/dev/sdb none swap nofail 0 0\n",
	     "LABEL=root / ext3 d\n/dev/sdb none swap "
	     "nofail,x-systemd.device-timeout=5s 0 0\n");
}
END_TEST

START_TEST(mountall_ignores_nofail)
{
	names.mountall = true;
	edit("LABEL=root / ext4 x 0 1\n/dev/sdb1 /b ext4 x 0 2\n"
	     "/dev/sdb2 none swap sw,nofail 0 0\n"
	     "/dev/sdb3 /c ext4 nobootwait 0 0\n",
	     "LABEL=root / ext4 x 0 1\n/dev/sdb1 /b ext4 x,nofail,nobootwait"
	     " 0 0\n/dev/sdb2 none swap sw,nofail,nobootwait 0 0\n"
	     "/dev/sdb3 /c ext4 nobootwait 0 0\n");
}
END_TEST

/* RHEL 5: mount does not know nofail. */
START_TEST(old_mount)
{
	names.old_mount = true;
	edit("LABEL=/                 /                       ext3    defaults        1 1\n"
	     "tmpfs                   /dev/shm                tmpfs   defaults        0 0\n"
	     "devpts                  /dev/pts                devpts  gid=5,mode=620  0 0\n"
	     "LABEL=SWAP-xvda2        swap                    swap    defaults        0 0\n"
	     "/dev/xvdb1 /data ext3 defaults 1 2",
	     "UUID=" UUID "                 /                       ext3    defaults        1 1\n"
	     "tmpfs                   /dev/shm                tmpfs   defaults        0 0\n"
	     "devpts                  /dev/pts                devpts  gid=5,mode=620  0 0\n"
	     "LABEL=SWAP-xvda2        swap                    swap    defaults,noauto        0 0\n"
	     "/dev/xvdb1 /data ext3 defaults,noauto 1 0");
}
END_TEST

START_TEST(lasting_names_stay)
{
	static const char *const texts[] = {
		"UUID=" UUID " / ext4 defaults 0 1\n",
		"UUID=\"1B4E28BA-2FA1-11D2-883F-0016D3CCA427\" / ext4 d 0 1\n",
		"LABEL=root / ext4 defaults 0 1\r\n",
		"/dev/disk/by-uuid/" UUID " / ext4 defaults 0 1\n",
		"/dev/disk/by-label/root\t/\text4 defaults\n",
		/* Files, binds, network and pseudo filesystems. */
		"LABEL=root / ext4 x 0 1\n/swapfile none swap sw 0 0\n"
		"/srv/x /y none bind 0 0\nfiler:/v /v nfs rw 0 2\n"
		"//h/s /s cifs guest 0 0\nnone /x cgroup y 0 0\n"
		"/dev/shm /x tmpfs defaults 0 0\n",
		"LABEL=root / ext4 x\n/dev/xvdb /b ext4 nofail 0 0\n",
		"LABEL=root / ext4 x\n# /dev/xvdb /b ext4 x 0 2\n\n\n",
		"tmpfs / tmpfs size=1g 0 0\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		edit(texts[i], texts[i]);
		ck_assert_uint_eq(changes.nr, 0);
	}
}
END_TEST

START_TEST(foreign_root_names_change)
{
	edit("UUID=00000000-0000-0000-0000-000000000001 / ext4 x 0 1\n",
	     "UUID=" UUID " / ext4 x 0 1\n");
	edit("LABEL=other / ext4 x 0 1\n", "UUID=" UUID " / ext4 x 0 1\n");
	edit("/dev/disk/by-id/ata-1 / ext4 x 0 1\n",
	     "UUID=" UUID " / ext4 x 0 1\n");
}
END_TEST

START_TEST(root_named_twice)
{
	edit("/dev/sda1 / ext4 x 0 1\n/dev/xvda1 /again ext4 ro 0 2\n",
	     "UUID=" UUID " / ext4 x 0 1\nUUID=" UUID " /again ext4 ro 0 2\n");
}
END_TEST

/* An image that has a partition table of its own. */
START_TEST(partitions_of_the_same_disk)
{
	dw_names_add_part(&names, 2, "22-swap");
	dw_names_add_part(&names, 5, "55-home");
	edit("/dev/sda1 / ext3 x 1 1\n/dev/sda2 swap swap sw 0 0\n"
	     "/dev/xvda5 /home ext3 x 1 2\nUUID=55-HOME /again ext3 x 1 2\n"
	     "/dev/sda3 /gone ext3 x 1 2\n/dev/sdb5 /b ext3 x 1 2\n",
	     "UUID=" UUID " / ext3 x 1 1\nUUID=22-swap swap swap sw 0 0\n"
	     "UUID=55-home /home ext3 x 1 2\nUUID=55-HOME /again ext3 x 1 2\n"
	     "/dev/sda3 /gone ext3 x,nofail 1 0\n"
	     "/dev/sdb5 /b ext3 x,nofail 1 0\n");
}
END_TEST

START_TEST(no_uuid_but_label)
{
	dw_names_init(&names, "", "slash", NULL);
	edit("/dev/hda1 / ext2 defaults 1 1\n",
	     "LABEL=slash / ext2 defaults 1 1\n");
}
END_TEST

START_TEST(new_uuid)
{
	dw_names_init(&names, UUID, "root", "UUID=new");
	edit("UUID=" UUID " / ext4 defaults 0 1\nUUID=" UUID " /b ext4 x\n",
	     "UUID=new / ext4 defaults 0 1\nUUID=new /b ext4 x\n");
}
END_TEST

START_TEST(odd_lines)
{
	edit("", "");
	ck_assert_uint_eq(changes.nr, 1);	/* no root: a remark */
	ck_assert(!dw_changes_any(&changes));
	edit("/dev/xvdb /b ext4", "/dev/xvdb /b ext4 defaults,nofail");
	edit("/dev/xvdb /b ext4  # x\n",
	     "/dev/xvdb /b ext4 defaults,nofail  # x\n");
	edit("/dev/xvdb /b ext4 noauto 0 2\n", "/dev/xvdb /b ext4 noauto 0 0\n");
	edit("/dev/xvdb /b\n\t\n  \n", "/dev/xvdb /b\n\t\n  \n");
	edit("\t/dev/xvda1\t/\text4\tx\t0\t1  \r\n",
	     "\tUUID=" UUID "\t/\text4\tx\t0\t1  \r\n");
}
END_TEST

START_TEST(zero_bytes)
{
	static const char text[] = "/dev/x\0da / ext4 a\0b 0 1\n\0\0\n";
	size_t len = sizeof(text) - 1;

	ck_assert_int_eq(dw_fstab_edit(text, len, &names, &out, &changes,
				       NULL), 0);
	ck_assert_uint_eq(out.len, len - 9 + 5 + strlen(UUID));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("fstab");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, swap_entries);
	tcase_add_test(tc, debian);
	tcase_add_test(tc, systemd_swap_waits_less);
	tcase_add_test(tc, mountall_ignores_nofail);
	tcase_add_test(tc, old_mount);
	tcase_add_test(tc, lasting_names_stay);
	tcase_add_test(tc, foreign_root_names_change);
	tcase_add_test(tc, root_named_twice);
	tcase_add_test(tc, partitions_of_the_same_disk);
	tcase_add_test(tc, no_uuid_but_label);
	tcase_add_test(tc, new_uuid);
	tcase_add_test(tc, odd_lines);
	tcase_add_test(tc, zero_bytes);
	return dw_test_run("fstab", tc);
}
