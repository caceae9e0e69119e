"""h2load loads the TLS listener over both versions of HTTP while its certificate is renewed, and slowhttptest drips at
it; no request fails, and others are answered (OPS-01, OPS-04)."""

import os
import re
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from _server import Server
from _slow import KEYS, LIMITS, attack

def free_port():
    """A port that is free on both loopbacks now: an https issuer must name it before the server listens."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def certify(folder):
    """A new pair in place of the old one, by OpenSSL. It is moved into place, as tools for renewal do."""
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "90"]
    made += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made += ["-keyout", folder / "key.new", "-out", folder / "chain.new"]
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    (folder / "key.new").chmod(0o600)
    (folder / "chain.new").rename(folder / "chain.pem")
    (folder / "key.new").rename(folder / "key.pem")


def load(server, version):
    """Gives how many requests h2load saw answered; any that failed is an error."""
    words = ["h2load", "-c", "20", "-n", "4000", *version, server.issuer + KEYS]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=120)
    requests = re.search(r"requests: (\d+) total, .* (\d+) succeeded, (\d+) failed, (\d+) errored", ran.stdout)
    assert requests, ran.stdout + ran.stderr
    assert requests.groups() == ("4000", "4000", "0", "0"), ran.stdout
    statuses = re.search(r"status codes: (\d+) 2xx, 0 3xx, 0 4xx, 0 5xx", ran.stdout)
    assert statuses and statuses[1] == "4000", ran.stdout
    protocol = re.search(r"TLS Protocol: (\S+)", ran.stdout)
    agreed = re.search(r"Application protocol: (\S+)", ran.stdout)
    assert protocol and protocol[1] == "TLSv1.3" and agreed, ran.stdout
    return agreed[1]


def shown():
    """The certificate that the server shows now."""
    return ssl.get_server_certificate(("localhost", PORT))


def under_renewal(server, folder, version):
    before, outcome = shown(), []
    loading = threading.Thread(target=lambda: outcome.append(load(server, version)))
    loading.start()
    certify(folder)
    end = time.monotonic() + 30
    while shown() == before:
        assert time.monotonic() < end, "the new certificate is not shown"
    loading.join()
    assert outcome, "h2load did not say that all went well"
    return outcome[0]


PORT = free_port()
with tempfile.TemporaryDirectory(prefix="judge-") as folder:
    folder = Path(folder)
    certify(folder)
    os.environ.update({f"POUNDLOCK_LISTEN__LIMITS__{key}": value for key, value in LIMITS.items()})
    os.environ["POUNDLOCK_ISSUER"] = f"https://localhost:{PORT}"
    os.environ["POUNDLOCK_LISTEN__TLS__CERTIFICATE"] = str(folder / "chain.pem")
    os.environ["POUNDLOCK_LISTEN__TLS__KEY"] = str(folder / "key.pem")
    with Server(listen=f"127.0.0.1:{PORT}") as server:
        assert under_renewal(server, folder, ["-m", "10"]) == "h2"
        assert under_renewal(server, folder, ["--h1"]) == "http/1.1"
        print("h2load: 8000 requests over two renewals, none failed")
        for name in ["slow headers", "slow body", "slow read"]:
            attack(server, name, ssl._create_unverified_context())
