"""Authlib signs a user in by OpenID Connect: discovery, code with PKCE, ID token, userinfo, refresh, and refusals."""

import base64
import hashlib
import json
import urllib.parse

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url
from joserfc import jwt
from joserfc.jwk import KeySet

from _person import Person
from _server import Server

BACK = "http://127.0.0.1:9/cb"
VERIFIER = "a" * 43


def half_hash(token):
    digest = hashlib.sha256(token.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


def judge(server, person, client, secret):
    metadata = OpenIDProviderMetadata(requests.get(get_well_known_url(server.issuer, external=True), timeout=30).json())
    assert metadata["issuer"] == server.issuer
    # Authlib asks for https, which a server on loopback has not: everything else of the document is judged.
    for name in ["response_types_supported", "subject_types_supported", "scopes_supported", "claims_supported",
                 "id_token_signing_alg_values_supported", "token_endpoint_auth_methods_supported"]:
        getattr(metadata, f"validate_{name}")()
    methods = {"token_endpoint_auth_method": "client_secret_basic" if secret else "none"}
    session = OAuth2Session(client, secret, scope="openid profile", redirect_uri=BACK, code_challenge_method="S256",
                            **methods)
    url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=VERIFIER, nonce="n1")
    back = person.authorize(url)
    answer = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query))
    assert answer["state"] == state and answer["iss"] == server.issuer, back

    def exchange(verifier=VERIFIER):
        return session.fetch_token(metadata["token_endpoint"], authorization_response=back, code_verifier=verifier)

    refused(lambda: exchange("b" * 43), "invalid_grant")
    token = exchange()
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=30).json())
    decoded = jwt.decode(token["id_token"], keys, algorithms=["ES256"])
    claims = CodeIDToken(decoded.claims, decoded.header, options={
        "iss": {"essential": True, "value": server.issuer},
        "aud": {"essential": True, "value": client},
    }, params={"nonce": "n1", "client_id": client, "access_token": token["access_token"]})
    claims.validate(leeway=30)
    assert claims["at_hash"] == half_hash(token["access_token"])
    assert claims["acr"] == "aal2" and claims["amr"] == ["pwd", "otp", "mfa"], claims
    told = session.get(metadata["userinfo_endpoint"]).json()
    assert told["sub"] == claims["sub"] and told["preferred_username"] == person.name, told
    renewed = session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
    again = jwt.decode(renewed["id_token"], keys, algorithms=["ES256"]).claims
    assert again["sub"] == claims["sub"] and again["auth_time"] == claims["auth_time"] and "nonce" not in again
    # A code works once; shown again, it ends what it has become.
    refused(exchange, "invalid_grant")
    refused(lambda: session.refresh_token(metadata["token_endpoint"], refresh_token=renewed["refresh_token"]),
            "invalid_grant")
    # An ID token is no access token.
    bearer = {"Authorization": f"Bearer {token['id_token']}"}
    assert requests.get(metadata["userinfo_endpoint"], headers=bearer, timeout=30).status_code == 401
    print(f"{client}: signed in, renewed, and refused where it must be")


def refused(call, error):
    try:
        call()
    except OAuthError as caught:
        assert caught.error == error, caught
    else:
        raise AssertionError(f"not refused with {error}")


with Server() as server:
    shared = ["--scope", "openid", "--scope", "profile", "--redirect-uri", BACK, "--json"]
    server.command("client", "add", "--id", "spa", *shared)
    made = json.loads(server.command("client", "add", "--id", "web", "--kind", "confidential", *shared))
    person = Person(server)
    judge(server, person, "spa", None)
    judge(server, person, "web", made["secret"])
