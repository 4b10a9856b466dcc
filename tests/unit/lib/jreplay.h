/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replaying a journal that a test has built, and looking at what came of it. */
#ifndef DW_TESTS_JREPLAY_H
#define DW_TESTS_JREPLAY_H

#include <check.h>
#include <string.h>

#include "jbuild.h"

/* Of the one test that runs in this process. */
extern struct dw_ctx *jr_ctx;
extern struct dw_err jr_err;
extern struct dw_recovery jr_stats;
extern struct dw_dev *jr_overlay;

/* A fixture for every test. */
void jr_setup(void);
void jr_teardown(void);

/* Replays on a new overlay and frees what was built. */
int jr_replay_on(struct jb *b, uint32_t block_len);
int jr_replay(struct jb *b);

void jr_expect_block(uint32_t blk, uint8_t fill);
/* The log is empty, and nothing asks for recovery any more. */
void jr_expect_clean(uint32_t sequence);

#define OK(call) do {							\
	int ret_ = (call);						\
	ck_assert_msg(ret_ == 0, "%s: %d %s", #call, ret_,		\
		      jr_err.text);					\
} while (0)

#define FAILS(code_, text_, call) do {					\
	int ret_ = (call);						\
	ck_assert_msg(ret_ == (code_), "%s: %d %s", #call, ret_,	\
		      jr_err.text);					\
	ck_assert_msg(strstr(jr_err.text, (text_)) != NULL, "%s",	\
		      jr_err.text);					\
} while (0)

/* Every kind of journal. */
#define JR_FORMATS_NR 19
extern const struct jb jr_formats[JR_FORMATS_NR];

#endif
