"""A person with a browser and an authenticator app: keeps cookies, fills in forms, goes where the pages lead."""

import base64
import hashlib
import hmac
import html
import re
import time
import urllib.error
import urllib.parse
import urllib.request

from _server import PASSWORD, until


class Stay(urllib.request.HTTPRedirectHandler):
    """Redirects are followed below, where cookies are kept."""

    def redirect_request(self, *_):
        return None


class Person:
    def __init__(self, server):
        self.issuer, self.name = server.issuer, server.first["name"]
        self.seed = urllib.parse.parse_qs(urllib.parse.urlsplit(server.first["totp_uri"]).query)["secret"][0]
        self.used, self.cookies, self.page, self.at, self.headers = int(time.time()) // 30, {}, "", "", {}
        self.opener = urllib.request.build_opener(Stay)

    def code(self):
        """The next code of the app that was not used yet."""
        until(lambda: int(time.time()) // 30 > self.used)
        self.used = int(time.time()) // 30
        key = base64.b32decode(self.seed + "=" * (-len(self.seed) % 8))
        digest = hmac.new(key, self.used.to_bytes(8, "big"), hashlib.sha1).digest()
        at = digest[-1] & 15
        return f"{(int.from_bytes(digest[at:at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"

    def send(self, url, form=None):
        """One request; where it leads, if it leads on."""
        headers = {"Accept": "text/html", "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        body = None
        if form is not None:
            # What a browser says of a form of the same page.
            headers |= {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
            body = urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(url, body, headers)
        try:
            answer = self.opener.open(request, timeout=30)
        except urllib.error.HTTPError as refused:
            answer = refused
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, value = line.split(";")[0].split("=", 1)
            self.cookies.pop(name, None) if "Max-Age=0" in line else self.cookies.__setitem__(name, value)
        self.page, self.at, self.headers = answer.read().decode(), url, answer.headers
        refresh = answer.headers.get("Refresh")
        onward = answer.headers.get("Location") or (refresh and refresh.split("url=", 1)[1])
        return onward and urllib.parse.urljoin(url, onward)

    def follow(self, url):
        """Goes on while it leads on; gives the address of an application, or none where a page stands."""
        while url and url.startswith(self.issuer):
            url = self.send(url)
        return url

    def submit(self, path, **fields):
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', self.page)
        form = {name: html.unescape(value) for name, value in hidden} | fields
        return self.follow(self.send(self.issuer + path, form))

    def authorize(self, url):
        """From an application's link back to the application: signs in and consents where that is asked."""
        back = self.follow(url)
        if back is None and "/sign-in" in self.at:
            self.submit("/sign-in", name=self.name, password=PASSWORD)
            assert "/sign-in/lgn_" in self.at, self.page
            back = self.submit(urllib.parse.urlsplit(self.at).path + "/totp", code=self.code())
        if back is None and 'name="answer"' in self.page:
            back = self.submit("/oauth/authorize/consent", answer="allow")
        assert back, (self.at, self.page)
        return back
