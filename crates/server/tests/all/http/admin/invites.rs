//! `/v1/admin/invites`.

use axum::http::Method;
use poundlock::testing::TestApp;
use poundlock_store::on_both;
use serde_json::json;

use super::{act, read, recorded, send};

on_both! {
    async fn a_withdrawn_invite_gives_no_right_not_even_half_way(store) {
        let app = TestApp::on(&store).await;
        let made = send(&app, Method::POST, "invites", &json!({ "name": "bob" })).await.ok();
        recorded(&app, "invite.made").await;
        let accept = json!({ "invite": made["invite"], "password": "quite unguessable bob phrase" });
        let login = app.post("/v1/invite/accept", &accept).await.ok()["login"].clone();
        let uri = app.post("/v1/login/enrol/totp", &json!({ "login": login })).await.ok()["uri"].clone();
        let listed = read(&app, "invites").await;
        assert_eq!((listed["invites"][0]["id"].clone(), listed["invites"][0]["for"].clone()), (made["id"].clone(), json!("bob")));
        assert!(!listed.to_string().contains(made["invite"].as_str().unwrap()));
        let path = format!("invites/{}", made["id"].as_str().unwrap());
        act(&app, Method::DELETE, &path).await.ok();
        recorded(&app, "invite.withdrawn").await;
        let confirm = json!({ "login": login, "code": app.code(uri.as_str().unwrap()) });
        assert!(!app.post("/v1/login/enrol/totp/confirm", &confirm).await.status.is_success());
        assert_eq!(app.post("/v1/invite/accept", &accept).await.refusal(), "gone");
        assert_eq!(act(&app, Method::GET, "users/bob").await.refusal(), "missing");
        assert_eq!(act(&app, Method::DELETE, &path).await.refusal(), "missing");
        assert_eq!(read(&app, "invites").await["invites"], json!([]));
    }

    async fn ops_07_an_invite_lives_for_at_most_a_week(store) {
        let app = TestApp::on(&store).await;
        for bad in [0, -5, 7 * 24 * 3600 + 1] {
            let body = json!({ "name": "bob", "life_seconds": bad });
            assert_eq!(send(&app, Method::POST, "invites", &body).await.refusal(), "unusable", "{bad}");
        }
        assert_eq!(send(&app, Method::POST, "invites", &json!({ "name": "two words" })).await.refusal(), "unusable");
        let group = json!({ "name": "bob", "groups": ["No Group"] });
        assert_eq!(send(&app, Method::POST, "invites", &group).await.refusal(), "unusable");
        app.enrol("bob", &[]).await;
        assert_eq!(send(&app, Method::POST, "invites", &json!({ "name": "BOB" })).await.refusal(), "name_taken");
    }

    async fn mfa_21_a_new_store_has_no_account_and_no_invite(store) {
        let app = TestApp::on(&store).await;
        assert_eq!(read(&app, "users").await["users"], json!([]));
        assert_eq!(read(&app, "invites").await["invites"], json!([]));
    }
}
