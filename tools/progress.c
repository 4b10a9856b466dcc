/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Progress on standard error: a redrawn line, or JSON lines. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "text.h"

/* The library calls from one thread at a time. */
static struct {
	char phase[32];
	struct timespec start;
	bool drawn;
} state;

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) +
		(double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void begin_phase(const char *phase)
{
	if (!strcmp(phase, state.phase))
		return;
	snprintf(state.phase, sizeof(state.phase), "%s", phase);
	clock_gettime(CLOCK_MONOTONIC, &state.start);
}

/* ", 120.0 MiB/s, 0:12 left"; nothing before a rate can be told. */
static void format_rate(char *buf, size_t buf_len, const struct dw_progress *p,
			double seconds)
{
	char rate_text[CLI_SIZE_TEXT];
	double rate = seconds > 0.2 ? (double)p->done_len / seconds : 0;
	uint64_t left;
	int len;

	buf[0] = '\0';
	if (rate < 1)
		return;
	len = snprintf(buf, buf_len, ", %s/s",
		       cli_size(rate_text, (uint64_t)rate));
	if (p->total_len <= p->done_len || (size_t)len >= buf_len)
		return;
	left = (uint64_t)((double)(p->total_len - p->done_len) / rate + 0.5);
	snprintf(buf + len, buf_len - (size_t)len,
		 ", %" PRIu64 ":%02u left", left / 60, (unsigned)(left % 60));
}

static void draw_line(void *arg, const struct dw_progress *p)
{
	char done[CLI_SIZE_TEXT], total[CLI_SIZE_TEXT], rate[80];
	char line[200];
	int len;

	begin_phase(p->phase);
	format_rate(rate, sizeof(rate), p, seconds_since(&state.start));
	cli_size(done, p->done_len);
	cli_size(total, p->total_len);
	if (p->total_len)
		len = snprintf(line, sizeof(line),
			       "\r%s: %u%%, %s of %s%s\033[K", p->phase,
			       (unsigned)(100.0 * (double)p->done_len /
					  (double)p->total_len),
			       done, total, rate);
	else
		len = snprintf(line, sizeof(line), "\r%s: %s%s\033[K",
			       p->phase, done, rate);
	/* One write, past stdio: it is never seen half drawn. */
	if (len > 0 && write(STDERR_FILENO, line, (size_t)len) > 0)
		state.drawn = true;
}

static void print_json(void *arg, const struct dw_progress *p)
{
	begin_phase(p->phase);
	/* Phases are words of the library: nothing in them needs escaping. */
	fprintf(stderr, "{\"phase\":\"%s\",\"done\":%" PRIu64 ",\"total\":%"
		PRIu64 ",\"seconds\":%.3f}\n", p->phase, p->done_len,
		p->total_len, seconds_since(&state.start));
}

void cli_progress_start(struct dw_ctx *ctx, enum cli_progress how)
{
	if (how == CLI_PROGRESS_AUTO)
		how = isatty(STDERR_FILENO) ? CLI_PROGRESS_LINE :
			CLI_PROGRESS_NONE;
	if (how == CLI_PROGRESS_LINE)
		dw_ctx_set_progress(ctx, draw_line, NULL);
	else if (how == CLI_PROGRESS_JSON)
		dw_ctx_set_progress(ctx, print_json, NULL);
}

void cli_progress_end(void)
{
	static const char erase[] = "\r\033[K";

	if (state.drawn && write(STDERR_FILENO, erase, sizeof(erase) - 1) > 0)
		state.drawn = false;
}
