"""`poundlock login --browser` as a person uses it: the browser signs in and comes back, the command prints the token."""

import subprocess
import urllib.error
import urllib.request

from _person import Person
from _server import BINARY, Server
from _verify import Verifier

with Server() as server:
    words = [BINARY, "login", server.issuer, "--browser"]
    # Without a browser to open: the address is told.
    command = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={"PATH": ""})
    command.stderr.readline()
    url = command.stderr.readline().strip()
    assert url.startswith(f"{server.issuer}/oauth/authorize?"), url
    back = Person(server).authorize(url)
    assert back.startswith("http://127.0.0.1:") and "/callback?code=plc_" in back, back
    # Somebody else's answer is not taken.
    try:
        urllib.request.urlopen(back.replace("state=", "state=x"), timeout=30)
    except urllib.error.HTTPError as refused:
        assert refused.code == 400
    else:
        raise AssertionError("a foreign state was taken")
    with urllib.request.urlopen(back, timeout=30) as answer:
        assert "You are signed in" in answer.read().decode()
    out, err = command.communicate(timeout=60)
    assert command.returncode == 0, err
    claims = Verifier(server.issuer, "api").check(out.strip())
    assert claims["client_id"] == "app" and claims["acr"] == "aal2", claims
    print("signed in with a browser, and the token is good")
