/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs the scripts that Red Hat's nash runs, far enough to reach a root: for
 * initrds of tests, linked statically.  Written after what nash 4.2 and 5.1
 * do with a line, not after how: words with quotes, commands of $PATH before
 * those of its own, "nash-" for its own, and whatever fails is passed over.
 *
 *   nash SCRIPT          also as /init, by "#!/bin/nash"
 *   insmod FILE [OPTION...]
 *   udevstart            makes nodes, as udev of RHEL 4 does at its start
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_NR 64

static const char *const path[] = { "/usr/bin", "/bin", "/sbin", "/usr/sbin" };
static int quiet;
/* What mkrootdev leaves for "mount /sysroot". */
static char root_type[32], root_options[256];

static void say(const char *what, const char *about)
{
	fprintf(stderr, "nash: %s %s: %s\n", what, about, strerror(errno));
}

static char *read_all(const char *file, size_t *len)
{
	char *text = NULL;
	size_t cap = 0;
	ssize_t got = 1;
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	*len = 0;
	while (fd >= 0 && got > 0) {
		text = realloc(text, (cap += 1 << 20) + 1);
		while (*len < cap &&
		       (got = read(fd, text + *len, cap - *len)) > 0)
			*len += (size_t)got;
	}
	if (text)
		text[*len] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}

/* The value of a kernel argument; "" for one without, NULL for none. */
static char *kernel_arg(const char *name)
{
	size_t len, n = strlen(name);
	char *text = read_all("/proc/cmdline", &len);

	for (char *w = text ? strtok(text, " \n") : NULL; w;
	     w = strtok(NULL, " \n"))
		if (!strncmp(w, name, n) && (!w[n] || w[n] == '='))
			return w[n] ? w + n + 1 : w + n;
	return NULL;
}

/* ---- disks --------------------------------------------------------------- */

/* Calls fn for every block device until it returns other than 0. */
static int each_disk(int (*fn)(const char *name, dev_t dev, void *arg),
		     void *arg)
{
	DIR *dir = opendir("/sys/class/block");
	struct dirent *d;
	int ret = 0;

	while (dir && !ret && (d = readdir(dir))) {
		char file[300];
		unsigned major, minor;
		size_t len;
		char *text;

		snprintf(file, sizeof(file), "/sys/class/block/%s/dev",
			 d->d_name);
		text = d->d_name[0] == '.' ? NULL : read_all(file, &len);
		if (text && sscanf(text, "%u:%u", &major, &minor) == 2)
			ret = fn(d->d_name, makedev(major, minor), arg);
		free(text);
	}
	if (dir)
		closedir(dir);
	return ret;
}

static int make_node(const char *name, dev_t dev, void *arg)
{
	char node[300];

	snprintf(node, sizeof(node), "/dev/%s", name);
	mknod(node, S_IFBLK | 0600, dev);
	return 0;
}

struct wanted {
	const char *label, *uuid, *name;
	dev_t dev;
};

/* Superblock of ext: magic at 56, UUID at 104, label at 120. */
static int is_wanted(const char *name, dev_t dev, void *arg)
{
	struct wanted *w = arg;
	unsigned char sb[1024] = "";
	char uuid[40] = "";
	int fd;

	if (w->name) {
		w->dev = dev;
		return !strcmp(name, w->name);
	}
	mknod("/probe", S_IFBLK | 0600, dev);
	fd = open("/probe", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, sb, sizeof(sb), 1024) != (ssize_t)sizeof(sb) ||
	    sb[56] != 0x53 || sb[57] != 0xef)
		memset(sb, 0, sizeof(sb));
	if (fd >= 0)
		close(fd);
	unlink("/probe");
	for (int i = 0; i < 16; i++)
		sprintf(uuid + strlen(uuid), "%02x%s", sb[104 + i],
			i == 3 || i == 5 || i == 7 || i == 9 ? "-" : "");
	w->dev = dev;
	return sb[56] && ((w->uuid && !strcasecmp(uuid, w->uuid)) ||
			  (w->label && !strncmp((char *)sb + 120, w->label,
						16)));
}

