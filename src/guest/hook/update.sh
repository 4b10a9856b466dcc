#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# diskwright-update: renews /boot/syslinux/syslinux.cfg from what /boot holds
#
#   diskwright-update [--without VERSION]
#
# Put here by diskwright: its hooks run this when kernels or initrds come and
# go; it can be run by hand at any time.  --without is for a kernel that is
# about to be removed.
#
# Entries that still fit stay as they are, so their arguments may be edited in
# syslinux.cfg itself, and so may every line above the first LABEL.  A new
# kernel gets the arguments of the default entry.  A line such as
#   DISKWRIGHT_ARGS="root=UUID=... ro console=ttyS0,115200n8"
# in /etc/default/diskwright gives all kernels the same ones.
set -eu
LC_ALL=C
export LC_ALL

say()
{
	echo "diskwright-update: $*" >&2
}

without=
case $#:${1-} in
0:)	;;
2:--without)	without=$2 ;;
*)	say 'usage: diskwright-update [--without VERSION]'
	exit 2 ;;
esac

# Another root is for tests.
root=${DISKWRIGHT_ROOT-}
conf=$root/boot/syslinux/syslinux.cfg
[ ! -L "$conf" ] || conf=$(readlink -f "$conf")
# Whoever took the file away does not boot by it.
[ -f "$conf" ] || exit 0
DISKWRIGHT_ARGS=
if [ -f "$root/etc/default/diskwright" ]; then
	# shellcheck source=/dev/null
	. "$root/etc/default/diskwright"
fi

# ---- what there is ---------------------------------------------------------

# What follows "vmlinuz-" and the like in a file's name, as $name.
is_kernel_name()
{
	case $1 in
	*[[:cntrl:]\ ,\"]* | *~ | *.dpkg-new | *.dpkg-tmp | *.dpkg-bak | \
	*.dpkg-dist | *.rpmnew | *.rpmsave | *.rpmorig | *.bak | *.sig | \
	*.sign | *.hmac | *.sha256 | *.sha512hmac | *.txt | *.tmp | *.map | \
	*.gpg | *.efi | *.cfg | *.conf | vmlinux*.gz)
		return 1 ;;
	esac
	for stem in vmlinuz vmlinux bzImage zImage kernel-genkernel kernel linux
	do
		case $1 in
		"$stem")	name= ;;
		"$stem"[-.]*)	name=${1#"$stem"?} ;;
		*)	continue ;;
		esac
		return 0
	done
	return 1
}

has_modules()
{
	case $1 in
	'' | */*)	return 1 ;;
	esac
	[ -d "$root/lib/modules/$1" ] || [ -d "$root/usr/lib/modules/$1" ]
}

# Whether it is a bzImage; the first word of its version text, as $head.  See
# Documentation/arch/x86/boot.rst of Linux for the offsets.
read_head()
{
	file=$1
	head=
	# shellcheck disable=SC2046
	set -- $(od -An -v -tu1 -j510 -N20 "$file" 2> /dev/null)
	[ $# = 20 ] && [ "$1 $2 $5 $6 $7 $8" = '85 170 72 100 114 83' ] &&
		[ $((${20} & 1)) = 1 ] || return 1
	set -- $((${17} + 256 * ${18}))
	[ "$1" = 0 ] || head=$(dd if="$file" bs=1 skip=$(($1 + 512)) \
		count=127 2> /dev/null | tr -c '!-~' '\n' | head -n 1)
}

# The name of the module folder: what the file is called after, unless only
# the text in the kernel says it (vmlinuz-lts).
find_version()
{
	version=
	case $name in
	[1-9]*)	version=$name ;;
	esac
	! has_modules "$name" && [ -n "$head" ] || return 0
	[ -n "$version" ] && ! has_modules "$head" || version=$head
}

# Kernels for Xen PV alone, or without virtio, are not for this loader.
runs_here()
{
	for config in "$root/boot/config-$name" "$root/boot/config-$version" \
		"$root/lib/modules/$version/config"; do
		grep -Eqs '^(# )?CONFIG_' "$config" || continue
		! grep -Eq '^CONFIG_X86_(64_)?XEN=[ym]' "$config" &&
			grep -q '^CONFIG_VIRTIO_PCI=[ym]' "$config" &&
			grep -q '^CONFIG_VIRTIO_BLK=[ym]' "$config"
		return
	done
	set -- "$root/lib/modules/$version/modules"
	if [ -n "$version" ] && [ -f "$1.dep" ]; then
		grep -qs 'virtio_blk\.ko' "$1.dep" "$1.builtin"
		return
	fi
	case $version in
	2.[0-5].* | 2.6.[0-9] | 2.6.[0-9][!0-9]* | 2.6.1[0-9]* | 2.6.2[0-4]* | \
	2.6.2[5-9]*xen* | 2.6.3[01]*xen*)
		return 1 ;;
	esac
}

# The names that the makers of initrds give them; as $initrd.
find_initrd()
{
	for of in "$name" "${name%.old}" "$version"; do
		if [ -n "$of" ]; then
			set -- "initrd.img-$of" "initramfs-$of.img" \
				"initrd-$of.img" "initrd-$of" \
				"initramfs-$of" "initramfs-genkernel-$of" \
				"initrd.$of" "initrd-$of.gz"
		else
			set -- initrd.img initramfs.img initrd initramfs initrd.gz
		fi
		for initrd; do
			[ ! -f "$root$dir/$initrd" ] || return 0
		done
	done
	initrd=
}

# Links name a kernel that is listed by itself, but for those with a version to
# where openSUSE keeps its kernels.
is_own()
{
	[ -L "$1" ] || return 0
	case $name:$(readlink -f "$1") in
	?*:*/lib/modules/*)	return 0 ;;
	esac
	return 1
}

# A line for each kernel: rescue, version or name, version, path, initrd.
list_kernels()
{
	dir=$1
	for path in "$root$dir"/vmlinu[xz]* "$root$dir"/*zImage* \
		"$root$dir"/kernel* "$root$dir"/linux*; do
		if [ ! -f "$path" ] || ! is_kernel_name "${path##*/}" ||
		   ! is_own "$path" || ! read_head "$path"; then
			continue
		fi
		find_version
		if [ -n "$without" ] && { [ "$name" = "$without" ] ||
			[ "$version" = "$without" ]; } || ! runs_here; then
			continue
		fi
		find_initrd
		# A rescue or old copy has another kernel's version.
		case ${path##*/} in
		*rescue* | *.old)	rescue=1 label=${name:-linux} ;;
		*)	rescue=0 label=${version:-${name:-linux}} ;;
		esac
		# No echo: it would make something of backslashes.
		printf 'kernel %s %s %s %s %s\n' "$rescue" "$label" \
			"${version:--}" "${path#"$root"}" \
			"${initrd:+$dir/$initrd}"
	done
}

