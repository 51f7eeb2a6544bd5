#!/usr/bin/env bash
# Images read, verified and examined by pendeen and by its peers: the same input, in the same run,
# turn by turn; medians of 5. Prints Markdown.
#
# PENDEEN  the program to measure; by default target/release/pendeen
# CACHE    where the inputs are kept; by default out/bench. Delete them to build them anew
# RUNS     how often; 5 by default
# FILES    files of the mixed image, half of them on NTFS; 200,000 by default, which takes 20 GB in
#          CACHE while it is made
# GROWTH   counts of files for the growth; "10000 100000 1000000" by default
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/common.sh
need mke2fs mkntfs sfdisk cc openssl ewfacquire ewfverify img_cat hashdeep tsk_recover mmls python3
FILES=${FILES:-200000}
GROWTH=${GROWTH:-10000 100000 1000000}

mkdir -p "$CACHE"
WORK=$(mktemp -d "$CACHE/run.XXXXXX")
trap 'rm -rf "$WORK"' EXIT

# An E01 of a raw image, which is removed.
acquire() {
    ewfacquire -u -q -t "$WORK/made" -f encase6 -c fast -S 100GiB "$2" >/dev/null
    mv "$WORK/made.E01" "$1"
    rm "$2"
}

# Half random bytes, a quarter of the text of standard input, a quarter zeros.
made_of() {
    say "building $1 (once)"
    { noise 2 | head -c 512M; head -c 256M; } >"$WORK/made.raw" || true
    truncate -s 1G "$WORK/made.raw"
    acquire "$1" "$WORK/made.raw"
}

# How fast a text inflates depends on the text: numbers, and one line again and again.
MADE=$CACHE/made-1g.E01
[ -f "$MADE" ] || made_of "$MADE" < <(seq 1 40000000)
LINES=$CACHE/lines-1g.E01
[ -f "$LINES" ] || made_of "$LINES" < <(yes "The quick brown fox jumps over the lazy dog, and the dog sleeps on.")
ORDINARY=$CACHE/ordinary-1g.E01
if [ ! -f "$ORDINARY" ]; then
    say "building $ORDINARY: the first GiB of this machine's programs and their data"
    raw=$WORK/ordinary.raw
    tar -cf - -C / usr/lib usr/share 2>/dev/null | head -c 1G >"$raw" || true
    acquire "$ORDINARY" "$raw"
fi
ALONE=$CACHE/alone
if [ ! -f "$ALONE/file.bin" ]; then
    mkdir -p "$ALONE"
    noise 3 | head -c 1G >"$WORK/file.bin" || true
    mv "$WORK/file.bin" "$ALONE/file.bin"
fi

# Files of sizes whose logarithms are normal, from 100 bytes to 50 MB, in folders of 500; every
# other one of text. The same on every machine.
mixed_tree() {
    python3 - "$@" <<'PY'
import hashlib, math, os, random, sys
root, count = sys.argv[1], int(sys.argv[2])
chance = random.Random(sys.argv[3])
noise = chance.randbytes(64 << 20)
text = b"".join(b"%d the quick brown fox %x\n" % (n, n * 2654435761) for n in range(2_000_000))
for n in range(count):
    folder = f"{root}/{n // 500:04d}"
    if n % 500 == 0:
        os.makedirs(folder)
    size = min(50_000_000, max(100, int(chance.lognormvariate(math.log(9000), 1.7))))
    source = noise if n % 2 else text
    at = chance.randrange(len(source) - size) if size < len(source) else 0
    with open(f"{folder}/{n:06d}.bin", "wb") as file:
        file.write(hashlib.sha256(b"%d" % n).digest()[: min(size, 32)])
        file.write(source[at : at + size - min(size, 32)])
PY
}

# A disk of two partitions, NTFS and ext4, each with half of the files.
MIXED=$CACHE/mixed-$FILES.E01
if [ ! -f "$MIXED" ]; then
    say "building $MIXED (once)"
    half=$((FILES / 2))
    cc -O2 -o "$WORK/ntfs_fill" bench/programs/ntfs_fill.c -lntfs-3g
    for kind in ntfs ext4; do
        mixed_tree "$WORK/tree" "$half" "$kind"
        size=$(($(du -sk "$WORK/tree" | cut -f1) / 1024 * 6 / 5 + 200))
        truncate -s "${size}M" "$WORK/$kind.raw"
        case $kind in
        ntfs)
            mkntfs -F -q -s 512 -p 2048 -H 255 -S 63 "$WORK/$kind.raw" 2>/dev/null
            "$WORK/ntfs_fill" "$WORK/$kind.raw" "$WORK/tree"
            ;;
        ext4) mke2fs -q -t ext4 -N "$((half + half / 5 + 2000))" -d "$WORK/tree" "$WORK/$kind.raw" >/dev/null ;;
        esac
        rm -rf "$WORK/tree"
    done
    first=$(stat -c %s "$WORK/ntfs.raw") second=$(stat -c %s "$WORK/ext4.raw")
    mv "$WORK/ntfs.raw" "$WORK/volume"
    { head -c 1M /dev/zero; cat "$WORK/volume"; } >"$WORK/mixed.raw"
    rm "$WORK/volume"
    cat "$WORK/ext4.raw" >>"$WORK/mixed.raw"
    rm "$WORK/ext4.raw"
    printf '2048,%s,7\n%s,%s,L\n' "$((first / 512))" "$((2048 + first / 512))" "$((second / 512))" |
        sfdisk -q --label dos "$WORK/mixed.raw"
    acquire "$MIXED" "$WORK/mixed.raw"
fi

