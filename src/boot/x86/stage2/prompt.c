/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Time limits and the "boot:" prompt.
 */
#include "bios.h"
#include "input.h"

#define KEY_CTRL_U	0x15

/* Tenths of a second to ticks: 18.2 in a second. */
static uint32_t to_ticks(uint32_t tenths)
{
	if (!tenths)
		return 0;
	if (tenths > 36000)			/* an hour is enough */
		tenths = 36000;
	return (tenths * 182 + 99) / 100;
}

void timer_start(struct timer *t, const struct config *cfg)
{
	t->last_ticks = bios_ticks();
	t->elapsed = 0;
	t->limit = to_ticks(cfg->timeout);
	t->total_limit = to_ticks(cfg->total_timeout);
}

/* The BIOS starts again at 0 at midnight; the step is then taken for one. */
static void timer_update(struct timer *t)
{
	uint32_t now = bios_ticks();

	if (now != t->last_ticks)
		t->elapsed += now > t->last_ticks ? now - t->last_ticks : 1;
	t->last_ticks = now;
}

static bool is_over(uint32_t limit, uint32_t elapsed)
{
	return limit && elapsed >= limit;
}

uint32_t timer_seconds_left(const struct timer *t)
{
	if (!t->limit || is_over(t->limit, t->elapsed))
		return 0;
	return ((t->limit - t->elapsed) * 10 + 91) / 182;
}

uint32_t timer_wait(struct timer *t)
{
	uint32_t seconds = timer_seconds_left(t);

	for (;;) {
		uint32_t key = console_key();

		if (key) {
			t->limit = 0;
			return key;
		}
		timer_update(t);
		if (is_over(t->limit, t->elapsed) ||
		    is_over(t->total_limit, t->elapsed))
			return KEY_TIMEOUT;
		if (timer_seconds_left(t) != seconds)
			return 0;
		bios_idle();
	}
}

static void erase(char *line, uint32_t *len, uint32_t nr)
{
	for (; nr; nr--) {
		line[--*len] = 0;
		console_puts("\b \b");
	}
}

bool prompt_line(struct timer *t, char *line, bool *timed_out)
{
	uint32_t len = strlen(line);

	*timed_out = false;
	console_printf("boot: %s", line);
	for (;;) {
		uint32_t key = timer_wait(t);

		if (key == KEY_TIMEOUT || key == KEY_ENTER) {
			console_putc('\n');
			*timed_out = key == KEY_TIMEOUT;
			return !*timed_out && *skip_blanks(line);
		}
		if (key == KEY_BACKSPACE && len) {
			erase(line, &len, 1);
		} else if (key == KEY_ESCAPE || key == KEY_CTRL_U) {
			erase(line, &len, len);
		} else if (key >= ' ' && key < 0x7f && len < LINE_MAX - 1) {
			line[len++] = key;
			line[len] = 0;
			console_putc(key);
		}
	}
}
