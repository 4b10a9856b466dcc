/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a kernel package may write, and how its names are read. */
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "package/package.h"

/*
 * Places of a kernel's own files, as names begin.  /lib/firmware is the
 * kernel's only below a version, as old distributions had it: the rest belongs
 * to firmware packages.
 */
static const struct place {
	const char *prefix;
	bool versioned;		/* a digit has to follow */
} places[] = {
	{ "/boot/", false },
	{ "/lib/modules/", false },
	{ "/usr/lib/modules/", false },
	{ "/lib/firmware/", true },
	{ "/usr/lib/firmware/", true },
	{ "/usr/lib/linux-image-", false },
	{ "/usr/share/bug/linux-image-", false },
	{ "/usr/share/doc/", false },
	{ "/usr/share/licenses/", false },
	{ "/usr/share/lintian/overrides/", false },
	{ "/etc/ld.so.conf.d/kernel-", false },
};

#define PLACES_NR (sizeof(places) / sizeof(*places))

static bool is_above(const char *path, const char *prefix)
{
	size_t len = strlen(path);

	return !strncmp(path, prefix, len) && (!len || prefix[len] == '/');
}

enum dw_package_place dw_package_place(const char *path)
{
	enum dw_package_place place = DW_PLACE_LEFT_OUT;

	for (size_t i = 0; i < PLACES_NR; i++) {
		size_t len = strlen(places[i].prefix);
		char next;

		if (is_above(path, places[i].prefix))
			place = DW_PLACE_ABOVE;
		if (strncmp(path, places[i].prefix, len))
			continue;
		next = path[len];
		if (!places[i].versioned || (next >= '0' && next <= '9'))
			return DW_PLACE_TAKEN;
	}
	return place;
}

static bool is_component(const char *p, size_t len, const char *text)
{
	return len == strlen(text) && !memcmp(p, text, len);
}

/* A terminal and a boot loader's configuration see these names. */
static bool is_plain(const char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name < ' ' || *name == 0x7f)
			return false;
	return true;
}

static int check_component(const char *name, const char *p, size_t len,
			   struct dw_err *err)
{
	if (is_component(p, len, ".."))
		return dw_fail(err, DW_CORRUPT, "the name %.160s leads out of "
			       "its archive", name);
	if (len <= DW_PACKAGE_NAME_MAX)
		return 0;
	return dw_fail(err, DW_LIMIT, "the name %.100s has a component of %zu "
		       "bytes, more than %u", name, len, DW_PACKAGE_NAME_MAX);
}

int dw_package_path(const char *name, char **out, struct dw_err *err)
{
	size_t len = strlen(name);
	const char *p = name;
	char *path, *end;
	int ret = 0;

	*out = NULL;
	if (len > DW_PACKAGE_PATH_MAX)
		return dw_fail(err, DW_LIMIT, "the name %.100s has %zu bytes, "
			       "more than %u", name, len, DW_PACKAGE_PATH_MAX);
	path = end = calloc(1, len + 2);
	if (!path)
		return dw_fail_nomem(err);
	if (*name == '/')
		ret = dw_fail(err, DW_CORRUPT, "the name %.160s is absolute",
			      name);
	else if (!is_plain(name))
		ret = dw_fail(err, DW_CORRUPT, "a name has control characters");
	for (; *p && !ret; p += len) {
		p += strspn(p, "/");
		len = strcspn(p, "/");
		ret = check_component(name, p, len, err);
		if (ret || !len || is_component(p, len, "."))
			continue;
		*end++ = '/';
		memcpy(end, p, len);
		end += len;
	}
	if (ret)
		free(path);
	else
		*out = path;
	return ret;
}

bool dw_package_is_version(const char *text, size_t len)
{
	if (!len || len >= DW_PACKAGE_FIELD || *text < '0' || *text > '9')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!(text[i] >= '0' && text[i] <= '9') &&
		    !(text[i] >= 'a' && text[i] <= 'z') &&
		    !(text[i] >= 'A' && text[i] <= 'Z') &&
		    (!text[i] || !strchr(".-_+~", text[i])))
			return false;
	return true;
}
