/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The /init of initrds that diskwright makes: the one process that runs before
 * the root is there.  See NOTES.md in the folder above.
 */
#include "console.h"
#include "files.h"
#include "init.h"
#include "sys.h"

int init_main(int argc, char **argv, char **envp);

/* Refuses to run anywhere but where the kernel starts it: root_enter() removes
 * what lies in the root folder. */
static bool is_initrd(void)
{
	unsigned long magic = sys_fs_magic("/") & 0xffffffff;

	return sys_getpid() == 1 &&
		(magic == 0x858458f6 /* ramfs */ ||
		 magic == 0x01021994 /* tmpfs */);
}

static void read_cmdline(struct cmdline *cmd)
{
	static char text[CMDLINE_LEN];

	if (file_text("/proc/cmdline", text, sizeof(text)) < 0)
		error("no /proc/cmdline: is procfs missing in this kernel?");
	cmdline_parse(cmd, text);
	console_quiet = cmd->quiet;
	if (cmd->shell)
		error("break and rd.break have no effect: there is no shell "
		      "in this initrd");
	if (cmd->resume)
		note("resume=%s is ignored: this initrd does not wake up a "
		     "system", cmd->resume);
}

int init_main(int argc, char **argv, char **envp)
{
	static struct cmdline cmd;
	static struct found found;

	if (!is_initrd()) {
		error("this is the first process of an initrd, not a command");
		return 1;
	}
	console_open();
	mounts_open();
	read_cmdline(&cmd);
	modules_load(&cmd);
	if (root_find(&cmd, &found) && root_mount(&cmd, &found))
		root_enter(&cmd, argv, envp);
	error("cannot go on, and there is no shell in this initrd; the kernel "
	      "panics now, and restarts if panic= says so");
	return 1;
}
