//! What an owner sees and changes: list, rename, remove; what each change needs, ends and tells.

use http::Method;
use poundlock::testing::TestApp;
use poundlock_core::id::NoticeId;
use poundlock_core::testing::SoftKey;
use poundlock_core::time::Span;
use poundlock_store::{on_both, outbox};
use serde_json::{Value, json};

use super::{World, add, options};
use crate::http::behind::{records, refresh, ring};

async fn factors(world: &World, token: &str) -> Vec<Value> {
    let listed = world.app.bearer(Method::GET, "/v1/factors", None, token).await.ok();
    listed["factors"].as_array().unwrap().clone()
}

on_both! {
    async fn mfa_07_mfa_18_factors_are_listed_with_what_is_known_of_them(store) {
        let mut world = World::on(&store).await;
        let token = world.account_token().await;
        let listed = factors(&world, &token).await;
        let [key, app] = &listed[..] else { panic!("{listed:?}") };
        assert_eq!((&key["kind"], &key["label"], &key["phishing_resistant"]), (&json!("passkey"), &json!("blue key"), &json!(true)));
        assert_eq!(key["passkey"], json!({ "user_verified": true, "syncable": false, "synced": false, "attested": false }));
        assert_eq!((&app["kind"], &app["phishing_resistant"]), (&json!("totp"), &json!(false)));
        assert_eq!(key["used_at"].as_i64(), Some(world.app.now().seconds()));
        assert!(app.get("passkey").is_none() && key["made_at"].is_i64());
        let shown = world.app.admin(Method::GET, "/v1/admin/users/ada", None).await.ok();
        assert_eq!(shown["factors"][0]["kind"], "passkey");
    }

    async fn stp_06_a_factor_is_renamed_by_a_step_up_for_it(store) {
        let mut world = World::on(&store).await;
        let token = world.account_token().await;
        let id = world.factor.as_str().unwrap().to_owned();
        let path = format!("/v1/factors/{id}");
        let wrong = world.step_up(&token, "factor.remove", &id).await;
        let body = json!({ "label": "red key", "step_up": wrong });
        assert_eq!(world.app.bearer(Method::PATCH, &path, Some(&body), &token).await.refusal(), "step_up");
        let right = world.step_up(&token, "factor.rename", &id).await;
        let bad = json!({ "label": "a\nb", "step_up": right });
        assert_eq!(world.app.bearer(Method::PATCH, &path, Some(&bad), &token).await.refusal(), "unusable");
        let body = json!({ "label": "red key", "step_up": right });
        world.app.bearer(Method::PATCH, &path, Some(&body), &token).await.ok();
        assert_eq!(world.app.bearer(Method::PATCH, &path, Some(&body), &token).await.refusal(), "step_up");
        assert_eq!(factors(&world, &token).await[0]["label"], "red key");
    }

    async fn mfa_17_a_removed_passkey_ends_what_rests_on_it_and_the_last_one_stays(store) {
        let mut world = World::on(&store).await;
        let resting = world.alone().await.ok();
        let other = world.app.log_in(&world.ada, None).await;
        let token = world.account_token().await;
        let id = world.factor.as_str().unwrap().to_owned();
        let right = world.step_up(&token, "factor.remove", &id).await;
        let path = format!("/v1/factors/{id}");
        world.app.bearer(Method::DELETE, &path, Some(&json!({ "step_up": right })), &token).await.ok();
        assert_eq!(refresh(&world.app, &resting["refresh_token"]).await.refusal(), "session_ended");
        refresh(&world.app, &other["refresh_token"]).await.ok();
        assert_eq!(world.alone().await.refusal(), "passkey");
        assert_eq!(records(&world.app, "factor.removed").await.len(), 1);
        // The app is the last one now.
        let tokens = world.app.log_in(&world.ada, Some(crate::http::behind::ACCOUNT)).await;
        let token = tokens["access_token"].as_str().unwrap();
        let left = factors(&world, token).await;
        assert_eq!(left.len(), 1);
        let path = format!("/v1/factors/{}", left[0]["id"].as_str().unwrap());
        let last = world.app.bearer(Method::DELETE, &path, Some(&json!({ "step_up": "plu_AAAA" })), token).await;
        assert_eq!(last.refusal(), "last_one");
    }

    async fn mfa_08_every_change_leaves_a_notice_that_only_its_owner_can_read(store) {
        let mut world = World::on(&store).await;
        let token = world.account_token().await;
        // Notices of one millisecond stand in any order.
        world.app.advance(Span::from_millis(1));
        let right = world.step_up(&token, "recovery_codes.new", "").await;
        world.app.bearer(Method::POST, "/v1/factors/recovery-codes", Some(&json!({ "step_up": right })), &token).await.ok();
        world.app.advance(Span::from_millis(1));
        let right = world.step_up(&token, "password.change", "").await;
        let body = json!({ "new_password": "another quite unguessable phrase", "step_up": right });
        world.app.bearer(Method::POST, "/v1/account/password", Some(&body), &token).await.ok();
        let ring = ring(&world.app).await;
        let told = outbox::waiting(&store, NoticeId::NIL, 100).await.unwrap();
        let kinds: Vec<&str> = told.iter().map(|notice| notice.kind.as_str()).collect();
        assert_eq!(kinds, ["factor_added", "recovery_codes_made", "password_changed"]);
        assert_eq!(told[0].open(&ring).unwrap()["label"], "blue key");
    }

    async fn mfa_17_a_reset_removes_passkeys_too(store) {
        let mut world = World::on(&store).await;
        let body = json!({ "reason": "lost everything" });
        world.app.admin(Method::POST, "/v1/admin/users/ada/reset-factor", Some(&body)).await.ok();
        assert_eq!(world.alone().await.refusal(), "passkey");
        let shown = world.app.admin(Method::GET, "/v1/admin/users/ada", None).await.ok();
        assert_eq!(shown["factors"], json!([]));
    }

    async fn stp_05_stp_06_a_step_up_by_passkey_alone_raises_its_session_once(store) {
        let mut world = World::on(&store).await;
        let tokens = world.app.log_in(&world.ada, Some(crate::http::behind::ACCOUNT)).await;
        let token = tokens["access_token"].as_str().unwrap().to_owned();
        let right = world.step_up(&token, "recovery_codes.new", "").await;
        let body = json!({ "step_up": right });
        world.app.bearer(Method::POST, "/v1/factors/recovery-codes", Some(&body), &token).await.ok();
        let again = world.app.bearer(Method::POST, "/v1/factors/recovery-codes", Some(&body), &token).await;
        assert_eq!(again.refusal(), "step_up");
        let session = world.app.bearer(Method::GET, "/v1/session", None, &token).await.ok();
        assert_eq!(session["acr"], "phr", "raised");
    }

    async fn thr_03_a_stolen_session_ends_no_login_that_has_cost_an_attempt(store) {
        let mut world = World::on(&store).await;
        let token = world.account_token().await;
        let owners = json!(world.app.password_step(&world.ada).await);
        let with_password = json!({ "action": "recovery_codes.new", "password": world.ada.password });
        let stepping = world.app.bearer(Method::POST, "/v1/step-up", Some(&with_password), &token).await.ok()["login"].clone();
        let alone = json!({ "action": "recovery_codes.new" });
        let mut begun = Vec::new();
        for _ in 0..130 {
            world.app.advance(Span::from_millis(1));
            begun.push(world.app.bearer(Method::POST, "/v1/step-up", Some(&alone), &token).await.ok()["login"].clone());
        }
        // Those of the session give way among themselves.
        let asked = options(&world.app, begun.first()).await;
        assert_eq!(asked.refusal(), "gone");
        world.within_saying(begun.last().unwrap(), |_| {}).await.ok();
        world.within_saying(&stepping, |_| {}).await.ok();
        world.within_saying(&owners, |_| {}).await.ok();
    }

    async fn thr_08_a_step_up_without_a_password_is_limited_by_source(store) {
        let app = TestApp::with(&store, |settings| {
            settings.loopback_unlimited = false;
            settings.alone = Some("limits by source are each node's own");
        })
        .await;
        let ada = app.enrol("ada", &[]).await;
        let token = app.log_in(&ada, Some(crate::http::behind::ACCOUNT)).await["access_token"].as_str().unwrap().to_owned();
        add(&app, &ada, &token, &mut SoftKey::new(21)).await.ok();
        let alone = json!({ "action": "recovery_codes.new" });
        let mut begun = 0;
        let refused = loop {
            let reply = app.bearer(Method::POST, "/v1/step-up", Some(&alone), &token).await;
            if !reply.status.is_success() {
                break reply;
            }
            begun += 1;
            assert!(begun < 60, "never refused");
        };
        assert_eq!(refused.refusal(), "too_many_attempts");
    }
}
