/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON: safe values, and the object that every result is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "json.h"
#include "text.h"

static void *need(void *p)
{
	if (p)
		return p;
	fputs("diskwright: out of memory\n", stderr);
	exit(dw_exit_status(DW_NOMEM));
}

struct json_object *cli_json_object(struct dw_err *err)
{
	struct json_object *root = json_object_new_object();

	if (!root)
		cli_fail(err, DW_NOMEM, "out of memory");
	return root;
}

void cli_json_take(struct json_object *to, const char *name,
		   struct json_object *value)
{
	if (json_object_object_add(to, name, value))
		need(NULL);
}

/* At most three bytes for each one: U+FFFD. */
static struct json_object *safe_text(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	char *buf = need(malloc(3 * strlen(text) + 1));
	struct json_object *value;
	char *at = buf;

	while (*p) {
		size_t len = cli_utf8_len(p);

		if (len || (*p < 0x20)) {
			len = len ? len : 1;
			memcpy(at, p, len);
			at += len;
		} else {
			memcpy(at, "\xef\xbf\xbd", 3);
			at += 3;
		}
		p += len ? len : 1;
	}
	*at = '\0';
	value = need(json_object_new_string(buf));
	free(buf);
	return value;
}

void cli_json_text(struct json_object *to, const char *name, const char *text)
{
	cli_json_take(to, name, text ? safe_text(text) : NULL);
}

void cli_json_number(struct json_object *to, const char *name, uint64_t value)
{
	cli_json_take(to, name, need(json_object_new_uint64(value)));
}

void cli_json_signed(struct json_object *to, const char *name, int64_t value)
{
	cli_json_take(to, name, need(json_object_new_int64(value)));
}

void cli_json_bool(struct json_object *to, const char *name, bool value)
{
	cli_json_take(to, name, need(json_object_new_boolean(value)));
}

void cli_json_uuid(struct json_object *to, const char *name,
		   const uint8_t uuid[16])
{
	char text[CLI_UUID_TEXT];

	cli_json_text(to, name, cli_uuid(text, uuid));
}

struct json_object *cli_json_array_in(struct json_object *to, const char *name)
{
	struct json_object *array = need(json_object_new_array());

	cli_json_take(to, name, array);
	return array;
}

struct json_object *cli_json_object_in(struct json_object *to,
				       const char *name)
{
	struct json_object *object = need(json_object_new_object());

	cli_json_take(to, name, object);
	return object;
}

struct json_object *cli_json_append(struct json_object *array)
{
	struct json_object *object = need(json_object_new_object());

	if (json_object_array_add(array, object))
		need(NULL);
	return object;
}

void cli_json_append_text(struct json_object *array, const char *text)
{
	if (json_object_array_add(array, safe_text(text)))
		need(NULL);
}

static const char *code_name(enum dw_code code)
{
	switch (code) {
	case DW_OK:		return "ok";
	case DW_NOMEM:		return "no-memory";
	case DW_IO:		return "io";
	case DW_NOT_MINE:	return "not-mine";
	case DW_CORRUPT:	return "corrupt";
	case DW_UNSUPPORTED:	return "unsupported";
	case DW_DENIED:		return "denied";
	case DW_RANGE:		return "range";
	case DW_READONLY:	return "readonly";
	case DW_NOSPACE:	return "no-space";
	case DW_NOENT:		return "missing";
	case DW_EXISTS:		return "exists";
	case DW_BUSY:		return "busy";
	case DW_LIMIT:		return "limit";
	case DW_CANCELLED:	return "cancelled";
	case DW_NOBOOT:		return "would-not-boot";
	case DW_USAGE:		return "usage";
	}
	return "unknown";
}

void cli_json_print_take(struct json_object *root, bool begun, int status,
			 enum dw_code code, const struct dw_err *err)
{
	struct json_object *error;
	const char *text;

	cli_json_signed(root, "status", status);
	if (code) {
		error = cli_json_object_in(root, "error");
		cli_json_text(error, "code", code_name(code));
		cli_json_text(error, "text", err->text);
	}
	text = need((void *)json_object_to_json_string_ext(root,
			JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			JSON_C_TO_STRING_NOSLASHESCAPE));
	/* The object is never empty: its brace is followed by members. */
	puts(begun ? text + 1 : text);
	json_object_put(root);
}

void cli_json_stream_begin(const char *name)
{
	printf("{\n  \"%s\": [", name);
}

struct json_object *cli_json_element(void)
{
	return need(json_object_new_object());
}

void cli_json_stream_take(struct json_object *element, bool first)
{
	const char *text = need((void *)json_object_to_json_string_ext(element,
			JSON_C_TO_STRING_SPACED |
			JSON_C_TO_STRING_NOSLASHESCAPE));

	printf("%s\n    %s", first ? "" : ",", text);
	json_object_put(element);
}

void cli_json_stream_end(bool empty)
{
	fputs(empty ? "]," : "\n  ],", stdout);
}
