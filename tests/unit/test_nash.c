/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The /init of nash: tests/images/initrd has scripts in the manner of several
 * releases, NAME.init as their mkinitrd writes it, NAME.edited as it has to
 * become. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "initrd/nash.h"
#include "lib/run.h"

#define UUID "UUID=6b4a1b3c-1234-4321-8888-0123456789ab"

static const struct dw_nash_module virtio[] = {
	{ "virtio", "virtio.ko" }, { "virtio_ring", "virtio_ring.ko" },
	{ "virtio_pci", "virtio_pci.ko" }, { "virtio_blk", "virtio_blk.ko" },
};
/* On virtio-scsi, and mirrored: what some of the scripts load already. */
static const struct dw_nash_module scsi[] = {
	{ "virtio", "virtio.ko" }, { "virtio_ring", "virtio_ring.ko" },
	{ "virtio_pci", "virtio_pci.ko" }, { "scsi_mod", "scsi_mod.ko" },
	{ "sd_mod", "sd_mod.ko" }, { "virtio_scsi", "virtio_scsi.ko" },
	{ "dm_mod", "dm-mod.ko" }, { "dm_mirror", "dm-mirror.ko" },
};

static struct dw_nash_want want;
static struct dw_nash_style style;
static struct dw_buf out;
static struct dw_changes changes;
static struct dw_err err;

static void setup(void)
{
	want = (struct dw_nash_want){ virtio, 4, UUID };
}

static void teardown(void)
{
	dw_buf_free(&out);
	dw_changes_free(&changes);
}

static int edit(const char *text, size_t len)
{
	teardown();
	memset(&err, 0, sizeof(err));
	return dw_nash_edit(text, len, &want, &style, &out, &changes, &err);
}

static char *load(const char *name, const char *suffix)
{
	char path[200], *text = calloc(1, 65536);
	FILE *f;

	snprintf(path, sizeof(path), "tests/images/initrd/%s.%s", name, suffix);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s", path);
	ck_assert(fread(text, 1, 65535, f) > 0);
	fclose(f);
	return text;
}

static const char *const scripts[] = {
	"rhel-4", "rhel-4-xen", "rhel-5.2", "rhel-5.2-xen", "rhel-5.8",
	"rhel-5.8-xen", "fedora-10", "no-modules",
};
#define SCRIPTS_NR (int)(sizeof(scripts) / sizeof(*scripts))

START_TEST(golden)
{
	char *text = load(scripts[_i], "init");
	char *expect = load(scripts[_i], "edited");

	ck_assert_int_eq(edit(text, strlen(text)), 0);
	ck_assert_str_eq(out.data, expect);
	ck_assert_uint_ge(changes.nr, 4);
	/* Twice is once. */
	ck_assert_int_eq(edit(expect, strlen(expect)), 0);
	ck_assert_str_eq(out.data, expect);
	ck_assert_uint_eq(changes.nr, 0);
	free(text);
	free(expect);
}
END_TEST

/* The number of the line that holds text; 0: none, fails where two do. */
static uint64_t line_of(const char *text)
{
	struct dw_lines walk = { .p = out.data, .len = out.len };
	struct dw_line line;
	uint64_t nr = 0;

	while (dw_lines_next(&walk, &line)) {
		if (!dw_span_find(line.text, text) ||
		    dw_span_starts(line.text, "echo"))
			continue;
		ck_assert_msg(!nr, "twice: %s", text);
		nr = line.nr;
	}
	return nr;
}

/* Whatever is loaded already stays where it is, once, and what needs it comes
 * after it; in every script, and before the root is looked for. */
START_TEST(after_what_it_needs)
{
	char *text = load(scripts[_i], "init"), *once;
	const char *ext = strcmp(scripts[_i], "fedora-10") ? ".ko" : "";
	char module[40];
	uint64_t last = 0;

	want = (struct dw_nash_want){ scsi, 8, NULL };
	ck_assert_int_eq(edit(text, strlen(text)), 0);
	snprintf(module, sizeof(module), "virtio_scsi%s", ext);
	last = line_of(module);
	ck_assert_uint_gt(last, line_of("sd_mod"));
	ck_assert_uint_gt(last, line_of("scsi_mod"));
	ck_assert_uint_gt(line_of("mkrootdev"), last);
	once = strdup(out.data);
	ck_assert_int_eq(edit(once, strlen(once)), 0);
	ck_assert_str_eq(out.data, once);
	free(once);
	free(text);
}
END_TEST

START_TEST(style_of_a_script)
{
	char *text = load("fedora-10", "init");

	ck_assert_int_eq(edit(text, strlen(text)), 0);
	ck_assert(style.known && style.modprobe);
	free(text);
	text = load("rhel-4", "init");
	ck_assert_int_eq(edit(text, strlen(text)), 0);
	ck_assert(style.known && !style.modprobe);
	ck_assert_str_eq(style.folder, "/lib");
	free(text);
	text = load("no-modules", "init");
	ck_assert_int_eq(edit(text, strlen(text)), 0);
	ck_assert(!style.known && !style.modprobe);
	ck_assert_str_eq(style.folder, "/lib");
	free(text);
}
END_TEST

