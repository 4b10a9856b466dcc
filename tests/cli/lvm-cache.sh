#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Caches whose metadata cache_restore made, in all versions and states, read as
# cache_writeback would leave the origin.
set -u

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib.sh
. tests/lib.sh
need cache_restore cache_check cache_writeback python3

tool=$BUILD/tests/unit/dmtool

# make_cache SEED CHUNK-LEN BLOCKS: cache.xml, origin, data; a third of the
# blocks is dirty, and the last chunk of the origin is a part.
make_cache()
{
	python3 - "$work" "$@" <<- 'END'
		import random, sys

		work, seed, chunk, blocks = sys.argv[1], *map(int, sys.argv[2:])
		random.seed(seed)
		chunks = 3 * blocks
		held = sorted(random.sample(range(blocks), blocks * 3 // 4))
		of = random.sample(range(chunks), len(held))
		# Runs, too.
		of[:len(held) // 4] = range(chunks - len(held) // 4, chunks)
		of = list(dict.fromkeys(of))
		with open(work + "/cache.xml", "w") as f:
		    print(f'<superblock uuid="" block_size="{chunk // 512}"'
		          f' nr_cache_blocks="{blocks}" policy="smq"'
		          f' hint_width="4">\n<mappings>', file=f)
		    for block, chunk_nr in zip(held, of):
		        dirty = "true" if random.random() < .4 else "false"
		        print(f'<mapping cache_block="{block}"'
		              f' origin_block="{chunk_nr}" dirty="{dirty}"/>',
		              file=f)
		    print('</mappings>\n<hints>\n</hints>\n</superblock>', file=f)
		with open(work + "/origin", "wb") as f:
		    f.write(random.randbytes(chunks * chunk + 4096))
		with open(work + "/data", "wb") as f:
		    f.write(random.randbytes(blocks * chunk))
	END
}

# make_metadata FILE VERSION [cache_restore's options]
make_metadata()
{
	local file=$1 version=$2

	shift 2
	rm -f "$file"
	truncate -s 2M "$file"
	cache_restore -q -i "$work/cache.xml" -o "$file" \
		--metadata-version "$version" "$@" > /dev/null &&
		cache_check -q "$file"
}

# What cache_writeback makes of the origin.  Version 0.9 finds no dirty marks
# in metadata of version 2; the same list as version 1 says the same.
judge()
{
	make_metadata "$work/judge" 1 "$@" && cp "$work/origin" "$work/want" &&
		cache_writeback --no-metadata-update \
			--metadata-device "$work/judge" \
			--origin-device "$work/want" \
			--fast-device "$work/data" > /dev/null 2>&1
}

same()	# VERSION CHUNK-LEN [cache_restore's options]
{
	local version=$1 chunk_len=$2

	shift 2
	judge "$@" && make_metadata "$work/metadata" "$version" "$@" || return
	! cmp -s "$work/origin" "$work/want" || return
	"$tool" cache "$work/origin" "$work/metadata" "$work/data" \
		"$chunk_len" | cmp - "$work/want"
}

while read -r seed chunk_len blocks; do
	make_cache "$seed" "$chunk_len" "$blocks"
	for version in 1 2; do
		name="version $version, $blocks blocks of $chunk_len"
		check "$name, clean" same "$version" "$chunk_len"
		check "$name, not clean" same "$version" "$chunk_len" \
			--omit-clean-shutdown
	done
done <<- END
	1 32768 40
	2 65536 63
	3 98304 129
	4 32768 1300
	5 1048576 10
END

# Else the states above would be one case each.
states_differ()
{
	judge && mv "$work/want" "$work/clean" &&
		judge --omit-clean-shutdown &&
		! cmp -s "$work/clean" "$work/want"
}

make_cache 6 32768 64
check "the states differ" states_differ

# refused TEXT VERSION CHUNK-LEN
refused()
{
	make_metadata "$work/metadata" "$2"
	"$tool" cache "$work/origin" "$work/metadata" "$work/data" "$3" \
		2>&1 > /dev/null | grep -F "$1"
}

check "another chunk length" refused "the volume group says 65536" 1 65536
truncate -s 32K "$work/data"
check "a short cache" refused "the cache has room for 1" 2 32768

finish
