# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What the parts of the bench share: timing in turns, ratios of medians, peak
# memory, and the folder in which sources stay from one run to the next.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

RUNS=${RUNS:-5}
SIZE=${SIZE:-10G}
dir=${BENCH_DIR:-$BUILD/bench}
mkdir -p "$dir"
rm -rf "$work"
work=$(mktemp -d "$dir/work.XXXXXX")
out=$work/out

# once NAME COMMAND...: adds the seconds by the wall to the times of NAME.
# What is compared runs in turns, so that the host's moods hit all alike.
declare -A times
once()
{
	local name=$1 start end

	shift
	start=$EPOCHREALTIME
	"$@" > "$work/log" 2>&1 || {
		cat "$work/log"
		echo "bench: $name failed"
		exit 1
	}
	end=$EPOCHREALTIME
	times[$name]+=" $(awk "BEGIN { printf \"%.4f\", $end - $start }")"
}

# What takes milliseconds is measured by the score.
twenty()
{
	local _

	for _ in {1..20}; do
		"$@"
	done
}

median()
{
	tr ' ' '\n' <<< "${times[$1]}" | grep . | sort -n |
		awk '{ v[NR] = $1 } END { m = int((NR + 1) / 2)
			print NR % 2 ? v[m] : (v[m] + v[m + 1]) / 2 }'
}

# warm FILE: into the host's cache, which a host may empty of what is idle.
warm()
{
	tar -cSf - "$1" 2> /dev/null | cat > /dev/null
}

# fresh: no target is left, and nothing waits to be written.
fresh()
{
	rm -f "$out".*
	sync -f "$dir"
}

# verdict VALUE REACH: nothing is said where REACH is "-".
verdict()
{
	[ "$2" = - ] ||
		awk "BEGIN { print $1 <= $2 ? \"reached\" : \"MISSED\" }"
}

# ratio MINE OTHER REACH: of the medians of their seconds, mine to the other.
ratio()
{
	local mine other r

	[ -n "${times[$1]-}" ] || return 0
	mine=$(median "$1") other=$(median "$2")
	r=$(awk "BEGIN { printf \"%.3f\", $mine / $other }")
	printf '%-36s %7.3f s  of %-32s %7.3f s  %6s  (reach %s) %s\n' \
		"$1" "$mine" "$2" "$other" "$r" "$3" "$(verdict "$r" "$3")"
}

# lengths MINE OTHER NAME REACH: what two files take of the host.
lengths()
{
	local mine other r

	mine=$(du -k "$1" | cut -f 1) other=$(du -k "$2" | cut -f 1)
	r=$(awk "BEGIN { printf \"%.3f\", $mine / $other }")
	printf '%-36s %7d KiB of %30d KiB  %6s  (reach %s) %s\n' \
		"size: $3" "$mine" "$other" "$r" "$4" "$(verdict "$r" "$4")"
}

# peak NAME REACH COMMAND...: the largest resident size in MiB.
peak()
{
	local name=$1 reach=$2 mib

	shift 2
	mib=$(python3 - "$@" <<-'EOF'
		import resource, subprocess, sys
		subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
		usage = resource.getrusage(resource.RUSAGE_CHILDREN)
		print(usage.ru_maxrss // 1024)
	EOF
	)
	printf '%-36s %7d MiB  (reach %s) %s\n' "peak memory: $name" "$mib" \
		"$reach" "$(verdict "$mib" "$reach")"
}

describe()
{
	echo "$(basename "$1"): $(du -h "$1" | cut -f 1) on the host," \
		"$(dumpe2fs -h "$1" 2> /dev/null | awk -F : '
			/^Block count/ { b = $2 } /^Free blocks/ { f = $2 }
			/^Block size/ { s = $2 }
			END { printf "%.2f GiB used", (b - f) * s / 2 ^ 30 }')"
}
