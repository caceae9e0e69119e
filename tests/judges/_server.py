"""A Poundlock server of its own for one judge: on a free loopback port, in a temporary folder, ended by its own id."""

import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

PASSWORD = "walk the lake at dawn"
BINARY = os.environ["POUNDLOCK"]


class Server:
    """`with Server() as server:`; `first` is what `up --json` printed."""

    def __init__(self, *options, listen="127.0.0.1:0"):
        self.options, self.listen = options, listen

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="judge-"))
        self.data = self.folder / "data"
        (self.folder / "password").write_text(PASSWORD)
        words = [BINARY, "up", "--json", "--data", self.data, "--listen", self.listen, "--name", "ada"]
        words += ["--password-file", self.folder / "password", *self.options]
        self.log = open(self.folder / "log", "w+b")
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
        line = self.process.stdout.readline()
        if not line:
            self.log.seek(0)
            said = self.log.read().decode()
            self.__exit__()
            raise AssertionError(f"the server did not come up: {said}")
        self.first = json.loads(line)
        self.issuer = self.first["issuer"]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()
        self.log.close()
        shutil.rmtree(self.folder)

    def post(self, path, body, token=None):
        """Sends JSON; gives the status and the answer."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(self.issuer + path, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)

    def must(self, path, body, token=None):
        """Sends JSON that has to be answered with 200."""
        status, answer = self.post(path, body, token)
        assert status == 200, (path, status, answer)
        return answer

    def invite(self, name):
        """The secret of an invite for a new user."""
        return self.command("user", "invite", name).strip()

    def audience_of(self, alg):
        """An audience whose tokens are signed so, and which the first client may have."""
        audience = f"service-{alg.lower()}"
        self.command("audience", "set", audience, "--alg", alg)
        client = json.loads(self.command("client", "show", "app"))
        client["audiences"].append(audience)
        self.command("client", "change", "-", said=json.dumps(client))
        return audience

    def command(self, *words, said=""):
        """Runs a command of the same binary on this server, with `said` on its standard input."""
        words = [BINARY, *words, "--data", self.data]
        ran = subprocess.run(words, input=said, capture_output=True, text=True, timeout=60)
        assert ran.returncode == 0, (words, ran.stdout, ran.stderr)
        return ran.stdout


def until(found, seconds=60):
    """Asks again until there is something, for so long at most."""
    pause = threading.Event()
    end = time.monotonic() + seconds
    while True:
        got = found()
        if got:
            return got
        assert time.monotonic() < end, f"nothing came within {seconds} seconds"
        pause.wait(0.1)
