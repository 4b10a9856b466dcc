/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The context: what the caller allows, and how it is told of progress. */
#ifndef DW_BASE_CTX_H
#define DW_BASE_CTX_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/err.h"

struct dw_ctx {
	unsigned threads_nr;
	bool has_clock;
	int64_t clock;
	uint64_t memory_cap_len;
	uint64_t rate;		/* bytes a second; 0: no limit */
	char *backing_dir;	/* NULL: no image may name a file */
	char *spool_dir;	/* NULL: the host's */
	size_t pvs_nr;
	char **pvs;		/* locators of more physical volumes */
	char *pv_dir;		/* a folder of them, or NULL */
	dw_progress_fn progress;
	void *progress_arg;
	pthread_mutex_t progress_lock;
	int64_t progress_last_ms;
	atomic_bool cancelled;
};

/* 0, or DW_CANCELLED once the caller asked for it; call it in every loop
 * whose length an image decides. */
int dw_ctx_check(struct dw_ctx *ctx, struct dw_err *err);

/* Tells the caller, at most five times a second and once at the end of a
 * phase (done_len == total_len).  Any thread may call it. */
void dw_ctx_progress(struct dw_ctx *ctx, const char *phase, uint64_t done_len,
		     uint64_t total_len);

/* The time to stamp on what is written: the caller's clock, else fallback. */
int64_t dw_ctx_now(const struct dw_ctx *ctx, int64_t fallback);

#endif
