#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# One qcow2 image changed in turn by qemu-io, by qemu-img and by us, at random,
# beside a raw file that has the same changes: after each step both programs
# read the same disk, and qemu-img check finds neither errors nor leaks.
#
#	SEEDS=n		so many runs of each kind of image (1)
#	SEED=n		the first of them (1)
#	STEPS=n		of each run (12)
set -eu
. "$(dirname "$0")/../lib-formats.sh"
need qemu-img qemu-io

export BACKING=$work

# rnd N: 0..N-1 in $r
rnd()
{
	r=$(((RANDOM * 32768 + RANDOM) % $1))
}

# A place on the disk in $off and $len: by bytes, sectors, blocks or clusters.
place()
{
	rnd 5
	case $r in
	0)	unit=1 ;;
	1)	unit=512 ;;
	2)	unit=4096 ;;
	*)	unit=$cluster ;;
	esac
	((unit <= size)) || unit=512
	rnd $((size / unit)); off=$((r * unit))
	rnd $((3 * cluster / unit + 8)); len=$(((r + 1) * unit))
	((off + len <= size)) || len=$((size - off))
}

# The same by whole clusters, which is what a discard gives up.
clusters()
{
	rnd $((size / cluster)); off=$((r * cluster))
	rnd 6; len=$(((r + 1) * cluster))
	((off + len <= size)) || len=$((size - off))
}

# One change of the three: $theirs, $ours and, for the raw file, $raw.
change()
{
	rnd 10
	case $r in
	[0-4])	place
		rnd 255; byte=$((r + 1))
		theirs=(-c "write -P $byte $off $len")
		raw+=(-c "write -P $byte $off $len")
		ours="write $off $len $byte" ;;
	[56])	place
		theirs=(-c "write -z $off $len")
		raw+=(-c "write -z $off $len")
		ours="zero $off $len" ;;
	7)	place
		theirs=(-c "write -z -u $off $len")
		raw+=(-c "write -z $off $len")
		ours="zero $off $len" ;;
	*)	clusters
		# Where only a backing file would be seen again it does nothing.
		if [ "$discards" = yes ]; then
			theirs=(-c "discard $off $len")
			ours="discard $off $len"
		else
			theirs=(-c "write -z $off $len")
			ours="zero $off $len"
		fi
		raw+=(-c "write -z $off $len") ;;
	esac
}

they()
{
	echo "qemu-io ${theirs[*]}"
	qemu-io -f qcow2 "${theirs[@]}" image > log 2>&1 &&
		! grep -q failed log
}

we()
{
	echo "imgtool change ${commands[*]@Q}"
	"$imgtool" change image "${commands[@]}" > log 2>&1
}

# Several changes by one of us.
changes()
{
	local n all=()

	commands=() raw=()
	rnd 5; n=$((r + 1))
	rnd 3; who=$r
	while ((n--)); do
		change
		commands+=("$ours") all+=("${theirs[@]}")
		rnd 4; ((r)) || commands+=(flush)
	done
	theirs=("${all[@]}")
	case $who in
	0)	they || return ;;
	*)	we || return ;;
	esac
	qemu-io -f raw "${raw[@]}" model > /dev/null
}

grow()
{
	rnd 40
	size=$((size + (r + 1) * 512 * 31))
	truncate -s $size model
	rnd 2
	if ((r)); then
		echo "qemu-img resize $size"
		qemu-img resize -q -f qcow2 image $size
	else
		commands=("resize $size")
		we
	fi
}

