/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of the initrd and of /proc. */
#include "files.h"
#include "sys.h"

#define PARTITIONS_LEN (64u << 10)

static long read_all(long fd, char *out, size_t len)
{
	size_t got = 0;

	while (got < len) {
		long n = sys_read(fd, out + got, len - got);

		if (n < 0)
			return n;
		if (!n)
			break;
		got += (size_t)n;
	}
	return (long)got;
}

long file_text(const char *path, char *out, size_t cap)
{
	long fd = sys_open(path, SYS_O_RDONLY), len;

	*out = '\0';
	if (fd < 0)
		return fd;
	len = read_all(fd, out, cap - 1);
	sys_close(fd);
	out[len < 0 ? 0 : len] = '\0';
	return len;
}

static char *heap_start;

/* The heap grows by as much as the file has, and shrinks again. */
long file_load(const char *path, const char **data, size_t *len)
{
	long fd = sys_open(path, SYS_O_RDONLY), ret;

	if (fd < 0)
		return fd;
	ret = sys_lseek(fd, 0, SYS_SEEK_END);
	if (ret > 0)
		sys_lseek(fd, 0, SYS_SEEK_SET);
	if (!heap_start)
		heap_start = sys_brk(NULL);
	*data = heap_start;
	*len = ret > 0 ? (size_t)ret : 0;
	if (ret > 0 && sys_brk(heap_start + *len) != heap_start + *len)
		ret = -SYS_ENOMEM;
	if (ret > 0)
		ret = read_all(fd, heap_start, *len);
	sys_close(fd);
	if (ret >= 0 && (size_t)ret != *len)
		ret = -SYS_EIO;
	return ret < 0 ? ret : 0;
}

void file_drop(void)
{
	if (heap_start)
		sys_brk(heap_start);
}

bool devices_refresh(struct devices *d)
{
	static char text[PARTITIONS_LEN], last[PARTITIONS_LEN];

	if (file_text("/proc/partitions", text, sizeof(text)) <= 0 ||
	    text_is(text, last))
		return false;
	text_copy(last, sizeof(last), text);
	devices_parse(d, text);
	return true;
}

/* devtmpfs, where the kernel has it, has made the node already; the folder of
 * "cciss/c0d0" too. */
void device_node(const struct device *dev, char path[DEVICE_PATH])
{
	text_copy(path, DEVICE_PATH, "/dev/");
	for (const char *at = dev->name; *at; at++) {
		char one[2] = { *at };

		if (*at == '/')
			sys_mkdir(path, 0755);
		text_add(path, DEVICE_PATH, one);
	}
	sys_mknod(path, SYS_S_IFBLK | 0600, dev->major, dev->minor);
}

static bool read_at(void *arg, uint64_t off, void *buf, size_t len)
{
	return sys_pread((long)arg, buf, len, off) == (long)len;
}

bool device_open(const struct device *dev, struct disk *disk)
{
	char path[DEVICE_PATH];
	long fd;

	device_node(dev, path);
	fd = sys_open(path, SYS_O_RDONLY);
	disk->read = read_at;
	disk->arg = (void *)fd;
	disk->size = dev->size;
	return fd >= 0;
}

void device_close(struct disk *disk)
{
	sys_close((long)disk->arg);
}
