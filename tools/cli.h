/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the verbs of the command share. */
#ifndef DW_TOOLS_CLI_H
#define DW_TOOLS_CLI_H

#include <diskwright.h>

struct json_object;

#define CLI_PRINTF(f, a) __attribute__((format(printf, f, a)))

enum cli_progress {
	CLI_PROGRESS_AUTO,	/* a line where stderr is a terminal */
	CLI_PROGRESS_LINE,
	CLI_PROGRESS_JSON,
	CLI_PROGRESS_NONE,
};

/* The settings of every verb begin with these. */
struct cli_common {
	bool help;
	bool json;
	bool force;
	bool dry_run;
	const char *format;
	const char *backing_dir;
	const char **pvs;	/* freed with the settings */
	size_t pvs_nr;
	const char *pv_dir;
	enum cli_progress progress;
	unsigned threads_nr;
	uint64_t memory_len;
};

/* ---- options: one table a verb, for parsing and for --help ------------- */

enum cli_kind {
	CLI_FLAG,		/* bool */
	CLI_TEXT,		/* const char * */
	CLI_SIZE,		/* uint64_t, 10G */
	CLI_COUNT,		/* unsigned */
	CLI_CUSTOM,		/* parse() */
};

struct cli_option {
	const char *name;	/* NULL ends the table */
	char letter;		/* 0: none */
	const char *arg;	/* "N"; "[X]": may be left out; NULL: none */
	enum cli_kind kind;
	size_t off;		/* in the verb's settings */
	/* arg is NULL where it was left out. */
	int (*parse)(void *settings, const char *arg, struct dw_err *err);
	const char *help;
};

int cli_parse_progress(void *settings, const char *arg, struct dw_err *err);
int cli_parse_pv(void *settings, const char *arg, struct dw_err *err);

#define CLI_OPT_FORMAT { "format", 0, "NAME", CLI_TEXT, \
	offsetof(struct cli_common, format), NULL, \
	"the image's format, as raw or qcow2; it is not probed then" }
/* The image that is made; a verb's settings hold it as 'target'. */
struct cli_target {
	const char *format, *subformat, *compress;
	uint64_t cluster_len;
};

#define CLI_TARGET_AT(member) (offsetof(struct settings, target) + \
	offsetof(struct cli_target, member))
#define CLI_OPT_TARGET \
	{ "target-format", 'O', "NAME", CLI_TEXT, CLI_TARGET_AT(format), NULL, \
	  "raw, qcow2, vhd, vmdk, gzip, xz or zstd (by the suffix of TARGET," \
	  " else raw)" }, \
	{ "subformat", 0, "NAME", CLI_TEXT, CLI_TARGET_AT(subformat), NULL, \
	  "vhd: dynamic (the default) or fixed; vmdk: monolithicSparse (the" \
	  " default) or streamOptimized, which is compressed" }, \
	{ "compress", 0, "METHOD[:LEVEL]", CLI_TEXT, CLI_TARGET_AT(compress), \
	  NULL, "qcow2: zlib or zstd; vmdk: zlib; gzip, xz, zstd: their own" \
	  " name, for the level; higher levels take longer" }, \
	{ "cluster-size", 0, "SIZE", CLI_SIZE, CLI_TARGET_AT(cluster_len), \
	  NULL, "of qcow2, a power of two from 512 to 2M (64K)" }
#define CLI_OPT_BACKING { "allow-backing", 0, "DIR", CLI_TEXT, \
	offsetof(struct cli_common, backing_dir), NULL, \
	"open the backing and data files that the image names, where they" \
	" lie in DIR or below it" }
#define CLI_OPT_PV \
	{ "pv", 0, "LOCATOR", CLI_CUSTOM, 0, cli_parse_pv, \
	  "look there, too, for physical volumes of a group that is spread over" \
	  " several images; may be given several times" }, \
	{ "pv-dir", 0, "DIR", CLI_TEXT, offsetof(struct cli_common, pv_dir), \
	  NULL, "look in all images in DIR, except compressed ones" }
#define CLI_OPT_FORCE { "force", 0, NULL, CLI_FLAG, \
	offsetof(struct cli_common, force), NULL, \
	"read the image even while something else writes it" }
/* Of verbs that change files of an image where it lies. */
#define CLI_OPT_CHANGE \
	{ "force", 0, NULL, CLI_FLAG, offsetof(struct cli_common, force), \
	  NULL, "change what is marked immutable, and an image of which a" \
	  " crash meanwhile could make a damaged one" }, \
	CLI_OPT_FORMAT, CLI_OPT_BACKING, CLI_OPT_PV, \
	{ "dry-run", 'n', NULL, CLI_FLAG, \
	  offsetof(struct cli_common, dry_run), NULL, \
	  "print what would change, change nothing" }
#define CLI_OPT_JSON { "json", 0, NULL, CLI_FLAG, \
	offsetof(struct cli_common, json), NULL, \
	"print the result as one JSON object" }
