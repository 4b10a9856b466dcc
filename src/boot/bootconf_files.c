/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where guests keep their boot configurations. */
#include "boot/bootconf.h"

const struct dw_boot_file dw_boot_files[] = {
	{ "/boot/grub/grub.cfg", DW_BOOTCONF_GRUBCFG },
	{ "/boot/grub2/grub.cfg", DW_BOOTCONF_GRUBCFG },
	{ "/boot/extlinux/extlinux.conf", DW_BOOTCONF_EXTLINUX },
	{ "/boot/extlinux.conf", DW_BOOTCONF_EXTLINUX },
	{ "/extlinux/extlinux.conf", DW_BOOTCONF_EXTLINUX },
	{ "/extlinux.conf", DW_BOOTCONF_EXTLINUX },
	{ "/boot/grub/menu.lst", DW_BOOTCONF_MENULST },
	{ "/boot/grub/grub.conf", DW_BOOTCONF_MENULST },
	{ NULL, 0 },
};
