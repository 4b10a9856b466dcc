# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# What the scripts of the sets share, in the guest.  Disks are /dev/sda and
# on; text that is written is one line of 512 bytes for each sector, which
# says whose it is and which.

# One after the other, or their names would be in any order.
find_disks()
{
	nr=$(sed 's/.*disks=\([0-9]*\).*/\1/' /proc/cmdline)
	i=0
	while [ $i -lt "$nr" ]; do
		echo "0 0 $i" > /sys/class/scsi_host/host0/scan
		i=$((i + 1))
		while [ "$(grep -c ' sd.$' /proc/partitions)" -lt $i ]; do
			sleep 0.1
		done
	done
}

# lines TEXT FIRST NR: that many sectors of text.
lines()
{
	awk -v t="$1" -v first="$2" -v nr="$3" 'BEGIN {
		pad = sprintf("%480s", ""); gsub(/ /, ".", pad)
		for (i = 0; i < nr; i++) {
			s = t " " first + i " " pad
			print substr(s, 1, 511)
		}
	}'
}

# fill DEVICE TEXT [FIRST [NR]]: from that sector on; all of it.
fill()
{
	nr=${4:-$(($(blockdev --getsz "$1") - ${3:-0}))}
	lines "$2" "${3:-0}" "$nr" |
		dd of="$1" bs=64k seek=$((${3:-0} * 512)) oflag=seek_bytes \
			iflag=fullblock conv=notrunc,fsync 2> /dev/null
}

# Until nothing is being rebuilt: the last field of sync_percent is 100.
wait_sync()
{
	while lvs -a --noheadings -o sync_percent "$1" | grep -v '^ *$' |
		grep -qv '100\.00'; do
		sleep 1
	done
}

# results VG...: a line "VG/LV BYTES SHA256" for each volume that is active and
# no pool; "-" for one that does not read to its end.
results()
{
	sync
	echo 3 > /proc/sys/vm/drop_caches
	lvs --noheadings --separator ' ' -S 'lv_active=active' \
		-o vg_name,lv_name "$@" |
	while read -r vg lv; do
		[ ! -b "/dev/$vg/$lv" ] || result "$vg/$lv" "/dev/$vg/$lv"
	done
	lvs -a -o+segtype,devices "$@"
	dmsetup table
	dmsetup status
}

# result NAME DEVICE
result()
{
	sum=$(sha256sum < "$2" | cut -d ' ' -f 1)
	cat "$2" > /dev/null || sum=-
	echo "$1 $(blockdev --getsize64 "$2") $sum" > /dev/ttyS1
}

# Ends the machine in the middle of it.
cut_power()
{
	echo "phase $phase done" > /dev/ttyS1
	sleep 1
	echo b > /proc/sysrq-trigger
}