/* The words of mkrootdev, and what becomes of the one that names the root. */
START_TEST(roots)
{
	static const struct {
		const char *before, *after;
	} lines[] = {
		{ "mkrootdev -t ext3 -o defaults,ro /dev/xvda1",
		  "mkrootdev -t ext3 -o defaults,ro " UUID },
		{ "mkrootdev  -t ext3\t/dev/sdaa12  -o ro ",
		  "mkrootdev  -t ext3\t" UUID "  -o ro " },
		{ "nash-mkrootdev -t ext3 -o ro hda3",
		  "nash-mkrootdev -t ext3 -o ro " UUID },
		{ "mkrootdev -t ext3 -o ro vda", "mkrootdev -t ext3 -o ro "
		  UUID },
		{ "mkrootdev -t ext3 -o ro LABEL=/", NULL },
		{ "mkrootdev -t ext3 -o ro UUID=x", NULL },
		{ "mkrootdev -t ext3 -o ro /dev/VolGroup00/LogVol00", NULL },
		{ "mkrootdev -t ext3 -o ro /dev/sdata/root", NULL },
		{ "mkrootdev -t ext3 -o ro /dev/md0", NULL },
		{ "mkrootdev -t ext3 -o sda1 -o", NULL },
		{ "mkrootdev /dev/root", NULL }, { "mkrootdev", NULL },
		{ "mount -t ext3 /dev/sda1 /sysroot", NULL },
	};
	char text[300], expect[300];

	want.nr = 0;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		snprintf(text, sizeof(text), "#!/bin/nash\nmkblkdevs\n%s\n",
			 lines[i].before);
		snprintf(expect, sizeof(expect), "#!/bin/nash\nmkblkdevs\n%s\n",
			 lines[i].after ? lines[i].after : lines[i].before);
		ck_assert_int_eq(edit(text, strlen(text)), 0);
		ck_assert_str_eq(out.data, expect);
		ck_assert_uint_eq(changes.nr, lines[i].after != NULL);
	}
}
END_TEST

START_TEST(refused)
{
	static const struct {
		const char *text, *why;
	} texts[] = {
		{ "", "first line" },
		{ "#!/bin/sh\nmkblkdevs\nmkrootdev x\n", "first line" },
		{ "\n#!/bin/nash\nmkblkdevs\nmkrootdev x\n", "first line" },
		{ "#!/bin/nash\ninsmod /lib/ext3.ko\nmkblkdevs\n",
		  "no line finds the root" },
		{ "#!/bin/nash\n#mkrootdev x\necho mkrootdev x\nmkblkdevs\n",
		  "no line finds the root" },
		{ "#!/bin/nash\ninsmod /lib/ext3.ko\nmkrootdev x\n",
		  "no line makes device nodes" },
	};
	static const char zero[] = "#!/bin/nash\nmkblkdevs\n\0mkrootdev x\n";

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		ck_assert_int_eq(edit(texts[i].text, strlen(texts[i].text)),
				 DW_UNSUPPORTED);
		ck_assert_msg(strstr(err.text, texts[i].why) != NULL, "%s",
			      err.text);
		ck_assert_uint_eq(out.len, 0);
	}
	ck_assert_int_eq(edit(zero, sizeof(zero) - 1), DW_UNSUPPORTED);
	ck_assert_msg(strstr(err.text, "zero byte at 22") != NULL, "%s",
		      err.text);
}
END_TEST

/* Texts as long as any that is read (DW_CPIO_DATA_LEN). */
START_TEST(hostile)
{
	static const char head[] = "#!/bin/nash\nmkblkdevs\n";
	static const char tail[] = "\nmkrootdev /dev/sda1\n";
	static const char *const fill[] = {
		"x", "\n", "insmod /lib/a.ko\n", "mkblkdevs\n", "echo\n", " ",
		"insmod ", "insmod /lib/ext3.ko ", "#", "/", "modprobe -",
	};
	size_t len = 256 << 10;
	char *text = malloc(len + 1), *once;

	for (size_t i = 0; i < sizeof(fill) / sizeof(*fill); i++) {
		size_t n = strlen(fill[i]), at = sizeof(head) - 1;

		memcpy(text, head, at);
		for (; at + n + sizeof(tail) <= len; at += n)
			memcpy(text + at, fill[i], n);
		memcpy(text + at, tail, sizeof(tail));
		at += sizeof(tail) - 1;
		ck_assert_int_eq(edit(text, at), 0);
		ck_assert_uint_ge(out.len, at);
		once = strdup(out.data);
		ck_assert_int_eq(edit(once, strlen(once)), 0);
		ck_assert_str_eq(out.data, once);
		free(once);
	}
	free(text);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("nash");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, golden, 0, SCRIPTS_NR);
	tcase_add_loop_test(tc, after_what_it_needs, 0, SCRIPTS_NR);
	tcase_add_test(tc, style_of_a_script);
	tcase_add_test(tc, roots);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, hostile);
	return dw_test_run("nash", tc);
}
