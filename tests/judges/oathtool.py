"""Codes that oathtool computes are accepted, once; a code of the next step, or of the one before the last, is not."""

import subprocess
import time

from _server import PASSWORD, Server, until


def code(secret, steps=0):
    """The code that an app shows `steps` times 30 seconds from now."""
    words = ["oathtool", "--totp", "--base32", "--now", f"@{int(time.time()) + 30 * steps}", "-"]
    return subprocess.run(words, input=secret, capture_output=True, text=True, check=True).stdout.strip()


def attempt(server, given):
    login = server.must("/v1/login", {"name": "grace", "password": PASSWORD})["login"]
    return server.post("/v1/login/totp", {"login": login, "code": given})


with Server() as server:
    accepted = server.must("/v1/invite/accept", {"invite": server.invite("grace"), "password": PASSWORD})
    offered = server.must("/v1/login/enrol/totp", {"login": accepted["login"]})
    assert offered["uri"].startswith("otpauth://totp/") and offered["secret"] in offered["uri"]
    # No step may end between two lines below.
    until(lambda: time.time() % 30 < 24)
    confirmation = {"login": accepted["login"], "code": code(offered["secret"], -1)}
    confirmed = server.must("/v1/login/enrol/totp/confirm", confirmation)
    assert confirmed.get("clock_drift_seconds", 0) == 0, confirmed
    for steps in (-1, 1, -2):
        status, refused = attempt(server, code(offered["secret"], steps))
        assert status == 401 and refused["type"] == "urn:poundlock:problem:code", (steps, refused)
    present = code(offered["secret"])
    status, granted = attempt(server, present)
    assert status == 200 and granted["access_token"], granted
    status, refused = attempt(server, present)
    assert status == 401, refused
    print("oathtool's codes: the present one accepted once; used, early and late ones refused")
