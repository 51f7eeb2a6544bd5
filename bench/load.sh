#!/usr/bin/env bash
# 200 people who pause five seconds between pages (40 requests a second) on PostgreSQL, everything
# on this machine; then without pauses, ever more of them, up to the highest rate at which 95 of
# 100 answers take under 50 ms of the server's time. Prints Markdown.
#
# The server's time comes from its own metrics (/metrics), not from the load generator's clock,
# which shares the two cores with it.
#
# PENDEEN  the program to measure; by default target/release/pendeen
# CACHE    where data, database and the load generator are kept; by default out/bench
# SCALE    how many times the demo's operation; 10 by default. 100 is 66,000 arrests
# SECONDS_EACH  how long each load lasts; 60 by default
set -euo pipefail
cd "$(dirname "$0")/.."

PENDEEN=$(realpath "${PENDEEN:-target/release/pendeen}")
CACHE=$(realpath -m "${CACHE:-out/bench}")
SCALE=${SCALE:-10}
EACH=${SECONDS_EACH:-60}
LOCUST=2.43.3
PAGES=127.0.0.1:8917
METRICS=127.0.0.1:8918

# People who sign in each second (hashing a password is meant to be slow), and seconds until
# nobody waits for that any more.
ARRIVE=5
SETTLE=10

say() { printf '%s\n' "$*" >&2; }
BIN=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
[ -x "$BIN/initdb" ] || { say "PostgreSQL is missing: run 'make setup'"; exit 1; }

mkdir -p "$CACHE"
if [ ! -x "$CACHE/venv/bin/locust" ]; then
    say "installing locust $LOCUST (the load generator) into $CACHE/venv"
    python3 -m venv "$CACHE/venv"
    "$CACHE/venv/bin/pip" install -q "locust==$LOCUST"
fi

