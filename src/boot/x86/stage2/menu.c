/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The menu: a numbered list and one line below it that shows the choice. It
 * moves the cursor within that line only, so that it looks the same on the
 * screen, on a serial terminal and in a log.
 */
#include "input.h"

#define TITLE_MAX	56
#define STATUS_LEN	76	/* of the line that is written over */

static bool in_menu(const struct config *cfg, uint32_t i)
{
	return i < cfg->entries_nr && !cfg->entries[i].hidden;
}

static void show_list(const struct config *cfg)
{
	uint32_t i;

	console_printf("\n%s\n\n", cfg->menu_title ? cfg->menu_title :
					"Boot menu");
	for (i = 0; i < cfg->entries_nr; i++)
		if (in_menu(cfg, i))
			console_printf("%s%u  %s\n", i < 9 ? " " : "", i + 1,
				       cfg->entries[i].title);
	console_puts("\nArrows or a number choose, Enter boots, "
		     "Tab adds options, Esc: prompt\n");
}

static void show_choice(const struct timer *t, const struct config *cfg,
			uint32_t index)
{
	uint32_t seconds = timer_seconds_left(t), i;
	char title[TITLE_MAX];

	title[0] = 0;
	append_text(title, TITLE_MAX, cfg->entries[index].title,
		    strlen(cfg->entries[index].title));
	console_putc('\r');
	for (i = 0; i < STATUS_LEN; i++)
		console_putc(' ');
	console_printf("\r> %u  %s", index + 1, title);
	if (seconds)
		console_printf("  (%u s)", seconds);
}

static uint32_t move(const struct config *cfg, uint32_t index, uint32_t key)
{
	uint32_t i = index;

	/* Unsigned: one above the first is past the end too. */
	do {
		i += key == KEY_UP ? -1 : 1;
	} while (i < cfg->entries_nr && !in_menu(cfg, i));
	return in_menu(cfg, i) ? i : index;
}

/* A digit goes on with the number typed so far, or begins a new one. */
static uint32_t jump(const struct config *cfg, uint32_t index, uint32_t digit,
		     uint32_t *typed)
{
	*typed = *typed * 10 + digit;
	if (!in_menu(cfg, *typed - 1))
		*typed = digit;
	return in_menu(cfg, *typed - 1) ? *typed - 1 : index;
}

enum menu_answer menu_choose(struct timer *t, const struct config *cfg,
			     uint32_t *index)
{
	uint32_t typed = 0;

	show_list(cfg);
	for (;;) {
		uint32_t key;

		show_choice(t, cfg, *index);
		key = timer_wait(t);
		if (key >= '0' && key <= '9') {
			*index = jump(cfg, *index, key - '0', &typed);
			continue;
		}
		if (!key)
			continue;
		typed = 0;
		if (key == KEY_UP || key == KEY_DOWN) {
			*index = move(cfg, *index, key);
			continue;
		}
		console_putc('\n');
		switch (key) {
		case KEY_ENTER:
			return MENU_BOOT;
		case KEY_TAB:
			return MENU_EDIT;
		case KEY_ESCAPE:
			return MENU_PROMPT;
		case KEY_TIMEOUT:
			return MENU_TIMEOUT;
		}
	}
}
