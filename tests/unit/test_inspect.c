/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inspect: the tree of volumes, and that hostile ones end it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lvmimg.h"
#include "lib/run.h"
#include "stack/locator.h"

static struct dw_ctx *ctx;
static struct dw_layer *image;
static struct dw_err err;

static void setup(void)
{
	ck_assert_int_eq(dw_ctx_new(&ctx, NULL), 0);
}

static void teardown(void)
{
	dw_layer_free(image);
	image = NULL;
	dw_ctx_free(ctx);
}

static void inspect_take(struct dw_dev *dev)
{
	ck_assert_msg(!dw_inspect(ctx, dev, 0, &image, &err), "%s", err.text);
	dw_dev_close(dev, NULL);
}

static struct dw_dev *new_pv(const char *text)
{
	const struct lvmimg img = { .id = LVMIMG_ID0, .text = text };

	return lvmimg_new(&img);
}

static size_t count(const struct dw_layer *layer)
{
	size_t nr = 1;

	for (size_t i = 0; i < layer->children_nr; i++)
		nr += count(&layer->children[i]);
	return nr;
}

static unsigned volumes_deep(const struct dw_layer *layer)
{
	unsigned most = 0;

	for (size_t i = 0; i < layer->children_nr; i++) {
		unsigned here = volumes_deep(&layer->children[i]);

		most = here > most ? here : most;
	}
	return most + (layer->kind == DW_LAYER_LV);
}

static bool has_problem(const struct dw_layer *layer, const char *words)
{
	if (layer->problem && strstr(layer->problem, words))
		return true;
	for (size_t i = 0; i < layer->children_nr; i++)
		if (has_problem(&layer->children[i], words))
			return true;
	return false;
}

static const struct dw_layer *child(const struct dw_layer *layer,
				    const char *name)
{
	for (size_t i = 0; i < layer->children_nr; i++)
		if (layer->children[i].name &&
		    !strcmp(layer->children[i].name, name))
			return &layer->children[i];
	ck_abort_msg("there is no %s", name);
	return NULL;
}

START_TEST(draws_a_group)
{
	const struct dw_layer *pv, *vg, *lv;

	inspect_take(new_pv(lvmimg_text(LVMIMG_TEXT)));
	ck_assert_uint_eq(image->children_nr, 1);
	pv = image->children;
	ck_assert_int_eq(pv->kind, DW_LAYER_PV);
	ck_assert_str_eq(pv->group, "vg0");
	ck_assert_str_eq(pv->uuid, "aaaaaa-0000-1111-2222-3333-4444-55555a");
	vg = child(pv, "vg0");
	ck_assert_int_eq(vg->kind, DW_LAYER_VG);
	ck_assert_uint_eq(vg->generation, 7);
	ck_assert_uint_eq(vg->len, 2 * LVMIMG_PE_NR * LVMIMG_EXTENT_LEN);
	ck_assert_uint_ge(vg->notes.nr, 2);
	ck_assert_ptr_nonnull(strstr(vg->notes.items[1], "pv1 is missing"));
	lv = child(vg, "vg0/lin");
	ck_assert_int_eq(lv->kind, DW_LAYER_LV);
	ck_assert_str_eq(lv->type, "linear");
	ck_assert_uint_eq(lv->len, 4 * LVMIMG_EXTENT_LEN);
	ck_assert_ptr_null(lv->problem);
	lv = child(vg, "vg0/two");
	ck_assert_ptr_nonnull(strstr(lv->problem, "bbbbbb-0000"));
	ck_assert_uint_eq(lv->children_nr, 0);
	/* Hidden ones are not drawn. */
	for (size_t i = 0; i < vg->children_nr; i++)
		ck_assert_ptr_null(strchr(vg->children[i].name, '_'));
}
END_TEST

/* One volume, or several, each of which holds the physical volume itself. */
static char *group_of_itself(unsigned volumes_nr)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	fputs("contents = \"Text Format Volume Group\"\nversion = 1\n"
	      "vg0 {\nid = \"vgvgvg-0000-1111-2222-3333-4444-555550\"\n"
	      "seqno = 1\nformat = \"lvm2\"\n"
	      "status = [\"RESIZEABLE\", \"READ\", \"WRITE\"]\n"
	      "extent_size = 128\nmax_lv = 0\nmax_pv = 0\n"
	      "physical_volumes {\npv0 {\n"
	      "id = \"aaaaaa-0000-1111-2222-3333-4444-55555a\"\n"
	      "device = \"/dev/sda\"\nstatus = [\"ALLOCATABLE\"]\n"
	      "dev_size = 3448\npe_start = 0\npe_count = 24\n}\n}\n"
	      "logical_volumes {\n", f);
	for (unsigned i = 0; i < volumes_nr; i++)
		fprintf(f, "lv%u {\nid = \"lvlvlv-0000-1111-2222-3333-4444-"
			"%06u\"\nstatus = [\"READ\", \"WRITE\", \"VISIBLE\"]\n"
			"segment_count = 1\nsegment1 {\nstart_extent = 0\n"
			"extent_count = 24\ntype = \"%s\"\nstripe_count = 1\n"
			"stripes = [\"%s\", 0]\n}\n}\n", i, i, "striped",
			i ? "lv0" : "pv0");
	fputs("}\n}\n", f);
	fclose(f);
	return text;
}

START_TEST(ends_in_a_volume_that_holds_itself)
{
	char *text = group_of_itself(1);

	inspect_take(new_pv(text));
	free(text);
	ck_assert_uint_eq(volumes_deep(image), DW_LOCATOR_LAYERS_MAX + 1);
	ck_assert(has_problem(image, "more than 16 layers"));
}
END_TEST

START_TEST(ends_in_many_that_do)
{
	char *text = group_of_itself(9);

	inspect_take(new_pv(text));
	free(text);
	ck_assert_uint_gt(count(image), 4000);
	ck_assert_uint_le(count(image), 4097);
	ck_assert(has_problem(image, "more than 4096 layers"));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("inspect");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, draws_a_group);
	tcase_add_test(tc, ends_in_a_volume_that_holds_itself);
	tcase_add_test(tc, ends_in_many_that_do);
	tcase_set_timeout(tc, 30);
	return dw_test_run("inspect", tc);
}