# A snapshot comes, goes, or becomes the disk.
snapshot()
{
	local i

	rnd 3
	if ((r == 0 && ${#snaps[@]} < snaps_max)); then
		i=s$step
		echo "snapshot -c $i"
		qemu-img snapshot -c $i image || return
		cp --sparse=always model model.$i
		snaps+=($i)
		return
	fi
	((${#snaps[@]})) || return 0
	rnd ${#snaps[@]}; i=${snaps[r]}
	rnd 2
	if ((r)); then
		echo "snapshot -d $i"
		qemu-img snapshot -d $i image || return
		rm model.$i
		snaps=($(printf '%s\n' "${snaps[@]}" | grep -vx $i || :))
	elif [ "$(stat -c %s model.$i)" = $size ]; then
		echo "snapshot -a $i"
		qemu-img snapshot -a $i image || return
		cp --sparse=always model.$i model
	fi
}

same()
{
	qemu-img check -q -f qcow2 image || qemu-img check -f qcow2 image ||
		return
	qemu-img compare -q -f qcow2 -F raw image model ||
		qemu-img compare -f qcow2 -F raw image model || return
	"$imgtool" to-raw image out || return
	cmp out model || return
	# QEMU makes the data file longer, up to a cluster.
	[ "$data" != raw ] || cmp -n "$size" data model
}

step_once()
{
	rnd 12
	case $r in
	0)	if [[ $options != *0.10* ]] || ((${#snaps[@]} == 0)); then
			grow
		else
			changes
		fi ;;
	1|2|3)	if ((snaps_max)); then snapshot; else changes; fi ;;
	*)	changes ;;
	esac
}

# run CLUSTER SNAPSHOTS PACKED DATA BACKING OPTIONS
run()
{
	local packed=$3 backing=$5 options=$6

	cluster=$1 snaps_max=$2 data=$4 snaps=() step=0
	discards=yes
	[[ $backing != yes || $options != *0.10* ]] || discards=no
	rnd 200; size=$((cluster * 9 + 600 * 512 + r * 512))
	((cluster < 2000000)) || size=$((cluster * 7 + 512 * 77))
	rm -f image data base out model model.*
	truncate -s $size model
	seq 1 200000 | head -c $((size / 3)) |
		dd of=model bs=4k conv=notrunc status=none
	truncate -s $size model
	options+=,cluster_size=$cluster
	if [ "$backing" = yes ]; then
		rnd 2; ((r)) || size=$((size + 512 * 99))
		mv model base
		cp --sparse=always base model
		truncate -s $size model
		qemu-img create -q -f qcow2 -o "$options" -b base -F raw image \
			$size
	elif [ "$data" != no ]; then
		qemu-img create -q -f qcow2 -o "$options" image $size
		rm model
		truncate -s $size model
	else
		qemu-img convert ${packed:+-c} -f raw -O qcow2 -o "$options" \
			model image
	fi
	while ((step < STEPS)); do
		step=$((step + 1))
		echo "step $step"
		step_once || { cat log; return 1; }
		same || return 1
	done
}

kinds=(
	#cluster snapshots packed data backing options
	"65536 3 '' no no compat=1.1"
	"65536 3 -c no no compat=0.10"
	"512 3 -c no no compat=1.1"
	"512 3 '' no no compat=0.10"
	"4096 3 -c no no compat=1.1,compression_type=zstd"
	"2097152 2 -c no no compat=1.1"
	"2097152 2 '' no no compat=1.1,extended_l2=on"
	"16384 3 -c no no compat=1.1,extended_l2=on"
	"65536 3 -c no no extended_l2=on,compression_type=zstd"
	"4096 0 '' no no refcount_bits=1"
	"512 1 '' no no refcount_bits=2"
	"4096 3 -c no no refcount_bits=8"
	"512 3 -c no no refcount_bits=64"
	"65536 3 -c no no lazy_refcounts=on"
	"512 3 '' no no lazy_refcounts=on,refcount_bits=32"
	"65536 0 '' plain no data_file=data"
	"4096 0 '' raw no data_file=data,data_file_raw=on"
	"16384 0 '' plain no data_file=data,extended_l2=on"
	"65536 3 '' no yes compat=1.1"
	"4096 3 '' no yes compat=0.10"
	"65536 3 '' no yes extended_l2=on"
)

STEPS=${STEPS:-12}
for ((seed = ${SEED:-1}; seed < ${SEED:-1} + ${SEEDS:-1}; seed++)); do
	for kind in "${kinds[@]}"; do
		[[ $kind == *"${KIND:-}"* ]] || continue
		RANDOM=$seed
		eval "set -- $kind"
		if run "$@" > run.log 2>&1; then
			ok "seed $seed: $kind"
		else
			bad "seed $seed: $kind"
			tail -n 25 run.log | sed 's/^/    /'
			[ -z "${KEEP:-}" ] || { cp image "$KEEP"; cp model "$KEEP".raw; }
		fi
	done
done
finish
