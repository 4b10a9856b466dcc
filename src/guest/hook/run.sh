#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Put here by diskwright: kernels or initrds come or go, syslinux.cfg follows.
# The folder that this lies in says what its arguments are.
[ -x /sbin/diskwright-update ] || exit 0
# Debian's kernel packages speak with debconf on standard output, and GRUB's
# tools make a configuration of it.
exec < /dev/null >&2
case $0:${1-} in
# Before the files go.
*.install:remove)	set -- --without "${2-}" ;;
*/prerm.d/*)		set -- --without "${1-}" ;;
*)			set -- ;;
esac
/sbin/diskwright-update "$@" && exit 0
# A failure would end the making of grub.cfg.
case $0 in
*/grub.d/*)	exit 0 ;;
esac
exit 1
