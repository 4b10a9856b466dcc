/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text in columns, as wide as what is in them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "text.h"

static void *need(void *p)
{
	if (p)
		return p;
	fputs("diskwright: out of memory\n", stderr);
	exit(dw_exit_status(DW_NOMEM));
}

/* What cli_put() would print. */
static char *escaped(const char *text)
{
	char *buf = NULL;
	size_t len;
	FILE *f = need(open_memstream(&buf, &len));

	cli_put(f, text, 0);
	if (fclose(f))
		need(NULL);
	return need(buf);
}

/* Characters, of which only the first byte is not 10xxxxxx. */
static int width_of(const char *text)
{
	int nr = 0;

	for (; *text; text++)
		nr += ((unsigned char)*text & 0xc0) != 0x80;
	return nr;
}

void cli_table_begin(struct cli_table *table, const char *const *heads)
{
	memset(table, 0, sizeof(*table));
	while (heads[table->columns_nr]) {
		if (*heads[table->columns_nr] == '>')
			table->right |= 1u << table->columns_nr;
		table->columns_nr++;
	}
	for (size_t i = 0; i < table->columns_nr; i++)
		cli_table_add(table, heads[i] + (table->right >> i & 1));
}

void cli_table_add(struct cli_table *table, const char *text)
{
	table->cells = need(reallocarray(table->cells, table->cells_nr + 1,
					 sizeof(*table->cells)));
	table->cells[table->cells_nr++] = escaped(text ? text : "");
}

void cli_table_add_size(struct cli_table *table, uint64_t len)
{
	char size[CLI_SIZE_TEXT];

	cli_table_add(table, len ? cli_size(size, len) : "0");
}

void cli_table_add_number(struct cli_table *table, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	cli_table_add(table, text);
}

static void print_row(const struct cli_table *table, char **row,
		      const int *widths)
{
	size_t last = table->columns_nr;

	/* No blanks at the end of a line. */
	while (last && (!*row[last - 1] || !widths[last - 1]))
		last--;
	for (size_t i = 0; i < last; i++) {
		int pad = widths[i] - width_of(row[i]);
		int before = table->right >> i & 1 ? pad : 0;
		int after = i + 1 < last ? pad - before : 0;

		if (widths[i])
			printf("  %*s%s%*s", before, "", row[i], after, "");
	}
	putchar('\n');
}

static void widen(int *width, const char *cell)
{
	int own = width_of(cell);

	*width = own > *width ? own : *width;
}

void cli_table_end(struct cli_table *table)
{
	int widths[CLI_COLUMNS_MAX] = { 0 };
	size_t i;

	for (i = table->columns_nr; i < table->cells_nr; i++)
		widen(&widths[i % table->columns_nr], table->cells[i]);
	/* What no row has needs no heading, either. */
	for (i = 0; i < table->columns_nr; i++)
		if (widths[i])
			widen(&widths[i], table->cells[i]);
	for (i = 0; i < table->cells_nr; i += table->columns_nr)
		print_row(table, table->cells + i, widths);
	for (i = 0; i < table->cells_nr; i++)
		free(table->cells[i]);
	free(table->cells);
}
