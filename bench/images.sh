#!/usr/bin/env bash
# Images read, verified and examined by pendeen and by its peers: the same input, in the same run,
# turn by turn; medians of 5. Prints Markdown.
#
# PENDEEN  the program to measure; by default target/release/pendeen
# CACHE    where the inputs are kept; by default out/bench. Delete them to build them anew
# RUNS     how often; 5 by default
# FILES    files of the mixed image; 200,000 by default, which takes 30 GB in CACHE while it is made
# GROWTH   counts of files for the growth; "10000 100000 1000000" by default
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/common.sh
need mke2fs openssl ewfacquire ewfverify img_cat hashdeep tsk_recover python3
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

MADE=$CACHE/made-1g.E01
if [ ! -f "$MADE" ]; then
    say "building $MADE: half random, a quarter text, a quarter zeros"
    raw=$WORK/made.raw
    { noise 2 | head -c 512M; seq 1 40000000 | head -c 256M; } >"$raw" || true
    truncate -s 1G "$raw"
    acquire "$MADE" "$raw"
fi
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
    python3 - "$1" "$2" <<'PY'
import hashlib, math, os, random, sys
root, count = sys.argv[1], int(sys.argv[2])
chance = random.Random(4)
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

MIXED=$CACHE/mixed-$FILES.E01
if [ ! -f "$MIXED" ]; then
    say "building $MIXED (once)"
    mixed_tree "$WORK/tree" "$FILES"
    size=$(du -sk "$WORK/tree" | cut -f1)
    mke2fs -q -t ext4 -N "$((FILES + FILES / 5 + 2000))" -d "$WORK/tree" "$WORK/mixed.raw" \
        "$((size + size / 5 + 200000))k" >/dev/null
    rm -rf "$WORK/tree"
    acquire "$MIXED" "$WORK/mixed.raw"
fi

run_verify() { "$PENDEEN" image verify "$MADE" >/dev/null; }
run_ewfverify() { ewfverify -q "$MADE" >/dev/null; }
run_cat() { "$PENDEEN" image cat "$MADE" >/dev/null; }
run_img_cat() { img_cat "$MADE" >/dev/null; }
run_cat_ordinary() { "$PENDEEN" image cat "$ORDINARY" >/dev/null; }
run_img_cat_ordinary() { img_cat "$ORDINARY" >/dev/null; }
run_alone() { "$PENDEEN" examine "$ALONE" --out "$WORK/out" --json >/dev/null; }
run_hashdeep() { hashdeep -c md5,sha1,sha256 -r "$ALONE" >/dev/null; }
run_mixed() {
    "$PENDEEN" examine "$MIXED" --no-carve --out "$WORK/out" --json >"$WORK/mixed.json" || [ $? = 3 ]
}
run_recover() {
    mkdir "$WORK/peer"
    tsk_recover -a "$MIXED" "$WORK/peer" >/dev/null
    hashdeep -c md5,sha1,sha256 -r "$WORK/peer" >"$WORK/peer.txt"
}

for file in "$MADE" "$ORDINARY" "$ALONE/file.bin" "$MIXED"; do cat "$file" >/dev/null; done
turns verify ewfverify
turns cat img_cat
turns cat_ordinary img_cat_ordinary
turns alone hashdeep
turns mixed recover
packed() { stat -c %s "$1" | awk '{ printf "%.1f", 1073741824 / $1 }'; }

cat <<END
$("$PENDEEN" --version), libewf $(ewfverify -V | head -1 | grep -o '[0-9]*'), $(img_cat -V), \
hashdeep $(hashdeep -V); $(machine); medians of $RUNS, in seconds, fastest and slowest in brackets.

| job | pendeen | peer | ratio |
|---|---|---|---|
| verify a 1 GiB E01 ($(packed "$MADE") : 1), three digests | $(shown verify) | ewfverify, 1 digest: $(shown ewfverify) | $(ratio verify ewfverify) |
| its bytes to /dev/null | $(shown cat) | img_cat: $(shown img_cat) | $(ratio cat img_cat) |
| the same of ordinary files ($(packed "$ORDINARY") : 1) | $(shown cat_ordinary) | img_cat: $(shown img_cat_ordinary) | $(ratio cat_ordinary img_cat_ordinary) |
| one file of 1 GiB in a folder, three digests | $(shown alone) | hashdeep: $(shown hashdeep) | $(ratio alone hashdeep) |
| ext4 in an E01, $FILES files of mixed sizes, three digests | $(shown mixed) | tsk_recover -a and hashdeep: $(shown recover) | $(ratio mixed recover) |

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
