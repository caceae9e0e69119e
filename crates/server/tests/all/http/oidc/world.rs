//! An application: its registration, its requests for codes, its calls of the token endpoint.

use axum::body::Body;
use http::{Method, Request};
use poundlock::testing::{Reply, TestApp, TestUser};
use poundlock_core::oidc::Params;
use poundlock_core::time::Span;
use serde_json::{Value, json};

use crate::http::pages::browser::Browser;

/// The verifier and challenge of RFC 7636 appendix B.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(super) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(super) const BACK: &str = "https://shop.example/cb";

/// What the application is registered as, where a test does not say otherwise.
pub(super) fn spec(id: &str, kind: &str) -> Value {
    json!({
        "id": id,
        "name": "The Shop",
        "kind": kind,
        "audiences": ["api"],
        "scopes": ["openid", "profile", "groups", "orders.read"],
        "redirect_uris": [BACK, "http://127.0.0.1/cb"],
        "post_logout_redirect_uris": ["https://shop.example/bye"],
        "origins": ["https://shop.example"],
        "groups_released": ["staff"],
    })
}

/// Registers it; gives its secret, where it has one.
pub(super) async fn register(app: &TestApp, spec: &Value) -> Option<String> {
    let added = app.admin(Method::POST, "/v1/admin/clients", Some(spec)).await.ok();
    app.take_over_changes().await;
    added["secret"].as_str().map(str::to_owned)
}

