/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors of the command's own, and signals. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

int cli_fail(struct dw_err *err, enum dw_code code, const char *fmt, ...)
{
	va_list ap;

	err->code = code;
	err->saved_errno = 0;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return code;
}

void cli_name_image(struct dw_err *err, const char *locator)
{
	char below[DW_ERR_TEXT];

	if (strstr(err->text, locator))
		return;
	memcpy(below, err->text, sizeof(below));
	if (snprintf(err->text, sizeof(err->text), "%s: %s", locator, below) <
	    0)
		memcpy(err->text, below, sizeof(below));
}

int cli_undo_name(const char *image, char **out, struct dw_err *err)
{
	char *real = realpath(image, NULL);
	int len = asprintf(out, "%s.diskwright-undo", real ? real : image);

	free(real);
	if (len >= 0)
		return 0;
	*out = NULL;
	return cli_fail(err, DW_NOMEM, "out of memory");
}

unsigned cli_open_flags(const struct cli_common *common)
{
	return common->force ? DW_OPEN_SHARE : 0;
}

/* A handler has no argument to carry it. */
static struct dw_ctx *signal_ctx;

static void on_signal(int nr)
{
	dw_ctx_cancel(signal_ctx);
}

void cli_catch_signals(struct dw_ctx *ctx)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal };
	struct sigaction old;

	signal_ctx = ctx;
	/* The second signal finds the default action: it ends the process. */
	action.sa_flags = SA_RESTART | SA_RESETHAND;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		/* nohup and background jobs of a shell ignore some. */
		if (!sigaction(signals[i], NULL, &old) &&
		    old.sa_handler == SIG_IGN)
			continue;
		sigaction(signals[i], &action, NULL);
	}
}
