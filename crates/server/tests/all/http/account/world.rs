//! A user with a session for the account API, and the two requests of a step-up.

use http::Method;
use poundlock::testing::{Reply, TestApp, TestUser};
use poundlock_core::time::Span;
use poundlock_store::Store;
use serde_json::{Value, json};

use crate::http::behind::{ACCOUNT, text};

/// One user, and the tokens of a session for the account API.
pub(super) struct World {
    pub(super) app: TestApp,
    pub(super) ada: TestUser,
    pub(super) tokens: Value,
}

impl World {
    pub(super) async fn on(store: &Store) -> Self {
        let app = TestApp::on(store).await;
        let ada = app.enrol("ada", &[]).await;
        let tokens = app.log_in(&ada, Some(ACCOUNT)).await;
        Self { app, ada, tokens }
    }

    pub(super) fn token(&self) -> String {
        text(&self.tokens, "access_token")
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.app.bearer(Method::GET, path, None, &self.token()).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.app.bearer(Method::POST, path, Some(body), &self.token()).await
    }

    /// Begins a step-up; gives the login handle.
    pub(super) async fn begin(&self, action: &str, target: &str) -> Value {
        let body = json!({ "action": action, "target": target, "password": self.ada.password });
        self.post("/v1/step-up", &body).await.ok()["login"].clone()
    }

    /// Steps up; gives the right, and moves on to the next code.
    pub(super) async fn step_up(&self, action: &str, target: &str) -> Value {
        let login = self.begin(action, target).await;
        let body = json!({ "login": login, "code": self.app.code(&self.ada.totp_uri) });
        let raised = self.app.post("/v1/login/totp", &body).await.ok();
        assert_eq!(raised["expires_in"], 300);
        assert!(raised.get("access_token").is_none());
        self.app.advance(Span::from_seconds(30));
        raised["step_up"].clone()
    }

    /// Makes new recovery codes with a right.
    pub(super) async fn new_codes(&self, right: &Value) -> Reply {
        self.post("/v1/factors/recovery-codes", &json!({ "step_up": right })).await
    }

    /// Sets another password with a right.
    pub(super) async fn change_password(&self, new: &str, right: &Value) -> Reply {
        self.post("/v1/account/password", &json!({ "new_password": new, "step_up": right })).await
    }
}