/// A request for a code, with more or other parameters than usual.
pub(super) fn request(client: &str, changes: &[(&str, &str)]) -> String {
    let mut pairs = vec![
        ("client_id", client),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("scope", "openid profile groups"),
        ("state", "st"),
        ("nonce", "no"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for change in changes {
        pairs.retain(|(name, _)| *name != change.0);
        pairs.push(*change);
    }
    format!("/oauth/authorize?{}", form(&pairs))
}

pub(super) fn form(pairs: &[(&str, &str)]) -> String {
    let mut text = String::new();
    poundlock_core::oidc::encode(&mut text, pairs.iter().copied());
    text
}

/// What came back to the application.
pub(super) struct Answer {
    pub(super) location: String,
    params: Params,
}

impl Answer {
    pub(super) fn of(location: &str) -> Self {
        let query = location.split_once('?').map_or("", |(_, query)| query);
        Self { location: location.to_owned(), params: Params::parse(query).unwrap() }
    }

    pub(super) fn get(&self, name: &str) -> String {
        self.params.one(name).unwrap_or_else(|| panic!("no {name} in {}", self.location)).to_owned()
    }

    pub(super) fn error(&self) -> String {
        self.get("error")
    }
}

/// Follows the browser's way through our pages; ends where it leaves for the application, or at a page.
pub(super) async fn follow(browser: &mut Browser, path: &str) -> Result<Answer, String> {
    let mut path = path.to_owned();
    for _ in 0..10 {
        let reply = browser.send(Method::GET, &path, &[("sec-fetch-site", "none")], "").await;
        if let Some(answer) = left(&reply) {
            return Ok(answer);
        }
        match reply.headers.get("location") {
            Some(location) => path = location.to_str().unwrap().to_owned(),
            None => {
                browser.at.clone_from(&path);
                reply.body.as_str().unwrap_or_default().clone_into(&mut browser.page);
                return Err(path);
            }
        }
    }
    panic!("sent in a circle: {path}");
}

/// Where a reply leads to the application: by a redirect, or from a page of ours that leaves.
pub(super) fn left(reply: &Reply) -> Option<Answer> {
    let text = |name: &str| reply.headers.get(name).map(|value| value.to_str().unwrap());
    let location = text("location").filter(|to| !to.starts_with('/'));
    location.or_else(|| text("refresh")?.strip_prefix("0; url=")).map(Answer::of)
}

/// Posts a form of the page, then follows.
pub(super) async fn submit(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Result<Answer, String> {
    let reply = browser.post(path, fields).await;
    if let Some(answer) = left(&reply) {
        return Ok(answer);
    }
    match reply.headers.get("location") {
        Some(location) => {
            let location = location.to_str().unwrap().to_owned();
            follow(browser, &location).await
        }
        None => {
            reply.body.as_str().unwrap_or_default().clone_into(&mut browser.page);
            Err(path.to_owned())
        }
    }
}

/// A hidden field of the page.
pub(super) fn hidden(browser: &Browser, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let rest = browser.page.split_once(&mark).unwrap_or_else(|| panic!("no {name} in {}", browser.page)).1;
    rest.split('"').next().unwrap().to_owned()
}

/// From the sign-in page, where the browser is, through both factors.
pub(super) async fn sign_in(browser: &mut Browser, user: &TestUser) -> Result<Answer, String> {
    assert!(browser.at.starts_with("/sign-in?request="), "{}", browser.at);
    let request = hidden(browser, "request");
    let fields = [("name", user.name.as_str()), ("password", &user.password), ("request", &request)];
    let at = submit(browser, "/sign-in", &fields).await.err().unwrap();
    assert!(at.starts_with("/sign-in/lgn_"), "{at}: {}", browser.page);
    second(browser, user).await
}

/// The second factor, on its page.
pub(super) async fn second(browser: &mut Browser, user: &TestUser) -> Result<Answer, String> {
    let code = browser.app.code(&user.totp_uri);
    let answer = submit(browser, &format!("{}/totp", browser.path().to_owned()), &[("code", &code)]).await;
    browser.app.advance(Span::from_seconds(30));
    answer
}

/// The answer on the page that asks for consent.
pub(super) async fn consent(browser: &mut Browser, answer: &str) -> Result<Answer, String> {
    assert!(browser.page.contains("<h1>Allow \u{2068}The Shop\u{2069}?</h1>"), "{}", browser.page);
    let question = hidden(browser, "question");
    submit(browser, "/oauth/authorize/consent", &[("question", &question), ("answer", answer)]).await
}

/// From nothing to a code: signs in and consents.
pub(super) async fn code_for(browser: &mut Browser, user: &TestUser, path: &str) -> Answer {
    match follow(browser, path).await {
        Ok(answer) => return answer,
        Err(at) if at.starts_with("/sign-in") => {
            if let Ok(answer) = sign_in(browser, user).await {
                return answer;
            }
        }
        Err(_) => {}
    }
    consent(browser, "allow").await.unwrap_or_else(|at| panic!("{at}: {}", browser.page))
}

/// Posts to the token endpoint.
pub(super) async fn token(app: &TestApp, pairs: &[(&str, &str)], headers: &[(&str, &str)]) -> Reply {
    post_form(app, "/oauth/token", pairs, headers).await
}

pub(super) async fn post_form(app: &TestApp, path: &str, pairs: &[(&str, &str)], headers: &[(&str, &str)]) -> Reply {
    let mut request = Request::post(path).header("host", "localhost:8080");
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        request = request.header("content-type", "application/x-www-form-urlencoded");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.raw([127, 0, 0, 1].into(), request.body(Body::from(form(pairs))).unwrap()).await
}

/// Redeems a code as the public client does that asked for it.
pub(super) async fn redeem(app: &TestApp, client: &str, code: &str) -> Reply {
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    token(app, &pairs, &[]).await
}

/// A world with a public application, a user, and the tokens of a first sign-in.
pub(super) struct Shop {
    pub(super) app: TestApp,
    pub(super) user: TestUser,
    pub(super) browser: Browser,
    pub(super) tokens: Value,
}

impl Shop {
    pub(super) async fn open(app: TestApp) -> Self {
        register(&app, &spec("shop", "public")).await;
        let user = app.enrol("ada", &["staff", "secret"]).await;
        let mut browser = Browser::on(&app);
        let code = code_for(&mut browser, &user, &request("shop", &[])).await.get("code");
        let tokens = redeem(&app, "shop", &code).await.ok();
        Self { app, user, browser, tokens }
    }

    /// Another code, of the session that is there.
    pub(super) async fn code(&mut self) -> String {
        code_for(&mut self.browser, &self.user, &request("shop", &[])).await.get("code")
    }
}

/// The `error` of an `OAuth` refusal.
pub(super) fn error(reply: &Reply) -> String {
    assert!(!reply.status.is_success(), "expected a refusal, got {}", reply.body);
    assert_eq!(reply.headers["content-type"], "application/json", "{}", reply.body);
    let reference = reply.body["reference"].as_str().unwrap();
    assert!(reference.starts_with("req_") || reference.starts_with("ref_"), "{}", reply.body);
    assert_eq!(reply.headers["cache-control"], "no-store");
    reply.body["error"].as_str().unwrap_or_else(|| panic!("{}", reply.body)).to_owned()
}
