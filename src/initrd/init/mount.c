/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts the root. */
#include "console.h"
#include "files.h"
#include "init.h"
#include "root.h"
#include "sys.h"

#define DATA_LEN 1024

struct attempt {
	const char *device;
	unsigned long flags;
	const char *data;
	long error;		/* of the last type that the kernel knows */
};

/* The kernel that has no driver says ENODEV, a driver that is not meant
 * EINVAL; another error is what a user wants to hear. */
static bool try_type(struct attempt *a, const char *type)
{
	long ret = sys_mount(a->device, ROOT_DIR, type, a->flags, a->data);

	if (!ret)
		return true;
	if (!a->error || ret != -SYS_ENODEV)
		a->error = ret;
	return false;
}

/* rootfstype= may list several. */
static bool try_listed(struct attempt *a, const char *types)
{
	char type[32];

	while (*types) {
		size_t len = 0;

		for (; types[len] && types[len] != ','; len++)
			if (len + 1 < sizeof(type))
				type[len] = types[len];
		type[len < sizeof(type) ? len : sizeof(type) - 1] = '\0';
		types += len + (types[len] == ',');
		if (*type && try_type(a, type))
			return true;
	}
	return false;
}

/* Younger drivers of ext mount the older forms. */
static bool try_found(struct attempt *a, const char *type)
{
	static const char *const exts[] = { "ext2", "ext3", "ext4", "ext4dev" };
	bool from = false;

	if (try_type(a, type))
		return true;
	for (size_t i = 0; i < sizeof(exts) / sizeof(*exts); i++) {
		if (from && try_type(a, exts[i]))
			return true;
		from |= text_is(type, exts[i]);
	}
	return false;
}

bool root_mount(const struct cmdline *cmd, const struct found *found)
{
	char path[DEVICE_PATH], data[DATA_LEN];
	struct attempt a = { path, cmd->rw ? 0 : ROOT_RDONLY, data, 0 };
	const char *type = found->super.type;
	bool done;

	device_node(&found->device, path);
	if (!root_flags(cmd->root_flags ? cmd->root_flags : "", &a.flags, data,
			sizeof(data))) {
		error("rootflags= has more than %u bytes", DATA_LEN);
		return false;
	}
	if (cmd->root_type && !text_is(cmd->root_type, "auto")) {
		type = cmd->root_type;
		done = try_listed(&a, type);
	} else if (found->super.mountable) {
		done = try_found(&a, type);
	} else {
		error("%s holds no filesystem that this initrd mounts (%s); "
		      "rootfstype= may name one", path,
		      type ? type : "unknown");
		return false;
	}
	if (!done)
		error("%s cannot be mounted as %s: error %u of the kernel%s",
		      path, type, (uint32_t)-a.error,
		      a.error == -SYS_ENODEV ? ", which has no such driver" :
		      "");
	return done;
}
