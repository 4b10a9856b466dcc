/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Consoles for both sides: arguments of kernels, and whole guests. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "guest/console_args.h"
#include "lib/fsimg.h"
#include "lib/guestimg.h"
#include "lib/run.h"

static struct dw_err err;
static struct dw_ctx *ctx;
static struct dw_dualboot_plan *plan;

/* ---- arguments ------------------------------------------------------------- */

START_TEST(which_arguments_lack_it)
{
	static const char *const lacking[] = {
		"", "ro quiet", "console=tty0",
		"console=tty0 console=ttyS0,9600",
		"xconsole=hvc0", "root=/dev/hvc0",
	}, *const fine[] = {
		"console=hvc0", "console=tty0 console=hvc0", "ro console=xvc0",
		"console=hvc0 console=ttyS0", "xencons=tty console=tty1",
	};

	for (size_t i = 0; i < sizeof(lacking) / sizeof(char *); i++)
		ck_assert(dw_console_lacks_xen(dw_span_of(lacking[i])));
	for (size_t i = 0; i < sizeof(fine) / sizeof(char *); i++)
		ck_assert(!dw_console_lacks_xen(dw_span_of(fine[i])));
}
END_TEST

#define NAME "GRUB_CMDLINE_LINUX"
static const struct {
	const char *text, *want;
} defaults[] = {
	{ NAME "=\"\"\n", NAME "=\"console=hvc0\"\n" },
	{ NAME "=\"rhgb quiet\"\nA=1\n",
	  NAME "=\"rhgb quiet console=hvc0\"\nA=1\n" },
	{ NAME "='console=tty0' # mine\r\n",
	  NAME "='console=tty0 console=hvc0' # mine\r\n" },
	{ NAME "=quiet", NAME "=\"quiet console=hvc0\"" },
	{ NAME "=\n", NAME "=\"console=hvc0\"\n" },
	{ NAME "=a\n" NAME "=b\n", NAME "=a\n" NAME "=\"b console=hvc0\"\n" },
	{ "#" NAME "=\"\"", "#" NAME "=\"\"\n" NAME "=\"console=hvc0\"\n" },
	{ "A=1\n", "A=1\n" NAME "=\"console=hvc0\"\n" },
	/* named already, in either of them */
	{ NAME "=\"console=hvc0\"\n", NULL },
	{ NAME "=\"\"\n" NAME "_DEFAULT=\"console=hvc0\"\n", NULL },
	/* over two lines, or with a quote inside */
	{ NAME "=\"quiet \\\nro\"\n", NULL },
	{ NAME "=\"a \\\"b\"\n", NULL },
};

START_TEST(default_grub)
{
	const char *text = defaults[_i].text;
	const char *want = defaults[_i].want ? defaults[_i].want : text;
	struct dw_changes changes = { 0 };
	struct dw_buf out = { 0 };

	ck_assert_int_eq(dw_grub_console_edit(text, strlen(text), "hvc0", &out,
					      &changes, NULL), 0);
	ck_assert_str_eq(out.data, want);
	ck_assert_uint_eq(changes.nr, defaults[_i].want ? 1 : 0);
	dw_buf_free(&out);
	dw_changes_free(&changes);
}
END_TEST

/* ---- guests ------------------------------------------------------------------ */

static void planned(const char *more)
{
	int ret = guestimg_plan(ctx, more, &plan, &err);

	ck_assert_msg(!ret, "%s", err.text);
}

/* The whole of a file that the plan makes. */
static void makes(const char *path, const char *text)
{
	const struct dw_change *c = guestimg_change(plan, path, 0);

	ck_assert_msg(c && c->after, "%s", path);
	ck_assert_msg(strstr(c->after, text), "%s: %s", path, c->after);
}

static void keeps(const char *path)
{
	ck_assert_msg(!guestimg_change(plan, path, 0), "%s", path);
}

#define MENU "/boot/grub/menu.lst"