# PostgreSQL refuses to run as root: Debian's own user runs it then.
as=()
[ "$(id -u)" = 0 ] && as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
WORK=$(mktemp -d /tmp/pendeen-load.XXXXXX)
chmod 711 "$WORK"
mkdir -p "$CACHE/pg"
PG=$CACHE/pg/scale-$SCALE
if [ "$(id -u)" = 0 ]; then chown postgres "$CACHE/pg" "$WORK"; chmod o+x "$CACHE" 2>/dev/null || true; fi
started=
stop() {
    [ -n "${server:-}" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null
    [ -n "$started" ] && "${as[@]}" "$BIN/pg_ctl" -D "$PG" -m fast -w stop >/dev/null
    rm -rf "$WORK"
}
trap stop EXIT
DATA=$CACHE/load-scale-$SCALE
[ -f "$DATA/demo.json" ] || rm -rf "$PG"
[ -d "$PG" ] || "${as[@]}" "$BIN/initdb" -D "$PG" -U postgres --auth=trust -E UTF8 --locale=C.UTF-8 >/dev/null
"${as[@]}" "$BIN/pg_ctl" -D "$PG" -w -l "$WORK/pg.log" \
    -o "-k $WORK -h '' -c shared_buffers=2GB -c max_connections=100" start >/dev/null
started=1
URL="postgres://postgres@localhost/pendeen?host=$WORK"
if [ ! -f "$DATA/demo.json" ]; then
    say "making $SCALE times the operation (once)"
    "${as[@]}" "$BIN/createdb" -h "$WORK" -U postgres pendeen
    began=$(date +%s)
    "$PENDEEN" demo --scale "$SCALE" --no-serve --data "$DATA" --database "$URL" >&2
    say "made in $(($(date +%s) - began)) s"
    "${as[@]}" "$BIN/vacuumdb" -q -z -h "$WORK" -U postgres pendeen
fi

serve() {
    PENDEEN_DATABASE=$URL "$PENDEEN" serve --data "$DATA" --listen $PAGES --metrics $METRICS \
        2>>"$WORK/serve.log" &
    server=$!
    until curl -sf "http://$PAGES/readyz" >/dev/null; do
        kill -0 "$server" || { cat "$WORK/serve.log" >&2; exit 1; }
    done
}

# Requests a second, and the class of durations in which the 95th of 100 lies, between two
# readings of the metrics.
between() {
    "$CACHE/venv/bin/python" - "$1" "$2" "$3" <<'PY'
import re, sys
def read(path):
    found = {}
    for line in open(path, encoding="utf-8"):
        match = re.match(r'pendeen_request_duration_seconds_bucket\{le="([^"]+)",.*route="([^"]+)".*\} (\d+)', line)
        if match and match[2] not in ("/healthz", "/readyz", "/sign-in", "/assets/{name}"):
            found[match[1]] = found.get(match[1], 0) + int(match[3])
    return found
before, after, seconds = read(sys.argv[1]), read(sys.argv[2]), float(sys.argv[3])
steps = sorted(((float(le), n - before.get(le, 0)) for le, n in after.items()))
total = steps[-1][1]
p95 = next(le for le, n in steps if n >= 0.95 * total)
under = next((n for le, n in steps if le >= 0.05), 0)
print(f"{total / seconds:.1f} {p95 * 1000:.0f} {100 * under / max(total, 1):.1f}")
PY
}

# Each route between the two readings: how often, and the share of its answers under 50 ms.
by_route() {
    "$CACHE/venv/bin/python" - "$1" "$2" <<'PY'
import re, sys
def read(path):
    found = {}
    for line in open(path, encoding="utf-8"):
        match = re.match(r'pendeen_request_duration_seconds_bucket\{le="([^"]+)",.*route="([^"]+)".*\} (\d+)', line)
        if match:
            key = (match[2], float(match[1]))
            found[key] = found.get(key, 0) + int(match[3])
    return found
before, after = read(sys.argv[1]), read(sys.argv[2])
steps = {}
for (route, le), n in after.items():
    steps.setdefault(route, []).append((le, n - before.get((route, le), 0)))
for route, counts in sorted(steps.items()):
    counts.sort()
    total = counts[-1][1]
    if total and not route.startswith(("/assets", "/readyz", "/healthz")):
        p95 = next(le for le, n in counts if n >= 0.95 * total)
        under = next((n for le, n in counts if le >= 0.05), 0)
        print(f"| `{route}` | {total} | at most {p95 * 1000:.0f} ms | {100 * under / total:.1f} % |")
PY
}

# users, pause, what it is called
load() {
    serve
    PENDEEN_ACCOUNTS=$DATA/accounts.json PENDEEN_PAUSE=$2 "$CACHE/venv/bin/locust" \
        -f bench/load/locustfile.py --headless -u "$1" -r "$ARRIVE" -H "http://$PAGES" \
        --only-summary -t "$((EACH + $1 / ARRIVE + SETTLE))s" >"$WORK/locust.log" 2>&1 &
    local generator=$!
    sleep "$(($1 / ARRIVE + SETTLE))"
    curl -sf "http://$METRICS/metrics" >"$WORK/before"
    sleep "$((EACH - 5))"
    curl -sf "http://$METRICS/metrics" >"$WORK/after"
    wait "$generator" || true
    read -r rate p95 under < <(between "$WORK/before" "$WORK/after" "$((EACH - 5))")
    failures=$(grep -c "Error\|failure" "$WORK/locust.log" || true)
    printf '| %s | %s | %s | at most %s ms | %s %% | %s |\n' "$3" "$1" "$rate" "$p95" "$under" "$failures"
    kill "$server" && wait "$server" 2>/dev/null || true
    server=
    [ "${under%.*}" -ge 95 ]
}

arrests=$("$PENDEEN" figures --data "$DATA" --database "$URL" --json | grep -o '"arrests": *[0-9]*' | grep -o '[0-9]*$')
echo "$("$PENDEEN" --version), PostgreSQL $("$BIN/postgres" --version | grep -o '[0-9.]*' | head -1), locust $LOCUST, $(nproc) cores; scale $SCALE ($arrests arrests); loads of $EACH s"
echo
echo "| load | people | requests a second | p95 of the server's time | under 50 ms | failures |"
echo "|---|---|---|---|---|---|"
load 200 5 "5 s between pages" || true
cp "$WORK/before" "$WORK/200-before"
cp "$WORK/after" "$WORK/200-after"
for people in 4 8 16 32 64; do
    load "$people" 0 "no pause" || break
done

echo
echo "Of the 200 people:"
echo
echo "| route | requests | p95 | under 50 ms |"
echo "|---|---|---|---|"
by_route "$WORK/200-before" "$WORK/200-after"
