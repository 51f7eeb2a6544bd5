#!/usr/bin/env bash
# An ext4 image of 50,000 files of 16 KiB, examined by pendeen (three digests, media types,
# Parquet written), by fiwalk (MD5 and SHA-1) and by tsk_loaddb -h (MD5): the same image, in the
# same run, turn by turn; medians of 5. Prints Markdown.
#
# PENDEEN  the program to measure; by default target/release/pendeen
# CACHE    where the image is kept; by default out/bench. Delete it to build the image anew
# RUNS     how often; 5 by default
set -euo pipefail
cd "$(dirname "$0")/.."

. bench/common.sh
need mke2fs openssl fiwalk tsk_loaddb

# 100 folders of 500 files; the bytes are one AES-CTR stream with a fixed key, so that the image
# holds the same contents on every machine, and none that compresses or repeats.
build_image() {
    local image=$1 tree
    tree=$(mktemp -d "$CACHE/tree.XXXXXX")
    say "building $image (once; about 2 GB in $CACHE while it is built)"
    noise 1 | {
        for folder in $(seq -w 0 99); do
            mkdir "$tree/$folder"
            dd bs=16384 count=500 iflag=fullblock status=none |
                split -b 16384 -a 3 -d --additional-suffix=.bin - "$tree/$folder/"
        done
    } || true
    # The stream ends by a broken pipe; that all of it is there shows in the count.
    if [ "$(find "$tree" -type f -size 16384c | wc -l)" != 50000 ]; then
        say "the files of the image could not be made in $tree: is the disk full?"
        exit 1
    fi
    mke2fs -q -t ext4 -N 60000 -d "$tree" "$image.partial" 1200M >/dev/null
    mv "$image.partial" "$image"
    rm -rf "$tree"
}

mkdir -p "$CACHE"
IMAGE=$CACHE/ext4-50000x16k.dd
[ -f "$IMAGE" ] || build_image "$IMAGE"

WORK=$(mktemp -d "$CACHE/run.XXXXXX")
trap 'rm -rf "$WORK"' EXIT

run_pendeen() {
    "$PENDEEN" examine "$IMAGE" --no-carve --out "$WORK/out" --json >"$WORK/pendeen.json"
}
# With the search of unused space, which no peer does.
run_carving() { "$PENDEEN" examine "$IMAGE" --out "$WORK/out" --json >/dev/null; }
run_fiwalk() { fiwalk -G0 -x "$IMAGE" >"$WORK/peer"; }
run_avx2() { PENDEEN_KERNEL=avx2 run_pendeen; }
run_avx2_sha() { PENDEEN_KERNEL=avx2+sha run_pendeen; }
run_tsk_loaddb() { tsk_loaddb -h -d "$WORK/peer" "$IMAGE" >/dev/null; }

say "warming the page cache"
cat "$IMAGE" >/dev/null
turns pendeen fiwalk tsk_loaddb carving avx2 avx2_sha
items=$(grep -o '"items": *[0-9]*' "$WORK/pendeen.json" | grep -o '[0-9]*$' | head -1)
gaps=$(grep -o '"gaps": *[0-9]*' "$WORK/pendeen.json" | grep -o '[0-9]*$' | head -1)
if [ "${items:-0}" -lt 50000 ] || [ "${gaps:-1}" -ne 0 ]; then
    say "pendeen found ${items:-no} items and ${gaps:-no} gaps; wanted at least 50000 and 0"
    exit 1
fi
ratio=$(printf '%s\n' "$(ratio pendeen fiwalk)" "$(ratio pendeen tsk_loaddb)" | sort -n | head -1)

cat <<END
$("$PENDEEN" --version), $(tsk_loaddb -V), fiwalk of $(fiwalk -V 2>&1 | head -1); $(machine); \
medians of $RUNS, in seconds, fastest and slowest in brackets.

| job | pendeen, 3 digests | fiwalk, 2 digests | tsk_loaddb -h, 1 digest | ratio to the better |
|---|---|---|---|---|
| ext4, 50,000 files of 16 KiB | $(shown pendeen) | $(shown fiwalk) | $(shown tsk_loaddb) | $ratio |

With the search of unused space for pictures and films, which no peer does: $(shown carving).
With the kernels of a processor that has AVX2 alone: $(shown avx2), ratios $(ratio avx2 fiwalk) and \
$(ratio avx2 tsk_loaddb); with AVX2 and SHA-NI: $(shown avx2_sha), ratios $(ratio avx2_sha fiwalk) and \
$(ratio avx2_sha tsk_loaddb).
END
