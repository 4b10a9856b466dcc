/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the host's 'extlinux' program would install lies in its data section:
 * the boot sector, ldlinux.sys and ldlinux.c32, which is an ELF file itself.
 * No name in the program leads to them, so that they are known by their own
 * signatures; the boot sector and ldlinux.sys belong together where the number
 * that follows the magic number of the one is compared with by the other.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "boot/syslinux.h"
#include "dev/kinds.h"

#define PROGRAM_MAX (16u << 20)
#define MAGIC 0x3eb202feu
#define VBR_HEAD "\xeb\x58\x90SYSLINUX"
#define VBR_MAGIC_OFF 0x1f8
#define SYS_HEAD "\r\nSYSLINUX "

/* ---- the program's data section ----------------------------------------- */

struct section {
	uint64_t off, len, type, flags;
};

#define SHT_PROGBITS 1u
#define SHF_WRITE 1u

static void decode_section(const uint8_t *p, bool is_64, struct section *out)
{
	out->type = dw_le32(p + 4);
	out->flags = is_64 ? dw_le64(p + 8) : dw_le32(p + 8);
	out->off = is_64 ? dw_le64(p + 24) : dw_le32(p + 16);
	out->len = is_64 ? dw_le64(p + 32) : dw_le32(p + 20);
}

/* Where the section headers of an ELF file are; false where it is none. */
static bool find_sections(const uint8_t *elf, size_t len, uint64_t *off,
			  uint32_t *nr, uint32_t *entry_len)
{
	bool is_64;

	if (len < 64 || memcmp(elf, "\x7f" "ELF", 4) || elf[5] != 1)
		return false;
	is_64 = elf[4] == 2;
	*off = is_64 ? dw_le64(elf + 0x28) : dw_le32(elf + 0x20);
	*entry_len = dw_le16(elf + (is_64 ? 0x3a : 0x2e));
	*nr = dw_le16(elf + (is_64 ? 0x3c : 0x30));
	return *entry_len == (is_64 ? 64 : 40) &&
	       dw_in_range(*off, (uint64_t)*nr * *entry_len, len);
}

/* The longest one that can be written, which is .data. */
static int find_data(const uint8_t *elf, size_t len, const uint8_t **data,
		     size_t *data_len, struct dw_err *err)
{
	struct section s;
	uint32_t nr, entry_len, i;
	uint64_t off;

	*data = NULL;
	*data_len = 0;
	if (!find_sections(elf, len, &off, &nr, &entry_len))
		return dw_fail(err, DW_UNSUPPORTED, "it is no ELF program");
	for (i = 0; i < nr; i++) {
		decode_section(elf + off + (uint64_t)i * entry_len,
			       elf[4] == 2, &s);
		if (s.type != SHT_PROGBITS || !(s.flags & SHF_WRITE) ||
		    s.len <= *data_len || !dw_in_range(s.off, s.len, len))
			continue;
		*data = elf + s.off;
		*data_len = (size_t)s.len;
	}
	return *data_len ? 0 : dw_fail(err, DW_UNSUPPORTED, "it has no data");
}

/* ---- the three pieces --------------------------------------------------- */

static const uint8_t *find_vbr(const uint8_t *data, size_t len)
{
	const uint8_t *p = data, *end = data + len;

	while ((p = memmem(p, (size_t)(end - p), VBR_HEAD,
			   sizeof(VBR_HEAD) - 1))) {
		if ((size_t)(end - p) < DW_SYSLINUX_VBR_LEN)
			return NULL;
		if (dw_le32(p + VBR_MAGIC_OFF) == MAGIC &&
		    dw_le16(p + 510) == 0xaa55)
			return p;
		p++;
	}
	return NULL;
}

/* It is the last thing in the data; what follows it in the section, if
 * anything does, is loaded along and does no harm. */
static bool take_sys(struct dw_syslinux *out, const uint8_t *p,
		     const uint8_t *end)
{
	size_t len = (size_t)(end - p) & ~(size_t)3;

	if (len > DW_SYSLINUX_SYS_MAX)
		len = DW_SYSLINUX_SYS_MAX;
	if (dw_syslinux_decode(p, len, &out->fields, NULL) ||
	    !memmem(out->vbr, DW_SYSLINUX_VBR_LEN,
		    p + out->fields.patch_off + 4, 4))
		return false;
	out->sys = p;
	out->sys_len = len;
	return true;
}

static bool find_sys(struct dw_syslinux *out, const uint8_t *data, size_t len)
{
	const uint8_t *p = data, *end = data + len;

	for (; (p = memmem(p, (size_t)(end - p), SYS_HEAD,
			   sizeof(SYS_HEAD) - 1)); p++)
		if (take_sys(out, p, end))
			return true;
	return false;
}

/* The longest ELF file of 32 bits that is whole; section headers end it. */
static void find_c32(struct dw_syslinux *out, const uint8_t *data, size_t len)
{
	const uint8_t *p = data, *end = data + len;
	uint32_t nr, entry_len;
	uint64_t off, file_len;

	for (; (p = memmem(p, (size_t)(end - p), "\x7f" "ELF\1\1", 6)); p++) {
		if (!find_sections(p, (size_t)(end - p), &off, &nr,
				   &entry_len))
			continue;
		file_len = off + (uint64_t)nr * entry_len;
		if (file_len <= out->c32_len)
			continue;
		out->c32 = p;
		out->c32_len = (size_t)file_len;
	}
}

int dw_syslinux_find_take(uint8_t *program, size_t len,
			  struct dw_syslinux *out, struct dw_err *err)
{
	const uint8_t *data;
	size_t data_len;
	int ret;

	memset(out, 0, sizeof(*out));
	out->program = program;
	ret = find_data(program, len, &data, &data_len, err);
	if (ret)
		return ret;
	out->vbr = find_vbr(data, data_len);
	if (!out->vbr || !find_sys(out, data, data_len))
		return dw_fail(err, DW_UNSUPPORTED, "no boot sector and "
			       DW_SYSLINUX_SYS " of syslinux 4 to 6 were found "
			       "in it");
	if (out->fields.major < 5)
		return 0;
	find_c32(out, data, data_len);
	return out->c32 ? 0 : dw_fail(err, DW_UNSUPPORTED, "no "
				      DW_SYSLINUX_C32 " was found in it");
}

int dw_syslinux_load(struct dw_ctx *ctx, const char *path,
		     struct dw_syslinux *out, struct dw_err *err)
{
	struct dw_dev *file;
	uint8_t *program = NULL;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = dw_file_open(ctx, path, DW_OPEN_SHARE, &file, err);
	if (ret)
		return ret;
	if (file->size > PROGRAM_MAX)
		ret = dw_fail(err, DW_UNSUPPORTED, "it is no 'extlinux'");
	else if (!(program = malloc(file->size + 1)))
		ret = dw_fail_nomem(err);
	if (!ret)
		ret = dw_dev_pread(file, 0, program, (size_t)file->size, err);
	if (ret)
		free(program);
	else
		ret = dw_syslinux_find_take(program, (size_t)file->size, out,
					    err);
	dw_dev_close(file, NULL);
	if (ret)
		dw_syslinux_free(out);
	return dw_err_prefix(err, ret, "%s", path);
}

void dw_syslinux_free(struct dw_syslinux *sys)
{
	free(sys->program);
	memset(sys, 0, sizeof(*sys));
}
