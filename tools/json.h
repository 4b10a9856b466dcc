/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Results as JSON; docs/json.md is the schema. */
#ifndef DW_TOOLS_JSON_H
#define DW_TOOLS_JSON_H

#include <json-c/json.h>

#include <diskwright.h>

/*
 * json-c's calls return NULL or an error where memory runs out.  These end
 * the process with a line and status 1 instead: nothing is half written, as
 * JSON is made before a job starts or after it has ended.
 */
struct json_object *cli_json_object(struct dw_err *err);

/* A NULL text is null.  Bytes that are no UTF-8, DEL and the control
 * characters U+0080 to U+009F become U+FFFD. */
void cli_json_text(struct json_object *to, const char *name, const char *text);
void cli_json_number(struct json_object *to, const char *name, uint64_t value);
void cli_json_signed(struct json_object *to, const char *name, int64_t value);
void cli_json_bool(struct json_object *to, const char *name, bool value);
void cli_json_uuid(struct json_object *to, const char *name,
		   const uint8_t uuid[16]);
/* Takes value over. */
void cli_json_take(struct json_object *to, const char *name,
		   struct json_object *value);
/* A new array or object under that name; 'to' owns it. */
struct json_object *cli_json_array_in(struct json_object *to,
				      const char *name);
struct json_object *cli_json_object_in(struct json_object *to,
				       const char *name);
/* A new object at the end of an array. */
struct json_object *cli_json_append(struct json_object *array);
void cli_json_append_text(struct json_object *array, const char *text);

/* Adds "status", and "error" where code is not 0, prints and frees.  'begun':
 * the object's brace, and members with their commas, are printed already. */
void cli_json_print_take(struct json_object *root, bool begun, int status,
			 enum dw_code code, const struct dw_err *err);

/*
 * For an array that is too long to hold: begins the object with it and prints
 * its elements one by one.  What follows is for cli_json_print_take().
 */
void cli_json_stream_begin(const char *name);
void cli_json_stream_take(struct json_object *element, bool first);
void cli_json_stream_end(bool empty);
struct json_object *cli_json_element(void);

/* Parts of results. */
void cli_json_advice(struct json_object *to, const char *name,
		     const struct dw_kernel_advice *advice);
void cli_json_verdict(struct json_object *to, const char *side,
		      const struct dw_boot_verdict *verdict);
void cli_json_notes(struct json_object *to, const char *name,
		    const struct dw_notes *notes);
void cli_json_changes(struct json_object *to, const struct dw_changes *list);
void cli_json_recovery(struct json_object *to, const struct dw_recovery *r);
void cli_json_cost(struct json_object *to, const struct dw_change_cost *cost);
void cli_json_initrds(struct json_object *to, const struct dw_initrds *all);
void cli_json_initrd_plan(struct json_object *to,
			  const struct dw_initrd_plan *plan);
void cli_json_fs(struct json_object *to, const struct dw_fs_info *fs);
void cli_json_dualboot_plan(struct json_object *to,
			    const struct dw_dualboot_plan *plan);
void cli_json_dualboot_report(struct json_object *to,
			      const struct dw_dualboot_report *report);
void cli_json_convert_plan(struct json_object *to,
			   const struct dw_convert_plan *plan);
/* The members of a plan and of a report, in an object that is theirs. */
void cli_json_convert_image(struct json_object *o,
			    const struct dw_convert_plan *plan);
void cli_json_convert_figures(struct json_object *o,
			      const struct dw_convert_report *report);
void cli_json_convert_report(struct json_object *to,
			     const struct dw_convert_report *report);
void cli_json_extract_plan(struct json_object *to,
			   const struct dw_extract_plan *plan);
void cli_json_extract_report(struct json_object *to,
			     const struct dw_extract_plan *plan,
			     const struct dw_extract_report *report);
void cli_json_layer(struct json_object *to, const struct dw_layer *layer);
void cli_json_volumes(struct json_object *to,
		      const struct dw_volumes *volumes);
void cli_json_check(struct json_object *to,
		    const struct dw_check_report *report);
void cli_json_image_info(struct json_object *to,
			 const struct dw_image_info *info);
void cli_json_image_check(struct json_object *to,
			  const struct dw_image_check *check);

#endif
