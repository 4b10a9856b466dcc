/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gettys, securetty, upstart jobs of several systems. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "guest/console.h"
#include "lib/run.h"

static struct dw_console console;
static struct dw_buf out;
static struct dw_changes changes;

static void setup(void)
{
	console = (struct dw_console){ "hvc0", "/sbin/getty" };
}

static void teardown(void)
{
	dw_buf_free(&out);
	dw_changes_free(&changes);
}

static void edit(const char *text, const char *want)
{
	teardown();
	ck_assert_int_eq(dw_inittab_edit(text, strlen(text), &console, &out,
					 &changes, NULL), 0);
	ck_assert_str_eq(out.data ? out.data : "", want);
}

START_TEST(debian_7)
{
	edit("id:2:initdefault:\n"
	     "1:2345:respawn:/sbin/getty 38400 tty1\n"
	     "#2:23:respawn:/sbin/getty 38400 tty2\n"
	     "#T0:23:respawn:/sbin/getty -L ttyS0 9600 vt100\n"
	     "hvc0:2345:respawn:/sbin/getty 38400 hvc0\n",
	     "id:2:initdefault:\n"
	     "1:2345:respawn:/sbin/getty 38400 tty1\n"
	     "#2:23:respawn:/sbin/getty 38400 tty2\n"
	     "T0:23:respawn:/sbin/getty -L ttyS0 115200 vt100\n"
	     "hvc0:2345:respawn:/sbin/getty 38400 hvc0\n");
	ck_assert_uint_eq(changes.nr, 1);
	ck_assert_uint_eq(changes.items[0].line_nr, 4);
}
END_TEST

/* RHEL 5: mingetty cannot do serial lines. */
START_TEST(rhel_5)
{
	console = (struct dw_console){ "xvc0", "/sbin/agetty" };
	edit("x:5:respawn:/etc/X11/prefdm -nodaemon\n"
	     "co:2345:respawn:/sbin/agetty xvc0 9600 vt100-nav\n"
	     "#1:2345:respawn:/sbin/mingetty tty1\n",
	     "x:5:respawn:/etc/X11/prefdm -nodaemon\n"
	     "co:2345:respawn:/sbin/agetty xvc0 9600 vt100-nav\n"
	     "S0:2345:respawn:/sbin/agetty -L ttyS0 115200 vt102\n"
	     "1:2345:respawn:/sbin/mingetty tty1\n");
	edit("1:2345:respawn:/sbin/mingetty tty1\r\nS0:2:off:x\r\n",
	     "1:2345:respawn:/sbin/mingetty tty1\r\n"
	     "dw0:2345:respawn:/sbin/agetty -L ttyS0 115200 vt102\r\n"
	     "x0:2345:respawn:/sbin/agetty -L xvc0 115200 vt102\r\n"
	     "S0:2:off:x\r\n");
}
END_TEST

/* SLES: two for serial lines in comments, of which one is for "console". */
START_TEST(sles_11)
{
	console = (struct dw_console){ "xvc0", "/sbin/agetty" };
	edit("1:2345:respawn:/sbin/mingetty --noclear tty1\n"
	     "2:2345:respawn:/sbin/mingetty tty2\n"
	     "#S0:12345:respawn:/sbin/agetty -L 9600 ttyS0 vt102\n"
	     "#cons:1235:respawn:/sbin/smart_agetty -L 38400 console\n"
	     "# what to do when the UPS sends a signal\n",
	     "1:2345:respawn:/sbin/mingetty --noclear tty1\n"
	     "2:2345:respawn:/sbin/mingetty tty2\n"
	     "x0:2345:respawn:/sbin/agetty -L xvc0 115200 vt102\n"
	     "S0:12345:respawn:/sbin/agetty -L 115200 ttyS0 vt102\n"
	     "#cons:1235:respawn:/sbin/smart_agetty -L 38400 console\n"
	     "# what to do when the UPS sends a signal\n");
	ck_assert_uint_eq(changes.nr, 2);
}
END_TEST