list()
{
	kernels=$(list_kernels /boot)
	[ -n "$kernels" ] || kernels=$(list_kernels '')
	[ -n "$kernels" ] || return 0
	printf '%s\n' "$kernels"
	# What distributions keep on their newest kernel.
	for pair in '/vmlinuz /initrd.img' '/boot/vmlinuz /boot/initrd.img' \
		'/boot/vmlinuz /boot/initrd'; do
		link=$root${pair% *} to=$root${pair#* }
		if [ -L "$link" ] && [ -f "$link" ] && [ -L "$to" ] &&
		   [ -f "$to" ]; then
			echo "link $pair"
			break
		fi
	done
}

# ---- what to write ---------------------------------------------------------

# shellcheck disable=SC2016
program='
function is_early(s) { return s ~ /^~/ || s ~ /^[-._]?rc[0-9]/ }
function weight(c) {
	if (c == "")
		return 0
	if (c ~ /[0-9]/)
		return 1024
	return c ~ /[A-Za-z]/ ? 512 + index(letters, c) : 256
}
# Runs of digits by value, newer than letters as rpm has it; "rc" and
# "~" before what lacks them.
function compare(a, b,    x, y) {
	while (a != "" || b != "") {
		if (is_early(a) != is_early(b))
			return is_early(a) ? -1 : 1
		if (a ~ /^[0-9]/ && b ~ /^[0-9]/) {
			sub(/^0+/, "", a); sub(/^0+/, "", b)
			match(a, /^[0-9]*/); x = substr(a, 1, RLENGTH)
			a = substr(a, RLENGTH + 1)
			match(b, /^[0-9]*/); y = substr(b, 1, RLENGTH)
			b = substr(b, RLENGTH + 1)
			if (length(x) != length(y))
				return length(x) - length(y)
			if (x "" != y "")
				return (x "" < y "") ? -1 : 1
			continue
		}
		x = weight(substr(a, 1, 1)) - weight(substr(b, 1, 1))
		if (x)
			return x
		a = substr(a, 2); b = substr(b, 2)
	}
	return 0
}
function comes_before(i, j,    c) {
	if (rescue[i] != rescue[j])
		return rescue[i] < rescue[j]
	c = compare(version[j], version[i])
	return c ? c < 0 : (path[i] "" < path[j] "")
}
function insert(    i, p) {
	for (p = nr; p > 0 && comes_before(nr, order[p - 1]); p--)
		order[p] = order[p - 1]
	order[p] = nr++
}
function exists(file,    junk, got) {
	got = (getline junk < (root file))
	close(root file)
	return got >= 0
}
function rest(line) {
	sub(/^[ \t]*[^ \t]+[ \t]*/, "", line); sub(/[ \t\r]+$/, "", line)
	return line
}
# One line of the present file, sorted into blocks; block 0 is its head.
function parse(line,    word, value, i, n, words) {
	word = toupper($1)
	value = rest(line)
	if (word == "DEFAULT") {
		old_default = value
		if (!blocks) {
			head = head text[0]
			text[0] = ""
		}
		return
	}
	if (word == "LABEL") {
		blocks++
		name[blocks] = value
		split(value, words, /[ \t]/)
		if (words[1] != "")
			name[blocks] = words[1]
		# Of two with one label the loader takes the first.
		if (!(name[blocks] in of_label))
			of_label[name[blocks]] = blocks
	} else if (blocks && (word == "KERNEL" || word == "LINUX")) {
		kernel[blocks] = value
		if (!(value in of_path))
			of_path[value] = blocks
	} else if (blocks && word == "INITRD") {
		ramdisk[blocks] = value
	} else if (blocks && word == "APPEND") {
		n = split(value, words, /[ \t]+/)
		for (i = 1; i <= n; i++)
			if (words[i] ~ /^initrd=/)
				ramdisk[blocks] = substr(words[i], 8)
			else
				args[blocks] = args[blocks] \
					(args[blocks] == "" ? "" : " ") words[i]
	}
	text[blocks] = text[blocks] line "\n"
}
function has_files(list,    files, i, n) {
	n = split(list, files, ",")
	for (i = 1; i <= n; i++)
		if (!exists(files[i]))
			return 0
	return n > 0
}
function block(label, file, image, words) {
	if (ENVIRON["DISKWRIGHT_ARGS"] != "")
		words = ENVIRON["DISKWRIGHT_ARGS"]
	words = (image == "" ? "" : " initrd=" image) \
		(words == "" ? "" : " " words)
	return "LABEL " label "\n\tMENU LABEL " label "\n\tKERNEL " file "\n" \
		(words == "" ? "" : "\tAPPEND" words "\n")
}
# What the new file has for a kernel that the old one may name.
function renew(label, file, image,    old) {
	old = of_path[file]
	if (!old)
		return block(label, file, image, new_args)
	if (name[old] "" == label "" && ENVIRON["DISKWRIGHT_ARGS"] == "" &&
	    (ramdisk[old] == image || has_files(ramdisk[old])))
		return text[old]
	return block(label, file, image, args[old])
}
# The newest that came since, else what it was: whoever chose an older kernel
# had a reason.
function choose(    i, k, old, d, any) {
	d = of_label[old_default]
	for (i = 0; i < nr; i++)
		any = any || initrd[i] != ""
	for (i = 0; i < nr; i++) {
		k = order[i]
		old = of_path[path[k]]
		if (old && old == d)
			return label[k]
		if (!rescue[k] && (initrd[k] != "" || !any) &&
		    (!old || (ramdisk[old] == "" && initrd[k] != "")))
			return label[k]
	}
	if (d && d in stays)
		return old_default
	for (i = 0; i < nr; i++)
		if (initrd[order[i]] != "" || !any)
			return label[order[i]]
}
function bare(s) { sub(/\n+$/, "", s); return s }
function show(s) { print "\n" bare(s) }
BEGIN {
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	root = ENVIRON["DISKWRIGHT_ROOT"]
	nr = blocks = 0
}
FILENAME != "-" { parse($0); next }
$1 == "kernel" {
	rescue[nr] = $2; label[nr] = $3; version[nr] = $4 == "-" ? "" : $4
	path[nr] = $5; initrd[nr] = $6
	known[$5] = 1
	insert()
}
$1 == "link" { link = $2; link_initrd = $3; known[link] = 1 }
END {
	if (!nr)
		exit 3
	# Entries of other programs and other kernels stay while these do.
	for (i = 1; i <= blocks; i++)
		if ((kernel[i] !~ /^\// || exists(kernel[i])) &&
		    kernel[i] != ENVIRON["gone"] && !(kernel[i] in known))
			stays[i] = 1
	if (of_label["latest"] in stays)
		link = ""
	else if (of_label["latest"] && link != "")
		stays[of_label["latest"]] = 1
	new_args = args[of_label[old_default] ? of_label[old_default] : 1]
	printf "%s", head
	print bare("DEFAULT " choose() "\n" text[0])
	for (i = 0; i < nr; i++)
		show(renew(label[order[i]], path[order[i]], initrd[order[i]]))
	if (link != "")
		show(renew("latest", link, link_initrd))
	for (i = 1; i <= blocks; i++)
		if (i in stays && !(kernel[i] in known))
			show(text[i])
}'

gone=/boot/vmlinuz-$without
export gone DISKWRIGHT_ARGS
DISKWRIGHT_ROOT=$root
export DISKWRIGHT_ROOT
new=$(list | awk "$program" "$conf" -) || {
	[ $? = 3 ] || exit 1
	say "no kernel found that boots here; $conf stays as it is"
	exit 0
}
[ "$new" != "$(cat "$conf")" ] || exit 0

# ---- writing it ------------------------------------------------------------

# What a killed run left behind; copies that people keep have other names.
part=$conf.diskwright-
for left in "$part"*; do
	case ${left#"$part"} in
	*[!0-9]*)	continue ;;
	esac
	kill -0 "${left#"$part"}" 2> /dev/null || rm -f "$left"
done
part=$part$$
trap 'rm -f "$part"' EXIT
trap 'exit 1' HUP INT TERM
# Owner and mode stay; the old file is there until the new one is complete.
cp -p "$conf" "$part"
printf '%s\n' "$new" > "$part"
[ "$new" = "$(cat "$part")" ] || {
	say "$part was not written as a whole"
	exit 1
}
sync
mv -f "$part" "$conf"
sync
say "renewed $conf"
