/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Order of version texts. */
#include <ctype.h>
#include <string.h>

#include "guest/kernel.h"

/* Compares two runs of digits by value, of any length, and moves behind. */
static int compare_digits(const char **a, const char **b)
{
	size_t la, lb;
	int c;

	while (**a == '0')
		++*a;
	while (**b == '0')
		++*b;
	la = strspn(*a, "0123456789");
	lb = strspn(*b, "0123456789");
	if (la != lb)
		return la < lb ? -1 : 1;
	c = memcmp(*a, *b, la);
	*a += la;
	*b += lb;
	return c;
}

static bool is_pre(const char *s)
{
	if (*s == '~')
		return true;
	if (*s == '-' || *s == '.' || *s == '_')
		s++;
	return !strncmp(s, "rc", 2) && isdigit((unsigned char)s[2]);
}

/* End < separators < letters < digits: as rpm has it, an update's
 * "-70.13.1.el9_0" is newer than "-70.el9". */
static int weight(unsigned char c)
{
	if (!c)
		return 0;
	if (isdigit(c))
		return 1024;
	if (isalpha(c))
		return 512 + c;
	return 256;
}

int dw_version_compare(const char *a, const char *b)
{
	while (*a || *b) {
		int c;

		if (is_pre(a) != is_pre(b))
			return is_pre(a) ? -1 : 1;
		if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
			c = compare_digits(&a, &b);
			if (c)
				return c;
			continue;
		}
		c = weight((unsigned char)*a) - weight((unsigned char)*b);
		if (c)
			return c;
		a++;
		b++;
	}
	return 0;
}

static unsigned number(const char **s)
{
	unsigned v = 0;

	while (isdigit((unsigned char)**s)) {
		if (v < 100000)
			v = v * 10 + (unsigned)(**s - '0');
		++*s;
	}
	return v;
}

struct dw_version dw_version_parse(const char *text)
{
	struct dw_version v = { 0 };

	v.major = number(&text);
	if (*text == '.' && isdigit((unsigned char)text[1])) {
		text++;
		v.minor = number(&text);
	}
	if (*text == '.' && isdigit((unsigned char)text[1])) {
		text++;
		v.patch = number(&text);
	}
	return v;
}

bool dw_version_at_least(const char *text, unsigned major, unsigned minor,
			 unsigned patch)
{
	struct dw_version v = dw_version_parse(text);

	if (v.major != major)
		return v.major > major;
	if (v.minor != minor)
		return v.minor > minor;
	return v.patch >= patch;
}
