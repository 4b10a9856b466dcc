#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --help, the man page and the completion name the same verbs and options.
set -eu
. "$(dirname "$0")/../lib.sh"
need man

man=$top/man/diskwright.1

verbs()
{
	"$DISKWRIGHT" --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z-]*\) .*/\1/p'
}

options_of_help()
{
	"$DISKWRIGHT" "$1" --help | grep -oE -- '^  (-[a-zA-Z],|   ) --[a-z-]+' |
		tr -s ' ' '\n' | tr -d , | grep . | sort
}

# The first line after each .TP of the verb's section.
options_of_man()
{
	sed -n "/^\\.SS $1\$/,/^\\.S[SH] /p" "$man" |
		awk 'tp { print; tp = 0 } /^\.TP/ { tp = 1 }' |
		sed 's/\\-/-/g' | grep -oE -- '(^|[^a-z-])--?[a-zA-Z][a-z-]*' |
		grep -oE -- '--?[a-zA-Z][a-z-]*' | sort
}

# "--net=keep" is --net with the one value that it knows.
for verb in $(verbs | grep -vx help); do
	options_of_help "$verb" > "$work/help"
	options_of_man "$verb" > "$work/man"
	check "man page has the options of $verb" \
		diff -u "$work/help" "$work/man"
	check "$verb --help fits in 80 columns" \
		sh -c "! '$DISKWRIGHT' $verb --help | grep -E '^.{80}'"
	check "help $verb is $verb --help" \
		sh -c "[ \"\$('$DISKWRIGHT' help $verb)\" = \
			\"\$('$DISKWRIGHT' $verb --help)\" ]"
done
check 'the man page shows every verb' sh -c "
	for v in $(verbs | tr '\n' ' '); do
		tr -d '\\\\' < '$man' | grep -q \"^.B diskwright \$v\" ||
			exit 1
	done"
check '--help fits in 80 columns' \
	sh -c "! '$DISKWRIGHT' --help | grep -E '^.{80}'"
check '--version' sh -c "'$DISKWRIGHT' --version |
	grep -qE '^diskwright [0-9]+\.[0-9]+\.[0-9]+\$'"
check 'the man page has no warnings' sh -c "
	! man --warnings -E UTF-8 -l -Tutf8 -Z '$man' 2>&1 >/dev/null | grep ."

complete_for()
{
	bash -c '. "$1"; COMP_WORDS=("${@:2}"); COMP_CWORD=$(($# - 2))
		_diskwright "$2"; printf "%s\n" "${COMPREPLY[@]}"' \
		complete "$top/completion/diskwright.bash" "$DISKWRIGHT" "$@" |
		sort
}

check 'completion of verbs' \
	test "$(complete_for ins)" = inspect
check 'completion of options' \
	test "$(complete_for dualboot --no-s)" = --no-sync
check 'completion of all options' \
	test "$(complete_for ls --)" = "$(options_of_help ls | grep '^--')"
finish
