/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys of a segment: sizes, volumes by name, lists of areas. */
#ifndef DW_LVM_READER_H
#define DW_LVM_READER_H

#include "lvm/vg.h"

/* A segment's section that is being read, and what it becomes. */
struct dw_reader {
	const struct dw_config *cfg;
	const struct dw_config_node *node;
	struct dw_vg_own *own;
	struct dw_segment *segment;
	struct dw_err *err;
};

/* A size in sectors, as bytes.  One that need not be there leaves *out. */
int dw_read_sectors(struct dw_reader *r, const char *key, bool is_needed,
		    uint32_t *out);
int dw_read_long_sectors(struct dw_reader *r, const char *key, bool is_needed,
			 uint64_t *out);

/* A volume of the group by its name; likewise. */
int dw_read_lv(struct dw_reader *r, const char *key, bool is_needed,
	       const struct dw_lv **out);

/* The segment's areas: names and extents under key, as many as count_key
 * says. */
int dw_read_areas(struct dw_reader *r, const char *key,
		  const char *count_key);
/* The same for RAID: "META", "IMAGE" for each, or images alone. */
int dw_read_images(struct dw_reader *r, const char *key,
		   const char *count_key, bool has_metas);

#endif
