"""Runs schemathesis against the API of a small demonstration, once for each of several roles.

In: the program (PENDEEN), its description of the API. Out: 0 where the description is valid
OpenAPI 3.1 and every answer to every request is as it says: no failure of the server, no
status, media type or body that is not described, nothing accepted that the description
forbids, nothing answered without a token. The same seed gives the same requests.
"""

import http.client
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAM = os.environ.get("PENDEEN", str(ROOT / "target/debug/pendeen"))
SEED = "20261125"

# Which accounts send requests, and how far schemathesis goes with each.
SHARED = r"^/(me|work|search|openapi|records/(\{kind\}|referral|subject|package))"
WITH_ACTS = r"^/records/(case|child|paper)"
RUNS = [
    # Every boundary of what is not a kind's own, and of three kinds without their acts.
    ("intel", [f"--include-path-regex={SHARED}", "--exclude-path-regex=/acts/", "--max-examples=3"]),
    # Every boundary of three kinds with all of their acts.
    ("oic-devon", [f"--include-path-regex={WITH_ACTS}", "--max-examples=2"]),
    # Every operation, a few requests each.
    ("safeguarding-devon", ["--phases=fuzzing", "--max-examples=2"]),
    ("coordinator", ["--phases=fuzzing", "--max-examples=1"]),
    ("figures", ["--phases=coverage,fuzzing", "--include-path-regex=^/(figures|releases)"]),
    ("admin", ["--phases=fuzzing", "--max-examples=1", "--exclude-path-regex=/acts/"]),
]


def main():
    with tempfile.TemporaryDirectory(prefix="pendeen-api-") as folder:
        data = pathlib.Path(folder) / "data"
        made = [PROGRAM, "demo", "--scale", "0", "--data", str(data), "--no-serve"]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
        address = f"127.0.0.1:{free_port()}"
        serve = [PROGRAM, "serve", "--data", str(data), "--listen", address]
        with open(HERE / ".venv/server.log", "w", encoding="utf-8") as log:
            server = subprocess.Popen(serve, stdout=log, stderr=log)
            try:
                wait_for(address, server)
                accounts = json.loads((data / "accounts.json").read_text(encoding="utf-8"))
                return test(address, accounts)
            finally:
                server.terminate()
                server.wait(timeout=30)


def test(address, accounts):
    failed = []
    for username, options in RUNS:
        account = next(each for each in accounts if each["username"] == username)
        print(f"api: as {username} ({account['role']})", flush=True)
        began = time.monotonic()
        if schemathesis(address, token(address, account), options) != 0:
            failed.append(username)
        print(f"api: {time.monotonic() - began:.0f} s", flush=True)
    if failed:
        print(f"api: not as described: {', '.join(failed)}")
    return 1 if failed else 0


def schemathesis(address, secret, options):
    command = [
        str(HERE / ".venv/bin/schemathesis"), "run",
        f"http://{address}/api/v1/openapi.json",
        f"--seed={SEED}", "--no-color", "--warnings=off", "--workers=2", *options,
    ]
    env = {
        **os.environ,
        "PENDEEN_TOKEN": secret,
        "PENDEEN_API": f"http://{address}/api/v1",
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(HERE),
    }
    return subprocess.run(command, cwd=HERE, env=env, check=False).returncode


def token(address, account):
    """Signs in as a person does and makes a token for everything that the account may do."""
    form = {"username": account["username"], "password": account["password"]}
    signed_in = post(address, "/sign-in", form, "")
    cookies = [value for name, value in signed_in.getheaders() if name.lower() == "set-cookie"]
    cookie = "; ".join(value.split(";")[0] for value in cookies)
    scopes = {f"scope-{scope}": "yes" for scope in ("read", "write", "figures", "audit")}
    form = {"token-name": "schemathesis", "days": "1", **scopes}
    page = post(address, "/account/tokens", form, cookie).read().decode()
    found = re.search(r"pendeen_[0-9a-f]{64}", page)
    if not found:
        raise SystemExit(f"api: {account['username']} got no token")
    return found.group()


def post(address, path, form, cookie):
    connection = http.client.HTTPConnection(address, timeout=30)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "same-origin",
        "Cookie": cookie,
    }
    connection.request("POST", path, urllib.parse.urlencode(form), headers)
    return connection.getresponse()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(address, server):
    host, port = address.split(":")
    until = time.monotonic() + 30
    while time.monotonic() < until and server.poll() is None:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"api: the server does not answer at {address}")


sys.exit(main())
