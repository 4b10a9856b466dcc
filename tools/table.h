/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text in columns, as wide as what is in them. */
#ifndef DW_TOOLS_TABLE_H
#define DW_TOOLS_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define CLI_COLUMNS_MAX 10

struct cli_table {
	size_t columns_nr;
	unsigned right;		/* bit n: column n is of numbers */
	size_t cells_nr;
	char **cells;		/* row by row; escaped */
};

/* heads ends with NULL; those that begin with '>' are of numbers. */
void cli_table_begin(struct cli_table *table, const char *const *heads);
/* The next cell; NULL is an empty one.  As for JSON, the process ends where
 * memory does. */
void cli_table_add(struct cli_table *table, const char *text);
void cli_table_add_size(struct cli_table *table, uint64_t len);
void cli_table_add_number(struct cli_table *table, uint64_t number);
/* Prints all, indented by two columns, and frees.  A column with nothing under
 * its head is left out. */
void cli_table_end(struct cli_table *table);

#endif
