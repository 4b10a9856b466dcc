/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Naming what no driver of ours claims, by libblkid. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <blkid.h>

#include "base/checked.h"
#include "fs/identify.h"

/* Superblocks lie near the start (ZFS: 256 KiB, UDF: 512 KiB) or near the end
 * (RAID, NILFS): that much of both is shown to libblkid. */
#define WINDOW_LEN (UINT64_C(1) << 20)
#define MAX_EXTENTS 256

/* Where all of the device lies in one host file without a gap. */
static bool one_plain_run(struct dw_dev *dev, int *fd, uint64_t *start)
{
	uint64_t off = 0;
	unsigned nr = 0;

	*fd = -1;
	while (off < dev->size) {
		struct dw_extent e;

		if (nr++ == MAX_EXTENTS ||
		    dw_dev_extent(dev, off, dev->size - off, &e, NULL) ||
		    e.host_fd < 0 || e.host_off < off)
			return false;
		if (*fd < 0) {
			*fd = e.host_fd;
			*start = e.host_off;
		}
		if (e.host_fd != *fd || e.host_off - off != *start)
			return false;
		off += e.len;
	}
	return *fd >= 0;
}

static int copy_window(struct dw_dev *dev, int fd, uint64_t off, uint64_t len,
		       struct dw_err *err)
{
	static const size_t part_max = 64 << 10;
	uint8_t buf[64 << 10];

	while (len) {
		size_t part = dw_min(len, part_max);
		int ret = dw_dev_pread(dev, off, buf, part, err);

		if (ret)
			return ret;
		if (pwrite(fd, buf, part, (off_t)off) != (ssize_t)part)
			return dw_fail_errno(err, errno, "blkid: window");
		off += part;
		len -= part;
	}
	return 0;
}

static int make_windows(struct dw_dev *dev, int *out, struct dw_err *err)
{
	uint64_t tail_off = dw_round_down(dev->size -
					  dw_min(dev->size, WINDOW_LEN), 4096);
	int fd = memfd_create("diskwright-blkid", MFD_CLOEXEC);
	int ret;

	*out = -1;
	if (fd < 0 || ftruncate(fd, (off_t)dev->size)) {
		ret = dw_fail_errno(err, errno, "blkid: window");
		goto fail;
	}
	ret = copy_window(dev, fd, 0, dw_min(dev->size, WINDOW_LEN), err);
	if (!ret)
		ret = copy_window(dev, fd, tail_off, dev->size - tail_off, err);
	if (!ret) {
		*out = fd;
		return 0;
	}
fail:
	if (fd >= 0)
		close(fd);
	return ret;
}

static bool value_of(blkid_probe pr, const char *name, char *out, size_t size)
{
	const char *v;

	out[0] = '\0';
	if (blkid_probe_lookup_value(pr, name, &v, NULL))
		return false;
	snprintf(out, size, "%s", v);
	return true;
}

/* Only the common form of 36 characters; serial numbers of FAT and NTFS are
 * none. */
static bool parse_uuid(const char *text, uint8_t *uuid)
{
	unsigned n = 0;

	if (strlen(text) != 36)
		return false;
	for (const char *p = text; n < 16; p += 2) {
		unsigned byte;

		if (*p == '-')
			p++;
		if (sscanf(p, "%2x", &byte) != 1)
			return false;
		uuid[n++] = (uint8_t)byte;
	}
	return true;
}

static void take_values(blkid_probe pr, struct dw_fs_info *out)
{
	char text[64];

	value_of(pr, "TYPE", out->type, sizeof(out->type));
	value_of(pr, "LABEL", out->label, sizeof(out->label));
	if (value_of(pr, "UUID", text, sizeof(text)))
		out->has_uuid = parse_uuid(text, out->uuid);
	out->partial = true;
}

/* 'but' is a kind that does not count; NULL: all do. */
static int set_up(blkid_probe pr, const char *but, struct dw_err *err)
{
	char *types[] = { (char *)but, NULL };

	blkid_probe_enable_partitions(pr, 0);
	blkid_probe_enable_superblocks(pr, 1);
	blkid_probe_set_superblocks_flags(pr, BLKID_SUBLKS_TYPE |
					  BLKID_SUBLKS_LABEL |
					  BLKID_SUBLKS_UUID);
	if (but && blkid_probe_filter_superblocks_type(pr, BLKID_FLTR_NOTIN,
						       types))
		return dw_fail_errno(err, errno ? errno : EIO, "blkid");
	return 0;
}

static int ask(int fd, uint64_t start, uint64_t len, const char *but,
	       struct dw_fs_info *out, struct dw_err *err)
{
	blkid_probe pr = blkid_new_probe();
	int rc, ret = 0;

	if (!pr)
		return dw_fail_nomem(err);
	if (blkid_probe_set_device(pr, fd, (blkid_loff_t)start,
				   (blkid_loff_t)len)) {
		ret = dw_fail_errno(err, errno ? errno : EIO, "blkid");
		goto out;
	}
	ret = set_up(pr, but, err);
	if (ret)
		goto out;
	rc = blkid_do_safeprobe(pr);
	if (!rc)
		take_values(pr, out);
	if (!rc && out->type[0])
		goto out;
	if (rc == -2)
		ret = dw_fail(err, DW_UNSUPPORTED, "blkid: the signatures of "
			      "several filesystems are there");
	else if (rc < 0)
		ret = dw_fail_errno(err, errno ? errno : EIO, "blkid");
	else
		ret = dw_fail(err, DW_NOT_MINE, "blkid: nothing known");
out:
	blkid_free_probe(pr);
	return ret;
}

int dw_blkid_identify(struct dw_dev *dev, struct dw_fs_info *out,
		      struct dw_err *err)
{
	return dw_blkid_identify_but(dev, NULL, out, err);
}

int dw_blkid_identify_but(struct dw_dev *dev, const char *type,
			  struct dw_fs_info *out, struct dw_err *err)
{
	uint64_t start;
	int fd, ret;

	memset(out, 0, sizeof(*out));
	if (dev->size < 1024)
		return dw_fail(err, DW_NOT_MINE, "blkid: only %llu bytes",
			       (unsigned long long)dev->size);
	if (one_plain_run(dev, &fd, &start))
		return ask(fd, start, dev->size, type, out, err);
	ret = make_windows(dev, &fd, err);
	if (ret)
		return ret;
	ret = ask(fd, 0, dev->size, type, out, err);
	close(fd);
	return ret;
}
