"""What every Python judge asks of a token: PyJWT verifies it from the key set alone, and refuses what was altered."""

import base64
import json
import urllib.request

import jwt

from _server import until
from _verify import StatusLists, Verifier

ALGORITHMS = ["ES256", "RS256", "EdDSA"]


def judge_tokens(server):
    """Verifies a token of each algorithm."""
    for alg in ALGORITHMS:
        audience = server.audience_of(alg)
        # RSA keys are made in the background.
        keys = until(lambda: [key for key in jwk_set(server) if key["alg"] == alg])
        assert all("d" not in key for key in keys), "a private key is published"
        token = token_for(server, audience)
        assert jwt.get_unverified_header(token)["alg"] == alg
        judge(server, token, audience)
        print(f"{alg}: verified, and refused where it must be")


def jwk_set(server):
    with urllib.request.urlopen(f"{server.issuer}/.well-known/jwks.json", timeout=30) as answer:
        return json.load(answer)["keys"]


def token_for(server, audience):
    """A token of the first user for one audience."""
    body = {"refresh_token": server.first["tokens"]["refresh_token"], "audience": audience}
    server.first["tokens"] = server.must("/v1/session/refresh", body)
    return server.first["tokens"]["access_token"]


def judge(server, token, audience):
    """The example of the documentation accepts the token, and nothing that differs from it in one thing."""
    verifier = Verifier(server.issuer, audience)
    claims = verifier.check(token)
    assert claims["iss"] == server.issuer
    assert claims["aud"] == audience
    assert claims["acr"] == "aal2"
    assert claims["amr"] == ["pwd", "otp", "mfa"], claims["amr"]
    assert claims["exp"] - claims["iat"] == 300
    assert claims["sub"].startswith("sub_") and server.first["name"] not in claims["sub"]
    header = jwt.get_unverified_header(token)
    assert header["typ"] == "at+jwt" and sorted(header) == ["alg", "kid", "typ"], header
    assert not StatusLists(verifier).is_ended(claims)

    head, body, signature = token.split(".")
    weak = {**header, "alg": "none"}
    refused = {
        "another subject": f"{head}.{encoded({**claims, 'sub': 'sub_other'})}.{signature}",
        "a stronger login": f"{head}.{encoded({**claims, 'acr': 'phrh'})}.{signature}",
        "a cut signature": f"{head}.{body}.{signature[:-4]}",
        "no signature": f"{encoded(weak)}.{body}.",
        "another key": jwt.encode(claims, "0" * 64, algorithm="HS256", headers={"typ": "at+jwt", "kid": header["kid"]}),
    }
    for what, altered in refused.items():
        refuses(verifier, altered, what)
    refuses(Verifier(server.issuer, f"{audience}x"), token, "another audience")
    # The same keys under another name.
    refuses(Verifier(server.issuer.replace("localhost", "127.0.0.1"), audience), token, "another issuer")
    status_list = claims["status"]["status_list"]["uri"]
    with urllib.request.urlopen(status_list, timeout=30) as answer:
        refuses(verifier, answer.read().decode(), "a token of another kind")


def refuses(verifier, token, what):
    try:
        verifier.check(token)
    except jwt.PyJWTError:
        return
    raise AssertionError(f"{what}: accepted")


def encoded(value):
    text = json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()
