//! A browser without scripts: it keeps cookies, sends forms as they stand in the page, and goes where it is sent.

use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::body::Body;
use http::{Method, Request};
use poundlock::testing::{Reply, TestApp, TestUser};

/// One browser. A clone is a copy of everything it keeps.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) app: TestApp,
    pub(crate) cookies: BTreeMap<String, String>,
    /// Where it is, and the text of that page.
    pub(crate) at: String,
    pub(crate) page: String,
    /// Whether it keeps cookies at all.
    pub(crate) keeps: bool,
}

/// What a browser says of a form of our own page, under `Referrer-Policy: no-referrer`.
pub(crate) const OWN: [(&str, &str); 2] = [("sec-fetch-site", "same-origin"), ("origin", "null")];

impl Browser {
    pub(crate) fn on(app: &TestApp) -> Self {
        let (at, page) = (String::new(), String::new());
        Self { app: app.clone(), cookies: BTreeMap::new(), at, page, keeps: true }
    }

    /// A request with the cookies that it keeps; keeps what comes back.
    pub(crate) async fn send(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost:8080");
        request = request.header("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", pairs.join("; "));
        }
        let reply =
            self.app.raw(IpAddr::from([127, 0, 0, 1]), request.body(Body::from(body.to_owned())).unwrap()).await;
        self.keep(&reply);
        reply
    }

    fn keep(&mut self, reply: &Reply) {
        for line in reply.headers.get_all("set-cookie").iter().filter(|_| self.keeps) {
            let line = line.to_str().unwrap();
            let (pair, attributes) = line.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Goes to a page, and on while it is sent on.
    pub(crate) async fn go(&mut self, path: &str) -> Reply {
        let mut path = path.to_owned();
        for _ in 0..8 {
            let reply = self.send(Method::GET, &path, &[("sec-fetch-site", "none")], "").await;
            match reply.headers.get("location") {
                Some(location) => path = location.to_str().unwrap().to_owned(),
                None => {
                    self.at = path;
                    self.page = reply.body.as_str().unwrap_or_default().to_owned();
                    return reply;
                }
            }
        }
        panic!("sent in a circle: {path}");
    }

    /// Posts fields with the token of the page that it is on; what comes back is not followed.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let token = self.token();
        let mut fields = fields.to_vec();
        fields.push(("csrf", &token));
        self.post_as(path, &fields, &OWN).await
    }

    /// Posts exactly these fields, saying exactly that of where they come from.
    pub(crate) async fn post_as(&mut self, path: &str, fields: &[(&str, &str)], said: &[(&str, &str)]) -> Reply {
        let mut headers = said.to_vec();
        headers.push(("content-type", "application/x-www-form-urlencoded"));
        self.send(Method::POST, path, &headers, &encoded(fields)).await
    }

    /// A form of another site's page: it comes without our cookies (`SameSite=Lax`), and what comes back is kept.
    pub(crate) async fn foreign(&mut self, path: &str, body: &str) -> Reply {
        let own = std::mem::take(&mut self.cookies);
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
        headers.extend([("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")]);
        let reply = self.send(Method::POST, path, &headers, body).await;
        self.cookies = own;
        self.keep(&reply);
        reply
    }

    /// Posts and follows: the way of a person.
    pub(crate) async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let reply = self.post(path, fields).await;
        match reply.headers.get("location") {
            Some(location) => {
                assert_eq!(reply.status, 303, "a form is answered with a page to get");
                let location = location.to_str().unwrap().to_owned();
                self.go(&location).await
            }
            None => {
                self.page = reply.body.as_str().unwrap_or_default().to_owned();
                reply
            }
        }
    }

    /// The token of the page's forms.
    pub(crate) fn token(&self) -> String {
        between(&self.page, "name=\"csrf\" value=\"", "\"").unwrap_or_default()
    }

    /// The path without its query.
    pub(crate) fn path(&self) -> &str {
        self.at.split('?').next().unwrap()
    }

    pub(crate) fn has(&self, word: &str) -> bool {
        self.cookies.keys().any(|name| name.contains(word))
    }

    pub(crate) fn cookie(&self, word: &str) -> String {
        let found = self.cookies.iter().find(|(name, _)| name.contains(word));
        found.unwrap_or_else(|| panic!("no cookie {word}")).1.clone()
    }

    /// Name and password: to the page of the second factor.
    pub(crate) async fn password(&mut self, user: &TestUser) {
        self.go("/sign-in").await;
        self.submit("/sign-in", &[("name", &user.name), ("password", &user.password)]).await;
        assert!(self.at.starts_with("/sign-in/lgn_"), "{}: {}", self.at, self.page);
    }

    /// A code of the app, on the page of the second factor.
    pub(crate) async fn code(&mut self, user: &TestUser) -> Reply {
        let code = self.app.code(&user.totp_uri);
        let reply = self.submit(&format!("{}/totp", self.path().to_owned()), &[("code", &code)]).await;
        self.app.advance(poundlock_core::time::Span::from_seconds(30));
        reply
    }

    /// Signs in.
    pub(crate) async fn sign_in(&mut self, user: &TestUser) {
        self.password(user).await;
        self.code(user).await;
        assert_eq!(self.at, "/account", "{}", self.page);
    }

    /// Proves both factors for a change that a form of the account page asks for.
    pub(crate) async fn step_up(&mut self, user: &TestUser, form: &str) -> Reply {
        self.go("/account").await;
        self.submit(form, &[]).await;
        assert_eq!(self.path(), "/account/step-up");
        let query = self.at.split_once('?').unwrap().1.to_owned();
        let pairs: Vec<(&str, &str)> = query.split('&').map(|pair| pair.split_once('=').unwrap()).collect();
        let mut fields = vec![("password", user.password.as_str()), ("username", user.name.as_str())];
        fields.extend(pairs);
        self.submit("/account/step-up", &fields).await;
        assert!(self.at.starts_with("/sign-in/lgn_"), "{}: {}", self.at, self.page);
        self.code(user).await
    }
}

/// What stands between two texts.
pub(crate) fn between(text: &str, before: &str, after: &str) -> Option<String> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found.to_owned())
}

fn encoded(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| -> String {
        text.bytes()
            .map(
                |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") },
            )
            .collect()
    };
    fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect::<Vec<_>>().join("&")
}

/// The problem of an error page, by the keys that its texts have nowhere else.
pub(crate) fn shows(reply: &Reply, status: u16, text: &str) {
    assert_eq!(reply.status, status, "{}", reply.body);
    let page = reply.body.as_str().unwrap_or_default();
    assert!(page.contains(text), "not {text:?} in {page}");
}