static int find_root(const char *spec, dev_t *dev)
{
	struct wanted w = {
		.label = strncmp(spec, "LABEL=", 6) ? NULL : spec + 6,
		.uuid = strncmp(spec, "UUID=", 5) ? NULL : spec + 5,
	};

	if (!w.label && !w.uuid)
		w.name = strncmp(spec, "/dev/", 5) ? spec : spec + 5;
	errno = ENODEV;
	if (!each_disk(is_wanted, &w)) {
		say("mkrootdev", spec);
		return 1;
	}
	*dev = w.dev;
	return 0;
}

/* ---- commands of its own ------------------------------------------------- */

static int do_mount(int nr, char **words)
{
	const char *type = NULL, *options = "", *at[2] = { NULL, NULL };
	unsigned long flags = 0;
	char data[256] = "";
	int n = 0;

	for (int i = 1; i < nr; i++) {
		if (!strcmp(words[i], "-t") && i + 1 < nr)
			type = words[++i];
		else if (!strcmp(words[i], "-o") && i + 1 < nr)
			options = words[++i];
		else if (!strcmp(words[i], "--ro"))
			flags |= MS_RDONLY;
		else if (!strcmp(words[i], "--bind"))
			flags |= MS_BIND;
		else if (n < 2)
			at[n++] = words[i];
	}
	if (n == 1) {
		at[1] = at[0];
		at[0] = "/dev/root";
		type = root_type;
		options = root_options;
	}
	for (char *o = strtok(strdup(options), ","); o; o = strtok(NULL, ",")) {
		if (!strcmp(o, "ro"))
			flags |= MS_RDONLY;
		else if (strcmp(o, "defaults") && strcmp(o, "rw"))
			snprintf(data + strlen(data),
				 sizeof(data) - strlen(data), "%s%s",
				 *data ? "," : "", o);
	}
	if (n && !mount(at[0], at[1], type, flags, data))
		return 0;
	say("mount", n ? at[1] : "");
	return 1;
}

/* 4.2: "mkrootdev /dev/root", the node.  5.1: type, options, the root. */
static int do_mkrootdev(int nr, char **words)
{
	const char *root = kernel_arg("root"), *name = NULL;
	dev_t dev;

	for (int i = 1; i < nr; i++) {
		if (!strcmp(words[i], "-t") && i + 1 < nr)
			snprintf(root_type, sizeof(root_type), "%s",
				 words[++i]);
		else if (!strcmp(words[i], "-o") && i + 1 < nr)
			snprintf(root_options, sizeof(root_options), "%s",
				 words[++i]);
		else
			name = words[i];
	}
	if (!root && *root_type)
		root = name;
	if (!root || find_root(root, &dev))
		return 1;
	return mknod("/dev/root", S_IFBLK | 0600, dev);
}

static int do_echo(int nr, char **words)
{
	int newline = 1, fd = 1, i = 1, last = nr;

	if (nr > 1 && !strcmp(words[1], "-n")) {
		newline = 0;
		i++;
	}
	if (nr > 3 && !strcmp(words[nr - 2], ">")) {
		fd = open(words[nr - 1], O_WRONLY | O_CREAT | O_TRUNC, 0644);
		last -= 2;
	}
	for (; i < last && (fd != 1 || !quiet); i++)
		dprintf(fd, "%s%s", words[i], i + 1 < last ? " " : "");
	if (newline && (fd != 1 || !quiet))
		dprintf(fd, "\n");
	if (fd > 1)
		close(fd);
	return fd < 0;
}

static int do_mknod(int nr, char **words)
{
	return nr != 5 || mknod(words[1], (words[2][0] == 'b' ? S_IFBLK :
					   S_IFCHR) | 0600,
				makedev(atoi(words[3]), atoi(words[4])));
}

static int do_mkdir(int nr, char **words)
{
	return nr < 2 || mkdir(words[nr - 1], 0755);
}

static int do_umount(int nr, char **words)
{
	return nr < 2 || umount2(words[1], MNT_DETACH);
}

static int do_mkblkdevs(int nr, char **words)
{
	return each_disk(make_node, NULL);
}

static int do_setquiet(int nr, char **words)
{
	quiet = kernel_arg("quiet") != NULL;
	return 0;
}

