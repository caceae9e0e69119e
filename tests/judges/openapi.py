"""schemathesis sends what the served API documents allow and what they forbid, and finds no answer that they do not name:
the public one on its port, and the admin one on its socket."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from _bridge import Bridge
from _server import PASSWORD, Server

HERE = Path(__file__).parent
# One seed, so that two runs send the same.
SEED = os.environ.get("JUDGE_SEED", "20270115")
# For each route and kind; JUDGE_EXAMPLES=500 searches longer.
EXAMPLES = int(os.environ.get("JUDGE_EXAMPLES", "30"))


def judge(server, url, *options, document="/openapi.json", examples=EXAMPLES):
    """Runs every check; ends with the first that finds something."""
    words = [sys.executable, "-m", "schemathesis.cli", "--config-file", HERE / "schemathesis.toml", "run"]
    words += [url + document, "--url", url, "--checks", "all", "--seed", SEED, "--max-examples", str(examples)]
    words += ["--phases", "examples,coverage,fuzzing", "--generation-database", "none", "--request-timeout", "20"]
    words += ["--warnings", "off", "--no-color", *options]
    ran = subprocess.run(words, cwd=server.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    if ran.returncode != 0:
        print(ran.stdout)
        raise AssertionError("schemathesis found something")
    print(next(line for line in reversed(ran.stdout.splitlines()) if line.strip(" =")))


def log_in(server):
    """A token for the account API, of another session than the first one."""
    body = {"refresh_token": server.first["tokens"]["refresh_token"], "audience": f"{server.issuer}/account"}
    server.first["tokens"] = server.must("/v1/session/refresh", body)
    return server.first["tokens"]["access_token"]


# Many requests come from here: the limits by source, which would answer most of them, are off for this machine.
os.environ["POUNDLOCK_GUARD__SOURCES__LOOPBACK_UNLIMITED"] = "true"
with Server() as server:
    judge(server, server.issuer)
    token = log_in(server)
    # Ending the token's own session would leave nothing to judge; and clients prove themselves by no bearer token.
    left_out = ["--exclude-operation-id", "session.end", "--exclude-operation-id", "oidc.token.exchange"]
    judge(server, server.issuer, "--header", f"Authorization: Bearer {token}", *left_out)
    account = urllib.request.Request(f"{server.issuer}/v1/account", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(account, timeout=30) as answer:
        assert json.load(answer)["name"] == "ada", "the token did not last: nothing behind it was judged"
    # The owner is not locked out by any of it: at most told to wait, and then let in.
    login = {"name": "ada", "password": PASSWORD, "device": server.first["tokens"]["device"]}
    status, answer = server.post("/v1/login", login)
    end = time.monotonic() + 30
    while status == 429 and time.monotonic() < end:
        status, answer = server.post("/v1/login", login)
    assert (status, answer.get("state")) == (200, "second_factor"), (status, answer)
    with Bridge(server.data / "admin.sock") as url:
        judge(server, url, document="/v1/admin/openapi.json")
    # Whatever was sent there, the server goes on, and whoever administers it is still let in.
    assert [user["name"] for user in json.loads(server.command("user", "list", "--json"))["users"]][:1] == ["ada"]
    server.command("audit", "verify")
