/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the facts of all modules: one thread reads, others unpack. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "kmod/depmod_impl.h"
#include "kmod/module_file.h"

/* Each holds one module, packed and unpacked. */
#define THREADS_MAX 8u

struct loader {
	struct dw_depmod_job *job;
	pthread_mutex_t lock;	/* of the filesystem, and of what follows */
	size_t next;
	uint64_t facts_len;
	size_t failed;		/* the first module that failed */
	int result;
	struct dw_err err;
};

/* Which of several failures is told does not depend on the threads: modules
 * are begun in order, and so all before the first failed one have been. */
static void fail(struct loader *l, size_t i, int code, const struct dw_err *err)
{
	pthread_mutex_lock(&l->lock);
	if (!l->result || i < l->failed) {
		l->result = code;
		l->failed = i;
		l->err = *err;
	}
	pthread_mutex_unlock(&l->lock);
}

/* The next module and its file's bytes; false at the end. */
static bool fetch(struct loader *l, size_t *i, char **data, size_t *len,
		  int *ret, struct dw_err *err)
{
	struct dw_depmod_job *job = l->job;
	bool more;

	pthread_mutex_lock(&l->lock);
	more = !l->result && l->next < job->mods_nr;
	if (more) {
		*i = l->next++;
		*ret = dw_ctx_check(job->ctx, err);
		if (!*ret)
			*ret = dw_fs_read_file(job->fs, job->mods[*i].full,
					       DW_MODULE_LEN_MAX, data, len,
					       err);
	}
	pthread_mutex_unlock(&l->lock);
	return more;
}

static int count(struct loader *l, const struct dw_module_facts *facts,
		 struct dw_err *err)
{
	uint64_t cap = l->job->ctx->memory_cap_len, len;

	pthread_mutex_lock(&l->lock);
	for (int i = 0; i < DW_FACTS_NR; i++)
		l->facts_len += facts->list[i].cap;
	len = l->facts_len;
	pthread_mutex_unlock(&l->lock);
	if (len > cap)
		return dw_fail(err, DW_LIMIT, "%s: the names in the modules "
			       "take more than %llu bytes", l->job->dir,
			       (unsigned long long)cap);
	return 0;
}

/* A damaged stream is a module without any facts, as for depmod. */
static int read_facts(struct loader *l, struct dw_depmod_mod *m, char *data,
		      size_t len, struct dw_err *err)
{
	struct dw_err why;
	int ret;

	ret = dw_module_unpack(l->job->ctx, &data, &len, &why);
	if (!ret)
		ret = dw_module_facts(data, len, &m->facts, &why);
	else if (ret == DW_CORRUPT || ret == DW_UNSUPPORTED) {
		m->facts.damage = why;
		ret = 0;
	}
	free(data);
	if (ret && err)
		*err = why;
	if (ret)
		return dw_err_prefix(err, ret, "%s", m->full);
	return count(l, &m->facts, err);
}

static void *work(void *arg)
{
	struct loader *l = arg;
	struct dw_err err;
	char *data = NULL;
	size_t i, len = 0;
	int ret;

	while (fetch(l, &i, &data, &len, &ret, &err)) {
		if (!ret)
			ret = read_facts(l, &l->job->mods[i], data, len, &err);
		if (ret)
			fail(l, i, ret, &err);
	}
	return NULL;
}

/* The caller's thread is one of the workers; a thread that cannot be started
 * only makes it slower. */
int dw_depmod_load(struct dw_depmod_job *job, struct dw_err *err)
{
	unsigned want = (unsigned)dw_min(job->ctx->threads_nr, THREADS_MAX);
	struct loader l = { .job = job };
	pthread_t threads[THREADS_MAX];
	unsigned nr = 0;

	pthread_mutex_init(&l.lock, NULL);
	while (nr + 1 < want && !pthread_create(&threads[nr], NULL, work, &l))
		nr++;
	work(&l);
	while (nr)
		pthread_join(threads[--nr], NULL);
	pthread_mutex_destroy(&l.lock);
	if (l.result && err)
		*err = l.err;
	return l.result;
}
