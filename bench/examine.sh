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

PENDEEN=${PENDEEN:-target/release/pendeen}
CACHE=${CACHE:-out/bench}
RUNS=${RUNS:-5}
export PATH="$PATH:/usr/sbin:/sbin"

say() { printf '%s\n' "$*" >&2; }

for program in "$PENDEEN" mke2fs openssl fiwalk tsk_loaddb; do
    command -v "$program" >/dev/null || {
        say "$program is missing: run 'make setup', and 'cargo build --release' for pendeen"
        exit 1
    }
done

# 100 folders of 500 files; the bytes are one AES-CTR stream with a fixed key, so that the image
# holds the same contents on every machine, and none that compresses or repeats.
build_image() {
    local image=$1 tree
    tree=$(mktemp -d "$CACHE/tree.XXXXXX")
    say "building $image (once; about 2 GB in $CACHE while it is built)"
    openssl enc -aes-128-ctr -K 00000000000000000000000000000001 \
        -iv 00000000000000000000000000000000 -in /dev/zero 2>/dev/null | {
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

run_pendeen() { "$PENDEEN" examine "$IMAGE" --out "$WORK/out" --json >"$WORK/pendeen.json"; }
run_fiwalk() { fiwalk -G0 -x "$IMAGE" >"$WORK/fiwalk.xml"; }
run_tsk_loaddb() { tsk_loaddb -h -d "$WORK/tsk.db" "$IMAGE" >/dev/null; }

# Seconds that a command takes, appended to its file of times.
timed() {
    local name=$1 begin end
    rm -rf "$WORK/out" "$WORK/tsk.db" "$WORK/fiwalk.xml"
    sync
    begin=$EPOCHREALTIME
    "run_$name"
    end=$EPOCHREALTIME
    echo "$begin $end" | awk '{ printf "%.3f\n", $2 - $1 }' >>"$WORK/$name.times"
}

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
spread() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[1] "-" v[NR] }'; }

say "warming the page cache"
cat "$IMAGE" >/dev/null
for name in pendeen fiwalk tsk_loaddb; do timed "$name"; rm "$WORK/$name.times"; done
items=$(grep -o '"items": *[0-9]*' "$WORK/pendeen.json" | grep -o '[0-9]*$' | head -1)
gaps=$(grep -o '"gaps": *[0-9]*' "$WORK/pendeen.json" | grep -o '[0-9]*$' | head -1)
if [ "${items:-0}" -lt 50000 ] || [ "${gaps:-1}" -ne 0 ]; then
    say "pendeen found ${items:-no} items and ${gaps:-no} gaps; wanted at least 50000 and 0"
    exit 1
fi
for run in $(seq "$RUNS"); do
    say "run $run of $RUNS"
    for name in pendeen fiwalk tsk_loaddb; do timed "$name"; done
done

ours=$(median "$WORK/pendeen.times")
fiwalk_time=$(median "$WORK/fiwalk.times")
loaddb_time=$(median "$WORK/tsk_loaddb.times")
ratio=$(echo "$ours $fiwalk_time $loaddb_time" |
    awk '{ best = $2 < $3 ? $2 : $3; printf "%.1f", best / $1 }')

features=$(grep -m1 '^flags' /proc/cpuinfo | tr ' ' '\n' |
    grep -E '^(sha_ni|avx2|avx512f|avx512bw)$' | sort | paste -sd, - | sed 's/,/, /g' || true)
cat <<END
$("$PENDEEN" --version), $(tsk_loaddb -V), fiwalk of $(fiwalk -V 2>&1 | head -1); $(nproc) cores, \
$(grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //'), ${features:-no vector extensions}; \
medians of $RUNS, in seconds, fastest and slowest in brackets.

| job | pendeen, 3 digests | fiwalk, 2 digests | tsk_loaddb -h, 1 digest | ratio to the better |
|---|---|---|---|---|
| ext4, 50,000 files of 16 KiB | $ours ($(spread "$WORK/pendeen.times")) | $fiwalk_time \
($(spread "$WORK/fiwalk.times")) | $loaddb_time ($(spread "$WORK/tsk_loaddb.times")) | $ratio |
END
