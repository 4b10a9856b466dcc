/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Locators: what is the image, what are layers, what is a path. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/run.h"
#include "stack/locator.h"

/* The files that exist, NULL-terminated. */
static bool exists_in(void *arg, const char *path)
{
	const char *const *files = arg;

	for (; *files; files++)
		if (!strcmp(*files, path))
			return true;
	return false;
}

static const char *const files[] = {
	"disk.img", "odd@p1", "odd", "a:b.img", "odd@p1:/etc", "/dev/sda",
	"dir@vg0/lv", "volume-1@x", NULL,
};

static int parse(const char *text, struct dw_locator *loc)
{
	struct dw_err err;

	return dw_locator_parse(text, exists_in, (void *)files, loc, &err);
}

struct good {
	const char *text, *image, *layers, *path;
};

static const struct good goods[] = {
	{ "disk.img", "disk.img", "", NULL },
	{ "disk.img@p1", "disk.img", "@p1", NULL },
	{ "disk.img:/etc/fstab", "disk.img", "", "/etc/fstab" },
	{ "disk.img@p12:/a:b@c", "disk.img", "@p12", "/a:b@c" },
	{ "disk.img@vg0/root@p1:/", "disk.img", "@vg0/root@p1", "/" },
	{ "disk.img@a+b_c.d-1/x--y.z@p2", "disk.img", "@a+b_c.d-1/x--y.z@p2",
	  NULL },
	{ "disk.img@p1@md@md/md@p1", "disk.img", "@p1@md@md/md@p1", NULL },
	{ "disk.img@p1/p2:/p3", "disk.img", "@p1/p2", "/p3" },
	{ "disk.img@x/snap@snap/x", "disk.img", "@x/snap@snap/x", NULL },
	{ "disk.img@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1",
	  "disk.img", "@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1",
	  NULL },
	{ "/dev/sda@p2", "/dev/sda", "@p2", NULL },
	{ "disk.img@snap:one", "disk.img", "@snap:one", NULL },
	{ "disk.img@snap:one@p1:/x", "disk.img", "@snap:one@p1", "/x" },
	/* A snapshot's name may hold ':', but not begin a path. */
	{ "disk.img@snap:at 10:30:/x", "disk.img", "@snap:at 10:30", "/x" },
	{ "disk.img@snap:a::/x:/y", "disk.img", "@snap:a:", "/x:/y" },
	{ "disk.img@snap:one:", "disk.img", "@snap:one:", NULL },
	{ "none.img@snap:a:b@p1", "none.img", "@snap:a:b@p1", NULL },
	/* The longest existing name wins. */
	{ "odd@p1", "odd@p1", "", NULL },
	{ "odd@p1@p2", "odd@p1", "@p2", NULL },
	{ "odd@p1:/etc", "odd@p1:/etc", "", NULL },
	{ "odd@p1:/etc/x", "odd@p1", "", "/etc/x" },
	{ "odd@p2", "odd", "@p2", NULL },
	/* A file whose name reads as a volume of another. */
	{ "dir@vg0/lv", "dir@vg0/lv", "", NULL },
	{ "dir@vg0/lv@vg0/lv:/x", "dir@vg0/lv", "@vg0/lv", "/x" },
	{ "volume-1@x", "volume-1@x", "", NULL },
	{ "volume-1@x@vg-volume-1/volume-1", "volume-1@x",
	  "@vg-volume-1/volume-1", NULL },
	{ "a:b.img:/x", "a:b.img", "", "/x" },
	/* Nothing exists: the name to complain about. */
	{ "none.img@p1:/x", "none.img", "@p1", "/x" },
	{ "me@host.img", "me@host.img", "", NULL },
	{ "me@host.img@p1", "me@host.img", "@p1", NULL },
	{ "c:d", "c:d", "", NULL },
};

START_TEST(reads_what_is_meant)
{
	const struct good *g = &goods[_i];
	struct dw_locator loc;
	char layers[80] = "";

	ck_assert_int_eq(parse(g->text, &loc), 0);
	ck_assert_str_eq(loc.image, g->image);
	for (size_t i = 0; i < loc.layers_nr; i++) {
		strcat(layers, "@");
		strcat(layers, loc.layers[i].text);
	}
	ck_assert_str_eq(layers, g->layers);
	ck_assert_pstr_eq(loc.path, g->path);
	dw_locator_free(&loc);
}
END_TEST

