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
import urllib.request
from pathlib import Path

from _server import Server

LIMITS = {"HEADER_SECONDS": "2", "BODY_SECONDS": "2", "ANSWER_SECONDS": "2", "STALL_SECONDS": "2"}
SECONDS = 6
SLOWEST = 2.0
ATTACKS = {
    "slow headers": ["-H", "-i", "1", "-x", "24"],
    "slow body": ["-B", "-i", "1", "-s", "8192", "-f", "application/json"],
    "slow read": ["-X", "-w", "1", "-y", "64", "-n", "1", "-z", "4", "-k", "3"],
}
PATHS = {"slow body": "/v1/login"}
KEYS = "/.well-known/jwks.json"


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


class Neighbour(threading.Thread):
    """Asks again and again on new connections, and keeps the times."""

    def __init__(self, url):
        super().__init__()
        self.url, self.over, self.times, self.faults = url, threading.Event(), [], []
        self.context = ssl._create_unverified_context()

    def run(self):
        while not self.over.wait(0.05):
            begun = time.monotonic()
            try:
                with urllib.request.urlopen(self.url, timeout=10, context=self.context) as answer:
                    assert answer.status == 200
                    answer.read()
            except Exception as fault:
                self.faults.append(fault)
            self.times.append(time.monotonic() - begun)


def attack(server, name):
    neighbour = Neighbour(server.issuer + KEYS)
    neighbour.start()
    url = server.issuer + PATHS.get(name, KEYS)
    words = ["slowhttptest", *ATTACKS[name], "-c", "200", "-r", "200", "-l", str(SECONDS), "-p", "3", "-u", url]
    ran = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    neighbour.over.set()
    neighbour.join()
    said = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", ran.stdout + ran.stderr)
    available = re.findall(r"service available:\s+(\w+)", said)
    assert available and set(available) == {"YES"}, (name, said[-2000:])
    assert not neighbour.faults, (name, neighbour.faults[:3])
    assert len(neighbour.times) >= 10 and max(neighbour.times) < SLOWEST, (name, len(neighbour.times), neighbour.times)
    print(f"{name} over TLS: {len(neighbour.times)} others answered, the slowest in {max(neighbour.times) * 1000:.0f} ms")


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
        for name in ATTACKS:
            attack(server, name)
