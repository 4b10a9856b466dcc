/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The user's editor on a private copy of a file. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"

#define FILE_LEN_MAX (64u << 20)	/* the library has a limit of its own */

extern char **environ;

static int fail_errno(struct dw_err *err, const char *what)
{
	return cli_fail(err, DW_IO, "%s: %s", what, strerror(errno));
}

/* Editors tell the kind of a file by its name; one that is out of the ordinary
 * is for nobody's terminal. */
static const char *safe_name(const char *path)
{
	static const char usual[] = "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+";
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t len = strlen(name);

	if (!len || len > 100 || strspn(name, usual) != len ||
	    !strcmp(name, ".") || !strcmp(name, ".."))
		return "file";
	return name;
}

static int make_folder(struct cli_copy *c, const char *name, struct dw_err *err)
{
	const char *tmp = getenv("TMPDIR");

	if (!tmp || !*tmp)
		tmp = "/tmp";
	if (asprintf(&c->dir, "%s/diskwright-XXXXXX", tmp) < 0)
		c->dir = NULL;
	if (!c->dir)
		return cli_fail(err, DW_NOMEM, "out of memory");
	if (!mkdtemp(c->dir)) {
		fail_errno(err, c->dir);
		free(c->dir);
		c->dir = NULL;
		return DW_IO;
	}
	if (asprintf(&c->path, "%s/%s", c->dir, name) >= 0)
		return 0;
	c->path = NULL;
	return cli_fail(err, DW_NOMEM, "out of memory");
}

static int write_copy(const struct cli_copy *c, const char *p, size_t len,
		      struct dw_err *err)
{
	int fd = open(c->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t done = 0;

	if (fd < 0)
		return fail_errno(err, c->path);
	for (; len && done >= 0; p += done, len -= (size_t)done)
		done = write(fd, p, len);
	if (close(fd) < 0 || done < 0)
		return fail_errno(err, c->path);
	return 0;
}

static int read_all(FILE *f, const struct cli_copy *c, char **out, size_t *len,
		    struct dw_err *err)
{
	struct stat st;
	char *p;

	if (fstat(fileno(f), &st) < 0)
		return fail_errno(err, c->path);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > FILE_LEN_MAX)
		return cli_fail(err, DW_LIMIT, "%s: the editor left no file of"
				" at most %u bytes", c->path, FILE_LEN_MAX);
	p = malloc((size_t)st.st_size + 1);
	if (!p)
		return cli_fail(err, DW_NOMEM, "out of memory");
	*len = fread(p, 1, (size_t)st.st_size, f);
	*out = p;
	return *len == (size_t)st.st_size ? 0 : fail_errno(err, c->path);
}

/* An editor may have put another file in its place, but no link. */
static int read_copy(struct cli_copy *c, char **out, size_t *len,
		     struct dw_err *err)
{
	int fd = open(c->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	int ret;

	if (!f) {
		ret = fail_errno(err, c->path);
		if (fd >= 0)
			close(fd);
		return ret;
	}
	/* Until it is known: what cannot be read is not thrown away. */
	c->is_changed = true;
	ret = read_all(f, c, out, len, err);
	fclose(f);
	return ret;
}

/* Editors leave more than the file in its folder: swap files, backups. */
static void remove_copy(const struct cli_copy *c)
{
	DIR *dir = c->dir ? opendir(c->dir) : NULL;
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		unlinkat(dirfd(dir), e->d_name, 0);
	if (dir)
		closedir(dir);
	if (c->dir)
		rmdir(c->dir);
}

/* The path is what must not be cut off. */
static void say_kept(const struct cli_copy *c, int code, struct dw_err *err)
{
	char why[DW_ERR_TEXT], *kept = NULL;
	int room;

	if (asprintf(&kept, "; what was typed is kept in %s", c->path) < 0)
		return;
	room = (int)(sizeof(err->text) - 1) - (int)strlen(kept);
	snprintf(why, sizeof(why), "%.*s", room > 0 ? room : 0,
		 code == DW_CANCELLED ? "cancelled" : err->text);
	snprintf(err->text, sizeof(err->text), "%s%s", why, kept);
	free(kept);
}

int cli_end_copy(struct cli_copy *c, int code, struct dw_err *err)
{
	if (code && c->is_changed)
		say_kept(c, code, err);
	else
		remove_copy(c);
	free(c->dir);
	free(c->path);
	memset(c, 0, sizeof(*c));
	return code;
}

/* $EDITOR may have arguments, and so is the shell's. */
static int spawn(char *path, pid_t *pid, struct dw_err *err)
{
	static char sh[] = "sh", option[] = "-c", name[] = "editor";
	static char script[] = "eval \"${VISUAL:-${EDITOR:-vi}} \\\"\\$1\\\"\"";
	char *argv[] = { sh, option, script, name, path, NULL };
	posix_spawnattr_t attr;
	sigset_t set;
	int errnum;

	/* As the editor expects them, not as we have them meanwhile. */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGPIPE);
	sigaddset(&set, SIGXFSZ);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &set);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	errnum = posix_spawn(pid, "/bin/sh", NULL, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	if (!errnum)
		return 0;
	errno = errnum;
	return fail_errno(err, "/bin/sh");
}

/* A key that interrupts is meant for the editor. */
static int edit_copy(const struct cli_copy *c, struct dw_err *err)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old_int, old_quit;
	int status = 0, ret;
	pid_t pid;

	sigaction(SIGINT, &ignore, &old_int);
	sigaction(SIGQUIT, &ignore, &old_quit);
	ret = spawn(c->path, &pid, err);
	while (!ret && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGQUIT, &old_quit, NULL);
	if (ret || (WIFEXITED(status) && !WEXITSTATUS(status)))
		return ret;
	return cli_fail(err, DW_IO, "the editor ended with %s %d; nothing is"
			" changed", WIFEXITED(status) ? "status" : "signal",
			WIFEXITED(status) ? WEXITSTATUS(status)
					  : WTERMSIG(status));
}

int cli_run_editor(void *arg, const char *path, const char *old,
		   size_t old_len, char **out, size_t *len,
		   struct dw_err *err)
{
	struct cli_copy *c = arg;
	int ret = make_folder(c, safe_name(path), err);

	if (!ret)
		ret = write_copy(c, old, old_len, err);
	if (!ret)
		ret = edit_copy(c, err);
	if (!ret)
		ret = read_copy(c, out, len, err);
	if (!ret)
		c->is_changed = *len != old_len || memcmp(*out, old, old_len);
	return ret;
}
