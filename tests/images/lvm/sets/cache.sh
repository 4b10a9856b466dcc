# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# Caches: writeback with metadata of formats 1 and 2, writethrough, a cachevol
# of either mode.  Of each writeback cache there is a copy that was shut down
# with dirty blocks, and one whose power failed.
# disks: 2 x 48M
# phases: 2
# keep: 1

phase1()
{
	modprobe -a dm-cache dm-cache-smq
	pvcreate --dataalignment 64k --metadatasize 192k /dev/sd[ab]
	vgcreate -s 64k caches /dev/sd[ab]
	for n in clean cut; do
		cached "v1$n" writeback --cachemetadataformat 1 -c 32k
		cached "v2$n" writeback --cachemetadataformat 2 -c 64k
		volumed "vol$n" writeback
		for v in v1$n v2$n vol$n; do
			dirty "caches/$v"
		done
	done
	cached through writethrough --cachemetadataformat 2 -c 96k
	rewrite through 384
	volumed volthrough writethrough
	rewrite volthrough 512
	for v in v1clean v2clean volclean through volthrough; do
		lvchange -an "caches/$v"
	done
	sleep 3
	dmsetup status
	cut_power
}

phase2()
{
	modprobe -a dm-cache dm-cache-smq
	vgchange -ay caches
	results caches
	vgchange -an caches
}

slow()
{
	lvcreate -y -n "$1" -l 32 caches /dev/sda
	fill "/dev/caches/$1" "$1"
}

# cached NAME MODE POOL-OPTIONS...
cached()
{
	slow "$1"
	lv=$1
	mode=$2
	shift 2
	lvcreate -y --type cache-pool -l 16 --poolmetadatasize 2m "$@" \
		-n "$lv-pool" caches /dev/sdb
	lvconvert -y --type cache --cachemode "$mode" \
		--cachepool "caches/$lv-pool" "caches/$lv"
}

# volumed NAME MODE: data and metadata of the cache in one volume.
volumed()
{
	slow "$1"
	lvcreate -y -n "$1-vol" -l 64 caches /dev/sdb
	lvconvert -y --type cache --cachemode "$2" -c 32k \
		--cachevol "caches/$1-vol" "caches/$1"
}

# direct NAME TEXT FIRST NR: in requests of 64 KiB, which cover whole blocks of
# the cache: such it takes at once.
direct()
{
	lines "$2" "$3" "$4" > /tmp/text
	dd if=/tmp/text "of=/dev/caches/$1" bs=64k seek=$(($3 / 128)) \
		oflag=direct conv=notrunc
}

# rewrite NAME FIRST: until the cache holds some blocks.
rewrite()
{
	for i in 1 2 3 4 5; do
		direct "$1" "$1 round $i" "$2" 512
		direct "$1" "$1 round $i" $(($2 + 1024)) 256
	done
	dmsetup status "caches-$1"
}

# Blocks that are dirty and stay so: some of what has been cached is written
# again when nothing may be moved any more.
dirty()
{
	lv=${1#*/}
	rewrite "$lv" 256
	sleep 5
	dmsetup message "caches-$lv" 0 migration_threshold 0
	direct "$lv" "$lv last" 384 256
	fill "/dev/caches/$lv" "$lv last" 1300 9
	sleep 2
	dmsetup status "caches-$lv"
	[ "$(dmsetup status "caches-$lv" | cut -d ' ' -f 14)" -ge 2 ]
}
