"""Debian's Apache httpd with mod_auth_openidc signs a user in, shows who it is, asks for a fresh login, and signs out."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import urllib.parse
from pathlib import Path

from _person import Person
from _server import Server, until

MODULES = "/usr/lib/apache2/modules"
NEEDED = ["mpm_event", "authn_core", "authz_core", "authz_user", "headers", "auth_openidc"]
CONFIG = """
ServerRoot {folder}
ServerName 127.0.0.1
PidFile {folder}/pid
ErrorLog {folder}/log
Listen 127.0.0.1:{port}
{modules}
{user}
DocumentRoot {folder}/site
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID httpd
OIDCClientSecret {secret}
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCScope "openid profile"
OIDCPKCEMethod S256
OIDCRedirectURI {site}/cb
OIDCCryptoPassphrase for-one-run
OIDCInfoHook iat access_token id_token userinfo session
OIDCRemoteUserClaim preferred_username
<Location />
  AuthType openid-connect
  Require claim acr:aal2
  Header always set X-User "expr=%{{REMOTE_USER}}"
  Header always set X-Amr "%{{OIDC_CLAIM_amr}}e"
</Location>
<Location /strict>
  OIDCPathAuthRequestParams "prompt=login"
</Location>
"""


class Httpd:
    """On a free loopback port, in a temporary folder, ended by its own process id."""

    def __init__(self, server):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.site = f"http://127.0.0.1:{port}"
        self.folder = Path(tempfile.mkdtemp(prefix="httpd-"))
        made = json.loads(server.command(
            "client", "add", "--id", "httpd", "--kind", "confidential", "--scope", "openid", "--scope", "profile",
            "--redirect-uri", f"{self.site}/cb", "--post-logout-uri", f"{self.site}/bye.html", "--json"))
        (self.folder / "site").mkdir()
        for name in ["index.html", "bye.html"]:
            (self.folder / "site" / name).write_text(f"this is {name}")
        modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in NEEDED)
        # Those who start it as root must say who is to answer.
        user = "User nobody\nGroup nogroup" if os.getuid() == 0 else ""
        self.folder.chmod(0o755)
        (self.folder / "httpd.conf").write_text(CONFIG.format(
            folder=self.folder, port=port, modules=modules, user=user, site=self.site, issuer=server.issuer,
            secret=made["secret"]))

    def __enter__(self):
        words = ["apache2", "-f", self.folder / "httpd.conf", "-DFOREGROUND"]
        self.process = subprocess.Popen(words, env=os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin"})
        host = urllib.parse.urlsplit(self.site)
        until(lambda: self.process.poll() is not None or answers(host.hostname, host.port))
        assert self.process.poll() is None, self.said()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.folder)

    def said(self):
        return (self.folder / "log").read_text()


def answers(host, port):
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True


class Visitor(Person):
    """Somebody at the site that httpd guards; what its pages tell is in `headers`."""

    def visit(self, httpd, path):
        """From a page of the site, through signing in where that is asked, to the page that stands at the end."""
        url = httpd.site + path
        while url:
            url = self.authorize(url) if url.startswith(self.issuer) else self.send(url)
        assert self.at.startswith(httpd.site), (self.at, self.page, httpd.said())


def judge(server, httpd):
    ada = Visitor(server)
    ada.visit(httpd, "/index.html")
    assert ada.page == "this is index.html", (ada.page, httpd.said())
    assert ada.headers["X-User"] == ada.name and ada.headers["X-Amr"] == "pwd,otp,mfa", ada.headers.items()
    ada.visit(httpd, "/cb?info=json")
    known = json.loads(ada.page)
    assert known["id_token"]["iss"] == server.issuer and known["id_token"]["acr"] == "aal2", known
    assert known["userinfo"]["sub"] == known["id_token"]["sub"], known
    # Renewed by its refresh token.
    ada.visit(httpd, "/cb?refresh=" + quoted(f"{httpd.site}/index.html") + "&access_token=" + known["access_token"])
    ada.visit(httpd, "/cb?info=json")
    renewed = json.loads(ada.page)
    assert renewed["access_token"] != known["access_token"], (renewed, httpd.said())
    # The answer to one browser is nothing in another.
    back = ada.authorize(Visitor(server).send(f"{httpd.site}/index.html"))
    stranger = Visitor(server)
    stranger.send(back)
    assert "this is" not in stranger.page and stranger.send(f"{httpd.site}/index.html"), stranger.page
    # Leaving the site leaves Poundlock too, and leads back.
    left = ada.send(f"{httpd.site}/cb?logout=" + quoted(f"{httpd.site}/bye.html"))
    assert left.startswith(server.issuer), (left, ada.page, httpd.said())
    assert ada.follow(left) == f"{httpd.site}/bye.html", (ada.at, ada.page)
    ada.follow(ada.send(f"{httpd.site}/index.html"))
    assert "/sign-in" in ada.at, (ada.at, ada.page)
    print("httpd: signed in, renewed, refused to a stranger, and signed out")


def quoted(text):
    return urllib.parse.quote(text, safe="")


with Server() as server, Httpd(server) as httpd:
    judge(server, httpd)