static int do_sleep(int nr, char **words)
{
	return nr < 2 || sleep((unsigned)atoi(words[1]));
}

/* /proc, /sys and /dev of the root, while there is none other. */
static int do_setuproot(int nr, char **words)
{
	static const char *const moved[] = { "/proc", "/sys", "/dev" };
	char to[40];

	for (int i = 0; i < 3; i++) {
		snprintf(to, sizeof(to), "/sysroot%s", moved[i]);
		mount(moved[i], to, NULL, MS_MOVE, NULL);
	}
	return 0;
}

static int do_switchroot(int nr, char **words)
{
	const char *to = nr > 1 ? words[nr - 1] : "/sysroot";
	char init[] = "/sbin/init", *argv[] = { init, NULL };

	if (chdir(to) || access("./sbin/init", X_OK) ||
	    mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".")) {
		say("switchroot", to);
		return 1;
	}
	execv(argv[0], argv);
	say("exec", argv[0]);
	return 1;
}

static int do_nothing(int nr, char **words)
{
	return 0;
}

static const struct {
	const char *name;
	int (*fn)(int nr, char **words);
} commands[] = {
	{ "mount", do_mount }, { "umount", do_umount }, { "echo", do_echo },
	{ "mkdir", do_mkdir }, { "mknod", do_mknod },
	{ "mkblkdevs", do_mkblkdevs }, { "mkrootdev", do_mkrootdev },
	{ "setquiet", do_setquiet }, { "sleep", do_sleep },
	{ "setuproot", do_setuproot }, { "switchroot", do_switchroot },
	{ "hotplug", do_nothing }, { "stabilized", do_nothing },
	{ "resume", do_nothing }, { "mkdmnod", do_nothing },
	{ "mkchardevs", do_nothing },
};

/* ---- the script ---------------------------------------------------------- */

static int split(char *line, char **words)
{
	int nr = 0;

	while (nr < WORDS_NR - 1) {
		char end = '\0';

		while (isspace((unsigned char)*line))
			line++;
		if (!*line)
			break;
		if (*line == '"' || *line == '\'')
			end = *line++;
		words[nr++] = line;
		while (*line && (end ? *line != end :
				 !isspace((unsigned char)*line)))
			line++;
		if (*line)
			*line++ = '\0';
	}
	words[nr] = NULL;
	return nr;
}

static int run_program(const char *file, char **words)
{
	pid_t pid = fork();
	int status = 1;

	if (!pid) {
		execv(file, words);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return status != 0;
}

static int run(int nr, char **words)
{
	char file[300];

	if (!strncmp(words[0], "nash-", 5)) {
		words[0] += 5;
	} else if (strchr(words[0], '/')) {
		return run_program(words[0], words);
	} else {
		for (size_t i = 0; i < sizeof(path) / sizeof(*path); i++) {
			snprintf(file, sizeof(file), "%s/%s", path[i],
				 words[0]);
			if (!access(file, X_OK))
				return run_program(file, words);
		}
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(words[0], commands[i].name))
			return commands[i].fn(nr, words);
	return 1;
}

/* A last line without its end is not run. */
static void run_script(char *text)
{
	char *words[WORDS_NR], *end;

	for (; (end = strchr(text, '\n')); text = end + 1) {
		int nr;

		*end = '\0';
		nr = split(text, words);
		if (nr && words[0][0] != '#')
			run(nr, words);
	}
}

/* ---- insmod -------------------------------------------------------------- */

static int insmod(int argc, char **argv)
{
	size_t len;
	char *module = argc > 1 ? read_all(argv[1], &len) : NULL;

	if (module && !syscall(SYS_init_module, module, len,
			       argc > 2 ? argv[2] : ""))
		return 0;
	say("insmod", argc > 1 ? argv[1] : "");
	return 1;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	char *text;
	size_t len;

	name = name ? name + 1 : argv[0];
	if (!strcmp(name, "insmod"))
		return insmod(argc, argv);
	if (!strcmp(name, "udevstart"))
		return each_disk(make_node, NULL);
	text = argc > 1 ? read_all(argv[1], &len) : NULL;
	if (!text)
		return 1;
	run_script(text);
	return 1;
}
