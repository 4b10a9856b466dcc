/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The texts that the metadata areas of all physical volumes hold. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lvm/mda.h"
#include "lvm/set.h"

/* Of what a job may hold in memory, texts get a part, the tree of one text
 * another, and the group that comes of it a third. */
#define TEXTS_SHARE 4
/* For the first lines of a text. */
#define PEEK_CAP_LEN (4u << 20)

/* A text, and what its first lines say. */
struct copy {
	char *text;
	size_t len;
	char name[DW_LVM_NAME_LEN];
	char id[DW_LVM_ID_TEXT];
	uint64_t seqno;
};

/* A fault of the host, as opposed to one of the metadata. */
static bool is_fatal(int rc)
{
	return rc == DW_IO || rc == DW_NOMEM || rc == DW_CANCELLED ||
	       rc == DW_BUSY;
}

/*
 * Name, UUID and sequence number come first in a text, and say whether the
 * rest is worth reading.  Of a damaged text as much is kept as can be read.
 */
static int peek(struct copy *c, struct dw_err *err)
{
	struct dw_arena arena = { .cap_len = PEEK_CAP_LEN };
	struct dw_config cfg = { .arena = &arena };
	struct dw_vg_own *own;
	int rc, names_rc;

	rc = dw_vg_new(PEEK_CAP_LEN, &own, err);
	if (rc)
		return rc;
	rc = dw_config_parse(&cfg, c->text, c->len, "seqno", err);
	names_rc = dw_vg_decode_names(&cfg, own, rc ? NULL : err);
	memcpy(c->id, own->vg.id, sizeof(c->id));
	strcpy(c->name, own->vg.name);
	if (!rc)
		rc = names_rc;
	if (!rc)
		rc = dw_config_num(&cfg, dw_config_group(&cfg), "seqno",
				   UINT32_MAX, &c->seqno, err);
	dw_vg_free(own);
	dw_arena_free(&arena);
	return rc;
}

/* Only the first fault of a PV is told. */
static void keep_fault(struct dw_set_pv *pv, const struct copy *c,
		       const struct dw_err *fault)
{
	if (pv->fault.code)
		return;
	pv->fault = *fault;
	strcpy(pv->fault_name, c->name);
	strcpy(pv->fault_id, c->id);
}

static int read_copy(struct dw_lvm *lvm, struct dw_set_pv *pv,
		     const struct dw_lvm_area *area, uint64_t max_len,
		     struct copy *c, struct dw_err *err)
{
	struct dw_err fault = { 0 };
	int rc = dw_mda_read(pv->dev, area, max_len, &c->text, &c->len,
			     &fault);

	if (c->text && !rc)
		rc = peek(c, &fault);
	else if (c->text)
		peek(c, NULL);
	if (!rc)
		return 0;
	free(c->text);
	c->text = NULL;
	if (!is_fatal(rc)) {
		keep_fault(pv, c, &fault);
		return 0;
	}
	if (err)
		*err = fault;
	return rc;
}

static struct dw_set_text *find_text(struct dw_set_texts *texts,
				     const char *id)
{
	size_t i;

	for (i = 0; i < texts->nr; i++)
		if (!strcmp(texts->items[i].id, id))
			return &texts->items[i];
	return NULL;
}

static int add_text(struct dw_set_texts *texts, const char *id,
		    struct dw_set_text **out, struct dw_err *err)
{
	struct dw_set_text *items;

	items = realloc(texts->items, (texts->nr + 1) * sizeof(*items));
	if (!items)
		return dw_fail_nomem(err);
	texts->items = items;
	*out = &items[texts->nr++];
	memset(*out, 0, sizeof(**out));
	strcpy((*out)->id, id);
	return 0;
}

/* Two writers that did not know of each other. */
static void note_rival(struct dw_set_text *t, const struct dw_set_pv *pv,
		       const struct copy *c)
{
	if (t->len == c->len && t->crc == dw_lvm_crc(c->text, c->len))
		return;
	dw_notes_add(&t->notes, "the metadata on %s and %s differs, both have "
		     "the sequence number %" PRIu64 "; the first is used",
		     t->pv->dev->name, pv->dev->name, c->seqno);
}

/* The newest text of a group stays. */
static int take_copy(struct dw_set_texts *texts, const struct dw_set_pv *pv,
		     struct copy *c, struct dw_err *err)
{
	struct dw_set_text *t = find_text(texts, c->id);
	int rc = 0;

	if (!t)
		rc = add_text(texts, c->id, &t, err);
	if (!rc && t->text && c->seqno == t->seqno)
		note_rival(t, pv, c);
	if (rc || (t->text && c->seqno <= t->seqno)) {
		free(c->text);
		return rc;
	}
	texts->held_len += c->len - t->len;
	free(t->text);
	t->text = c->text;
	t->len = c->len;
	t->crc = dw_lvm_crc(c->text, c->len);
	t->seqno = c->seqno;
	t->pv = pv;
	return 0;
}

static int collect_pv(struct dw_lvm *lvm, struct dw_set_pv *pv,
		      struct dw_set_texts *texts, struct dw_err *err)
{
	uint64_t cap_len = lvm->ctx->memory_cap_len / TEXTS_SHARE;
	size_t i;
	int rc = dw_ctx_check(lvm->ctx, err);

	for (i = 0; !rc && i < pv->label.mdas_nr; i++) {
		struct copy c = { 0 };

		rc = read_copy(lvm, pv, &pv->label.mdas[i],
			       cap_len - texts->held_len, &c, err);
		if (rc || !c.text)
			continue;
		if (!pv->vg_id[0] || c.seqno > pv->seqno) {
			strcpy(pv->vg_id, c.id);
			pv->seqno = c.seqno;
		}
		rc = take_copy(texts, pv, &c, err);
	}
	return rc;
}

int dw_set_collect(struct dw_lvm *lvm, struct dw_set_texts *out,
		   struct dw_err *err)
{
	size_t i;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	for (i = 0; !rc && i < lvm->pvs_nr; i++)
		rc = collect_pv(lvm, &lvm->pvs[i], out, err);
	return rc;
}

void dw_set_texts_free(struct dw_set_texts *texts)
{
	size_t i;

	for (i = 0; i < texts->nr; i++) {
		free(texts->items[i].text);
		dw_notes_free(&texts->items[i].notes);
	}
	free(texts->items);
	memset(texts, 0, sizeof(*texts));
}
