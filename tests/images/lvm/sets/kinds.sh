# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# The simple kinds, and volumes put together of several; mirrors with a
# log in memory and on disk; extents on their way to another disk, where the
# power fails.
# disks: 4 x 8M
# phases: 2
# keep: 1

phase1()
{
	pvcreate --dataalignment 64k --metadatasize 192k /dev/sd[a-d]
	vgcreate -s 64k kinds /dev/sd[a-d]
	make three -l 9 /dev/sda:0-2 /dev/sdb:0-2 /dev/sdc:0-2
	make striped -i 3 -I 4k -l 12
	make wide -i 4 -I 64k -l 16
	several
	make mirror --type mirror -m 1 --mirrorlog core -l 8 /dev/sd[cd]
	make logged --type mirror -m 1 --mirrorlog disk -l 8 /dev/sd[abc]
	lvcreate -y --type error -l 2 -n bad kinds
	lvcreate -y --type zero -l 2 -n empty kinds
	wait_sync kinds
	under_way
	cut_power
}

phase2()
{
	vgchange -ay --poll n kinds
	results kinds
	vgchange -an kinds || :
}

# make NAME OPTIONS...: options that name disks come last.
make()
{
	lv=$1
	shift
	opts=
	while [ $# != 0 ]; do
		case $1 in
		/*)	break ;;
		*)	opts="$opts $1" ;;
		esac
		shift
	done
	# shellcheck disable=SC2086
	lvcreate -y -n "$lv" $opts kinds "$@"
	fill "/dev/kinds/$lv" "$lv"
}

# Linear, then two stripes, then three, then linear.
several()
{
	lvcreate -y -n several -l 3 kinds /dev/sdd
	lvextend --type striped -i 2 -I 8k -l +6 kinds/several
	lvextend --type striped -i 3 -I 16k -l +6 kinds/several
	lvextend --type linear -i 1 -l +5 kinds/several
	fill /dev/kinds/several several
}

# The copying takes a moment; that it is over would be noticed after minutes.
under_way()
{
	make moved -l 24 /dev/sda
	pvmove -b -i +600 -n moved /dev/sda /dev/sdd
	lvs -a -o+segtype,devices,copy_percent kinds
	dmsetup status
}
