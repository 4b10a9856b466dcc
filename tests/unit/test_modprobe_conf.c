/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* modprobe.conf of guests that run on Xen and on KVM. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "guest/modprobe_conf.h"
#include "lib/run.h"

static struct dw_buf out;
static struct dw_changes changes;

static void teardown(void)
{
	dw_buf_free(&out);
	dw_changes_free(&changes);
}

static void edit(const char *text, const struct dw_modprobe_want *want,
		 const char *expect, size_t changes_nr)
{
	teardown();
	ck_assert_int_eq(dw_modprobe_conf_edit(text, strlen(text), want, &out,
					       &changes, NULL), 0);
	ck_assert_str_eq(out.data ? out.data : "", expect);
	ck_assert_uint_eq(changes.nr, changes_nr);
}

/* And done twice is done once. */
static void edit_twice(const char *text, const struct dw_modprobe_want *want,
		       const char *expect, size_t changes_nr)
{
	char *once;

	edit(text, want, expect, changes_nr);
	once = strdup(out.data);
	edit(once, want, expect, 0);
	free(once);
}

static const char *const disks[] = { "virtio_pci", "virtio_blk" };
static const struct dw_modprobe_want virtio = { disks, 2 };

/* A paravirtual guest of RHEL 5 as its installer leaves it. */
START_TEST(rhel_5_xen)
{
	static const char text[] = "alias eth0 xennet\n"
				   "alias eth1 xennet\n"
				   "alias scsi_hostadapter xenblk\n";
	static const char expect[] = "alias eth0 xennet\n"
				     "alias eth0 virtio_net\n"
				     "alias eth1 xennet\n"
				     "alias eth1 virtio_net\n"
				     "alias scsi_hostadapter xenblk\n"
				     "alias scsi_hostadapter1 virtio_pci\n"
				     "alias scsi_hostadapter2 virtio_blk\n";

	edit_twice(text, NULL, expect, 4);
	edit_twice(text, &virtio, expect, 4);
	ck_assert_uint_eq(changes.nr, 0);
}
END_TEST

START_TEST(lines_are_told)
{
	edit("# mine\nalias eth0 xennet\n", NULL,
	     "# mine\nalias eth0 xennet\nalias eth0 virtio_net\n", 1);
	ck_assert_uint_eq(changes.items[0].line_nr, 2);
	ck_assert_str_eq(changes.items[0].after, "alias eth0 virtio_net");
	ck_assert_ptr_null(changes.items[0].before);
}
END_TEST

START_TEST(real_hardware)
{
	edit_twice("alias eth0 e1000\n"
		   "alias scsi_hostadapter mptbase\n"
		   "alias scsi_hostadapter1 mptspi\n"
		   "alias scsi_hostadapter7 ata_piix\n"
		   "options mptbase x=1\n", &virtio,
		   "alias eth0 e1000\n"
		   "alias scsi_hostadapter mptbase\n"
		   "alias scsi_hostadapter1 mptspi\n"
		   "alias scsi_hostadapter7 ata_piix\n"
		   "alias scsi_hostadapter8 virtio_pci\n"
		   "alias scsi_hostadapter9 virtio_blk\n"
		   "options mptbase x=1\n", 2);
	edit("", &virtio, "alias scsi_hostadapter virtio_pci\n"
	     "alias scsi_hostadapter1 virtio_blk\n", 2);
	edit("install x y", &virtio, "install x y\n"
	     "alias scsi_hostadapter virtio_pci\n"
	     "alias scsi_hostadapter1 virtio_blk\n", 2);
}
END_TEST

START_TEST(newer_names)
{
	edit_twice("alias eth0 xen-netfront\r\n"
		   "alias scsi_hostadapter1\txen-vbd\r\n"
		   "alias scsi_hostadapter2 virtio-blk", NULL,
		   "alias eth0 xen-netfront\r\n"
		   "alias eth0 virtio_net\r\n"
		   "alias scsi_hostadapter1\txen-vbd\r\n"
		   "alias scsi_hostadapter2 virtio-blk\n"
		   "alias scsi_hostadapter3 virtio_pci\n", 2);
}
END_TEST

START_TEST(left_alone)
{
	static const char *const texts[] = {
		"", "# alias eth0 xennet\n", "alias eth0 e1000",
		"alias eth0 xennet \\\n  x\n", "alias\nalias a\n",
		"blacklist xennet\n", "alias eth0 xennet more\n",
		"alias eth0 xennet\nalias eth0 virtio-net\n",
		"alias scsi_hostadapter megaraid_sas\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		edit(texts[i], NULL, texts[i], 0);
}
END_TEST

START_TEST(hostile)
{
	size_t len = 1 << 20;
	char *text = malloc(len + 1);

	memset(text, 'a', len);
	text[len] = '\0';
	edit(text, NULL, text, 0);
	memset(text, 0, len);
	teardown();
	ck_assert_int_eq(dw_modprobe_conf_edit(text, len, NULL, &out, &changes,
					       NULL), 0);
	ck_assert_uint_eq(out.len, len);
	for (size_t i = 0; i + 18 <= len; i += 18)
		memcpy(text + i, "alias eth0 xennet\n", 18);
	text[len / 18 * 18] = '\0';
	edit(text, NULL, text, 1);
	ck_assert_ptr_null(changes.items[0].after);
	free(text);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("modprobe.conf");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, rhel_5_xen);
	tcase_add_test(tc, lines_are_told);
	tcase_add_test(tc, real_hardware);
	tcase_add_test(tc, newer_names);
	tcase_add_test(tc, left_alone);
	tcase_add_test(tc, hostile);
	return dw_test_run("modprobe_conf", tc);
}