run_verify() { "$PENDEEN" image verify "$MADE" >/dev/null; }
run_ewfverify() { ewfverify -q "$MADE" >/dev/null; }
run_cat() { "$PENDEEN" image cat "$MADE" >/dev/null; }
run_img_cat() { img_cat "$MADE" >/dev/null; }
run_cat_lines() { "$PENDEEN" image cat "$LINES" >/dev/null; }
run_img_cat_lines() { img_cat "$LINES" >/dev/null; }
run_cat_ordinary() { "$PENDEEN" image cat "$ORDINARY" >/dev/null; }
run_img_cat_ordinary() { img_cat "$ORDINARY" >/dev/null; }
run_alone() { "$PENDEEN" examine "$ALONE" --out "$WORK/out" --json >/dev/null; }
run_hashdeep() { hashdeep -c md5,sha1,sha256 -r "$ALONE" >/dev/null; }
run_mixed() {
    "$PENDEEN" examine "$MIXED" --no-carve --out "$WORK/out" --json >"$WORK/mixed.json" || [ $? = 3 ]
}
# It takes one volume at a time.
run_recover() {
    local start
    for start in $(mmls -a -M "$MIXED" | awk '/^[0-9]+:/ { print $3 }'); do
        mkdir -p "$WORK/peer/$start"
        tsk_recover -a -o "$((10#$start))" "$MIXED" "$WORK/peer/$start" >/dev/null
    done
    hashdeep -c md5,sha1,sha256 -r "$WORK/peer" >"$WORK/peer.txt"
}

for file in "$MADE" "$LINES" "$ORDINARY" "$ALONE/file.bin" "$MIXED"; do cat "$file" >/dev/null; done
turns verify ewfverify
turns cat img_cat
turns cat_lines img_cat_lines
turns cat_ordinary img_cat_ordinary
turns alone hashdeep
turns mixed recover
packed() { stat -c %s "$1" | awk '{ printf "%.1f", 1073741824 / $1 }'; }
packed_gb() { stat -c %s "$1" | awk '{ printf "%.1f", $1 / 1e9 }'; }
# Whoever finds less has less to do.
found=$(grep -o '"items": *[0-9]*' "$WORK/mixed.json" | grep -o '[0-9]*$' | head -1)
recovered=$(grep -vc '^[#%]' "$WORK/peer.txt")
if [ "${found:-0}" -lt "$FILES" ] || [ "$recovered" -lt "$FILES" ]; then
    say "of $FILES files pendeen found ${found:-none} and tsk_recover $recovered: nothing to compare"
    exit 1
fi

cat <<END
$("$PENDEEN" --version), libewf $(ewfverify -V | head -1 | grep -o '[0-9]*'), $(img_cat -V), \
hashdeep $(hashdeep -V); $(machine); medians of $RUNS, in seconds, fastest and slowest in brackets.

| job | pendeen | peer | ratio |
|---|---|---|---|
| verify a 1 GiB E01 ($(packed "$MADE") : 1), three digests | $(shown verify) | ewfverify, 1 digest: $(shown ewfverify) | $(ratio verify ewfverify) |
| its bytes to /dev/null | $(shown cat) | img_cat: $(shown img_cat) | $(ratio cat img_cat) |
| the same with text of one line again and again ($(packed "$LINES") : 1) | $(shown cat_lines) | img_cat: \
$(shown img_cat_lines) | $(ratio cat_lines img_cat_lines) |
| the same of ordinary files ($(packed "$ORDINARY") : 1) | $(shown cat_ordinary) | img_cat: $(shown img_cat_ordinary) | $(ratio cat_ordinary img_cat_ordinary) |
| one file of 1 GiB in a folder, three digests | $(shown alone) | hashdeep: $(shown hashdeep) | $(ratio alone hashdeep) |
| NTFS and ext4 in an E01 of $(packed_gb "$MIXED") GB, $FILES files of mixed sizes, three digests, \
the stored digest verified | $(shown mixed) | tsk_recover -a and hashdeep: $(shown recover) | $(ratio mixed recover) |

Growth: ext4, files of 1,000 bytes, one run each.

| files | seconds | microseconds a file | most memory of one process, MB |
|---|---|---|---|
END
for count in $GROWTH; do
    image=$CACHE/growth-$count.dd
    if [ ! -f "$image" ]; then
        say "building $image (once)"
        python3 - "$WORK/tree" "$count" <<'PY'
import os, sys
root, count = sys.argv[1], int(sys.argv[2])
for n in range(count):
    folder = f"{root}/{n // 1000:04d}"
    if n % 1000 == 0:
        os.makedirs(folder)
    with open(f"{folder}/{n:07d}.bin", "wb") as file:
        file.write(n.to_bytes(8, "big") * 125)
PY
        mke2fs -q -t ext4 -b 1024 -N "$((count + count / 100 + 2000))" -d "$WORK/tree" "$WORK/growth.raw" \
            "$((count * 15 / 10 + 50000))k" >/dev/null
        rm -rf "$WORK/tree"
        mv "$WORK/growth.raw" "$image"
    fi
    cat "$image" >/dev/null
    rm -rf "$WORK/out"
    python3 - "$PENDEEN" "$image" "$WORK/out" "$count" <<'PY'
import resource, subprocess, sys, time
program, image, out, count = sys.argv[1:]
begin = time.monotonic()
command = [program, "examine", image, "--no-carve", "--out", out, "--json"]
subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
taken = time.monotonic() - begin
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
print(f"| {int(count):,} | {taken:.2f} | {taken * 1e6 / int(count):.1f} | {peak} |")
PY
done
