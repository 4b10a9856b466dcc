#!/bin/busybox sh
# shellcheck shell=dash disable=SC2181
# SPDX-License-Identifier: LGPL-2.1-or-later
# The guest's first and only program: runs one phase of /set.sh, which the
# kernel's command line names.  What it prints is the log on ttyS0; results
# go to ttyS1.
/bin/busybox --install -s /bin
export PATH=/sbin:/usr/sbin:/bin HOME=/ LC_ALL=C
export LVM_SUPPRESS_FD_WARNINGS=1
for c in pvcreate pvchange pvresize pvs pvck vgcreate vgchange vgextend \
	vgreduce vgrename vgexport vgcfgbackup vgcfgrestore vgs lvcreate lvchange \
	lvconvert lvextend lvremove lvrename lvs pvmove; do
	ln -s lvm "/sbin/$c"
done
mount -t devtmpfs none /dev
mount -t proc none /proc
mount -t sysfs none /sys
mount -t tmpfs none /run
exec < /dev/null > /dev/ttyS0 2>&1
phase=$(sed 's/.*phase=\([0-9]*\).*/\1/' /proc/cmdline)
modprobe scsi_mod scan=manual
for m in virtio_pci virtio_scsi sd_mod crc32c_generic dm-mod \
	dm-snapshot dm-thin-pool dm-mirror dm-zero loop; do
	modprobe "$m"
done
. /lib.sh
. /set.sh
find_disks
# Steps say what they are; the first that fails ends the run.
(set -ex; "phase$phase")
[ $? != 0 ] || echo "phase $phase done" > /dev/ttyS1
sync
poweroff -f
