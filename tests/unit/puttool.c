/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A put that is cut short:
 *
 *   puttool IMAGE PATH FILE N   nothing reaches the image from the N-th write
 *                               on
 *
 * Exit status 0 where the put was over before that, 3 where it was cut short,
 * else 1 with a line of text.
 */
#include <stdio.h>
#include <stdlib.h>

#include "job/amend.h"

static struct dw_err err;

static void must(int rc)
{
	if (!rc)
		return;
	puts(err.text);
	exit(1);
}

int main(int argc, char **argv)
{
	struct dw_fault fault = { .sticky = true };
	struct dw_dev *from = NULL, *faulty = NULL;
	struct dw_ctx *ctx = NULL;
	struct dw_amend a;
	int rc;

	if (argc != 5)
		return 2;
	fault.fail_write_at = strtoull(argv[4], NULL, 10);
	must(dw_ctx_new(&ctx, &err));
	must(dw_file_open(ctx, argv[3], 0, &from, &err));
	must(dw_amend_open(ctx, argv[1], NULL, DW_OPEN_RDWR, &a, &err));
	must(dw_amend_file(&a, argv[2], from, false, NULL, &err));
	must(dw_amend_plan(&a, false, &err));
	must(dw_fault_new(a.stack.dev, &fault, &faulty, &err));
	must(dw_stack_push_take(&a.stack, faulty, &err));
	rc = dw_amend_run(&a, &err);
	if (rc && rc != DW_IO)
		must(rc);
	dw_amend_close(&a, NULL);
	dw_dev_close(from, NULL);
	dw_ctx_free(ctx);
	return rc ? 3 : 0;
}
