/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The context: what the caller allows, and how it is told of progress. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/ctx.h"

#define PROGRESS_MS 200
#define DEFAULT_MEMORY_CAP (256u << 20)

int dw_ctx_new(struct dw_ctx **out, struct dw_err *err)
{
	struct dw_ctx *ctx = calloc(1, sizeof(*ctx));

	*out = NULL;
	if (!ctx)
		return dw_fail_nomem(err);
	pthread_mutex_init(&ctx->progress_lock, NULL);
	ctx->memory_cap_len = DEFAULT_MEMORY_CAP;
	dw_ctx_set_threads(ctx, 0);
	*out = ctx;
	return 0;
}

void dw_ctx_free(struct dw_ctx *ctx)
{
	if (!ctx)
		return;
	pthread_mutex_destroy(&ctx->progress_lock);
	free(ctx->backing_dir);
	free(ctx->spool_dir);
	for (size_t i = 0; i < ctx->pvs_nr; i++)
		free(ctx->pvs[i]);
	free(ctx->pvs);
	free(ctx->pv_dir);
	free(ctx);
}

void dw_ctx_set_threads(struct dw_ctx *ctx, unsigned threads_nr)
{
	long online;

	if (!threads_nr) {
		online = sysconf(_SC_NPROCESSORS_ONLN);
		threads_nr = online > 0 ? (unsigned)online : 1;
	}
	/* More threads than this only cost memory. */
	ctx->threads_nr = threads_nr < 64 ? threads_nr : 64;
}

void dw_ctx_set_clock(struct dw_ctx *ctx, int64_t seconds)
{
	ctx->has_clock = true;
	ctx->clock = seconds;
}

void dw_ctx_set_memory_cap(struct dw_ctx *ctx, uint64_t len)
{
	ctx->memory_cap_len = len;
}

void dw_ctx_set_rate(struct dw_ctx *ctx, uint64_t bytes_per_second)
{
	ctx->rate = bytes_per_second;
}

/* Takes a copy of path, or NULL. */
static int set_path(char **to, const char *path, struct dw_err *err)
{
	char *copy = path ? strdup(path) : NULL;

	if (path && !copy)
		return dw_fail_nomem(err);
	free(*to);
	*to = copy;
	return 0;
}

int dw_ctx_set_backing_dir(struct dw_ctx *ctx, const char *path,
			   struct dw_err *err)
{
	return set_path(&ctx->backing_dir, path, err);
}

int dw_ctx_set_spool_dir(struct dw_ctx *ctx, const char *path,
			 struct dw_err *err)
{
	return set_path(&ctx->spool_dir, path, err);
}

int dw_ctx_set_pv_dir(struct dw_ctx *ctx, const char *path,
		      struct dw_err *err)
{
	return set_path(&ctx->pv_dir, path, err);
}

int dw_ctx_add_pv(struct dw_ctx *ctx, const char *locator, struct dw_err *err)
{
	char **grown = reallocarray(ctx->pvs, ctx->pvs_nr + 1, sizeof(*grown));

	if (!grown)
		return dw_fail_nomem(err);
	ctx->pvs = grown;
	grown[ctx->pvs_nr] = strdup(locator);
	if (!grown[ctx->pvs_nr])
		return dw_fail_nomem(err);
	ctx->pvs_nr++;
	return 0;
}

void dw_ctx_set_progress(struct dw_ctx *ctx, dw_progress_fn fn, void *arg)
{
	ctx->progress = fn;
	ctx->progress_arg = arg;
}

void dw_ctx_cancel(struct dw_ctx *ctx)
{
	atomic_store(&ctx->cancelled, true);
}

int dw_ctx_check(struct dw_ctx *ctx, struct dw_err *err)
{
	if (atomic_load_explicit(&ctx->cancelled, memory_order_relaxed))
		return dw_fail(err, DW_CANCELLED, "cancelled");
	return 0;
}

static int64_t monotonic_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void dw_ctx_progress(struct dw_ctx *ctx, const char *phase, uint64_t done_len,
		     uint64_t total_len)
{
	struct dw_progress p = { phase, done_len, total_len };
	int64_t now_ms;

	if (!ctx->progress)
		return;
	pthread_mutex_lock(&ctx->progress_lock);
	now_ms = monotonic_ms();
	if (done_len == total_len ||
	    now_ms - ctx->progress_last_ms >= PROGRESS_MS) {
		ctx->progress_last_ms = now_ms;
		ctx->progress(ctx->progress_arg, &p);
	}
	pthread_mutex_unlock(&ctx->progress_lock);
}

int64_t dw_ctx_now(const struct dw_ctx *ctx, int64_t fallback)
{
	return ctx->has_clock ? ctx->clock : fallback;
}
