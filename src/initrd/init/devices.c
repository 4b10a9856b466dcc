/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The block devices that there are, by the kernel's names. */
#include "devices.h"

static bool is_left_out(const char *name)
{
	static const char *const starts[] = {
		"ram", "loop", "fd", "sr", "scd", "dm-", "md", "zram", "nbd",
	};

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (text_after(name, starts[i]))
			return true;
	return false;
}

static void skip_blanks(const char **at)
{
	while (**at == ' ' || **at == '\t')
		(*at)++;
}

/* "major minor  #blocks  name"; false for the heading and empty lines. */
static bool parse_line(const char **at, struct device *out)
{
	size_t len = 0;

	out->size = 0;
	skip_blanks(at);
	if (!text_number(at, 10, &out->major))
		return false;
	skip_blanks(at);
	if (!text_number(at, 10, &out->minor))
		return false;
	skip_blanks(at);
	for (; is_digit(**at); (*at)++)
		if (out->size < 1ull << 48)
			out->size = out->size * 10 + (uint64_t)(**at - '0');
	out->size <<= 10;
	skip_blanks(at);
	for (; **at && !is_blank(**at); (*at)++) {
		if (len + 1 == sizeof(out->name))
			return false;
		/* sysfs and newer kernels write '!' for '/'. */
		out->name[len++] = **at == '!' ? '/' : **at;
	}
	out->name[len] = '\0';
	return len && out->major < 4096 && out->minor < 1u << 20 &&
		!is_left_out(out->name);
}

static bool is_name_of_device(const char *name)
{
	for (; *name; name++)
		if (*name == '.' || (*name == '/' && name[1] == '/'))
			return false;
	return true;
}

void devices_parse(struct devices *d, const char *text)
{
	struct device dev;

	d->nr = 0;
	while (*text && d->nr < DEVICES_MAX) {
		memset(&dev, 0, sizeof(dev));
		if (parse_line(&text, &dev) && is_name_of_device(dev.name))
			d->items[d->nr++] = dev;
		while (*text && *text != '\n')
			text++;
		text += *text == '\n';
	}
}

const struct device *devices_named(const struct devices *d, const char *name)
{
	for (uint32_t i = 0; i < d->nr; i++)
		if (text_is(d->items[i].name, name))
			return &d->items[i];
	return NULL;
}

const struct device *devices_numbered(const struct devices *d, uint32_t major,
				      uint32_t minor)
{
	for (uint32_t i = 0; i < d->nr; i++)
		if (d->items[i].major == major && d->items[i].minor == minor)
			return &d->items[i];
	return NULL;
}

/* The number of a partition by its name behind that of its disk; 0: it is
 * none of that disk. */
static uint32_t number_in(const char *name, const char *disk)
{
	const char *at = text_after(name, disk);
	uint32_t number;

	if (!at || !*disk)
		return 0;
	if (is_digit(disk[strlen(disk) - 1]) && *at++ != 'p')
		return 0;
	return text_number(&at, 10, &number) && !*at ? number : 0;
}

const struct device *devices_partition(const struct devices *d,
				       const struct device *disk,
				       uint32_t number)
{
	for (uint32_t i = 0; number && i < d->nr; i++)
		if (number_in(d->items[i].name, disk->name) == number)
			return &d->items[i];
	return NULL;
}

bool devices_is_partition(const struct devices *d, const struct device *dev)
{
	for (uint32_t i = 0; i < d->nr; i++)
		if (number_in(dev->name, d->items[i].name))
			return true;
	return false;
}

static const char *const families[] = { "xvd", "vd", "sd", "hd" };
#define FAMILIES_NR (sizeof(families) / sizeof(*families))

const struct device *devices_renamed(const struct devices *d,
				     const char *name, bool *several)
{
	const struct device *found = NULL, *dev;
	const char *rest = NULL;
	char other[DEVICE_NAME];

	*several = false;
	for (size_t i = 0; i < FAMILIES_NR && !rest; i++)
		rest = text_after(name, families[i]);
	if (!rest)
		return NULL;
	for (size_t i = 0; i < FAMILIES_NR; i++) {
		text_copy(other, sizeof(other), families[i]);
		if (!text_add(other, sizeof(other), rest) ||
		    text_is(other, name))
			continue;
		dev = devices_named(d, other);
		*several |= dev && found;
		found = dev ? dev : found;
	}
	return *several ? NULL : found;
}