/* The kernel of this guest knows hvc0, and its entry has no console. */
START_TEST(entries_get_one)
{
	planned("");
	ck_assert_ptr_nonnull(strstr(plan->pygrub.args, " ro console=hvc0"));
	ck_assert_ptr_nonnull(strstr(plan->kvm.args,
				     "console=tty0 console=ttyS0,115200n8"));
	ck_assert_ptr_null(strstr(plan->kvm.args, "hvc0"));
	dw_dualboot_plan_free(plan);
	planned("sed -i \"s/ ro\\$/ ro console=tty0 console=hvc0/\" "
		"boot/grub/menu.lst; ");
	for (size_t i = 0; guestimg_change(plan, MENU, i); i++)
		ck_assert_ptr_null(strstr(guestimg_change(plan, MENU,
							  i)->after,
					  "hvc0 console"));
	dw_dualboot_plan_free(plan);
}
END_TEST

static const char *changed_kopt(void)
{
	for (size_t i = 0; guestimg_change(plan, MENU, i); i++) {
		const char *after = guestimg_change(plan, MENU, i)->after;

		if (after && strstr(after, "# kopt="))
			return after;
	}
	return "";
}

/* update-grub makes each entry of kopt and defoptions together. */
START_TEST(update_grub_keeps_it)
{
	planned("sed -i \"1i # kopt=root=LABEL=/ ro\" boot/grub/menu.lst; ");
	ck_assert_str_eq(changed_kopt(), "# kopt=root=LABEL=/ ro console=hvc0");
	dw_dualboot_plan_free(plan);
	planned("sed -i \"1i # kopt=root=LABEL=/ ro\\n# defoptions=console=hvc0"
		"\" boot/grub/menu.lst; ");
	ck_assert_str_eq(changed_kopt(), "");
	dw_dualboot_plan_free(plan);
}
END_TEST

#define UPSTART "mkdir -p etc/init; touch etc/init/rcS.conf; "

START_TEST(upstart_of_ubuntu)
{
	planned(UPSTART "printf \"start on stopped rc\\nrespawn\\n"
		"exec /sbin/getty -8 38400 tty1\\n\" > etc/init/tty1.conf; ");
	makes("/etc/init/ttyS0.conf", "exec /sbin/getty -8 115200 ttyS0");
	makes("/etc/init/hvc0.conf", "exec /sbin/getty -8 115200 hvc0");
	dw_dualboot_plan_free(plan);
}
END_TEST

/* RHEL 6: a job of its own follows the kernel's console. */
START_TEST(upstart_of_rhel_6)
{
	planned(UPSTART "touch etc/init/tty.conf etc/init/serial.conf; "
		"echo tty1 > etc/securetty; ");
	keeps("/etc/init/ttyS0.conf");
	keeps("/etc/init/hvc0.conf");
	makes("/etc/securetty", "ttyS0");
	dw_dualboot_plan_free(plan);
	planned(UPSTART "touch etc/init/tty.conf sbin/agetty; ");
	makes("/etc/init/ttyS0.conf", "\nexec /sbin/agetty -L ttyS0 115200");
	makes("/etc/init/hvc0.conf", "\nexec /sbin/agetty -L hvc0 115200");
	dw_dualboot_plan_free(plan);
}
END_TEST

/* systemd's generator does what is to be done. */
START_TEST(systemd)
{
	planned("mkdir -p lib/systemd; rm sbin/init; touch lib/systemd/systemd;"
		" ln -s ../lib/systemd/systemd sbin/init; "
		"echo 1:2:respawn:/sbin/getty tty1 > etc/inittab; ");
	keeps("/etc/inittab");
	dw_dualboot_plan_free(plan);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("consoles");
	int failed;

	fsimg_require_tools();
	if (dw_ctx_new(&ctx, &err))
		return 1;
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, which_arguments_lack_it);
	tcase_add_loop_test(tc, default_grub, 0,
			    sizeof(defaults) / sizeof(*defaults));
	tcase_add_test(tc, entries_get_one);
	tcase_add_test(tc, update_grub_keeps_it);
	tcase_add_test(tc, upstart_of_ubuntu);
	tcase_add_test(tc, upstart_of_rhel_6);
	tcase_add_test(tc, systemd);
	failed = dw_test_run("consoles", tc);
	dw_ctx_free(ctx);
	return failed;
}
