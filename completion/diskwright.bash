# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion for bash: verbs and options are asked from the command itself.

_diskwright()
{
	local cur=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]}

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "$("$1" --help 2>/dev/null |
			sed -n '/^Verbs:/,/^$/s/^  \([a-z-]*\) .*/\1/p')
			--help --version" -- "$cur")
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$("$1" "$verb" --help \
			2>/dev/null | grep -oE -- '^  [-a-zA-Z, ]{4}--[a-z-]+' |
			grep -oE -- '--[a-z-]+')" -- "$cur")
	else
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}
complete -F _diskwright diskwright
