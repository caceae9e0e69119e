"""Checks Poundlock access tokens in Python. Needs PyJWT: pip install 'PyJWT[crypto]'.

Only the public keys and, if wanted, the status list are fetched, now and then; no request asks the server.
"""

import base64
import json
import time
import urllib.request
import zlib

import jwt


class Verifier:
    def __init__(self, issuer, audience):
        self.issuer, self.audience = issuer, audience
        # Fetched when a token names a key that is not known yet, and kept for five minutes.
        self.keys = jwt.PyJWKClient(f"{issuer}/.well-known/jwks.json", lifespan=300)

    def check(self, token):
        """Returns the claims, or raises a jwt.PyJWTError."""
        read = self._signed(
            token,
            "at+jwt",
            issuer=self.issuer,
            audience=self.audience,
            options={"require": ["exp", "iat", "iss", "aud", "sub", "jti"]},
        )
        # A token that is bound to a key is worth nothing to whoever only found it.
        if "cnf" in read:
            raise jwt.InvalidTokenError("bound to a key that was not proved")
        return read

    def _signed(self, token, kind, **expected):
        key = self.keys.get_signing_key_from_jwt(token)
        # The algorithm comes from the key, never from the token.
        read = jwt.decode_complete(token, key, algorithms=[key.algorithm_name], leeway=30, **expected)
        # Tokens of other kinds are signed with the same keys: only the type tells them apart.
        if read["header"].get("typ") != kind:
            raise jwt.InvalidTokenError(f"not of type {kind}")
        return read["payload"]


class StatusLists:
    """Tells ended sessions from live ones, by lists that are kept for as long as they say."""

    def __init__(self, verifier):
        self.verifier, self.kept = verifier, {}

    def is_ended(self, claims):
        entry = claims["status"]["status_list"]
        bits = self._bits(entry["uri"])
        return bool(bits[entry["idx"] // 8] >> entry["idx"] % 8 & 1)

    def _bits(self, uri):
        until, bits = self.kept.get(uri, (0, b""))
        if time.monotonic() < until:
            return bits
        if not uri.startswith(f"{self.verifier.issuer}/status/"):
            raise jwt.InvalidTokenError("a status list of somebody else")
        with urllib.request.urlopen(uri, timeout=5) as answer:
            token = answer.read(256 * 1024).decode()
        read = self.verifier._signed(
            token, "statuslist+jwt", subject=uri, options={"require": ["exp", "sub"], "verify_aud": False}
        )
        packed = read["status_list"]["lst"]
        bits = zlib.decompressobj().decompress(
            base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)), 1024 * 1024
        )
        self.kept[uri] = (time.monotonic() + read["ttl"], bits)
        return bits


if __name__ == "__main__":
    import sys

    # verify.py ISSUER AUDIENCE <TOKEN
    verifier = Verifier(sys.argv[1], sys.argv[2])
    claims = verifier.check(sys.stdin.read().strip())
    print(json.dumps(claims, indent=2))
    print("ended" if StatusLists(verifier).is_ended(claims) else "live")