#define CLI_OPT_PROGRESS { "progress", 0, "[json|none]", CLI_CUSTOM, 0, \
	cli_parse_progress, \
	"show progress on standard error: as a line (the default on a" \
	" terminal), as JSON lines, or not at all" }
#define CLI_OPT_THREADS { "threads", 'j', "N", CLI_COUNT, \
	offsetof(struct cli_common, threads_nr), NULL, \
	"work with N threads (0, the default: one a processor)" }
#define CLI_OPT_MEMORY { "memory", 0, "SIZE", CLI_SIZE, \
	offsetof(struct cli_common, memory_len), NULL, \
	"hold at most SIZE of the image's metadata in memory (256M)" }
#define CLI_OPT_HELP { "help", 'h', NULL, CLI_FLAG, \
	offsetof(struct cli_common, help), NULL, "print this help" }
#define CLI_OPT_END { NULL, 0, NULL, CLI_FLAG, 0, NULL, NULL }

/* ---- verbs ------------------------------------------------------------- */

/* One run of the command. */
struct cli {
	struct dw_ctx *ctx;
	const struct cli_verb *verb;
	struct json_object *json;	/* filled by the verb; NULL: text */
	struct dw_err err;
	bool no_force;		/* --force is no way out here */
	bool json_begun;	/* as cli_json_print_take() has it */
	int answer;		/* exit status of a result that is no error */
};

struct cli_verb {
	const char *name;
	const char *synopsis;	/* lines after "diskwright NAME " */
	const char *summary;
	const char *about;	/* paragraphs, split by "\n" */
	const struct cli_option *options;
	size_t settings_len;
	int operands_min, operands_max;	/* -1: any number */
	bool writes;		/* a closed pipe must not end it half-way */
	bool has_force;
	bool answers_1;		/* 1 is an answer; failing here is 2 then */
	/* 0 or a negative enum dw_code, with cli->err filled. */
	int (*run)(struct cli *cli, void *settings, int operands_nr,
		   char **operands);
};

extern const struct cli_verb cli_dualboot, cli_convert, cli_extract,
	cli_inspect, cli_volumes, cli_info, cli_map, cli_compare, cli_resize,
	cli_check, cli_ls, cli_cat, cli_put_file, cli_edit, cli_initrd,
	cli_add_kernel, cli_undo;
extern const struct cli_verb *const cli_verbs[];

/* Fills *settings and sets *operand to the index of the first operand. */
int cli_parse(const struct cli_verb *verb, int argc, char **argv,
	      void *settings, int *operand, struct dw_err *err);
/* Decimal digits only, at most max. */
int cli_parse_number(const char *text, uint64_t max, uint64_t *out);
/* "512", "64K", "10G": powers of 1024. */
int cli_parse_size(const char *text, uint64_t *out);

void cli_help(const struct cli_verb *verb);
void cli_help_all(void);

/* ---- small things -------------------------------------------------------- */

/* As the library's errors: fills err, returns code. */
int cli_fail(struct dw_err *err, enum dw_code code, const char *fmt, ...)
	CLI_PRINTF(3, 4);

/* Puts the image's name before an error that comes from inside it and does not
 * have it already. */
void cli_name_image(struct dw_err *err, const char *locator);

/* Where the undo record of an image is looked for: beside the file itself, also
 * where a link names it.  *out is malloced. */
int cli_undo_name(const char *image, char **out, struct dw_err *err);

/* DW_USAGE where the target is the image of the source locator, or one that
 * --pv and --pv-dir add: not even by putting a target in its place is a source
 * written.  'more' ends the error. */
int cli_check_apart(const struct cli_common *common, const char *source,
		    const char *target, const char *more, struct dw_err *err);

bool cli_target_given(const struct cli_target *target);
/* Fills in the format that the name implies, where none is given. */
int cli_target_choose(struct cli_target *target, const char *path,
		      struct dw_err *err);

/* A file for an editor, in a folder that only we may look into. */
struct cli_copy {
	char *dir;
	char *path;
	bool is_changed;	/* somebody may have put work into it */
};

/* The user's editor ($VISUAL, $EDITOR, vi) on a private copy of a file of that
 * name; as dw_editor_fn.  arg is an empty struct cli_copy. */
int cli_run_editor(void *arg, const char *path, const char *old,
		   size_t old_len, char **out, size_t *len,
		   struct dw_err *err);

/* Removes the copy; but where what was changed did not get into the image, the
 * error says where it is.  Returns code. */
int cli_end_copy(struct cli_copy *copy, int code, struct dw_err *err);

/* DW_OPEN_SHARE where --force is given. */
unsigned cli_open_flags(const struct cli_common *common);

/* The path of a program of the host; false where there is none. */
bool cli_find_program(const char *name, char *path, size_t path_len);

/* INT, TERM and HUP cancel the context; a second one ends the process. */
void cli_catch_signals(struct dw_ctx *ctx);

void cli_progress_start(struct dw_ctx *ctx, enum cli_progress how);
/* Takes the line off the terminal. */
void cli_progress_end(void);

#endif
