/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of this folder, as they are installed into guests. */
#ifndef DW_GUEST_HOOK_TEXTS_H
#define DW_GUEST_HOOK_TEXTS_H

extern const char dw_hook_text_update[], dw_hook_text_run[],
		  dw_hook_text_pacman[];

#endif
