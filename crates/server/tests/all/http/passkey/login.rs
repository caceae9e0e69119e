//! What a passkey opens: a login alone, a login after a password, a stale session, a step-up.

use http::Method;
use poundlock::testing::TestApp;
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::json;

use super::{World, options, prove};
use crate::attempt::{AFTER_ANY_DELAY, password};
use crate::http::behind::{ACCOUNT, ISSUER, change_client, claims, refresh};
use poundlock_core::testing::SoftKey;

on_both! {
    async fn mfa_20_wan_26_a_verified_passkey_is_a_login_of_both_kinds(store) {
        let mut world = World::on(&store).await;
        let tokens = world.alone().await.ok();
        let claims = claims(&tokens);
        assert_eq!((&claims["acr"], &claims["amr"]), (&json!("phr"), &json!(["mfa", "swk", "user"])));
        assert!(tokens["refresh_token"].is_string() && tokens["device"].is_string());
        assert!(tokens.get("recovery_codes").is_none());
    }

    async fn mfa_20_a_password_and_a_key_are_phishing_resistant(store) {
        let mut world = World::with(&store, SoftKey::without_pin(22)).await;
        let asked = world.app.post("/v1/login", &json!({ "name": "ada", "password": world.ada.password })).await.ok();
        assert_eq!(asked["factors"], json!(["passkey", "totp", "recovery_code"]));
        let tokens = world.within_saying(&asked["login"], |_| {}).await.ok();
        let claims = claims(&tokens);
        assert_eq!((&claims["acr"], &claims["amr"]), (&json!("phr"), &json!(["pwd", "mfa", "swk"])));
    }

    async fn wan_08_t_11_a_key_without_a_pin_is_no_login_alone(store) {
        let mut world = World::with(&store, SoftKey::without_pin(22)).await;
        assert_eq!(world.alone().await.refusal(), "passkey");
        // Nor with the PIN that its finder sets.
        world.key.flags |= poundlock_core::testing::UV;
        assert_eq!(world.alone().await.refusal(), "passkey");
        // Nor in place of the password of a step-up.
        let token = world.app.log_in(&world.ada, Some(ACCOUNT)).await["access_token"].as_str().unwrap().to_owned();
        let body = json!({ "action": "recovery_codes.new" });
        let begun = world.app.bearer(Method::POST, "/v1/step-up", Some(&body), &token).await;
        assert_eq!(begun.refusal(), "unusable", "it is not even asked");
    }

    async fn thr_03_a_passkey_opens_the_way_when_strangers_have_burnt_the_budget(store) {
        let mut world = World::on(&store).await;
        for _ in 0..50 {
            assert_eq!(password(&world.app, "ada", "wrong").await.refusal(), "credentials");
            world.app.advance(AFTER_ANY_DELAY);
        }
        assert_eq!(password(&world.app, "ada", &world.ada.password).await.refusal(), "blocked");
        let device = world.alone().await.ok()["device"].clone();
        // It has used no budget and clears none; but from here on its device is known.
        assert_eq!(password(&world.app, "ada", &world.ada.password).await.refusal(), "blocked");
        let body = json!({ "name": "ada", "password": world.ada.password, "device": device });
        world.app.post("/v1/login", &body).await.ok();
    }

    async fn stp_01_a_passkey_freshens_a_stale_session(store) {
        let mut world = World::on(&store).await;
        change_client(&world.app, |spec| {
            spec.idle_seconds = Some(48 * 3_600);
            spec.absolute_seconds = Some(48 * 3_600);
        })
        .await;
        let tokens = world.alone().await.ok();
        world.app.advance(Span::from_hours(13));
        let asked = refresh(&world.app, &tokens["refresh_token"]).await;
        assert_eq!(asked.refusal(), "insufficient_user_authentication");
        assert_eq!(asked.body["factors"], json!(["passkey", "totp"]));
        let login = asked.body["login"].clone();
        let fresh = world.within_saying(&login, |_| {}).await.ok();
        assert_eq!((&fresh["session"], claims(&fresh)["mfa_time"].as_i64()), (&tokens["session"], Some(world.app.now().seconds())));
        assert_eq!(claims(&fresh)["auth_time"], claims(&tokens)["auth_time"]);
    }

    async fn wan_01_nothing_is_stored_before_a_first_proof(store) {
        let world = World::on(&store).await;
        let before = store.dump().await;
        for _ in 0..5 {
            let asked = options(&world.app, None).await.ok();
            assert_eq!((&asked["publicKey"]["allowCredentials"], &asked["publicKey"]["userVerification"]), (&json!([]), &json!("required")));
        }
        assert_eq!(store.dump().await, before);
    }

    async fn an_account_without_passkeys_is_not_asked_for_one(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let login = json!(app.password_step(&ada).await);
        assert_eq!(options(&app, Some(&login)).await.refusal(), "wrong_step");
        let mut stranger = SoftKey::new(5);
        let asked = options(&app, None).await.ok();
        stranger.handle = vec![1; 16];
        let credential = stranger.answer(ISSUER, &asked["publicKey"]);
        assert_eq!(prove(&app, &asked["login"], &credential).await.refusal(), "passkey");
    }

    async fn a_shut_account_is_shut_to_its_passkey_t_12(store) {
        let mut world = World::on(&store).await;
        world.app.admin(Method::POST, "/v1/admin/users/ada/disable", None).await.ok();
        assert_eq!(world.alone().await.refusal(), "passkey");
        world.app.admin(Method::POST, "/v1/admin/users/ada/enable", None).await.ok();
        world.alone().await.ok();
    }

    async fn wan_02_a_challenge_lives_five_minutes(store) {
        let mut world = World::on(&store).await;
        for within in [false, true] {
            let login = if within { Some(json!(world.app.password_step(&world.ada).await)) } else { None };
            let asked = options(&world.app, login.as_ref()).await.ok();
            assert_eq!(asked["expires_in"], 300);
            let credential = world.key.answer(ISSUER, &asked["publicKey"]);
            world.app.advance(Span::from_minutes(5));
            let reply = prove(&world.app, &asked["login"], &credential).await;
            assert_eq!(reply.refusal(), if login.is_some() { "wrong_step" } else { "passkey" });
        }
        world.alone().await.ok();
    }

    /// WAN-01: a node whose clock is a little behind still takes the challenge for a live one, so its mark outlives it.
    async fn wan_01_the_mark_of_an_answered_challenge_outlives_it_by_a_minute(store) {
        let mut world = World::on(&store).await;
        world.alone().await.ok();
        let marks = async || store.dump().await["passkey_challenge"].len();
        world.app.advance(Span::from_seconds(330));
        world.app.sweep().await;
        assert_eq!(marks().await, 1);
        world.app.advance(Span::from_seconds(31));
        world.app.sweep().await;
        assert_eq!(marks().await, 0);
    }
}
