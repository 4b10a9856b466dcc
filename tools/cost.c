/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a change inside an image takes, for people and as JSON. */
#include <inttypes.h>
#include <stdio.h>

#include "json.h"
#include "text.h"

static const char *way_name(enum dw_change_way way)
{
	switch (way) {
	case DW_CHANGE_JOURNAL:
		return "journal";
	case DW_CHANGE_UNDO:
		return "undo-record";
	case DW_CHANGE_BARE:
		break;
	}
	return "unprotected";
}

static const char *way_text(enum dw_change_way way)
{
	switch (way) {
	case DW_CHANGE_JOURNAL:
		return "in one transaction of its journal";
	case DW_CHANGE_UNDO:
		return "with an undo record, as it has no journal";
	case DW_CHANGE_BARE:
		break;
	}
	return "without a journal or an undo record";
}

void cli_text_cost(const struct dw_change_cost *cost)
{
	char size[CLI_SIZE_TEXT], recovery[CLI_RECOVERY_TEXT];

	cli_recovery(recovery, &cost->recovery);
	if (*recovery)
		cli_item("recovery", "%s", recovery);
	cli_item("data", "%s", cli_size(size, cost->data_len));
	cli_item("filesystem", "%" PRIu64 " blocks of %s, %s", cost->blocks_nr,
		 cli_size(size, cost->block_len), way_text(cost->way));
}

void cli_json_cost(struct json_object *to, const struct dw_change_cost *cost)
{
	cli_json_recovery(to, &cost->recovery);
	cli_json_number(to, "data", cost->data_len);
	cli_json_number(to, "blocks", cost->blocks_nr);
	cli_json_number(to, "block_size", cost->block_len);
	cli_json_number(to, "log_blocks", cost->log_blocks_nr);
	cli_json_text(to, "way", way_name(cost->way));
}