START_TEST(tells_partitions_from_volumes)
{
	struct dw_locator loc;

	ck_assert_int_eq(parse("disk.img@p999@p1/p2@md", &loc), 0);
	ck_assert_uint_eq(loc.layers_nr, 3);
	ck_assert_int_eq(loc.layers[2].kind, DW_LOCATOR_RAID);
	ck_assert_int_eq(loc.layers[0].kind, DW_LOCATOR_PART);
	ck_assert_uint_eq(loc.layers[0].part_nr, 999);
	ck_assert_int_eq(loc.layers[1].kind, DW_LOCATOR_VOLUME);
	dw_locator_free(&loc);
}
END_TEST

static const char *const bads[] = {
	"", "disk.img@", "disk.img@p0", "disk.img@p01", "disk.img@p1000",
	"disk.img@p1x", "disk.img@q1", "disk.img@vg/", "disk.img@/lv",
	"disk.img@a/b/c", "disk.img:", "disk.img:etc", "disk.img@p1@",
	/* One more than there may be. */
	"disk.img@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1@p1",
	"disk.img@p99999999999999999999999",
	"disk.img@snap", "disk.img@snap:", "disk.img@snap:@p1",
	"disk.img@p1@snap:one", "disk.img@snap:one@snap:two",
};

START_TEST(finds_the_snapshot)
{
	struct dw_locator loc;

	ck_assert_int_eq(parse("disk.img@snap:a:b@p1", &loc), 0);
	ck_assert_int_eq(loc.layers[0].kind, DW_LOCATOR_SNAPSHOT);
	ck_assert_str_eq(loc.layers[0].snapshot, "a:b");
	ck_assert_int_eq(loc.layers[1].kind, DW_LOCATOR_PART);
	ck_assert_ptr_null(loc.layers[1].snapshot);
	dw_locator_free(&loc);
}
END_TEST

/* Only who can look knows whether that is a group. */
START_TEST(keeps_a_name_alone)
{
	struct dw_locator loc;

	ck_assert_int_eq(parse("disk.img@p1@vg0@p1", &loc), DW_USAGE);
	ck_assert_str_eq(loc.image, "disk.img");
	ck_assert_str_eq(loc.unknown, "vg0");
	ck_assert_uint_eq(loc.layers_nr, 2);
	dw_locator_free(&loc);
	ck_assert_int_eq(parse("disk.img@vg0/root", &loc), 0);
	ck_assert_ptr_null(loc.unknown);
	dw_locator_free(&loc);
}
END_TEST

START_TEST(refuses_what_makes_no_sense)
{
	struct dw_locator loc;

	ck_assert_int_eq(parse(bads[_i], &loc), DW_USAGE);
	dw_locator_free(&loc);
}
END_TEST

static const struct {
	const char *text;
	int ret;
	size_t layers_nr;
} alone[] = {
	{ "p2", 0, 1 }, { "vg0/root", 0, 1 }, { "p2@vg0/root@p1", 0, 3 },
	{ "", DW_USAGE, 0 }, { "@p1", DW_USAGE, 0 }, { "p1@", DW_USAGE, 0 },
	{ "p1:/etc", DW_USAGE, 0 }, { "snap:one", DW_USAGE, 0 },
	{ "p1@snap:one", DW_USAGE, 0 }, { "root", DW_USAGE, 0 },
};

START_TEST(reads_layers_alone)
{
	struct dw_locator loc;
	struct dw_err err;
	int ret = dw_locator_parse_layers("disk.img", alone[_i].text, &loc,
					  &err);

	ck_assert_int_eq(ret, alone[_i].ret);
	if (!ret)
		ck_assert_uint_eq(loc.layers_nr, alone[_i].layers_nr);
	else
		ck_assert_ptr_nonnull(strstr(err.text, "disk.img"));
	dw_locator_free(&loc);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("locator");

	tcase_add_loop_test(tc, reads_what_is_meant, 0,
			    sizeof(goods) / sizeof(goods[0]));
	tcase_add_test(tc, tells_partitions_from_volumes);
	tcase_add_test(tc, finds_the_snapshot);
	tcase_add_test(tc, keeps_a_name_alone);
	tcase_add_loop_test(tc, refuses_what_makes_no_sense, 0,
			    sizeof(bads) / sizeof(bads[0]));
	tcase_add_loop_test(tc, reads_layers_alone, 0,
			    sizeof(alone) / sizeof(alone[0]));
	return dw_test_run("locator", tc);
}
