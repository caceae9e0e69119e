"""slowhttptest drips headers and bodies, asks for ranges and reads slowly; meanwhile others are answered (OPS-04)."""

import os

from _server import Server
from _slow import ATTACKS, LIMITS, attack

os.environ.update({f"POUNDLOCK_LISTEN__LIMITS__{key}": value for key, value in LIMITS.items()})
with Server() as server:
    for name in ATTACKS:
        attack(server, name)
