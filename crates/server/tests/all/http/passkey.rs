//! `/v1/login/passkey` and what is enrolled for it: on both databases, with a security key in software whose every word a
//! test may change.

mod account;
mod enrol;
mod independent;
mod login;
mod race;
mod refused;

use http::Method;
use poundlock::testing::{Reply, TestApp, TestUser};
use poundlock_core::testing::{Said, SoftKey};
use poundlock_store::Store;
use serde_json::{Value, json};

use super::behind::{ACCOUNT, ISSUER};

/// A user who has an app, and a passkey beside it.
struct World {
    app: TestApp,
    ada: TestUser,
    key: SoftKey,
    /// The passkey's factor.
    factor: Value,
}

impl World {
    async fn on(store: &Store) -> Self {
        Self::with(store, SoftKey::new(21)).await
    }

    async fn with(store: &Store, mut key: SoftKey) -> Self {
        let app = TestApp::on(store).await;
        let ada = app.enrol("ada", &[]).await;
        let token = app.log_in(&ada, Some(ACCOUNT)).await["access_token"].clone();
        let added = add(&app, &ada, token.as_str().unwrap(), &mut key).await.ok();
        Self { app, ada, key, factor: added["factor"].clone() }
    }

    /// A login with the passkey alone.
    async fn alone(&mut self) -> Reply {
        self.alone_saying(|_| {}).await
    }

    async fn alone_saying(&mut self, change: impl FnOnce(&mut Said)) -> Reply {
        let asked = options(&self.app, None).await.ok();
        let credential = self.key.answer_saying(ISSUER, &asked["publicKey"], change);
        prove(&self.app, &asked["login"], &credential).await
    }

    /// A login with password and passkey.
    async fn second_saying(&mut self, change: impl FnOnce(&mut Said)) -> Reply {
        let login = json!(self.app.password_step(&self.ada).await);
        self.within_saying(&login, change).await
    }

    /// The passkey's step of a login.
    async fn within_saying(&mut self, login: &Value, change: impl FnOnce(&mut Said)) -> Reply {
        let asked = options(&self.app, Some(login)).await.ok();
        let credential = self.key.answer_saying(ISSUER, &asked["publicKey"], change);
        prove(&self.app, login, &credential).await
    }

    /// A token for the account API, by the passkey alone.
    async fn account_token(&mut self) -> String {
        let asked = options(&self.app, None).await.ok();
        let credential = self.key.answer(ISSUER, &asked["publicKey"]);
        let body = json!({ "login": asked["login"], "credential": credential, "audience": ACCOUNT });
        let tokens = self.app.post("/v1/login/passkey", &body).await.ok();
        tokens["access_token"].as_str().unwrap().to_owned()
    }

    /// A step-up by the passkey alone.
    async fn step_up(&mut self, token: &str, action: &str, target: &str) -> Value {
        let body = json!({ "action": action, "target": target });
        let login = self.app.bearer(Method::POST, "/v1/step-up", Some(&body), token).await.ok()["login"].clone();
        self.within_saying(&login, |_| {}).await.ok()["step_up"].clone()
    }
}

pub(super) async fn options(app: &TestApp, login: Option<&Value>) -> Reply {
    let body = login.map_or_else(|| json!({}), |login| json!({ "login": login }));
    app.post("/v1/login/passkey/options", &body).await
}

async fn prove(app: &TestApp, login: &Value, credential: &Value) -> Reply {
    app.post("/v1/login/passkey", &json!({ "login": login, "credential": credential })).await
}

/// Steps up by password and code, and adds a passkey.
pub(super) async fn add(app: &TestApp, user: &TestUser, token: &str, key: &mut SoftKey) -> Reply {
    let body = json!({ "action": "factor.add", "password": user.password });
    let login = app.bearer(Method::POST, "/v1/step-up", Some(&body), token).await.ok()["login"].clone();
    let raised = app.post("/v1/login/totp", &json!({ "login": login, "code": app.code(&user.totp_uri) })).await.ok();
    app.advance(poundlock_core::time::Span::from_seconds(30));
    let right = json!({ "step_up": raised["step_up"] });
    let begun = app.bearer(Method::POST, "/v1/factors/passkey", Some(&right), token).await.ok();
    enrol(app, &begun["login"], key, |_| {}).await
}

/// Enrols a passkey in a login that waits for it.
async fn enrol(app: &TestApp, login: &Value, key: &mut SoftKey, change: impl FnOnce(&mut Said)) -> Reply {
    let offered = app.post("/v1/login/enrol/passkey", &json!({ "login": login })).await.ok();
    let credential = key.register_saying(ISSUER, &offered["publicKey"], change);
    let body = json!({ "login": login, "credential": credential, "name": "blue key" });
    app.post("/v1/login/enrol/passkey/confirm", &body).await
}
