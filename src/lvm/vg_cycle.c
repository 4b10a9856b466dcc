/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volumes in the order of what they need; none needs itself, whatever lies
 * between. */
#include <stdlib.h>

#include "base/buf.h"
#include "lvm/vg.h"

enum colour { NEW, OPEN, DONE };

/* Volumes by their index, and what each of them needs: all in one array, that
 * of volume i from starts[i] to starts[i + 1]. */
struct graph {
	const struct dw_vg *vg;
	size_t *starts;
	size_t *needs;
	size_t needs_nr;
};

/*
 * A path through the graph.  It is kept on a stack of our own, since a text
 * may chain up all of its volumes; each is on it once, and is left once.
 */
struct walk {
	const struct graph *g;
	dw_lv_fn fn;			/* called where a volume is left */
	void *arg;
	uint8_t *colours;		/* of each volume */
	size_t *followed;		/* of each, the next of its needs */
	size_t *path;
	size_t path_nr;
};

/* ---- the graph ----------------------------------------------------------- */

static int count_need(void *arg, const struct dw_lv *lv)
{
	struct graph *g = arg;

	g->needs_nr++;
	return 0;
}

static int add_need(void *arg, const struct dw_lv *lv)
{
	struct graph *g = arg;

	g->needs[g->needs_nr++] = (size_t)(lv - g->vg->lvs);
	return 0;
}

static void for_refs(struct graph *g, const struct dw_lv *lv, dw_lv_ref_fn fn)
{
	size_t i;

	for (i = 0; i < lv->segments_nr; i++)
		dw_segment_refs(&lv->segments[i], fn, g);
}

static int make_graph(const struct dw_vg *vg, struct graph *g)
{
	size_t i;

	g->vg = vg;
	for (i = 0; i < vg->lvs_nr; i++)
		for_refs(g, &vg->lvs[i], count_need);
	g->starts = calloc(vg->lvs_nr + 1, sizeof(*g->starts));
	g->needs = calloc(g->needs_nr + 1, sizeof(*g->needs));
	if (!g->starts || !g->needs)
		return DW_NOMEM;
	g->needs_nr = 0;
	for (i = 0; i < vg->lvs_nr; i++) {
		g->starts[i] = g->needs_nr;
		for_refs(g, &vg->lvs[i], add_need);
	}
	g->starts[vg->lvs_nr] = g->needs_nr;
	return 0;
}

/* ---- the walk ------------------------------------------------------------ */

/* "a -> b -> a"; as much of it as an error holds. */
static int fail_cycle(const struct walk *w, size_t again, struct dw_err *err)
{
	const struct dw_vg *vg = w->g->vg;
	struct dw_buf names = { 0 };
	size_t i = 0;
	int rc;

	while (w->path[i] != again)
		i++;
	for (; i < w->path_nr && names.len < DW_ERR_TEXT; i++)
		dw_buf_printf(&names, "%s -> ", vg->lvs[w->path[i]].name);
	dw_buf_adds(&names, vg->lvs[again].name);
	rc = dw_buf_check(&names, err);
	if (!rc)
		rc = dw_fail(err, DW_CORRUPT, "lvm: %s: a volume needs itself: "
			     "%s", vg->name, names.data);
	dw_buf_free(&names);
	return rc;
}

static void enter(struct walk *w, size_t lv)
{
	w->colours[lv] = OPEN;
	w->path[w->path_nr++] = lv;
	w->followed[lv] = w->g->starts[lv];
}

static int walk_from(struct walk *w, size_t first, struct dw_err *err)
{
	size_t lv, need;

	enter(w, first);
	while (w->path_nr) {
		lv = w->path[w->path_nr - 1];
		if (w->followed[lv] == w->g->starts[lv + 1]) {
			w->colours[lv] = DONE;
			w->path_nr--;
			w->fn(w->arg, &w->g->vg->lvs[lv]);
			continue;
		}
		need = w->g->needs[w->followed[lv]++];
		if (w->colours[need] == OPEN)
			return fail_cycle(w, need, err);
		if (w->colours[need] == NEW)
			enter(w, need);
	}
	return 0;
}

static int walk_all(const struct graph *g, dw_lv_fn fn, void *arg,
		    struct dw_err *err)
{
	size_t i, nr = g->vg->lvs_nr;
	struct walk w = { .g = g, .fn = fn, .arg = arg };
	int rc = 0;

	w.colours = calloc(nr + 1, sizeof(*w.colours));
	w.followed = calloc(nr + 1, sizeof(*w.followed));
	w.path = calloc(nr + 1, sizeof(*w.path));
	if (!w.colours || !w.followed || !w.path)
		rc = dw_fail_nomem(err);
	for (i = 0; !rc && i < nr; i++)
		if (w.colours[i] == NEW)
			rc = walk_from(&w, i, err);
	free(w.colours);
	free(w.followed);
	free(w.path);
	return rc;
}

int dw_vg_walk(const struct dw_vg *vg, dw_lv_fn fn, void *arg,
	       struct dw_err *err)
{
	struct graph g = { 0 };
	int rc = make_graph(vg, &g);

	rc = rc ? dw_fail_nomem(err) : walk_all(&g, fn, arg, err);
	free(g.starts);
	free(g.needs);
	return rc;
}

static void do_nothing(void *arg, const struct dw_lv *lv)
{
}

int dw_vg_check_cycles(const struct dw_vg *vg, struct dw_err *err)
{
	return dw_vg_walk(vg, do_nothing, NULL, err);
}
