/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Locators: IMAGE[@LAYER]...[:PATH], taken apart without any I/O. */
#include <stdlib.h>
#include <string.h>

#include "stack/locator.h"

#define SNAPSHOT_PREFIX "snap:"

void dw_locator_free(struct dw_locator *loc)
{
	if (!loc)
		return;
	free(loc->image);
	free(loc->path);
	free(loc->unknown);
	for (size_t i = 0; i < loc->layers_nr; i++)
		free(loc->layers[i].text);
	memset(loc, 0, sizeof(*loc));
}

/* "p1" ... "p999", without leading zeros; 0 for anything else. */
static unsigned part_number(const char *text)
{
	unsigned nr = 0;

	if (*text++ != 'p' || *text < '1' || *text > '9')
		return 0;
	for (; *text >= '0' && *text <= '9'; text++) {
		nr = nr * 10 + (unsigned)(*text - '0');
		if (nr > DW_LOCATOR_PART_MAX)
			return 0;
	}
	return *text ? 0 : nr;
}

static bool is_volume(const char *text)
{
	const char *slash = strchr(text, '/');

	return slash && slash != text && slash[1] && !strchr(slash + 1, '/');
}

static bool is_snapshot(const char *text)
{
	return !strncmp(text, SNAPSHOT_PREFIX, strlen(SNAPSHOT_PREFIX));
}

/* Where a layer ends: at the next one, or at the path. */
static size_t layer_len(const char *text)
{
	size_t len = strcspn(text, "@:");

	if (!is_snapshot(text))
		return len;
	while (text[len] == ':' && text[len + 1] != '/')
		len += 1 + strcspn(text + len + 1, "@:");
	return len;
}

/*
 * A name alone may be that of a volume group whose volume was left out; it is
 * kept, for the error of whoever can look.
 */
static int refuse_layer(struct dw_locator *loc, const char *text,
			struct dw_err *err)
{
	free(loc->unknown);
	loc->unknown = strdup(text);
	if (!loc->unknown)
		return dw_fail_nomem(err);
	return dw_fail(err, DW_USAGE,
		       "%s: '@%s' names no layer; layers are @snap:NAME, a"
		       " snapshot of the image, @pN, a partition, @VG/LV, a"
		       " logical volume, and @md, what a RAID member holds",
		       loc->image, text);
}

static int set_snapshot(struct dw_locator *loc, struct dw_locator_layer *layer,
			struct dw_err *err)
{
	layer->kind = DW_LOCATOR_SNAPSHOT;
	layer->snapshot = layer->text + strlen(SNAPSHOT_PREFIX);
	if (!*layer->snapshot)
		return dw_fail(err, DW_USAGE, "%s: '@%s' names no snapshot",
			       loc->image, layer->text);
	if (layer != loc->layers)
		return dw_fail(err, DW_USAGE, "%s: '@%s' does not follow the"
			       " image; only an image has snapshots",
			       loc->image, layer->text);
	return 0;
}

static int add_layer(struct dw_locator *loc, const char *text, size_t len,
		     struct dw_err *err)
{
	struct dw_locator_layer *layer = &loc->layers[loc->layers_nr];

	if (loc->layers_nr == DW_LOCATOR_LAYERS_MAX)
		return dw_fail(err, DW_USAGE, "%s: more than %d layers",
			       loc->image, DW_LOCATOR_LAYERS_MAX);
	layer->text = strndup(text, len);
	if (!layer->text)
		return dw_fail_nomem(err);
	loc->layers_nr++;
	if (is_snapshot(layer->text))
		return set_snapshot(loc, layer, err);
	layer->part_nr = part_number(layer->text);
	if (layer->part_nr)
		layer->kind = DW_LOCATOR_PART;
	else if (!strcmp(layer->text, "md"))
		layer->kind = DW_LOCATOR_RAID;
	else if (is_volume(layer->text))
		layer->kind = DW_LOCATOR_VOLUME;
	else
		return refuse_layer(loc, layer->text, err);
	return 0;
}

static int set_path(struct dw_locator *loc, const char *path,
		    struct dw_err *err)
{
	if (*path != '/')
		return dw_fail(err, DW_USAGE,
			       "%s: the path '%s' inside the image does not"
			       " start with '/'", loc->image, path);
	loc->path = strdup(path);
	return loc->path ? 0 : dw_fail_nomem(err);
}

/* Takes text as an image name of image_len bytes and what follows it. */
static int split_at(const char *text, size_t image_len, struct dw_locator *out,
		    struct dw_err *err)
{
	const char *at = text + image_len;
	int ret = 0;

	dw_locator_free(out);
	out->image = strndup(text, image_len);
	if (!out->image)
		return dw_fail_nomem(err);
	while (!ret && *at == '@') {
		size_t len = layer_len(at + 1);

		ret = add_layer(out, at + 1, len, err);
		at += 1 + len;
	}
	if (!ret && *at == ':')
		ret = set_path(out, at + 1, err);
	return ret;
}

/* The next longer (step 1) or shorter (step -1) place where an image name may
 * end; 0 where there is none. */
static size_t next_end(const char *text, size_t len, size_t from, int step)
{
	for (size_t i = from + step; i > 0 && i <= len; i += step)
		if (!text[i] || text[i] == '@' || text[i] == ':')
			return i;
	return 0;
}

/* The end of the longest prefix that exists, or 0. */
static int longest_existing(const char *text, size_t len,
			    dw_locator_exists_fn exists, void *arg,
			    size_t *end, struct dw_err *err)
{
	char *name = strdup(text);

	if (!name)
		return dw_fail_nomem(err);
	for (*end = len; *end; *end = next_end(text, len, *end, -1)) {
		name[*end] = '\0';
		if (exists(arg, name))
			break;
	}
	free(name);
	return 0;
}

int dw_locator_parse(const char *text, dw_locator_exists_fn exists, void *arg,
		     struct dw_locator *out, struct dw_err *err)
{
	size_t len = strlen(text);
	size_t end = 0;
	int ret;

	memset(out, 0, sizeof(*out));
	if (!len)
		return dw_fail(err, DW_USAGE, "the name of the image is empty");
	ret = longest_existing(text, len, exists, arg, &end, err);
	if (ret)
		return ret;
	if (end)
		return split_at(text, end, out, err);
	/* Nothing is there: whoever opens the image says so.  The whole text
	 * is always a possible name, so that this ends. */
	for (end = next_end(text, len, 0, 1); end < len;
	     end = next_end(text, len, end, 1))
		if (!split_at(text, end, out, NULL))
			return 0;
	return split_at(text, len, out, err);
}

int dw_locator_parse_layers(const char *image, const char *text,
			    struct dw_locator *out, struct dw_err *err)
{
	int ret = 0;

	memset(out, 0, sizeof(*out));
	out->image = strdup(image);
	if (!out->image)
		return dw_fail_nomem(err);
	for (;; text++) {
		size_t len = layer_len(text);

		ret = add_layer(out, text, len, err);
		text += len;
		if (ret || *text != '@')
			break;
	}
	if (!ret && *text)
		return dw_fail(err, DW_USAGE, "%s: the path '%s' makes no sense"
			       " here", image, text + 1);
	if (!ret && out->layers[0].kind == DW_LOCATOR_SNAPSHOT)
		return dw_fail(err, DW_USAGE, "%s: the snapshot '%s' belongs to"
			       " the name of the image", image,
			       out->layers[0].snapshot);
	return ret;
}
