/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers as a tree, and what check found, for people. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define NAME_WIDTH 8

/* A line of the tree: two columns a level; further lines of a long one are
 * indented by 'hang' more. */
static void tree_line(int level, int hang, const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	cli_wrap(stdout, 2 * level + hang, 2 * level + hang,
		 text ? text : "");
	free(text);
}

static void layer_line(int level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void layer_line(int level, const char *fmt, ...)
{
	va_list ap;

	printf("%*s", 2 * level, "");
	va_start(ap, fmt);
	tree_line(level, 0, fmt, ap);
	va_end(ap);
}

/* "name     value", under a layer. */
static void fact(int level, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void fact(int level, const char *name, const char *fmt, ...)
{
	va_list ap;

	printf("%*s%-*s ", 2 * level, "", NAME_WIDTH, name);
	va_start(ap, fmt);
	tree_line(level, NAME_WIDTH + 1, fmt, ap);
	va_end(ap);
}

static void filesystem(int level, const struct dw_fs_info *fs)
{
	char size[CLI_SIZE_TEXT], used[CLI_SIZE_TEXT], rest[CLI_SIZE_TEXT];
	char uuid[CLI_UUID_TEXT];

	if (fs->has_uuid)
		fact(level, "UUID", "%s", cli_uuid(uuid, fs->uuid));
	if (*fs->label)
		fact(level, "label", "%s", fs->label);
	if (fs->partial) {
		fact(level, "note", "only named: nothing more is known of it");
		return;
	}
	fact(level, "space", "%s used, %s free, blocks of %s",
	     cli_size(used, fs->size - fs->free_len),
	     cli_size(rest, fs->free_len), cli_size(size, fs->block_len));
	if (fs->needs_recovery)
		fact(level, "state", "not closed cleanly: its journal holds"
		     " changes");
	if (fs->has_orphans)
		fact(level, "state", "holds files that were deleted while in"
		     " use");
	if (fs->has_errors)
		fact(level, "state", "marked as having errors: run e2fsck on"
		     " it");
}

static void kernel(int level, const struct dw_kernel_info *k)
{
	const char *runs = k->xen_pv && k->virtio ? "Xen PV and virtio" :
		k->xen_pv ? "Xen PV, no virtio" :
		k->virtio ? "virtio, no Xen PV" : "neither Xen PV nor virtio";

	fact(level, "kernel", "%s: %s", k->version && *k->version ?
	     k->version : "of unknown version", runs);
	fact(level, "", "%s", k->path);
	fact(level, "", "%s", k->initrd ? k->initrd : "no initrd");
}

static void guest(int level, const struct dw_guest_info *g)
{
	fact(level, "guest", "%s%s%s", g->name ? g->name : "not recognised",
	     g->init ? ", " : "", g->init ? g->init : "");
	for (size_t i = 0; i < g->kernels_nr; i++)
		kernel(level, &g->kernels[i]);
	if (g->kvm_advice.text)
		fact(level, "for KVM", "%s", g->kvm_advice.text);
	if (g->pygrub_advice.text)
		fact(level, "for Xen", "%s", g->pygrub_advice.text);
}

/* ---- LVM and RAID -------------------------------------------------------- */

static void allocated(int level, const struct dw_layer *layer)
{
	char used[CLI_SIZE_TEXT], rest[CLI_SIZE_TEXT];

	fact(level, "space", "%s used, %s free",
	     cli_size(used, layer->used_len),
	     cli_size(rest, layer->len - layer->used_len));
}

static void raid(int level, const struct dw_layer *layer)
{
	fact(level, "UUID", "%s", layer->uuid ? layer->uuid : "");
	fact(level, "metadata", "%s, event %" PRIu64, layer->version ?
	     layer->version : "unknown", layer->generation);
}

static void physical_volume(int level, const struct dw_layer *layer)
{
	char used[CLI_SIZE_TEXT];

	if (layer->uuid)
		fact(level, "UUID", "%s", layer->uuid);
	if (layer->uuid)
		fact(level, "space", "%s used",
		     cli_size(used, layer->used_len));
}

static void volume_group(int level, const struct dw_layer *layer)
{
	fact(level, "UUID", "%s", layer->uuid ? layer->uuid : "");
	fact(level, "seqno", "%" PRIu64, layer->generation);
	allocated(level, layer);
}

static void logical_volume(int level, const struct dw_layer *layer)
{
	char used[CLI_SIZE_TEXT];

	if (layer->used_len != layer->len)
		fact(level, "space", "%s stored",
		     cli_size(used, layer->used_len));
}

static void facts_of(int level, const struct dw_layer *layer)
{
	switch (layer->kind) {
	case DW_LAYER_FILESYSTEM:
		if (!layer->problem)
			filesystem(level, &layer->fs);
		break;
	case DW_LAYER_RAID:
		raid(level, layer);
		break;
	case DW_LAYER_PV:
		physical_volume(level, layer);
		break;
	case DW_LAYER_VG:
		if (!layer->problem)
			volume_group(level, layer);
		break;
	case DW_LAYER_LV:
		logical_volume(level, layer);
		break;
	default:
		break;
	}
	for (size_t i = 0; i < layer->notes.nr; i++)
		fact(level, "note", "%s", layer->notes.items[i]);
}

/* What a type alone would not tell. */
static void describe(char *buf, size_t size, const struct dw_layer *layer)
{
	const char *type = layer->type ? layer->type : "unknown";

	if (layer->kind == DW_LAYER_PV && layer->group)
		snprintf(buf, size, "LVM physical volume of %s",
			 layer->group);
	else if (layer->kind == DW_LAYER_PV)
		snprintf(buf, size, "LVM physical volume of no group");
	else if (layer->kind == DW_LAYER_VG)
		snprintf(buf, size, "volume group");
	else if (layer->kind == DW_LAYER_RAID)
		snprintf(buf, size, "%s member%s%s", type,
			 layer->name ? " of " : "",
			 layer->name ? layer->name : "");
	else
		snprintf(buf, size, "%s", type);
}

static void layer_at(int level, const struct dw_layer *layer)
{
	char size[CLI_SIZE_TEXT], off[CLI_SIZE_TEXT], type[256];
	bool is_part = layer->kind == DW_LAYER_PARTITION;
	const char *name = layer->name && layer->kind != DW_LAYER_RAID ?
		layer->name : "";

	describe(type, sizeof(type), layer);
	layer_line(level, "%s%s%s, %s%s%s%s%s%s", name,
		  *name && *type ? ": " : "", type,
		  cli_size(size, layer->len), is_part ? " at " : "",
		  is_part ? cli_size(off, layer->off) : "",
		  layer->active ? ", active" : "",
		  layer->loader ? ", boot loader " : "",
		  layer->loader ? layer->loader : "");
	if (layer->problem)
		fact(level + 1, "problem", "%s", layer->problem);
	facts_of(level + 1, layer);
	if (layer->guest)
		guest(level + 1, layer->guest);
	for (size_t i = 0; i < layer->children_nr; i++)
		layer_at(level + 1, &layer->children[i]);
}

void cli_text_layer(const struct dw_layer *layer)
{
	layer_at(0, layer);
}

void cli_text_check(const struct dw_check_report *report)
{
	cli_item("root", "%s", report->where && *report->where ?
		 report->where : "the whole disk");
	cli_item("loader", "%s%s", report->loader ? report->loader : "none",
		 report->loader_stale ? ", stale" : "");
	cli_text_verdict("KVM", &report->kvm);
	cli_text_verdict("PyGrub", &report->pygrub);
	cli_text_notes(&report->notes);
}
