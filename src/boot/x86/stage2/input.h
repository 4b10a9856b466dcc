/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waiting for the user: time limits, the "boot:" prompt and the menu.
 */
#ifndef STAGE2_INPUT_H
#define STAGE2_INPUT_H

#include "config.h"
#include "console.h"

#define KEY_TIMEOUT	0x200
#define LINE_MAX	512

/* Counts from its start; the first key ends the short limit. */
struct timer {
	uint32_t last_ticks;
	uint32_t elapsed;	/* ticks */
	uint32_t limit;		/* 0: none */
	uint32_t total_limit;
};

void timer_start(struct timer *t, const struct config *cfg);
/* Seconds until the limit; 0 without one. */
uint32_t timer_seconds_left(const struct timer *t);
/* Waits for a key, KEY_TIMEOUT, or (0) a change of timer_seconds_left. */
uint32_t timer_wait(struct timer *t);

/*
 * Lets the user type a line; line holds how it begins. False: time ran out,
 * or it was left empty.
 */
bool prompt_line(struct timer *t, char *line, bool *timed_out);

enum menu_answer { MENU_BOOT, MENU_EDIT, MENU_PROMPT, MENU_TIMEOUT };

/* Lets the user choose; *index is the default, and then the choice. */
enum menu_answer menu_choose(struct timer *t, const struct config *cfg,
			     uint32_t *index);

#endif
