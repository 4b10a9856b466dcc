/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers as a tree, and what check found, for people. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* A line of the tree: two columns a level, continuation lines under it. */
static void tree_line(int level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void tree_line(int level, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	printf("%*s", 2 * level, "");
	cli_wrap(stdout, 2 * level, 2 * level + 4, text ? text : "");
	free(text);
}

static void filesystem(int level, const struct dw_fs_info *fs)
{
	char size[CLI_SIZE_TEXT], used[CLI_SIZE_TEXT], rest[CLI_SIZE_TEXT];
	char uuid[CLI_UUID_TEXT];

	if (fs->has_uuid)
		tree_line(level, "UUID %s%s%s", cli_uuid(uuid, fs->uuid),
			  *fs->label ? ", label " : "", fs->label);
	else if (*fs->label)
		tree_line(level, "label %s", fs->label);
	if (fs->partial) {
		tree_line(level, "only named: nothing more is known of it");
		return;
	}
	tree_line(level, "%s used, %s free, blocks of %s",
		  cli_size(used, fs->size - fs->free_len),
		  cli_size(rest, fs->free_len),
		  cli_size(size, fs->block_len));
	if (fs->needs_recovery)
		tree_line(level, "its journal holds changes: it was not"
			  " closed cleanly");
	if (fs->has_orphans)
		tree_line(level, "it holds files that were deleted while in"
			  " use");
	if (fs->has_errors)
		tree_line(level, "it is marked as having errors: e2fsck"
			  " should see it");
}

static void kernel(int level, const struct dw_kernel_info *k)
{
	tree_line(level, "kernel %s%s%s%s%s%s%s", k->path,
		  k->version ? ", " : "", k->version ? k->version : "",
		  k->initrd ? ", initrd " : ", no initrd",
		  k->initrd ? k->initrd : "", k->xen_pv ? ", Xen PV" : "",
		  k->virtio ? ", virtio" : "");
}

static void guest(int level, const struct dw_guest_info *g)
{
	tree_line(level, "guest %s%s%s", g->name ? g->name : "not recognised",
		  g->init ? ", " : "", g->init ? g->init : "");
	for (size_t i = 0; i < g->kernels_nr; i++)
		kernel(level, &g->kernels[i]);
}

static void layer_at(int level, const struct dw_layer *layer)
{
	char size[CLI_SIZE_TEXT], off[CLI_SIZE_TEXT];
	bool is_part = layer->kind == DW_LAYER_PARTITION;
	const char *name = layer->name ? layer->name : "";
	const char *type = layer->type ? layer->type : "unknown";

	tree_line(level, "%s%s%s, %s%s%s%s%s%s", name, *name ? ": " : "", type,
		  cli_size(size, layer->len), is_part ? " at " : "",
		  is_part ? cli_size(off, layer->off) : "",
		  layer->active ? ", active" : "",
		  layer->loader ? ", boot loader " : "",
		  layer->loader ? layer->loader : "");
	if (layer->problem)
		tree_line(level + 1, "problem: %s", layer->problem);
	else if (layer->kind == DW_LAYER_FILESYSTEM)
		filesystem(level + 1, &layer->fs);
	if (layer->guest)
		guest(level + 1, layer->guest);
	for (size_t i = 0; i < layer->children_nr; i++)
		layer_at(level + 1, &layer->children[i]);
}

void cli_text_layer(const struct dw_layer *layer)
{
	layer_at(0, layer);
}

void cli_text_check(const struct dw_check_report *report, const char *image)
{
	cli_put(stdout, image, 0);
	putchar('\n');
	cli_item("root", "%s", report->where && *report->where ?
		 report->where : "the whole disk");
	cli_item("loader", "%s%s", report->loader ? report->loader : "none",
		 report->loader_stale ? "; its boot record no longer finds"
		 " stage 2, --repair-boot mends it" : "");
	if (report->needs_recovery)
		cli_item("state", "the filesystem was not closed cleanly; this"
			 " looks at what its journal makes of it");
	cli_text_verdict("KVM", &report->kvm);
	cli_text_verdict("PyGrub", &report->pygrub);
	cli_text_notes(&report->notes);
}
