"""The same as pyjwt.py, on PostgreSQL: the store must make no difference to what services see."""

import glob
import os
import shutil
import subprocess
from urllib.parse import urlsplit, urlunsplit

from _checks import judge_tokens
from _server import Server

# Not skipped when it is missing: a judge that did not sit has not agreed.
SERVER = os.environ["POUNDLOCK_TEST_POSTGRES"]
NAME = f"poundlock_judge_{os.getpid()}"


def psql(statement):
    found = shutil.which("psql") or max(glob.glob("/usr/lib/postgresql/*/bin/psql"))
    words = [found, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--command", statement, SERVER]
    subprocess.run(words, check=True, timeout=60)


psql(f"CREATE DATABASE {NAME}")
try:
    with Server("--store", urlunsplit(urlsplit(SERVER)._replace(path=f"/{NAME}"))) as server:
        assert not list(server.data.glob("*.db")), "it did not use PostgreSQL"
        judge_tokens(server)
finally:
    psql(f"DROP DATABASE {NAME} WITH (FORCE)")
