"""Many people write and read while server and database are killed and started again: nothing
that was acknowledged is lost, nothing is there twice, and the audit log holds.

Each of 45 x 20 people makes referrals through the API, each under a key of its own, and sends
one again until it is acknowledged, as a program in the field would. Started by bench/kill.sh,
which kills. Prints what was acknowledged, one reference a line, when it is told to stop.
"""

import gevent.monkey

gevent.monkey.patch_all()

import json
import os
import re
import signal
import sys
import time
import uuid

import gevent
import requests
from requests.adapters import HTTPAdapter

BASE, ACCOUNTS, OUT = sys.argv[1:4]
PEOPLE = int(os.environ.get("PEOPLE", "900"))
PAUSE = float(os.environ.get("PAUSE", "5"))
TOKEN = re.compile(r"pendeen_[0-9a-f]{64}")
stopping = gevent.event.Event()
counts = {"acknowledged": 0, "tried again": 0, "read": 0}


def session():
    made = requests.Session()
    made.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=1))
    return made


def token(one):
    here = session()
    here.post(BASE + "/sign-in", data={"username": one["username"], "password": one["password"], "next": "/"})
    form = {"token-name": "kill test", "scope-read": "yes", "scope-write": "yes", "days": "2"}
    found = TOKEN.search(here.post(BASE + "/account/tokens", data=form).text)
    if not found:
        sys.exit(f"no token for {one['username']}")
    return found[0]


def patiently(call):
    """Asks again for as long as nobody answers or the server is not itself."""
    while True:
        try:
            answer = call()
            if answer.status_code < 500:
                return answer
        except requests.RequestException:
            pass
        counts["tried again"] += 1
        gevent.sleep(0.5)


def person(number, secret, told):
    here = session()
    here.headers["Authorization"] = "Bearer " + secret
    gevent.sleep(PAUSE * (number % 97) / 97)
    while not stopping.is_set():
        reference = str(uuid.uuid4())
        body = {"fields": {"source": "Load", "reference": reference, "summary": "A report"}}
        key = {"Idempotency-Key": f'"{reference}"'}
        answer = patiently(lambda: here.post(BASE + "/api/v1/records/referral", json=body, headers=key, timeout=30))
        if answer.status_code not in (200, 201):
            sys.exit(f"refused: {answer.status_code} {answer.text[:300]}")
        told.write(reference + "\n")
        counts["acknowledged"] += 1
        address = answer.json().get("id")
        if address:
            seen = patiently(lambda: here.get(f"{BASE}/api/v1/records/referral/{address}", timeout=30))
            if seen.status_code != 200:
                sys.exit(f"an acknowledged record is gone: {address} {seen.status_code}")
            counts["read"] += 1
        stopping.wait(PAUSE)


def main():
    with open(ACCOUNTS, encoding="utf-8") as file:
        accounts = json.load(file)
    writers = [one for one in accounts if one["role"] == "intelligence_officer"]
    tokens = [token(one) for one in writers]
    with open(OUT, "w", encoding="utf-8") as told:
        people = [gevent.spawn(person, n, tokens[n % len(tokens)], told) for n in range(PEOPLE)]
        gevent.signal_handler(signal.SIGTERM, stopping.set)
        print("ready", flush=True)
        gevent.joinall(people, raise_error=True)
    print(json.dumps(counts), flush=True)


main()
