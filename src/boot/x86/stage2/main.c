/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage 2: finds the configuration, lets the user choose if it says so, and
 * boots. What cannot be booted is said, and the next thing is tried: the
 * other entries if nobody chose, what /boot holds if it is none of theirs,
 * then the prompt.
 */
#include "bios.h"
#include "cmdline.h"
#include "config.h"
#include "console.h"
#include "ext.h"
#include "input.h"
#include "linux.h"
#include "scan.h"
#include "boot/x86/memmap.h"

static struct disk disk;
static struct ext fs;
static struct config cfg;
static struct cmdline cmdline;
static uint32_t cwd = EXT_ROOT_INO;	/* directory of the configuration */

/* Tenths of a second in which somebody may choose where nothing is set. */
#define NO_DEFAULT_DELAY 30

void main(uint32_t drive, uint32_t base_lo, uint32_t base_hi);

static fault read_text(void *arg, const char *path, char *dst, uint32_t max,
		       uint32_t *len)
{
	struct ext_inode inode;
	fault f = ext_lookup(&fs, cwd, path, &inode);

	if (f)
		return f;
	if (!ext_is_regular(&inode))
		return "not a regular file";
	if (inode.len >= max)
		return "file is too large";
	*len = inode.len;
	return ext_read(&fs, &inode, 0, dst, inode.len);
}

static void say(void *arg, const char *text)
{
	console_printf("%s\n", text);
}

static void open_serial(void *arg, const char *args)
{
	console_open_serial(args);
}

static fault read_config_at(const char *dir, const char *name)
{
	static const struct config_ops ops = {
		.read = read_text, .say = say, .serial = open_serial,
	};
	struct config_text text = {
		.start = memory(CONFIG_ADDR), .max = CONFIG_LEN,
	};
	struct ext_inode inode;
	fault f = ext_lookup(&fs, EXT_ROOT_INO, dir, &inode);

	if (f)
		return f;
	cwd = inode.nr;
	return config_read(&cfg, &ops, &text, name);
}

/* The first file that exists counts, the directory being the outer loop. */
static void read_config(void)
{
	static const char *const names[] = { "extlinux.conf", "syslinux.cfg" };
	const char *const dirs[] = {
		install_dir, "/boot/extlinux", "/boot/syslinux", "/boot",
		"/extlinux", "/syslinux", "/",
	};
	uint32_t i, j;

	for (i = 0; i < ARRAY_LEN(dirs); i++) {
		if (!*dirs[i])
			continue;
		for (j = 0; j < ARRAY_LEN(names); j++) {
			fault f = read_config_at(dirs[i], names[j]);

			if (!f)
				return;
			if (f != ext_not_found)
				console_printf("%s/%s: %s\n", dirs[i],
					       names[j], f);
		}
	}
	cwd = EXT_ROOT_INO;
	console_puts("No extlinux.conf or syslinux.cfg found\n");
}

/* Boots the boot sector of a drive, or lets the BIOS go on. */
static fault boot_local(const char *target)
{
	uint8_t *sector = memory(BOOT_ADDR);
	uint32_t drive = parse_number(target, NULL);
	const uint8_t *in;
	fault f;

	if (*target == '-')
		bios_next_device();
	f = bios_read(drive, 0, 1, &in);
	if (f)
		return f;
	memcpy(sector, in, SECTOR_LEN);
	if (le16(sector + MBR_MAGIC_OFF) != MBR_MAGIC)
		return "no boot sector on that drive";
	chain_start(drive);
}

/* target: a path, options may follow it; ".linux" may stand before it. Returns
 * what follows the path, NULL if that cannot be used. */
static const char *take_path(const char *target, char path[LINE_MAX])
{
	const char *end;

	if (has_word(target, ".linux"))
		target = skip_blanks(skip_word(target));
	end = skip_word(target);
	path[0] = 0;
	if (end == target || !append_text(path, LINE_MAX, target, end - target))
		return NULL;
	return end;
}

static fault boot_linux(const char *target, const char *append,
			const char *initrd, const char *options)
{
	char path[LINE_MAX];
	const char *end = take_path(target, path);

	if (!end)
		return "no usable kernel name";
	cmdline_build(&cmdline, path, end, append, initrd, options);
	return linux_boot(&fs, cwd, path, &cmdline);
}

static fault boot_entry(const struct entry *e, const char *options)
{
	const char *target = e->target ? e->target : e->label;

	switch (e->type) {
	case BOOT_LOCAL:
		return boot_local(target);
	case BOOT_FOREIGN:
		return "syslinux's own programs are not supported";
	default:
		return boot_linux(target, e->append ? e->append : cfg.append,
				  e->initrd, options);
	}
}

/* Boots "label options" or "kernel options"; returns only if it failed. */
static void boot_line(const char *line, bool implicit)
{
	const char *options;
	struct entry *e;
	fault f;

	line = skip_blanks(line);
	options = skip_word(line);
	e = config_find(&cfg, line);
	if (e)
		f = boot_entry(e, options);
	else if (implicit)
		f = boot_linux(line, cfg.append, NULL, NULL);
	else
		f = "no entry has this name";
	console_printf("%s: %s\n", e ? e->label : line, f);
}

static bool wants_menu(void)
{
	return config_is_menu(cfg.ui) || config_is_menu(cfg.default_line);
}

/* What boots when no key is pressed; NULL if nothing is set. A menu can only
 * start what it lists. */
