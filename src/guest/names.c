/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the root disk is called: old device names, and the lasting one. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "guest/names.h"

void dw_names_init(struct dw_names *names, const char *uuid,
		   const char *label, const char *spec)
{
	memset(names, 0, sizeof(*names));
	if (uuid)
		snprintf(names->uuid, sizeof(names->uuid), "%s", uuid);
	if (label)
		snprintf(names->label, sizeof(names->label), "%s", label);
	if (spec)
		snprintf(names->spec, sizeof(names->spec), "%s", spec);
	else if (*names->uuid)
		snprintf(names->spec, sizeof(names->spec), "UUID=%s",
			 names->uuid);
	else if (*names->label)
		snprintf(names->spec, sizeof(names->spec), "LABEL=%s",
			 names->label);
}

static struct dw_span unquote(struct dw_span s)
{
	if (s.len >= 2 && (s.p[0] == '"' || s.p[0] == '\'') &&
	    s.p[s.len - 1] == s.p[0])
		return (struct dw_span){ s.p + 1, s.len - 2 };
	return s;
}

void dw_names_add(struct dw_names *names, struct dw_span device)
{
	device = unquote(device);
	if (!dw_span_starts(device, "/dev/") ||
	    dw_span_starts(device, "/dev/disk/") ||
	    dw_span_is(device, "/dev/root") ||
	    device.len >= sizeof(names->devices[0]) ||
	    names->devices_nr == DW_NAMES_NR ||
	    dw_names_is_root(names, device))
		return;
	dw_span_copy(device, names->devices[names->devices_nr++],
		      sizeof(names->devices[0]));
}

/* What follows sd, hd, xvd or vd in a disk's name, with its number: the part
 * that a change of driver keeps.  Empty for other names. */
static struct dw_span disk_part(struct dw_span device)
{
	static const char *const stems[] = {
		"/dev/sd", "/dev/hd", "/dev/xvd", "/dev/vd",
	};

	for (size_t i = 0; i < sizeof(stems) / sizeof(stems[0]); i++)
		if (dw_span_starts(device, stems[i]))
			return dw_span_skip(device, strlen(stems[i]));
	return (struct dw_span){ "", 0 };
}

static bool same_device(struct dw_span a, const char *text)
{
	struct dw_span b = dw_span_of(text);
	struct dw_span pa = disk_part(a), pb = disk_part(b);

	if (a.len == b.len && !memcmp(a.p, b.p, a.len))
		return true;
	return pa.len && pa.len == pb.len && !memcmp(pa.p, pb.p, pa.len);
}

/* "UUID=x" and "/dev/disk/by-uuid/x" to what they name; false for neither. */
static bool tagged(struct dw_span name, const char *tag, const char *folder,
		   struct dw_span *value)
{
	if (dw_span_starts(name, tag))
		*value = unquote(dw_span_skip(name, strlen(tag)));
	else if (dw_span_starts(name, folder))
		*value = dw_span_skip(name, strlen(folder));
	else
		return false;
	return true;
}

static bool is_own_uuid(const struct dw_names *names, struct dw_span v)
{
	return *names->uuid && v.len == strlen(names->uuid) &&
	       !strncasecmp(v.p, names->uuid, v.len);
}

static bool by_tag(const struct dw_names *names, struct dw_span name,
		   bool *is_uuid)
{
	struct dw_span v;

	*is_uuid = tagged(name, "UUID=", "/dev/disk/by-uuid/", &v);
	if (*is_uuid)
		return is_own_uuid(names, v);
	if (tagged(name, "LABEL=", "/dev/disk/by-label/", &v))
		return *names->label && dw_span_is(v, names->label);
	return false;
}

bool dw_names_is_root(const struct dw_names *names, struct dw_span name)
{
	bool is_uuid;

	name = unquote(name);
	if (by_tag(names, name, &is_uuid) ||
	    (*names->spec && dw_span_is(name, names->spec)))
		return true;
	for (size_t i = 0; i < names->devices_nr; i++)
		if (same_device(name, names->devices[i]))
			return true;
	return false;
}

void dw_names_add_part(struct dw_names *names, unsigned nr, const char *uuid)
{
	struct dw_names_part *part = &names->parts[names->parts_nr];

	if (names->parts_nr == DW_NAMES_PARTS_NR || !nr || !*uuid)
		return;
	part->nr = nr;
	snprintf(part->spec, sizeof(part->spec), "UUID=%s", uuid);
	names->parts_nr++;
}

unsigned dw_name_split(struct dw_span device, struct dw_span *disk)
{
	unsigned nr = 0;

	*disk = device;
	if (!disk_part(device).len)
		return 0;
	while (disk->len && isdigit((unsigned char)disk->p[disk->len - 1]))
		disk->len--;
	for (size_t i = disk->len; i < device.len && nr < 1000; i++)
		nr = nr * 10 + (unsigned)(device.p[i] - '0');
	return nr;
}

/* Whether a disk is the one that the root is a partition of. */
static bool is_own_disk(const struct dw_names *names, struct dw_span disk)
{
	for (size_t i = 0; i < names->devices_nr; i++) {
		struct dw_span own;
		char text[sizeof(names->devices[0])];

		if (!dw_name_split(dw_span_of(names->devices[i]), &own))
			continue;
		dw_span_copy(own, text, sizeof(text));
		if (same_device(disk, text))
			return true;
	}
	return false;
}

const char *dw_names_part(const struct dw_names *names, struct dw_span name)
{
	struct dw_span disk, uuid;
	unsigned nr;

	name = unquote(name);
	nr = dw_name_split(name, &disk);
	for (size_t i = 0; i < names->parts_nr; i++) {
		const struct dw_names_part *part = &names->parts[i];

		if (nr && nr == part->nr && is_own_disk(names, disk))
			return part->spec;
		if (tagged(name, "UUID=", "/dev/disk/by-uuid/", &uuid) &&
		    uuid.len == strlen(part->spec + 5) &&
		    !strncasecmp(uuid.p, part->spec + 5, uuid.len))
			return part->spec;
	}
	return NULL;
}

bool dw_names_is_lasting(const struct dw_names *names, struct dw_span name)
{
	bool is_uuid;

	name = unquote(name);
	if (dw_span_is(name, names->spec))
		return true;
	if (!by_tag(names, name, &is_uuid))
		return false;
	/* A UUID of the filesystem lasts unless it is to get a new one. */
	return !is_uuid || strncmp(names->spec, "UUID=", 5) ||
	       !strcasecmp(names->spec + 5, names->uuid);
}

bool dw_name_is_device(struct dw_span name)
{
	static const char *const starts[] = {
		"UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=", "ID=",
	};
	static const char *const not_disks[] = {
		"/dev/shm", "/dev/pts", "/dev/null", "/dev/zero",
		"/dev/mqueue", "/dev/hugepages", "/dev/urandom",
		"/dev/random",
	};

	name = unquote(name);
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (dw_span_starts(name, starts[i]))
			return true;
	if (!dw_span_starts(name, "/dev/") || name.len == 5)
		return false;
	for (size_t i = 0; i < sizeof(not_disks) / sizeof(*not_disks); i++)
		if (dw_span_is(name, not_disks[i]))
			return false;
	return true;
}
