//! Canaries: no secret that goes through the server is in a record or in a line of the log, at any level, and what a
//! client sends splits no record and no line (T-35).

use std::cell::RefCell;
use std::io::Write;
use std::sync::Once;

use axum::http::Method;
use poundlock::testing::TestApp;
use poundlock_core::time::Span;
use poundlock_store::testing::TestStore;
use serde_json::{Value, json};
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::{Layer, SubscriberExt};

use super::{account_token, check, seal_and_sign, step_up, text, wrong_password};

thread_local! {
    /// What is logged on this thread, while a test listens.
    static HEARD: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Writes to the thread's own log.
struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        HEARD.with_borrow_mut(|heard| heard.as_mut().map(|heard| heard.extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Listens to everything on this thread, down to traces; a test on one thread hears all of its server. The subscriber
/// is one for the whole process: those that come and go race with each other for what a line is worth.
pub(crate) fn listen() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let listening = dynamic_filter_fn(|_, _| HEARD.with_borrow(Option::is_some));
        let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| Log).with_filter(listening);
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();
    });
    HEARD.set(Some(Vec::new()));
}

/// Ends the listening; gives what was heard.
pub(crate) fn heard() -> String {
    String::from_utf8(HEARD.take().unwrap()).unwrap()
}

/// Whether `secret` stands in `text` by itself: six digits inside a longer number are chance.
pub(crate) fn holds(text: &str, secret: &str) -> bool {
    let part_of_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.match_indices(secret).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + secret.len()..].chars().next());
        secret.len() > 12 || !(part_of_word(before) || part_of_word(after))
    })
}

/// All strings in an answer that are worth stealing.
fn secrets_of(answer: &Value) -> Vec<String> {
    let named = ["access_token", "refresh_token", "device", "login", "step_up", "secret", "uri", "invite"];
    let mut found: Vec<String> = named.iter().filter_map(|name| answer[*name].as_str().map(str::to_owned)).collect();
    found.extend(answer["recovery_codes"].as_array().into_iter().flatten().map(text));
    // Of a JWT the signature alone would do.
    let signature = answer["access_token"].as_str().and_then(|token| token.rsplit('.').next());
    found.extend(signature.map(str::to_owned));
    found
}

#[tokio::test]
async fn aud_03_t_35_no_canary_is_in_a_record_or_in_the_log() {
    listen();
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    let mut canaries = Vec::new();

    let invite = app.admin(Method::POST, "/v1/admin/invites", Some(&json!({ "name": "canary-name" }))).await.ok();
    canaries.extend(secrets_of(&invite));
    let password = "canary password of four words";
    let accepted =
        app.post("/v1/invite/accept", &json!({ "invite": invite["invite"], "password": password })).await.ok();
    let login = accepted["login"].clone();
    canaries.extend(secrets_of(&accepted));
    let offered = app.post("/v1/login/enrol/totp", &json!({ "login": login })).await.ok();
    canaries.extend(secrets_of(&offered));
    let uri = text(&offered["uri"]);
    let code = app.code(&uri);
    let tokens = app.post("/v1/login/enrol/totp/confirm", &json!({ "login": login, "code": code })).await.ok();
    canaries.extend(secrets_of(&tokens));
    app.advance(Span::from_seconds(30));
    let recovery_codes = tokens["recovery_codes"].as_array().unwrap().iter().map(text).collect();
    let user = poundlock::testing::TestUser {
        name: "canary-name".to_owned(),
        password: password.to_owned(),
        totp_uri: uri.clone(),
        recovery_codes,
        tokens: tokens.clone(),
    };
    canaries.extend([password.to_owned(), code, app.code(&uri)]);

    let token = account_token(&app, &user).await;
    canaries.push(token.clone());
    let right = step_up(&app, &user, &token, ("password.change", "")).await;
    canaries.push(right.clone());
    let next = "another canary of four words";
    canaries.push(next.to_owned());
    let change = json!({ "new_password": next, "step_up": right });
    app.bearer(Method::POST, "/v1/account/password", Some(&change), &token).await;
    for refresh in [&tokens, &tokens] {
        let reply = app.post("/v1/session/refresh", &json!({ "refresh_token": refresh["refresh_token"] })).await;
        canaries.extend(secrets_of(&reply.body));
    }
    // Secrets where they do not belong: typed as a name, in a wrong member, in the path and the query, as a bearer.
    let misplaced = "canary-typed-as-a-name";
    canaries.push(misplaced.to_owned());
    wrong_password(&app, misplaced).await;
    app.post("/v1/login", &json!({ "name": { "x": misplaced }, "password": misplaced })).await;
    app.post("/v1/login/totp", &json!({ "login": misplaced, "code": "999999" })).await;
    app.get(&format!("/v1/{misplaced}?code={misplaced}&token={misplaced}")).await;
    app.bearer(Method::GET, "/v1/account", None, misplaced).await;
    app.post("/v1/login/recovery-code", &json!({ "login": misplaced, "code": user.recovery_codes[0] })).await;
    seal_and_sign(&app).await;

    let export = app.export().await.unwrap();
    assert!(check(&export, None).holds());
    let tail = app.admin(Method::GET, "/v1/admin/audit/records?limit=1000", None).await.ok().to_string();
    let said = heard();
    assert!(said.contains("audit checkpoint") && said.contains("DEBUG"), "nothing was listened to");
    assert!(canaries.len() >= 25, "{}", canaries.len());
    for canary in &canaries {
        for (place, text) in [("the export", &export), ("the told records", &tail), ("the log", &said)] {
            assert!(!holds(text, canary), "{canary:?} is in {place}");
        }
    }
    // The name itself is a person's, not a secret: sealed in the export, told to administrators, in no line of the log.
    assert!(holds(&tail, "canary-name") && !export.contains("canary-name") && !said.contains("canary-name"));
}