START_TEST(alpine)
{
	edit("::sysinit:/sbin/openrc sysinit\n"
	     "tty1::respawn:/sbin/getty 38400 tty1\n"
	     "#ttyS0::respawn:/sbin/getty -L ttyS0 115200 vt100\n"
	     "::ctrlaltdel:/sbin/reboot\n",
	     "::sysinit:/sbin/openrc sysinit\n"
	     "tty1::respawn:/sbin/getty 38400 tty1\n"
	     "hvc0::respawn:/sbin/getty -L hvc0 115200 vt102\n"
	     "ttyS0::respawn:/sbin/getty -L ttyS0 115200 vt100\n"
	     "::ctrlaltdel:/sbin/reboot\n");
}
END_TEST

START_TEST(left_alone)
{
	static const char *const texts[] = {
		"", "id:3:initdefault:\n", "# nothing\n", "a:b\n:::\n",
		"#T0:23:respawn:/sbin/getty -L ttyS0 9600 vt100\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		edit(texts[i], texts[i]);
		ck_assert_uint_eq(changes.nr, 0);
	}
	edit("1:23:respawn:/sbin/getty 38400 tty1",
	     "1:23:respawn:/sbin/getty 38400 tty1\n"
	     "S0:23:respawn:/sbin/getty -L ttyS0 115200 vt102\n"
	     "h0:23:respawn:/sbin/getty -L hvc0 115200 vt102\n");
}
END_TEST

START_TEST(done_twice_is_done_once)
{
	static const char text[] = "1:23:respawn:/sbin/getty 38400 tty1\n";
	char *once;

	edit(text, "1:23:respawn:/sbin/getty 38400 tty1\n"
	     "S0:23:respawn:/sbin/getty -L ttyS0 115200 vt102\n"
	     "h0:23:respawn:/sbin/getty -L hvc0 115200 vt102\n");
	once = strdup(out.data);
	edit(once, once);
	ck_assert_uint_eq(changes.nr, 0);
	free(once);
}
END_TEST

static void securetty(const char *text, const char *want)
{
	teardown();
	ck_assert_int_eq(dw_securetty_edit(text, strlen(text), &console, &out,
					   &changes, NULL), 0);
	ck_assert_str_eq(out.data, want);
}

START_TEST(securettys)
{
	securetty("console\ntty1\nxvc0\n", "console\ntty1\nxvc0\nttyS0\nhvc0\n");
	ck_assert_uint_eq(changes.nr, 2);
	securetty("tty1\nhvc0", "tty1\nhvc0\nttyS0\n");
	securetty("tty1\nhvc0\nttyS0", "tty1\nhvc0\nttyS0");
	ck_assert_uint_eq(changes.nr, 0);
	/* Hardened: nobody is to log in as root. */
	teardown();
	ck_assert_int_eq(dw_securetty_edit("# none\n", 7, &console, &out,
					   &changes, NULL), 0);
	ck_assert_str_eq(out.data, "# none\n");
	ck_assert_uint_eq(changes.nr, 1);
	ck_assert_ptr_null(changes.items[0].after);
}
END_TEST

START_TEST(upstart)
{
	static const char text[] =
		"# tty1 - getty\nstart on stopped rc RUNLEVEL=[2345]\n"
		"respawn\nexec /sbin/getty -8 38400 tty1\n";

	ck_assert_int_eq(dw_upstart_getty(text, sizeof(text) - 1, "ttyS0",
					  &out, NULL), 0);
	ck_assert_str_eq(out.data, "# ttyS0 - getty\n"
			 "start on stopped rc RUNLEVEL=[2345]\n"
			 "respawn\nexec /sbin/getty -8 115200 ttyS0\n");
	ck_assert_int_eq(dw_upstart_getty("getty tty11", 11, "ttyS0", &out,
					  NULL), DW_NOT_MINE);
	ck_assert_int_eq(dw_upstart_getty("", 0, "ttyS0", &out, NULL),
			 DW_NOT_MINE);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("getty");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, debian_7);
	tcase_add_test(tc, rhel_5);
	tcase_add_test(tc, sles_11);
	tcase_add_test(tc, alpine);
	tcase_add_test(tc, left_alone);
	tcase_add_test(tc, done_twice_is_done_once);
	tcase_add_test(tc, securettys);
	tcase_add_test(tc, upstart);
	return dw_test_run("getty", tc);
}
