# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# Thin pools with chunks of 64 KiB to 1 MiB, one of them no power of two:
# snapshots of snapshots, ranges that were given back, an external origin that
# ends within a chunk, metadata on raid1, and a volume whose pool has not yet
# been told of it.
# disks: 2 x 32M
# phases: 2
# keep: 1

phase1()
{
	modprobe -a raid1 dm-raid
	pvcreate --dataalignment 64k --metadatasize 192k /dev/sd[ab]
	vgcreate -s 64k thins /dev/sd[ab]
	snapshots
	for c in 128 192 1024; do
		pool "p$c" "${c}k" 64
		lvcreate -y -V 3m --thinpool "p$c" -n "v$c" thins
		fill "/dev/thins/v$c" "v$c" 700 1500
		lvcreate -y -s -kn -n "s$c" "thins/v$c"
		fill "/dev/thins/v$c" later 2000 100
	done
	external
	pool mirrored 64k 16
	lvconvert -y --type raid1 -m 1 thins/mirrored_tmeta
	wait_sync thins/mirrored_tmeta
	lvcreate -y -V 2m --thinpool mirrored -n onraid thins
	fill /dev/thins/onraid onraid 64 512
	pool fresh 64k 16
	vgchange -an thins
	untold
	vgcfgbackup -f /tmp/text thins
	grep message1 /tmp/text
	cut_power
}

# As lvm leaves it where it is interrupted after it has written down what the
# pool is to be told.
untold()
{
	id=$(vgs --noheadings -o uuid thins | tr -d ' ' | tr '0-9' '3-90-2')
	vgcfgbackup -f /tmp/text thins
	awk -v id="$id" '
	/^\t\tfresh \{/ { here = 1 }
	here && /transaction_id/ {
		print "transaction_id = 1"
		print "message1 {\ncreate = \"untold\"\n}"
		here = 0
		next
	}
	{ print }
	/logical_volumes \{/ {
		print "untold {\nid = \"" id "\""
		print "status = [\"READ\", \"WRITE\", \"VISIBLE\"]"
		print "flags = []\nsegment_count = 1\nsegment1 {"
		print "start_extent = 0\nextent_count = 16"
		print "type = \"thin\"\nthin_pool = \"fresh\""
		print "transaction_id = 0\ndevice_id = 1\n}\n}"
	}' /tmp/text > /tmp/told
	vgcfgrestore --force -y -f /tmp/told thins
}

# Of untold there is nothing in the pool, which is why it is not activated.
phase2()
{
	modprobe -a raid1 dm-raid
	! vgchange -ay thins
	results thins
	echo "thins/untold 1048576 -" > /dev/ttyS1
	vgchange -an thins
}

# pool NAME CHUNK EXTENTS
pool()
{
	lvcreate -y --type thin-pool -c "$2" -l "$3" --poolmetadatasize 2m \
		-n "$1" thins
}

snapshots()
{
	pool p64 64k 64
	lvcreate -y -V 64m --thinpool p64 -n first thins
	fill /dev/thins/first first 1000 1000
	fill /dev/thins/first end 131000 72
	lvcreate -y -s -kn -n second thins/first
	fill /dev/thins/first later 1300 300
	fill /dev/thins/second own 1800 50
	lvcreate -y -s -kn -n third thins/second
	fill /dev/thins/third own 1024 128
	lvcreate -y -s -kn -n fourth thins/third
	blkdiscard -o 655360 -l 196608 /dev/thins/third
	lvcreate -y -V 4m --thinpool p64 -n unused thins
	lvcreate -y -V 2m --thinpool p64 -n gone thins
	fill /dev/thins/gone gone
	blkdiscard -o 65536 -l 1048576 /dev/thins/gone
	lvremove -y thins/second
}

# The origin ends in the middle of the pool's fourth chunk; one of the thin
# volumes has that chunk, the other has not.
external()
{
	lvcreate -y -n outside -l 7 thins
	fill /dev/thins/outside outside
	lvchange -an thins/outside
	lvchange -pr thins/outside
	pool pext 128k 32
	for n in reader writer; do
		lvcreate -y -s -kn --thinpool pext -n "$n" thins/outside
		lvextend -L 2m "thins/$n"
	done
	fill /dev/thins/writer own 200 20
	fill /dev/thins/writer own 800 10
	fill /dev/thins/writer own 3000 10
}
