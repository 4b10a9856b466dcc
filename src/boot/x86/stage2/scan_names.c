/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scanning /boot: names, their order, and arguments.
 */
#include "boot/x86/stage2/scan_names.h"

#define STEM	"vmlinuz-"
#define STEM_LEN 8

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Whether s, of which len bytes count, has the text at its end. */
static bool ends_in(const char *s, size_t len, const char *end)
{
	size_t end_len = strlen(end);

	return len >= end_len && !memcmp(s + len - end_len, end, end_len);
}

static const char *find_text(const char *s, const char *text)
{
	size_t len = strlen(s), text_len = strlen(text), i;

	for (i = 0; i + text_len <= len; i++)
		if (!memcmp(s + i, text, text_len))
			return s + i;
	return NULL;
}

bool scan_is_kernel(const char *name, size_t len)
{
	static const char *const leftovers[] = {
		".dpkg-new", ".dpkg-tmp", ".dpkg-bak", ".dpkg-dist", ".rpmnew",
		".rpmsave", ".rpmorig", ".bak", "~", ".sig", ".sign", ".hmac",
		".sha256", ".sha512hmac", ".txt", ".tmp", ".map", ".gpg",
		".efi", ".cfg", ".conf",
	};
	size_t i;

	if (len <= STEM_LEN || len >= SCAN_NAME_MAX ||
	    memcmp(name, STEM, STEM_LEN))
		return false;
	/* What a command line or a list of initrds cannot hold. */
	for (i = 0; i < len; i++)
		if ((uint8_t)name[i] <= ' ' || name[i] == 0x7f ||
		    name[i] == ',')
			return false;
	for (i = 0; i < ARRAY_LEN(leftovers); i++)
		if (ends_in(name, len, leftovers[i]))
			return false;
	return true;
}

/* ---- order ------------------------------------------------------------------ */

/* "-xen", "el5xen", "xenU", "xen0", "-xenpae", "-xen-amd64" */
static bool is_for_xen(const char *name)
{
	const char *at;

	for (at = find_text(name, "xen"); at; at = find_text(at + 1, "xen"))
		if (!at[3] || at[3] == 'U' || at[3] == '0' || at[3] == '-' ||
		    at[3] == 'p')
			return true;
	return false;
}

static uint32_t rank(const char *name)
{
	if (find_text(name, "rescue") || ends_in(name, strlen(name), ".old"))
		return 0;
	if (is_for_xen(name))
		return 1;
	return is_digit(name[STEM_LEN]) ? 3 : 2;
}

/* Runs of digits by their value, of any length; moves behind them. */
static int compare_digits(const char **a, const char **b)
{
	size_t a_len = 0, b_len = 0;
	int c;

	while (**a == '0')
		++*a;
	while (**b == '0')
		++*b;
	while (is_digit((*a)[a_len]))
		a_len++;
	while (is_digit((*b)[b_len]))
		b_len++;
	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	c = memcmp(*a, *b, a_len);
	*a += a_len;
	*b += b_len;
	return c;
}

/* "~", "-rc1", ".rc1": older than what lacks it. */
static bool is_pre(const char *s)
{
	if (*s == '~')
		return true;
	if (*s == '-' || *s == '.' || *s == '_')
		s++;
	return s[0] == 'r' && s[1] == 'c' && is_digit(s[2]);
}

/* The end before separators before letters before digits: as rpm has it, an
 * update's "-70.13.1.el9_0" is newer than "-70.el9". */
static int weight(char c)
{
	if (!c)
		return 0;
	if (is_digit(c))
		return 1024;
	if (lower(c) >= 'a' && lower(c) <= 'z')
		return 512 + c;
	return 256;
}

static int compare_versions(const char *a, const char *b)
{
	int c;

	while (*a || *b) {
		if (is_pre(a) != is_pre(b))
			return is_pre(a) ? -1 : 1;
		if (is_digit(*a) && is_digit(*b)) {
			c = compare_digits(&a, &b);
			if (c)
				return c;
			continue;
		}
		c = weight(*a) - weight(*b);
		if (c)
			return c;
		a++;
		b++;
	}
	return 0;
}

int scan_compare(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);
	uint32_t a_rank = rank(a), b_rank = rank(b);
	int c;

	if (a_rank != b_rank)
		return a_rank < b_rank ? -1 : 1;
	c = compare_versions(a + STEM_LEN, b + STEM_LEN);
	if (c)
		return c;
	/* Versions that are equal ("6.01", "6.1"): any order, if it is one. */
	c = memcmp(a, b, a_len < b_len ? a_len : b_len);
	return c ? c : a_len < b_len ? -1 : a_len > b_len;
}

/* ---- initrd and arguments --------------------------------------------------- */

bool scan_initrd_name(uint32_t nr, const char *kernel, char *out)
{
	/* initramfs-tools, dracut and mkinitcpio, nash, SUSE, Alpine */
	static const char *const around[][2] = {
		{ "initrd.img-", "" }, { "initramfs-", ".img" },
		{ "initrd-", ".img" }, { "initrd-", "" }, { "initramfs-", "" },
	};
	const char *version = kernel + STEM_LEN;

	if (nr >= ARRAY_LEN(around))
		return false;
	out[0] = 0;
	append_text(out, SCAN_NAME_MAX, around[nr][0], strlen(around[nr][0]));
	append_text(out, SCAN_NAME_MAX, version, strlen(version));
	append_text(out, SCAN_NAME_MAX, around[nr][1], strlen(around[nr][1]));
	return true;
}

uint32_t scan_round(const char *kernel, bool has_initrd)
{
	return has_initrd && !is_for_xen(kernel) ? 0 : 1;
}

static bool starts_word(const char *word, const char *name)
{
	while (*name)
		if (*word++ != *name++)
			return false;
	return true;
}

bool scan_has_root(const char *args)
{
	const char *w;

	for (w = skip_blanks(args); *w; w = skip_blanks(skip_word(w)))
		if (starts_word(w, "root="))
			return true;
	return false;
}

static void put_uuid(const uint8_t uuid[16], char *out)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t i;

	for (i = 0; i < 16; i++) {
		char text[3] = { digits[uuid[i] >> 4], digits[uuid[i] & 15] };

		if (i == 4 || i == 6 || i == 8 || i == 10)
			append_text(out, SCAN_ARGS_MAX, "-", 1);
		append_text(out, SCAN_ARGS_MAX, text, 2);
	}
}

void scan_args(const char *append, const uint8_t uuid[16], char *out)
{
	static const char root[] = "root=UUID=";
	static const char more[] = " ro console=tty0 console=ttyS0,115200n8";
	const char *w, *end;

	out[0] = 0;
	if (!append || !scan_has_root(append)) {
		append_text(out, SCAN_ARGS_MAX, root, sizeof(root) - 1);
		put_uuid(uuid, out);
		append_text(out, SCAN_ARGS_MAX, more, sizeof(more) - 1);
		return;
	}
	for (w = skip_blanks(append); *w; w = skip_blanks(end)) {
		end = skip_word(w);
		if (starts_word(w, "initrd=") || starts_word(w, "BOOT_IMAGE="))
			continue;
		if (out[0])
			append_text(out, SCAN_ARGS_MAX, " ", 1);
		append_text(out, SCAN_ARGS_MAX, w, end - w);
	}
}
