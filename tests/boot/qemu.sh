# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Starts guests in QEMU without KVM and asks them how they came up.
# Sourced after ../lib.sh.

# Seconds that an emulated guest may take to its login prompt.
BOOT_TIME=${BOOT_TIME:-300}

# start_guest LOG IMAGE FORMAT BUS [QEMU OPTIONS...]: sets guest_pid and
# guest_port.  The image itself is not written to, but with
# drive_mode=cache=unsafe.
start_guest()
{
	local log=$1 drive="file=$2,format=$3,if=none,id=d"
	local mode=${drive_mode:-snapshot=on}
	local bus=() try

	# shellcheck disable=SC2054
	case $4 in
	virtio-blk)	bus=(-device virtio-blk-pci,drive=d,bootindex=1) ;;
	virtio-scsi)	bus=(-device virtio-scsi-pci
				-device scsi-hd,drive=d,bootindex=1) ;;
	ahci)		bus=(-device ahci,id=a
				-device ide-hd,drive=d,bus=a.0,bootindex=1) ;;
	ide)		bus=(-device ide-hd,drive=d,bus=ide.0,bootindex=1) ;;
	esac
	shift 4
	# One processor: with two, QEMU 7.2 sometimes runs into code that the
	# kernel is patching on the other one (seen with Linux 6.12).
	for try in 1 2 3 4; do
		: > "$log"
		guest_port=$((20000 + (BASHPID * 7 + try * 1009) % 12000))
		qemu-system-x86_64 -accel tcg -smp 1 -m 512 -nodefaults \
			-display none -machine graphics=off -no-reboot \
			-serial "file:$log" -drive "$drive,$mode" "${bus[@]}" \
			-netdev "user,id=n,hostfwd=tcp:127.0.0.1:$guest_port-:7" \
			-device virtio-net-pci,netdev=n "$@" \
			2> "$log.qemu" &
		guest_pid=$!
		kept_pids+=("$guest_pid")
		sleep 1
		# Someone else may sit on the port.
		grep -q 'host forwarding' "$log.qemu" || return 0
		wait "$guest_pid" || :
	done
	return 1
}

end_guest()
{
	kill -9 "$guest_pid" 2> /dev/null || :
	wait "$guest_pid" 2> /dev/null || :
}

# What a guest prints that will not come up any more.
lost='Kernel panic|ALERT!|No bootable device|emergency mode|maintenance shell'
lost+='|Booting has failed'

# wait_serial LOG PATTERN: until the guest prints it, or cannot any more.
wait_serial()
{
	local end=$((SECONDS + BOOT_TIME))

	while [ $SECONDS -lt $end ]; do
		! grep -aqE "$2" "$1" || return 0
		kill -0 "$guest_pid" 2> /dev/null || break
		! grep -aqE "$lost" "$1" || break
		sleep 1
	done
	echo "no '$2' on the serial console; it ends with:"
	tail -n 15 "$1" | cat -v
	cat "$1.qemu"
	return 1
}

# ask_guest FILE: what the guest answers on its forwarded port.
ask_guest()
{
	local end=$((SECONDS + 60))

	while [ $SECONDS -lt $end ]; do
		if timeout 10 bash -c "exec 3<> /dev/tcp/127.0.0.1/$guest_port
			printf 'GET /cgi-bin/state HTTP/1.0\r\n\r\n' >&3
			cat <&3" > "$1" 2> /dev/null && grep -q '^end' "$1"; then
			return 0
		fi
		sleep 1
	done
	echo "no answer on the forwarded port"
	return 1
}

# guest_comes_up IMAGE FORMAT BUS [QEMU OPTIONS...]: to a login prompt on the
# serial console, with an address from DHCP and a port that answers; that
# answer stays in $work/state.
guest_comes_up()
{
	local log=$work/serial.$3 rc

	for _ in 1 2; do
		start_guest "$log" "$@" || return 1
		rc=0
		wait_serial "$log" ' login:' && ask_guest "$work/state" &&
			grep 'address: eth0 10\.0\.2\.' "$work/state" || rc=1
		end_guest
		# On a busy host an emulated timer may not tick in time: the
		# kernel stops before it sees any disk.
		grep -aq "IO-APIC + timer doesn't work" "$log" || break
	done
	return $rc
}
