//! What a change ends: a password change all other sessions and devices, new codes the old ones, a removed factor the
//! sessions that rest on it (DESIGN section 7).

use http::Method;
use poundlock_core::time::Span;
use poundlock_store::on_both;
use poundlock_verify::Reject;
use serde_json::json;

use super::world::World;
use crate::http::behind::{ACCOUNT, account, at_service, dead_app, dead_passkeys, records, refresh, second_app, text};

const NEW: &str = "another quite long phrase";

on_both! {
    async fn pwd_18_a_new_password_ends_all_but_the_present(store) {
        let world = World::on(&store).await;
        let waiting = world.app.password_step(&world.ada).await;
        let right = world.step_up("password.change", "").await;
        assert_eq!(world.change_password(NEW, &right).await.status, 204);
        assert_eq!(world.change_password("one more quite long phrase", &right).await.refusal(), "step_up", "one use");
        // The session of the enrolment is over, at services too; the present one goes on.
        assert_eq!(refresh(&world.app, &world.ada.tokens["refresh_token"]).await.refusal(), "session_ended");
        world.app.take_over_changes().await;
        let old = text(&world.ada.tokens, "access_token");
        assert_eq!(at_service(&world.app, &old, "api").await.err(), Some(Reject::Revoked));
        refresh(&world.app, &world.tokens["refresh_token"]).await.ok();
        // The old password and a login begun with it are worth nothing.
        let login = json!({ "name": "ada", "password": world.ada.password });
        assert_eq!(world.app.post("/v1/login", &login).await.refusal(), "credentials");
        let code = world.app.code(&world.ada.totp_uri);
        let begun = json!({ "login": waiting, "code": code });
        assert_eq!(world.app.post("/v1/login/totp", &begun).await.refusal(), "gone");
        let ada = poundlock::testing::TestUser { password: NEW.to_owned(), ..world.ada.clone() };
        world.app.log_in(&ada, None).await;
        assert_eq!(records(&world.app, "password.changed").await.len(), 1);
    }

    async fn pwd_18_a_new_password_forgets_all_other_devices(store) {
        let world = World::on(&store).await;
        let right = world.step_up("password.change", "").await;
        assert_eq!(world.change_password(NEW, &right).await.status, 204);
        let devices = world.get("/v1/devices").await.ok();
        for device in devices["devices"].as_array().unwrap() {
            assert_eq!(device["revoked_at"].is_null(), device["present"] == true, "{device}");
        }
    }

    async fn a_password_that_will_not_do_costs_no_right(store) {
        let world = World::on(&store).await;
        let right = world.step_up("password.change", "").await;
        for bad in ["short", "", "password1", "ada ada1"] {
            assert_eq!(world.change_password(bad, &right).await.refusal(), "unusable", "{bad:?}");
        }
        assert_eq!(world.change_password(NEW, &right).await.status, 204);
    }

    async fn rft_13_no_token_outlives_a_password_change(store) {
        let world = World::on(&store).await;
        let right = world.step_up("password.change", "").await;
        let (app, mut token) = (world.app.clone(), world.ada.tokens["refresh_token"].clone());
        let refreshing = tokio::spawn(async move {
            let mut got = Vec::new();
            loop {
                let reply = refresh(&app, &token).await;
                if !reply.status.is_success() {
                    return (got, reply.refusal().to_owned());
                }
                token = reply.body["refresh_token"].clone();
                got.push(text(&reply.body, "access_token"));
            }
        });
        assert_eq!(world.change_password(NEW, &right).await.status, 204);
        let (got, refusal) = refreshing.await.unwrap();
        assert_eq!(refusal, "session_ended");
        world.app.take_over_changes().await;
        for token in got {
            assert_eq!(at_service(&world.app, &token, "api").await.err(), Some(Reject::Revoked));
        }
    }

    async fn rcv_07_new_codes_void_the_old_and_end_nothing(store) {
        let world = World::on(&store).await;
        let right = world.step_up("recovery_codes.new", "").await;
        let codes = world.new_codes(&right).await.ok()["recovery_codes"].clone();
        assert_eq!(codes.as_array().unwrap().len(), 10);
        refresh(&world.app, &world.ada.tokens["refresh_token"]).await.ok();
        let login = world.app.password_step(&world.ada).await;
        let old = json!({ "login": login, "code": world.ada.recovery_codes[0] });
        assert_eq!(world.app.post("/v1/login/recovery-code", &old).await.refusal(), "code");
        world.app.post("/v1/login/recovery-code", &json!({ "login": login, "code": codes[0] })).await.ok();
    }

    async fn a_removed_factor_ends_the_sessions_that_rest_on_it(store) {
        let world = World::on(&store).await;
        let second = second_app(&world.app, &world.ada).await;
        let listed = world.get("/v1/factors").await.ok();
        let factors = listed["factors"].as_array().unwrap();
        assert_eq!(factors.len(), 2);
        let id = text(&factors[1], "id");
        let right = world.step_up("factor.remove", &id).await;
        let path = format!("/v1/factors/{id}");
        let body = json!({ "step_up": right });
        // The right names one factor; another is not removed by it.
        let other = format!("/v1/factors/{}", text(&factors[0], "id"));
        let misused = world.app.bearer(Method::DELETE, &other, Some(&body), &world.token()).await;
        assert_eq!(misused.refusal(), "step_up");
        let removed = world.app.bearer(Method::DELETE, &path, Some(&body), &world.token()).await;
        assert_eq!(removed.status, 204);
        assert_eq!(refresh(&world.app, &second.tokens["refresh_token"]).await.refusal(), "session_ended");
        for stays in [&world.tokens, &world.ada.tokens] {
            refresh(&world.app, &stays["refresh_token"]).await.ok();
        }
        let login = world.app.password_step(&world.ada).await;
        let code = json!({ "login": login, "code": world.app.code(&second.totp_uri) });
        assert_eq!(world.app.post("/v1/login/totp", &code).await.refusal(), "code");
    }

    async fn the_last_factor_stays_also_when_both_go_at_once(store) {
        let world = World::on(&store).await;
        second_app(&world.app, &world.ada).await;
        let listed = world.get("/v1/factors").await.ok();
        let ids: Vec<_> = listed["factors"].as_array().unwrap().iter().map(|one| text(one, "id")).collect();
        let rights = [world.step_up("factor.remove", &ids[0]).await, world.step_up("factor.remove", &ids[1]).await];
        let remove = async |number: usize| {
            let (path, body) = (format!("/v1/factors/{}", ids[number]), json!({ "step_up": rights[number] }));
            world.app.bearer(Method::DELETE, &path, Some(&body), &world.token()).await
        };
        let (one, two) = tokio::join!(remove(0), remove(1));
        let passed = [&one, &two].into_iter().filter(|reply| reply.status.is_success()).count();
        assert_eq!(passed, 1, "{} {}", one.body, two.body);
        let left = account(&world.app, "ada").await.totp.len();
        assert_eq!(left, 1);
    }

    async fn the_last_factor_is_not_removed(store) {
        let world = World::on(&store).await;
        let id = text(&world.get("/v1/factors").await.ok()["factors"][0], "id");
        let right = world.step_up("factor.remove", &id).await;
        let body = json!({ "step_up": right });
        let path = format!("/v1/factors/{id}");
        assert_eq!(world.app.bearer(Method::DELETE, &path, Some(&body), &world.token()).await.refusal(), "last_one");
        let unknown = format!("/v1/factors/{}", "fac_00000000000070008000000000000000");
        assert!(!world.app.bearer(Method::DELETE, &unknown, Some(&body), &world.token()).await.status.is_success());
    }

    /// MFA-17: a passkey that cannot answer is no second factor, and does not stand in the way of its own removal.
    async fn mfa_17_what_proves_nothing_is_not_the_factor_that_is_left(store) {
        let world = World::on(&store).await;
        let id = text(&world.get("/v1/factors").await.ok()["factors"][0], "id");
        dead_passkeys(&world.app, "ada", 1).await;
        dead_app(&world.app, "ada").await;
        let right = world.step_up("factor.remove", &id).await;
        let remove = async |id: &str, right| {
            let (path, body) = (format!("/v1/factors/{id}"), json!({ "step_up": right }));
            world.app.bearer(Method::DELETE, &path, Some(&body), &world.token()).await
        };
        assert_eq!(remove(&id, right).await.refusal(), "last_one");
        let dead = account(&world.app, "ada").await.passkeys[0].id.to_string();
        let right = world.step_up("factor.remove", &dead).await;
        assert!(remove(&dead, right).await.status.is_success());
    }

    async fn mfa_07_the_limit_of_factors_is_told_before_one_is_made(store) {
        let world = World::on(&store).await;
        dead_passkeys(&world.app, "ada", 18).await;
        let begun = async |kind: &str| {
            let right = world.step_up("factor.add", "").await;
            world.post(&format!("/v1/factors/{kind}"), &json!({ "step_up": right })).await
        };
        let (app, key) = (begun("totp").await.ok()["login"].clone(), begun("passkey").await.ok()["login"].clone());
        dead_passkeys(&world.app, "ada", 1).await;
        assert_eq!(begun("totp").await.refusal(), "conflict", "begun");
        assert_eq!(begun("passkey").await.refusal(), "conflict", "begun");
        for (kind, login) in [("totp", app), ("passkey", key)] {
            let offered = world.app.post(&format!("/v1/login/enrol/{kind}"), &json!({ "login": login })).await;
            assert_eq!(offered.refusal(), "conflict", "offered: {kind}");
        }
    }

    async fn a_revoked_device_is_a_stranger(store) {
        let world = World::on(&store).await;
        let devices = world.get("/v1/devices").await.ok();
        let other = devices["devices"].as_array().unwrap().iter().find(|one| one["present"] == false).unwrap().clone();
        let path = format!("/v1/devices/{}", text(&other, "id"));
        assert_eq!(world.app.bearer(Method::DELETE, &path, None, &world.token()).await.status, 204);
        assert_eq!(world.app.bearer(Method::DELETE, &path, None, &world.token()).await.refusal(), "gone");
        // It still logs in: a device is no factor.
        let body = json!({ "name": "ada", "password": world.ada.password, "device": world.ada.tokens["device"] });
        world.app.post("/v1/login", &body).await.ok();
        world.app.advance(Span::from_seconds(1));
        let bob = world.app.enrol("bob", &[]).await;
        let bobs = text(&world.app.log_in(&bob, Some(ACCOUNT)).await, "access_token");
        let present = devices["devices"].as_array().unwrap().iter().find(|one| one["present"] == true).unwrap().clone();
        let path = format!("/v1/devices/{}", text(&present, "id"));
        assert_eq!(world.app.bearer(Method::DELETE, &path, None, &bobs).await.refusal(), "gone", "nobody else's");
    }
}