#[tokio::test]
async fn aud_04_t_35_hostile_text_splits_no_record_and_no_line() {
    listen();
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    let hostile = "x\r\n2027-01-15T08:00:00Z ERROR forged\u{1b}[2J\u{9b}1m\u{202e}\n{\"record\":{}}";
    let before = app.records().await.len();
    wrong_password(&app, hostile).await;
    let body = json!({ "name": "x", "password": "y", "client": hostile, "audience": hostile, "scope": hostile });
    app.post("/v1/login", &body).await;
    app.admin(Method::POST, "/v1/admin/invites", Some(&json!({ "name": "zoe", "display_name": hostile }))).await;
    let headers = [("user-agent", "a\tb"), ("x-request-id", "mine"), ("x-forwarded-for", "1.1.1.1\t")];
    app.send(Method::POST, "/v1/login", Some(&json!({ "name": hostile, "password": "y" })), &headers).await;
    seal_and_sign(&app).await;
    let records = app.records().await;
    assert!(records.len() - before >= 2);
    for record in &records {
        assert!(record.canonical().bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    }
    let export = app.export().await.unwrap();
    let report = check(&export, None);
    assert!(report.holds(), "{report}");
    assert_eq!(export.lines().count() as u64, report.records + report.checkpoints + 2);
    let said = heard();
    assert!(!said.contains("ERROR forged") && !said.contains('\u{1b}') && !said.contains('\u{9b}'), "{said}");
}

/// Whatever turns a request away, its line says why, once, under the reference that the caller was shown.
#[tokio::test]
async fn aud_01_every_refusal_writes_one_line_and_every_failure_an_error() {
    listen();
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    let long = "x".repeat(20_000);
    let mut replies = vec![
        ("credentials", app.post("/v1/login", &json!({ "name": "nobody", "password": "x" })).await),
        ("gone", app.post("/v1/login/totp", &json!({ "login": "x", "code": "123456" })).await),
        ("bad_refresh", app.post("/v1/session/refresh", &json!({ "refresh_token": "x" })).await),
        ("bad_request", app.post("/v1/login", &json!({ "nonsense": 1 })).await),
        ("too_large", app.post("/v1/login", &json!({ "name": long, "password": "x" })).await),
        ("not_found", app.get("/nothing/here").await),
        ("method", app.send(Method::PUT, "/v1/login", None, &[]).await),
        ("content_type", app.send(Method::POST, "/v1/login", None, &[]).await),
        ("misdirected", app.send(Method::GET, "/v1/account", None, &[("host", "evil.example")]).await),
        ("unauthenticated", app.get("/v1/account").await),
        ("missing", app.admin(Method::GET, "/v1/admin/users/nobody", None).await),
    ];
    app.jump(Span::from_hours(24));
    replies.push(("clock", app.post("/v1/login", &json!({ "name": "nobody", "password": "x" })).await));
    let said = heard();
    for (kind, reply) in &replies {
        assert_eq!(reply.refusal(), *kind);
        let request = reply.headers["x-request-id"].to_str().unwrap();
        let lines: Vec<&str> =
            said.lines().filter(|line| line.contains(request) && line.contains("reference=")).collect();
        let [line] = lines.as_slice() else { panic!("{kind}: {lines:?}") };
        let reference = reply.body["reference"].as_str().unwrap();
        let level = if reply.status.is_server_error() { "ERROR" } else { "INFO" };
        for wanted in [level, reference, &format!("kind=\"{kind}\""), "reason=\"", "route=\"", "source=\""] {
            assert!(line.contains(wanted), "{kind}: no {wanted} in {line}");
        }
    }
}

#[tokio::test]
async fn an_unready_server_says_so_as_an_error_and_not_at_every_probe() {
    listen();
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    store.close().await;
    for _ in 0..50 {
        assert_eq!(app.get("/health/ready").await.status.as_u16(), 503);
    }
    let reply = app.post("/v1/login", &json!({ "name": "nobody", "password": "x" })).await;
    assert_eq!(reply.refusal(), "unavailable");
    let said = heard();
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("kind=\"unready\"")).collect();
    assert_eq!(lines.len(), 5, "{lines:?}");
    let right = |line: &&str| line.contains("ERROR") && line.contains("reason=\"store_unavailable\"");
    assert!(lines.iter().all(right), "{lines:?}");
    let failed: Vec<&str> = said.lines().filter(|line| line.contains("kind=\"unavailable\"")).collect();
    let [line] = failed.as_slice() else { panic!("{failed:?}") };
    assert!(line.contains("fault=\"the store is not available"), "{line}");
}