static const char *default_line(void)
{
	uint32_t i;

	if (!wants_menu() ||
	    (cfg.default_line && config_find(&cfg, cfg.default_line)))
		return cfg.default_line;
	if (cfg.menu_default != CONFIG_NO_ENTRY)
		return cfg.entries[cfg.menu_default].label;
	for (i = 0; i < cfg.entries_nr; i++)
		if (!cfg.entries[i].hidden)
			return cfg.entries[i].label;
	return NULL;
}

/* Whether a kernel is there; one that cannot be read is. */
static bool is_there(const char *target)
{
	struct ext_inode inode;
	char path[LINE_MAX];

	return take_path(target, path) &&
	       ext_lookup(&fs, cwd, path, &inode) != ext_not_found;
}

/* Whether the configuration still leads to any kernel. */
static bool has_kernel(void)
{
	const char *line = default_line();
	uint32_t i;

	for (i = 0; i < cfg.entries_nr; i++) {
		const struct entry *e = &cfg.entries[i];

		if (e->type == BOOT_LINUX &&
		    is_there(e->target ? e->target : e->label))
			return true;
	}
	return line && !config_find(&cfg, line) && is_there(line);
}

/* The arguments of the default entry, else of the first that names a root. */
static const char *old_args(void)
{
	const char *line = default_line();
	const struct entry *e = line ? config_find(&cfg, line) : NULL;
	uint32_t i;

	if (e && e->type == BOOT_LINUX)
		return e->append ? e->append : cfg.append;
	for (i = 0; i < cfg.entries_nr; i++)
		if (cfg.entries[i].append &&
		    scan_has_root(cfg.entries[i].append))
			return cfg.entries[i].append;
	return cfg.append;
}

/* Nobody is there to choose: any other system is better than none. */
static void boot_others(const struct entry *e)
{
	uint32_t i;

	for (i = 0; i < cfg.entries_nr; i++)
		if (&cfg.entries[i] != e && cfg.entries[i].type == BOOT_LINUX)
			boot_line(cfg.entries[i].label, false);
	if (!has_kernel())
		scan_boot(&fs, old_args(), &cmdline);
}

static void boot_default(const char *line)
{
	boot_line(line, true);
	if (cfg.on_error)
		boot_line(cfg.on_error, true);
	boot_others(config_find(&cfg, line));
}

static void time_is_up(void)
{
	const char *line = cfg.on_timeout ? cfg.on_timeout : default_line();

	if (line)
		boot_default(line);
	else
		boot_others(NULL);
}

static void prompt(struct timer *t, const char *begin)
{
	char line[LINE_MAX];
	bool timed_out;

	line[0] = 0;
	append_text(line, LINE_MAX, begin, strlen(begin));
	if (prompt_line(t, line, &timed_out)) {
		if (cfg.no_options)
			*skip_word(skip_blanks(line)) = 0;
		boot_line(line, !cfg.no_implicit);
	} else if (timed_out) {
		time_is_up();
	} else if (default_line()) {
		boot_line(default_line(), true);
	}
}

static void menu(struct timer *t, struct entry *e)
{
	uint32_t index = e - cfg.entries;
	char line[LINE_MAX];

	switch (menu_choose(t, &cfg, &index)) {
	case MENU_BOOT:
		boot_line(cfg.entries[index].label, false);
		break;
	case MENU_EDIT:
		line[0] = 0;
		append_text(line, LINE_MAX - 1, cfg.entries[index].label,
			    strlen(cfg.entries[index].label));
		append_text(line, LINE_MAX, " ", 1);
		prompt(t, line);
		break;
	case MENU_PROMPT:
		prompt(t, "");
		break;
	case MENU_TIMEOUT:
		time_is_up();
	}
}

/* MENU HIDDEN: true if a key was pressed in time, which shows the menu. */
static bool key_unhides(struct timer *t)
{
	uint32_t key;

	do {
		key = timer_wait(t);
	} while (!key);
	return key != KEY_TIMEOUT;
}

static void interact(void)
{
	struct entry *e = default_line() ? config_find(&cfg, default_line()) :
					   NULL;
	bool show_menu = wants_menu() && e;
	struct timer t;

	timer_start(&t, &cfg);
	if (show_menu && cfg.menu_hidden && t.limit && !key_unhides(&t))
		time_is_up();
	for (;;) {
		if (show_menu)
			menu(&t, e);
		else
			prompt(&t, "");
		/* Here nothing booted: the limits start again, without end. */
		cfg.timeout = 0;
		cfg.total_timeout = 0;
		timer_start(&t, &cfg);
	}
}

void main(uint32_t drive, uint32_t base_lo, uint32_t base_hi)
{
	fault f;

	disk.drive = drive;
	disk.base_lba = join64(base_hi, base_lo);
	f = ext_open(&fs, &disk, memory(CACHE_ADDR));
	if (f) {
		console_printf("Stage 2: %s\n", f);
		bios_next_device();
	}
	cfg.menu_default = CONFIG_NO_ENTRY;
	read_config();
	if (!wants_menu() && !cfg.prompt && default_line() &&
	    (cfg.no_escape || !bios_shifted())) {
		boot_default(default_line());
	} else if (!default_line()) {
		console_puts("No DEFAULT and no UI is set\n");
		if (!cfg.timeout)
			cfg.timeout = NO_DEFAULT_DELAY;
	}
	interact();
}
