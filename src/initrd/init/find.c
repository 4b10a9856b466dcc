/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waits for the root and finds it. */
#include "console.h"
#include "files.h"
#include "init.h"
#include "part.h"
#include "root.h"
#include "sys.h"

#define ROUND_MS	100
#define WAIT_MS		30000u	/* at least; rootdelay= may say more */
#define RENAME_MS	10000u	/* until a name of another hypervisor will do */
#define DELAY_MAX	(24 * 3600u)

static struct devices devices;

static void read_super(const struct device *dev, struct super *out)
{
	struct disk disk;

	memset(out, 0, sizeof(*out));
	if (!device_open(dev, &disk))
		return;
	super_read(&disk, out);
	device_close(&disk);
}

static bool is_meant(const struct root *root, const struct super *super)
{
	if (!super->mountable)
		return false;
	return root->kind == ROOT_UUID ?
		text_is_nocase(super->uuid, root->value) :
		text_is(super->label, root->value);
}

/* By what the superblock says.  The first one counts. */
static const struct device *by_super(const struct root *root)
{
	const struct device *found = NULL;
	static struct super super;

	for (uint32_t i = 0; i < devices.nr; i++) {
		read_super(&devices.items[i], &super);
		if (!is_meant(root, &super))
			continue;
		if (!found)
			found = &devices.items[i];
		else
			error("/dev/%s is taken; /dev/%s is called the same",
			      found->name, devices.items[i].name);
	}
	return found;
}

/* By what a partition table says. */
static const struct device *by_table(const struct root *root)
{
	const struct device *found = NULL, *dev;
	struct disk disk;
	uint32_t number;

	for (uint32_t i = 0; i < devices.nr && !found; i++) {
		dev = &devices.items[i];
		if (devices_is_partition(&devices, dev) ||
		    !device_open(dev, &disk))
			continue;
		number = root->kind == ROOT_PARTUUID ?
			part_by_uuid(&disk, root->value) :
			part_by_label(&disk, root->value);
		device_close(&disk);
		found = devices_partition(&devices, dev, number);
	}
	return found;
}

static const struct device *look(const struct root *root)
{
	switch (root->kind) {
	case ROOT_UUID:
	case ROOT_LABEL:
		return by_super(root);
	case ROOT_PARTUUID:
	case ROOT_PARTLABEL:
		return by_table(root);
	case ROOT_NAME:
		return devices_named(&devices, root->value);
	case ROOT_NUMBER:
		return devices_numbered(&devices, root->major, root->minor);
	default:
		return NULL;
	}
}

static const struct device *look_renamed(const struct root *root)
{
	const struct device *dev;
	bool several;

	if (root->kind != ROOT_NAME)
		return NULL;
	dev = devices_renamed(&devices, root->value, &several);
	if (dev)
		error("there is no /dev/%s; /dev/%s is taken in its place",
		      root->value, dev->name);
	return dev;
}

static void tell_devices(const char *root)
{
	static struct super super;

	error("root=%s was not found; there are these block devices:", root);
	for (uint32_t i = 0; i < devices.nr; i++) {
		const struct device *dev = &devices.items[i];

		read_super(dev, &super);
		error("  /dev/%s: %s%s%s%s%s%s", dev->name,
		      super.type ? super.type : "unknown",
		      *super.uuid ? " UUID=" : "", super.uuid,
		      *super.label ? " LABEL=" : "", super.label,
		      super.type && !super.mountable ?
		      ", which this initrd does not handle" : "");
	}
	if (!devices.nr)
		error("  none: is a driver missing?");
}

/* Rounds of a tenth of a second; what reads take comes on top.  Devices are
 * looked at when they change, and every two seconds, since a disk may be
 * there before its content can be read. */
static const struct device *wait_for(const struct cmdline *cmd,
				     const struct root *root)
{
	uint32_t limit_ms = WAIT_MS, ms;
	const struct device *dev = NULL;

	if (cmd->root_delay > WAIT_MS / 1000)
		limit_ms = (cmd->root_delay < DELAY_MAX ? cmd->root_delay :
			    DELAY_MAX) * 1000;
	for (ms = 0; !dev; ms += ROUND_MS) {
		if (devices_refresh(&devices) || ms % 2000 == 0)
			dev = look(root);
		if (!dev && ms >= RENAME_MS && ms % 2000 == 0)
			dev = look_renamed(root);
		if (dev)
			break;
		if (ms == 2000)
			note("waiting for root=%s", cmd->root);
		if (ms == limit_ms) {
			tell_devices(cmd->root);
			if (!cmd->root_wait)
				break;
			error("still waiting, as rootwait says");
		}
		/* With rootwait there is no end; nor is there in the count. */
		if (ms >= DELAY_MAX * 1000)
			ms -= 2000;
		sys_sleep_ms(ROUND_MS);
	}
	return dev;
}

bool root_find(const struct cmdline *cmd, struct found *out)
{
	static struct root root;
	const struct device *dev;

	root_parse(cmd->root, &root);
	if (root.kind == ROOT_LEFT_OUT) {
		error("a root %s is not handled by this initrd: root=%s",
		      root.why, cmd->root ? cmd->root : "");
		return false;
	}
	dev = wait_for(cmd, &root);
	if (!dev)
		return false;
	out->device = *dev;
	read_super(dev, &out->super);
	return true;
}
