/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What image files say of themselves, for people. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text.h"

static void format_item(const struct dw_image_info *info)
{
	char version[32] = "";

	if (info->version)
		snprintf(version, sizeof(version), ", version %u",
			 info->version);
	cli_item("format", "%s%s%s%s", info->format,
		 info->subformat ? ", " : "",
		 info->subformat ? info->subformat : "", version);
}

static void clusters_item(const struct dw_image_info *info)
{
	char size[CLI_SIZE_TEXT];

	if (info->cluster_len)
		cli_item("clusters", "%s%s%s%s",
			 cli_size(size, info->cluster_len),
			 info->extended_l2 ? ", in 32 subclusters each" : "",
			 info->codec ? "; compressed ones by " : "",
			 info->codec ? info->codec : "");
	else if (info->codec)
		cli_item("compressed", "by %s", info->codec);
	if (info->refcount_bits)
		cli_item("refcounts", "%u bit%s%s", info->refcount_bits,
			 info->refcount_bits == 1 ? "" : "s",
			 info->lazy_refcounts ? ", written lazily" : "");
}

/* A file's name, on a line of its own, with every space that it has. */
static void name_item(const char *name)
{
	printf("%*s", CLI_NAME_WIDTH + 2, "");
	cli_put(stdout, name, 0);
	putchar('\n');
}

static void state_items(const struct dw_image_info *info)
{
	if (info->dirty)
		cli_item("state", "dirty: it was not closed, its refcounts may"
			 " be wrong");
	if (info->corrupt)
		cli_item("state", "marked as corrupt: 'check' tells what is"
			 " wrong");
	if (info->encryption)
		cli_item("encryption", "%s", info->encryption);
	if (info->backing_name) {
		cli_item("backing", "%s; not opened", info->backing_format ?
			 info->backing_format : "its format is not stated");
		name_item(info->backing_name);
	}
	if (info->data_file) {
		cli_item("data file", "raw; not opened");
		name_item(info->data_file);
	}
}

/* 64 bits of nanoseconds are less than 600 years. */
static void put_clock(uint64_t ns)
{
	uint64_t ms = ns / 1000000, s = ms / 1000;

	printf("%5" PRIu64 ":%02u:%02u.%03u  ", s / 3600,
	       (unsigned)(s / 60 % 60), (unsigned)(s % 60),
	       (unsigned)(ms % 1000));
}

static void snapshot_line(const struct dw_image_snapshot *snap)
{
	char size[CLI_SIZE_TEXT], state[CLI_SIZE_TEXT], when[32] = "unknown";
	time_t seconds = (time_t)snap->time;
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	printf("%10s %10s  %s  ", cli_size(size, snap->disk_size),
	       cli_size(state, snap->vm_state_len), when);
	put_clock(snap->vm_clock_ns);
	cli_put(stdout, snap->id, 0);
	fputs("  ", stdout);
	cli_put(stdout, snap->name, 0);
	putchar('\n');
}

void cli_text_image_info(const struct dw_image_info *info)
{
	char size[CLI_BOTH_SIZES_TEXT], stored[CLI_SIZE_TEXT];

	cli_put(stdout, info->path, 0);
	putchar('\n');
	format_item(info);
	cli_item("disk", "%s", cli_both_sizes(size, info->size));
	cli_item("file", "%s, takes %s on the host",
		 cli_both_sizes(size, info->file_len),
		 cli_size(stored, info->host_len));
	clusters_item(info);
	state_items(info);
	if (!info->snapshots_nr)
		return;
	printf("\nSnapshots\n%10s %10s  %-19s  %12s  %s\n", "disk", "VM state",
	       "time (UTC)", "VM clock", "id  name");
	for (size_t i = 0; i < info->snapshots_nr; i++)
		snapshot_line(&info->snapshots[i]);
}

static const char *plural(uint64_t nr)
{
	return nr == 1 ? "" : "s";
}

static void fixed_item(const char *name, uint64_t fixed_nr)
{
	if (fixed_nr)
		cli_item("repaired", "%" PRIu64 " %s%s", fixed_nr, name,
			 plural(fixed_nr));
}

void cli_text_image_check(const struct dw_image_check *check)
{
	if (!check->checkable) {
		cli_item("image", "%s, which has nothing to check",
			 check->format);
		return;
	}
	fixed_item("corruption", check->corruptions_fixed_nr);
	fixed_item("leaked cluster", check->leaks_fixed_nr);
	if (check->corruptions_nr)
		cli_item("image", "%s, %" PRIu64 " corruption%s: data may be"
			 " lost", check->format, check->corruptions_nr,
			 plural(check->corruptions_nr));
	else
		cli_item("image", "%s, consistent", check->format);
	if (check->leaks_nr)
		cli_item("leaks", "%" PRIu64 " cluster%s: they take space and"
			 " do no harm; --repair frees them", check->leaks_nr,
			 plural(check->leaks_nr));
	if (check->clusters_nr)
		cli_item("clusters", "%" PRIu64 " of %" PRIu64 " allocated"
			 " (%.1f %%), %" PRIu64 " of them compressed, %" PRIu64
			 " fragmented", check->allocated_nr,
			 check->clusters_nr, 100.0 *
			 (double)check->allocated_nr /
			 (double)check->clusters_nr, check->compressed_nr,
			 check->fragmented_nr);
	for (size_t i = 0; i < check->notes.nr; i++)
		cli_item("", "%s", check->notes.items[i]);
}
