# What the benchmarks share. To be sourced from the top of the repository.

PENDEEN=${PENDEEN:-target/release/pendeen}
CACHE=${CACHE:-out/bench}
RUNS=${RUNS:-5}
export PATH="$PATH:/usr/sbin:/sbin"

say() { printf '%s\n' "$*" >&2; }

need() {
    local program
    for program in "$PENDEEN" "$@"; do
        command -v "$program" >/dev/null || {
            say "$program is missing: run 'make setup', and 'cargo build --release' for pendeen"
            exit 1
        }
    done
}

# Bytes that are the same on every machine, and neither compress nor repeat; a key for each use.
noise() {
    openssl enc -aes-128-ctr -K "$(printf '%032x' "$1")" -iv 00000000000000000000000000000000 \
        -in /dev/zero 2>/dev/null
}

# Seconds that run_NAME takes, appended to its file of times. What an earlier run wrote is gone
# and on the disk before.
timed() {
    local name=$1 begin end
    rm -rf "$WORK/out" "$WORK/peer"
    sync
    begin=$EPOCHREALTIME
    "run_$name"
    end=$EPOCHREALTIME
    echo "$begin $end" | awk '{ printf "%.3f\n", $2 - $1 }' >>"$WORK/$name.times"
}

# Each of these once, thrown away, then turn by turn.
turns() {
    local name run
    for name in "$@"; do
        rm -f "$WORK/$name.times"
        timed "$name"
        rm "$WORK/$name.times"
    done
    for run in $(seq "$RUNS"); do
        say "run $run of $RUNS: $*"
        for name in "$@"; do timed "$name"; done
    done
}

median() { sort -n "$WORK/$1.times" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
spread() { sort -n "$WORK/$1.times" | awk '{ v[NR] = $1 } END { print v[1] "-" v[NR] }'; }
# Median, fastest and slowest.
shown() { echo "$(median "$1") ($(spread "$1"))"; }
# How many times as long the second takes as the first.
ratio() { echo "$(median "$1") $(median "$2")" | awk '{ printf "%.1f", $2 / $1 }'; }

machine() {
    local features
    features=$(grep -m1 '^flags' /proc/cpuinfo | tr ' ' '\n' |
        grep -E '^(sha_ni|avx2|avx512f|avx512bw)$' | sort | paste -sd, - | sed 's/,/, /g' || true)
    echo "$(nproc) cores, $(grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //'), ${features:-no vector extensions}"
}
