#!/usr/bin/env bash
# The most memory that an examination takes, by how many entries there are: a triage that reads
# nothing, and a whole reading, of sparse ext4 images of 2 TB. Prints Markdown; the slope is what a
# further entry costs.
#
# PENDEEN  the program to measure; by default target/release/examples/examination
# CACHE    where the images are kept; by default out/bench. Delete them to build them anew
# COUNTS   counts of files; "50000 300000" by default
# LINKS    names of each file, 1 by default. With 50,000, five million names take little room while
#          their image is made
set -euo pipefail
cd "$(dirname "$0")/.."
PENDEEN=${PENDEEN:-target/release/examples/examination}
. bench/common.sh
need mke2fs python3
COUNTS=${COUNTS:-50000 300000}
LINKS=${LINKS:-1}

mkdir -p "$CACHE"
WORK=$(mktemp -d "$CACHE/run.XXXXXX")
trap 'rm -rf "$WORK"' EXIT

# A tree of files that are one hole each: they take no space here, and one run in the image.
tree() {
    python3 - "$1" "$2" "$LINKS" <<'PYTHON'
import os, sys

root, count, links, each = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), 500
for folder in range(-(-count // each)):
    place = f"{root}/Users/synthetic.person/AppData/Local/Photos/Cache/year-{2000 + folder % 20}/album-{folder:05}"
    os.makedirs(place)
    for number in range(min(each, count - folder * each)):
        name = f"{place}/IMG_{folder:05}_{number:04}-copy.jpeg"
        if (folder * each + number) % links:
            os.link(first, name)
            continue
        first = name
        with open(name, "wb") as file:
            file.truncate(1000 + number)
PYTHON
}

image() {
    local image="$CACHE/entries-$1-of-$LINKS.dd"
    if [ ! -e "$image" ]; then
        say "making $image"
        tree "$WORK/tree" "$1"
        truncate -s 2T "$WORK/made"
        mke2fs -q -t ext4 -b 4096 -O ^has_journal -E lazy_itable_init=1 -N $(($1 / LINKS * 2 + 1000000)) \
            -d "$WORK/tree" "$WORK/made"
        rm -rf "$WORK/tree"
        mv "$WORK/made" "$image"
    fi
    echo "$image"
}

# KiB at most of one examination; with a list it is a triage.
peak() {
    rm -rf "$WORK/out"
    "$PENDEEN" "$1" "$WORK/out" "${@:2}" | awk '/^VmHWM/ { print $2 }'
}

# A list of one file whose size none has.
echo '{"value":[{"MD5":"00000000000000000000000000000001","Category":1,"MediaSize":7}]}' \
    >"$WORK/list.json"

machine
echo
echo "| files | triage, MB | bytes for each further file | whole reading, MB | bytes for each further file |"
echo "|---|---|---|---|---|"
before=""
for count in $COUNTS; do
    image=$(image "$count")
    now="$count $(peak "$image" "$WORK/list.json") $(peak "$image")"
    # With the counts before these, where there are any.
    echo "$now $before" | awk '
        function slope(now, then) { return NF > 3 ? sprintf("%.0f", (now - then) * 1024 / ($1 - $4)) : "" }
        { printf "| %d | %.0f | %s | %.0f | %s |\n", $1, $2 * 1.024 / 1000, slope($2, $5), $3 * 1.024 / 1000, slope($3, $6) }'
    before=$now
done
