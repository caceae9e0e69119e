//! A change whose record cannot be written does not happen (AUD-07).

use axum::http::Method;
use poundlock::testing::TestApp;
use poundlock_core::id::UserId;
use poundlock_store::{Batch, Expect, Statement, Store, on_both, params, user};
use serde_json::json;

use super::{account_token, step_up};

static HIDE: Statement = Statement::new("ALTER TABLE audit_record RENAME TO audit_record_hidden");
static SHOW: Statement = Statement::new("ALTER TABLE audit_record_hidden RENAME TO audit_record");

/// Takes the table of records away behind the server's back.
pub(super) async fn hide_records(store: &Store) {
    run(store, &HIDE).await;
}

/// Brings it back.
pub(super) async fn show_records(store: &Store) {
    run(store, &SHOW).await;
}

async fn run(store: &Store, statement: &'static Statement) {
    let mut batch = Batch::new();
    batch.push(statement, params![], Expect::Any);
    store.commit(batch).await.unwrap();
}

on_both! {
    async fn aud_07_without_its_record_no_change_is_made(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let token = account_token(&app, &ada).await;
        let right = step_up(&app, &ada, &token, ("password.change", "")).await;
        let login = app.password_step(&ada).await;
        let id: UserId = app.records().await.iter().find_map(poundlock_core::audit::Record::user).unwrap();
        let before = user::by_id(&store, id).await.unwrap().unwrap();

        hide_records(&store).await;
        let change = json!({ "new_password": "another unguessable phrase", "step_up": right });
        let code = json!({ "login": login, "code": app.code(&ada.totp_uri) });
        let refresh = json!({ "refresh_token": ada.tokens["refresh_token"] });
        let invite = json!({ "name": "zoe" });
        let replies = [
            app.bearer(Method::POST, "/v1/account/password", Some(&change), &token).await,
            app.bearer(Method::DELETE, "/v1/session", None, &token).await,
            app.post("/v1/login/totp", &code).await,
            app.post("/v1/login", &json!({ "name": "ada", "password": ada.password })).await,
            app.post("/v1/login", &json!({ "name": "ada", "password": "wrong" })).await,
            app.post("/v1/session/refresh", &refresh).await,
            app.admin(Method::POST, "/v1/admin/invites", Some(&invite)).await,
        ];
        for (n, reply) in replies.iter().enumerate() {
            assert!(reply.status.is_server_error(), "{n}: {} {}", reply.status, reply.body);
        }
        show_records(&store).await;

        let after = user::by_id(&store, id).await.unwrap().unwrap();
        assert_eq!((after.user.password, after.user.version), (before.user.password, before.user.version));
        assert!(app.bearer(Method::GET, "/v1/account", None, &token).await.status.is_success(), "the session lives");
        app.post("/v1/session/refresh", &refresh).await.ok();
        app.post("/v1/login/totp", &code).await.ok();
        let invites = app.admin(Method::GET, "/v1/admin/invites", None).await.ok();
        assert_eq!(invites["invites"].as_array().unwrap().len(), 0);
        app.bearer(Method::POST, "/v1/account/password", Some(&change), &token).await;
        let changed = user::by_id(&store, id).await.unwrap().unwrap();
        assert_ne!(changed.user.version, before.user.version, "the right was not spent by the failure");
    }
}
