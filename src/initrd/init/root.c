/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What root= means. */
#include "root.h"

static void left_out(struct root *out, const char *why)
{
	out->kind = ROOT_LEFT_OUT;
	out->why = why;
}

/* udev writes "\x20" in the names of its links for what a name cannot hold. */
static bool unescape(char *out, size_t cap, const char *s)
{
	size_t len = 0;

	while (*s && len + 1 < cap) {
		const char *hex = text_after(s, "\\x");
		char two[3] = { hex ? hex[0] : 0, hex && *hex ? hex[1] : 0 };
		const char *at = two;
		uint32_t c;

		if (hex && text_number(&at, 16, &c) && at == two + 2 && c) {
			out[len++] = (char)c;
			s = hex + 2;
		} else {
			out[len++] = *s++;
		}
	}
	out[len] = '\0';
	return !*s;
}

static const struct {
	const char *start;
	enum root_kind kind;
} forms[] = {
	{ "UUID=", ROOT_UUID },
	{ "LABEL=", ROOT_LABEL },
	{ "PARTUUID=", ROOT_PARTUUID },
	{ "PARTLABEL=", ROOT_PARTLABEL },
	{ "/dev/disk/by-uuid/", ROOT_UUID },
	{ "/dev/disk/by-label/", ROOT_LABEL },
	{ "/dev/disk/by-partuuid/", ROOT_PARTUUID },
	{ "/dev/disk/by-partlabel/", ROOT_PARTLABEL },
	{ "block:/dev/", ROOT_NAME },
	{ "/dev/", ROOT_NAME },
};

static const struct {
	const char *start, *why;
} others[] = {
	{ "/dev/mapper/", "on LVM, encrypted or multipath" },
	{ "/dev/dm-", "on the device mapper" },
	{ "/dev/md", "on software RAID" },
	{ "/dev/nfs", "on a network" },
	{ "/dev/ram", "in memory" },
	{ "/dev/disk/", "by that kind of link" },
	{ "nfs", "on a network" }, { "dhcp", "on a network" },
	{ "iscsi:", "on a network" }, { "nbd:", "on a network" },
	{ "ZFS=", "on ZFS" }, { "zfs:", "on ZFS" }, { "zfs", "on ZFS" },
};

/* "8:1", or "801" and "0x801": a device number as the kernel writes it. */
static bool is_number(const char *text, struct root *out)
{
	const char *at = text;
	uint32_t v;

	out->kind = ROOT_NUMBER;
	if (text_number(&at, 10, &out->major) && *at++ == ':' &&
	    text_number(&at, 10, &out->minor) && !*at)
		return true;
	at = text_after(text, "0x");
	if (!at)
		at = text;
	if (!text_number(&at, 16, &v) || *at)
		return false;
	out->major = v >> 8 & 0xfff;
	out->minor = (v & 0xff) | (v >> 12 & 0xfff00);
	return true;
}

/* A folder below /dev is a volume group's, but for controllers that name their
 * disks so. */
static bool is_volume(const char *name)
{
	static const char *const controllers[] = {
		"cciss/", "ida/", "rd/", "i2o/", "mmcblk",
	};

	for (size_t i = 0; i < sizeof(controllers) / sizeof(*controllers); i++)
		if (text_after(name, controllers[i]))
			return false;
	while (*name && *name != '/')
		name++;
	return *name;
}

static void take_form(const char *value, enum root_kind kind, bool is_link,
		      struct root *out)
{
	bool fits = is_link ? unescape(out->value, sizeof(out->value), value) :
		text_copy(out->value, sizeof(out->value), value);

	out->kind = kind;
	if (!*value)
		left_out(out, "without a name");
	else if (!fits)
		left_out(out, "by a name of more than 256 bytes");
	else if (kind == ROOT_NAME && is_volume(value))
		left_out(out, "on a logical volume");
}

void root_parse(const char *text, struct root *out)
{
	const char *value;

	memset(out, 0, sizeof(*out));
	if (!text || !*text) {
		left_out(out, "that is not given");
		return;
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms) - 2; i++)
		if ((value = text_after(text, forms[i].start))) {
			take_form(value, forms[i].kind, *text == '/', out);
			return;
		}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (text_after(text, others[i].start)) {
			left_out(out, others[i].why);
			return;
		}
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		if ((value = text_after(text, forms[i].start))) {
			take_form(value, forms[i].kind, false, out);
			return;
		}
	if (!is_number(text, out))
		left_out(out, "of an unknown form");
}

static const struct {
	const char *name;
	unsigned long set, clear;
} options_known[] = {
	{ "defaults", 0, 0 },
	{ "ro", ROOT_RDONLY, 0 }, { "rw", 0, ROOT_RDONLY },
	{ "noatime", ROOT_NOATIME, 0 }, { "atime", 0, ROOT_NOATIME },
	{ "nodiratime", ROOT_NODIRATIME, 0 },
	{ "diratime", 0, ROOT_NODIRATIME },
	{ "relatime", ROOT_RELATIME, 0 },
	{ "norelatime", 0, ROOT_RELATIME },
	{ "strictatime", ROOT_STRICTATIME, 0 },
	{ "sync", ROOT_SYNCHRONOUS, 0 }, { "async", 0, ROOT_SYNCHRONOUS },
	{ "dirsync", ROOT_DIRSYNC, 0 },
	{ "suid", 0, ROOT_NOSUID }, { "nosuid", ROOT_NOSUID, 0 },
	{ "dev", 0, ROOT_NODEV }, { "nodev", ROOT_NODEV, 0 },
	{ "exec", 0, ROOT_NOEXEC }, { "noexec", ROOT_NOEXEC, 0 },
};

static bool is_flag(const char *option, unsigned long *flags)
{
	size_t nr = sizeof(options_known) / sizeof(*options_known);

	for (size_t i = 0; i < nr; i++)
		if (text_is(option, options_known[i].name)) {
			*flags |= options_known[i].set;
			*flags &= ~options_known[i].clear;
			return true;
		}
	return false;
}

bool root_flags(const char *options, unsigned long *flags, char *data,
		size_t cap)
{
	char one[256];

	*data = '\0';
	while (*options) {
		size_t len = 0;

		for (; options[len] && options[len] != ','; len++)
			if (len + 1 == sizeof(one))
				return false;
		memcpy(one, options, len);
		one[len] = '\0';
		options += len + (options[len] == ',');
		if (!len || is_flag(one, flags))
			continue;
		if ((*data && !text_add(data, cap, ",")) ||
		    !text_add(data, cap, one))
			return false;
	}
	return true;
}
