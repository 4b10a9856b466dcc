# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# The real LVM on loop devices, as root and without device-mapper: it sees no
# device but these, and leaves no trace on the host.

lvm_devices=()
LVM_SYSTEM_DIR=$work/lvm-etc
LVM_SUPPRESS_FD_WARNINGS=1
export LVM_SYSTEM_DIR LVM_SUPPRESS_FD_WARNINGS
mkdir -p "$LVM_SYSTEM_DIR"

# Only the loop devices given are devices at all.
lvm_config()
{
	local d list=

	for d; do
		list="$list\"a|^$d\$|\", "
	done
	cat > "$LVM_SYSTEM_DIR/lvm.conf" <<- END
		devices {
			use_devicesfile = 0
			obtain_device_list_from_udev = 0
			global_filter = [ $list"r|.*|" ]
		}
		activation { udev_sync = 0 udev_rules = 0 monitoring = 0 }
		backup { backup = 0 archive = 0 }
		global { locking_dir = "$work/lvm-lock" event_activation = 0 }
	END
}

# lvm_attach IMAGE...: as lvm_devices, until lvm_detach.
lvm_attach()
{
	local image

	lvm_devices=()
	for image; do
		lvm_devices+=("$(losetup -f --show "$image")")
	done
	lvm_config "${lvm_devices[@]}"
}

lvm_detach()
{
	local d

	for d in "${lvm_devices[@]}"; do
		losetup -d "$d"
	done
	lvm_devices=()
}
trap 'lvm_detach; cleanup' EXIT

# lvm_run VERB ARGUMENT...: without device-mapper.
lvm_run()
{
	local verb=$1

	shift
	"$verb" --driverloaded n "$@" 2> "$work/lvm.err" ||
		{ cat "$work/lvm.err" >&2; return 1; }
}

# lvm_report VERB FIELDS OPTION...: as JSON, in bytes.
lvm_report()
{
	lvm_run "$1" --reportformat json --units b --nosuffix -o "$2" "${@:3}"
}

# lvm_lines FILE: all that LVM reports of what is attached, as lines.
lvm_lines()
{
	local lines=$top/tests/helpers/lvmlines.py

	lvm_report pvs "$(python3 "$lines" fields pvs)" > pvs.json
	lvm_report vgs "$(python3 "$lines" fields vgs)" > vgs.json
	lvm_report lvs "$(python3 "$lines" fields lvs)" -a --segments > lvs.json
	python3 "$lines" lvm pvs.json vgs.json lvs.json > "$1"
}
