#!/usr/bin/env bash
# 45 x 20 people write and read through the API while the server and its PostgreSQL are killed
# (kill -9) and started again, turn by turn. In the end every acknowledged write is there, none
# is there twice, and the audit log verifies. Exit 1 where that does not hold.
#
# PENDEEN  the program; by default target/release/pendeen
# CACHE    where the load generator is kept (bench/load.sh installs it); by default out/bench
# KILLS    how often each is killed; 5 by default
# EVERY    seconds between two kills; 8 by default
set -euo pipefail
cd "$(dirname "$0")/.."
PENDEEN=$(realpath "${PENDEEN:-target/release/pendeen}")
CACHE=$(realpath -m "${CACHE:-out/bench}")
KILLS=${KILLS:-5}
EVERY=${EVERY:-8}
PAGES=127.0.0.1:8927
BIN=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
[ -x "$CACHE/venv/bin/locust" ] || {
    mkdir -p "$CACHE"
    python3 -m venv "$CACHE/venv"
    "$CACHE/venv/bin/pip" install -q locust==2.43.3
}
as=()
[ "$(id -u)" = 0 ] && as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
WORK=$(mktemp -d /tmp/pendeen-kill.XXXXXX)
chmod 711 "$WORK"
PG=$WORK/pg
[ "$(id -u)" = 0 ] && chown postgres "$WORK"
URL="postgres://postgres@localhost/pendeen?host=$WORK"
server='' people=''
stop() {
    for pid in "$people" "$server"; do [ -n "$pid" ] && kill -9 "$pid" 2>/dev/null || true; done
    [ -f "$PG/postmaster.pid" ] && kill -9 "$(head -1 "$PG/postmaster.pid")" 2>/dev/null || true
    rm -rf "$WORK"
}
trap stop EXIT
database() {
    "${as[@]}" "$BIN/pg_ctl" -D "$PG" -w -l "$WORK/pg.log" -o "-k $WORK -h ''" start >/dev/null 2>&1
}
serve() {
    PENDEEN_DATABASE=$URL "$PENDEEN" serve --data "$WORK/data" --listen $PAGES 2>>"$WORK/serve.log" &
    server=$!
}
"${as[@]}" "$BIN/initdb" -D "$PG" -U postgres --auth=trust -E UTF8 --locale=C.UTF-8 >/dev/null
database
"${as[@]}" "$BIN/createdb" -h "$WORK" -U postgres pendeen
"$PENDEEN" demo --scale 0 --no-serve --data "$WORK/data" --database "$URL" 2>/dev/null
serve
until curl -sf "http://$PAGES/readyz" >/dev/null; do sleep 0.2; done
"$CACHE/venv/bin/python" bench/load/kill.py "http://$PAGES" "$WORK/data/accounts.json" "$WORK/told" >"$WORK/people.log" 2>&1 &
people=$!
until grep -q ready "$WORK/people.log"; do kill -0 $people || { cat "$WORK/people.log"; exit 1; }; sleep 0.2; done
for _ in $(seq "$KILLS"); do
    sleep "$EVERY"
    kill -9 "$server"
    wait "$server" 2>/dev/null || true
    serve
    sleep "$EVERY"
    # The postmaster and its children, all at once: what a power cut leaves.
    postmaster=$(head -1 "$PG/postmaster.pid")
    kill -9 "$postmaster" $(pgrep -P "$postmaster") 2>/dev/null || true
    # Until the system has let go of its memory, it does not start.
    until database; do sleep 0.5; done
done
sleep "$EVERY"
kill "$people"
wait "$people" || { cat "$WORK/people.log"; exit 1; }
tail -1 "$WORK/people.log"
sql() { "${as[@]}" "$BIN/psql" -h "$WORK" -U postgres -d pendeen -Atc "$1"; }
sort "$WORK/told" >"$WORK/acknowledged"
sql "SELECT substr(title, 6) FROM record WHERE kind = 'referral' AND title LIKE 'Load %'" | sort >"$WORK/kept"
lost=$(comm -23 "$WORK/acknowledged" "$WORK/kept" | wc -l)
double=$(uniq -d "$WORK/kept" | wc -l)
echo "acknowledged $(wc -l <"$WORK/acknowledged"), kept $(wc -l <"$WORK/kept"), lost $lost, double $double"
kill "$server" && wait "$server" 2>/dev/null || true
server=
"$PENDEEN" audit verify --data "$WORK/data" --database "$URL"
[ "$lost" = 0 ] && [ "$double" = 0 ]
