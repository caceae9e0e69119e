//! What tests do behind the server's back: change the registry, make a ticket, read records, look into tokens. Never
//! used to make something pass that a request could do.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use poundlock::testing::{TestApp, TestUser};
use poundlock_core::client::ClientSpec;
use poundlock_core::id::{FactorId, UserId};
use poundlock_core::invite::{self, Purpose};
use poundlock_core::passkey::{PasskeyRow, UserHandle};
use poundlock_core::seal::Keyring;
use poundlock_core::testing::SeededRng;
use poundlock_core::time::Span;
use poundlock_core::totp::TotpRow;
use poundlock_store::user::Account;
use poundlock_store::{Batch, audit, client, factor, invite as invites, key, passkey, user};
use poundlock_verify::{Claims, Context, JwkSet, Reject, Seconds, StatusList, Verifier};
use serde_json::{Value, json};

/// The issuer of every server under test.
pub(crate) const ISSUER: &str = "http://localhost:8080";

/// The audience of its account API.
pub(crate) const ACCOUNT: &str = "http://localhost:8080/account";

/// The keyring of a server under test.
pub(crate) async fn ring(app: &TestApp) -> Keyring {
    Keyring::open(&TestApp::master(), &key::data_keys(app.store()).await.unwrap()).unwrap()
}

/// The stored account of a user.
pub(crate) async fn account(app: &TestApp, name: &str) -> Account {
    let nobody = UserId::new(app.now(), &SeededRng::new(1));
    user::resolve(app.store(), name, nobody).await.unwrap().unwrap()
}

/// Stores an authenticator app whose seal does not open, as after a change in the database.
pub(crate) async fn dead_app(app: &TestApp, name: &str) {
    let (user, mut batch) = (account(app, name).await.user.id, Batch::new());
    let id = FactorId::new(app.now(), &SeededRng::new(6_999));
    let row = TotpRow { id, user, sealed: vec![0; 64], last_step: 0, drift: 0, resync: None, held_until: None };
    factor::insert_totp(&mut batch, &row, "dead app", app.now());
    app.store().commit(batch).await.unwrap();
}

/// Stores passkeys whose seals do not open, as after a change in the database.
pub(crate) async fn dead_passkeys(app: &TestApp, name: &str, count: u64) {
    let (user, had) = (account(app, name).await.user.id, account(app, name).await.passkeys.len());
    let mut batch = Batch::new();
    for number in 0..count {
        let rng = SeededRng::new(7_000 + number + u64::try_from(had).unwrap());
        let id = FactorId::new(app.now(), &rng);
        let (credential, handle) = (id.as_bytes().to_vec(), UserHandle::random(&rng));
        let row = PasskeyRow { id, user, credential, handle, version: 1, sealed: vec![0; 64], held_until: None };
        passkey::insert(&mut batch, &row, "dead key", app.now());
    }
    app.store().commit(batch).await.unwrap();
}

/// Enrols a second authenticator app by a ticket; gives its URI.
pub(crate) async fn second_app(app: &TestApp, user: &TestUser) -> TestUser {
    let purpose = Purpose::Ticket { user: account(app, &user.name).await.user.id };
    let seed = u64::try_from(app.now().millis()).unwrap();
    let made = invite::make(&purpose, Span::from_hours(1), app.now(), &ring(app).await, &SeededRng::new(seed));
    let mut batch = Batch::new();
    invites::insert(&mut batch, &made.1);
    app.store().commit(batch).await.unwrap();
    let accept = json!({ "invite": made.0.text().reveal(), "password": user.password });
    let login = app.post("/v1/invite/accept", &accept).await.ok()["login"].clone();
    let offer = app.post("/v1/login/enrol/totp", &json!({ "login": login })).await.ok();
    let totp_uri = text(&offer, "uri");
    let confirm = json!({ "login": login, "code": app.code(&totp_uri) });
    let tokens = app.post("/v1/login/enrol/totp/confirm", &confirm).await.ok();
    app.advance(Span::from_seconds(30));
    TestUser { totp_uri, tokens, ..user.clone() }
}

/// Changes the first-party client.
pub(crate) async fn change_client(app: &TestApp, change: impl FnOnce(&mut ClientSpec)) {
    let stored = client::all(app.store()).await.unwrap().into_iter().find(|client| client.id == "app").unwrap();
    let mut spec: ClientSpec = serde_json::from_str(&stored.spec).unwrap();
    change(&mut spec);
    let mut batch = Batch::new();
    client::change(&mut batch, "app", stored.version, &serde_json::to_string(&spec).unwrap());
    app.store().commit(batch).await.unwrap();
    app.take_over_changes().await;
}

/// Adds an audience that the first-party client may have.
pub(crate) async fn add_audience(app: &TestApp, name: &str, alg: &str) {
    let mut batch = Batch::new();
    client::put_audience(&mut batch, name, alg, app.now());
    app.store().commit(batch).await.unwrap();
    change_client(app, |spec| spec.audiences.push(name.to_owned())).await;
}

/// Shuts an account as an administrator does.
pub(crate) async fn disable(app: &TestApp, name: &str) {
    let path = format!("/v1/admin/users/{name}/disable");
    assert_eq!(app.admin(Method::POST, &path, None).await.status, 204);
    app.take_over_changes().await;
}

/// The newest records of one event, newest first.
pub(crate) async fn records(app: &TestApp, event: &str) -> Vec<Value> {
    let tail = audit::tail(app.store(), 500).await.unwrap();
    let read = tail.iter().map(|record| serde_json::from_slice::<Value>(&record.body).unwrap());
    read.filter(|record| record["event"] == event).collect()
}

/// A text member of an answer.
pub(crate) fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned()
}

/// A part of a token, unverified: 0 the header, 1 the claims.
pub(crate) fn part(token: &str, number: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(number).unwrap()).unwrap()).unwrap()
}

/// The access token of an answer, its claims unverified.
pub(crate) fn claims(answer: &Value) -> Value {
    part(&text(answer, "access_token"), 1)
}

/// Now, as verifiers count it.
pub(crate) fn seconds(app: &TestApp) -> Seconds {
    Seconds::new(app.now().seconds())
}

/// The key set as it is served.
pub(crate) async fn jwks(app: &TestApp) -> JwkSet {
    let served = app.get("/.well-known/jwks.json").await.ok();
    JwkSet::parse(served.to_string().as_bytes()).unwrap()
}

/// Checks a token as a service does that knows the issuer's addresses alone: key set, claims and status list.
pub(crate) async fn at_service(app: &TestApp, token: &str, audience: &str) -> Result<Claims, Reject> {
    let (keys, now) = (jwks(app).await, seconds(app));
    let uri = text(&part(token, 1)["status"]["status_list"], "uri");
    let served = app.get(uri.strip_prefix(ISSUER).unwrap()).await.ok();
    let list = StatusList::check_token(served.as_str().unwrap(), &keys, &uri, now)?;
    Verifier::new(ISSUER, audience).with_keys(keys).check_in(token, &Context::at(now).with_status(&list))
}

/// Refreshes once.
pub(crate) async fn refresh(app: &TestApp, token: &Value) -> poundlock::testing::Reply {
    app.post("/v1/session/refresh", &json!({ "refresh_token": token })).await
}
