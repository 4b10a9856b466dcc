/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /init's own code for root=, under names of the library. */
#include "initrd/own_root.h"

#define root_parse	dw_init_root_parse
#define root_flags	dw_init_root_flags
#define text_is		dw_init_text_is
#define text_is_nocase	dw_init_text_is_nocase
#define text_after	dw_init_text_after
#define text_is_module	dw_init_text_is_module
#define text_copy	dw_init_text_copy
#define text_add	dw_init_text_add
#define text_number	dw_init_text_number
#define text_format	dw_init_text_format
#define text_uuid	dw_init_text_uuid

#include "initrd/init/root.c"
#include "initrd/init/text.c"

const char *dw_own_root_why_not(const char *root)
{
	struct root parsed;

	root_parse(root, &parsed);
	return parsed.kind == ROOT_LEFT_OUT ? parsed.why : NULL;
}
