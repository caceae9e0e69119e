"""PyJWT verifies access tokens from the key set alone, and refuses altered ones."""

from _checks import judge_tokens
from _server import Server

with Server() as server:
    judge_tokens(server)
