"""The Python block of the README works as it stands, and refuses a token for another service."""

import pathlib
import re

import jwt

from _server import Server

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"
(BLOCK,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


def read(issuer, audience, token):
    names = {"issuer": issuer, "audience": audience, "token": token}
    exec(BLOCK, names)
    return names["claims"]


with Server() as server:
    token = server.first["tokens"]["access_token"]
    assert read(server.issuer, "api", token)["acr"] == "aal2"
    for audience, altered in [("another", token), ("api", token[:-8])]:
        try:
            read(server.issuer, audience, altered)
        except jwt.PyJWTError:
            continue
        raise AssertionError(f"accepted for {audience}")
    print("the README's block verifies and refuses")
