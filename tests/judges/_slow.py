"""slowhttptest against a server that others ask meanwhile: shared by the judges that use it."""

import re
import subprocess
import threading
import time
import urllib.request

# For the server: shorter than an operator's, so that each attack meets them within its few seconds.
LIMITS = {"HEADER_SECONDS": "2", "BODY_SECONDS": "2", "ANSWER_SECONDS": "2", "STALL_SECONDS": "2"}
SECONDS = 6
SLOWEST = 2.0

ATTACKS = {
    "slow headers": ["-H", "-i", "1", "-x", "24"],
    "slow body": ["-B", "-i", "1", "-s", "8192", "-f", "application/json"],
    "ranges": ["-R", "-a", "5", "-b", "2000"],
    "slow read": ["-X", "-w", "1", "-y", "64", "-n", "1", "-z", "4", "-k", "3"],
}
PATHS = {"slow body": "/v1/login"}
KEYS = "/.well-known/jwks.json"


class Neighbour(threading.Thread):
    """Asks again and again on new connections, and keeps the times."""

    def __init__(self, url, context):
        super().__init__()
        self.context = context
        self.url, self.over, self.times, self.faults = url, threading.Event(), [], []

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


def attack(server, name, context=None):
    """Runs one attack; ends with an error unless the server stayed available and others were answered in time."""
    neighbour = Neighbour(server.issuer + KEYS, context)
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
    over = " over TLS" if context else ""
    print(f"{name}{over}: {len(neighbour.times)} others answered, the slowest in {max(neighbour.times) * 1000:.0f} ms")
