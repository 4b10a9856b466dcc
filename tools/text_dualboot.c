/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan and report of dualboot, for people. */
#include <inttypes.h>
#include <string.h>

#include "text.h"

static void filesystem(const struct dw_fs_info *fs)
{
	char size[CLI_SIZE_TEXT], used[CLI_SIZE_TEXT], block[CLI_SIZE_TEXT];
	char uuid[CLI_UUID_TEXT];

	cli_item("filesystem", "%s, %s, %s used, blocks of %s", fs->type,
		 cli_size(size, fs->size),
		 cli_size(used, fs->size - fs->free_len),
		 cli_size(block, fs->block_len));
	if (fs->has_uuid)
		cli_item("", "UUID %s%s%s", cli_uuid(uuid, fs->uuid),
			 *fs->label ? ", label " : "", fs->label);
	else
		cli_item("", "without a UUID%s%s",
			 *fs->label ? ", label " : "", fs->label);
}

static void layout(const struct dw_dualboot_plan *plan)
{
	char size[CLI_SIZE_TEXT], start[CLI_SIZE_TEXT];

	if (!plan->part_nr) {
		cli_item("layout", "unpartitioned, the filesystem is at"
			 " sector 0");
	} else {
		cli_item("layout", "%s, signature 0x%08" PRIx32,
			 plan->had_table ? "the partition table is kept" :
			 "a new MBR", plan->disk_signature);
		cli_item("", "partition %u at %s, %s, active", plan->part_nr,
			 cli_size(start, plan->part_start_off),
			 cli_size(size, plan->part_len));
	}
	cli_item("disk", "%s (%" PRIu64 " bytes)",
		 cli_size(size, plan->disk_size), plan->disk_size);
}

void cli_text_dualboot_plan(const struct dw_dualboot_plan *plan,
			    const char *source, const char *target)
{
	char size[CLI_SIZE_TEXT], recovery[CLI_RECOVERY_TEXT];

	cli_put(stdout, source, 0);
	printf(" (%s)", plan->source_format);
	if (target) {
		fputs(" -> ", stdout);
		cli_put(stdout, target, 0);
		printf(" (%s)\n\n", plan->target_format);
	} else {
		fputs(", changed in place\n\n", stdout);
	}
	cli_item("guest", "%s", plan->distribution ? plan->distribution :
		 "of an unknown distribution");
	filesystem(&plan->fs);
	cli_recovery(recovery, &plan->recovery);
	cli_item("recovery", "%s", *recovery ? recovery : "not needed");
	layout(plan);
	cli_item("loader", "%s%s%s", plan->loader ? plan->loader : "none",
		 plan->stage2_path ? ", its stage 2 in " : "",
		 plan->stage2_path ? plan->stage2_path : "");
	if (plan->hook_path)
		cli_item("", "its configuration is renewed by %s",
			 plan->hook_path);
	if (target)
		cli_item("to copy", "%s", cli_size(size, plan->copy_len));
	cli_text_changes(&plan->changes);
	cli_text_notes(&plan->notes);
}

void cli_text_dualboot_boot(const struct dw_boot_verdict *kvm,
			    const struct dw_boot_verdict *pygrub)
{
	fputs("\nBoot\n", stdout);
	cli_text_verdict("KVM", kvm);
	cli_text_verdict("PyGrub", pygrub);
}

void cli_text_dualboot_report(const struct dw_dualboot_report *report,
			      const char *target)
{
	char copied[CLI_SIZE_TEXT], written[CLI_SIZE_TEXT];

	cli_text_dualboot_boot(&report->kvm, &report->pygrub);
	fputs("\nDone: ", stdout);
	if (target)
		printf("%s read, %s of them written; ",
		       cli_size(copied, report->copied_len),
		       cli_size(written, report->written_len));
	fputs("read back and checked.\n", stdout);
}
