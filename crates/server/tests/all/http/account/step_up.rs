//! `POST /v1/step-up`: a right is for one action on one target in one session, once, for five minutes (STP-06).

use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::json;

use super::world::World;
use crate::http::behind::{ACCOUNT, account, change_client, claims, records, refresh};

on_both! {
    async fn a_right_opens_its_own_action_alone(store) {
        let world = World::on(&store).await;
        let password = world.step_up("password.change", "").await;
        assert_eq!(world.new_codes(&password).await.refusal(), "step_up");
        let aimed = world.step_up("recovery_codes.new", "fac_1").await;
        assert_eq!(world.new_codes(&aimed).await.refusal(), "step_up", "another target");
        let codes = world.step_up("recovery_codes.new", "").await;
        assert_eq!(world.change_password("another quite long phrase", &codes).await.refusal(), "step_up");
        // What was refused was not spent.
        world.new_codes(&codes).await.ok();
        assert_eq!(world.change_password("another quite long phrase", &password).await.status, 204);
    }

    async fn a_right_opens_its_own_session_alone(store) {
        let world = World::on(&store).await;
        let tokens = world.app.log_in(&world.ada, Some(ACCOUNT)).await;
        let other = World { app: world.app.clone(), ada: world.ada.clone(), tokens };
        let right = world.step_up("recovery_codes.new", "").await;
        assert_eq!(other.new_codes(&right).await.refusal(), "step_up");
        world.new_codes(&right).await.ok();
    }

    async fn t_14_of_64_uses_one_passes(store) {
        let world = std::sync::Arc::new(World::on(&store).await);
        let right = world.step_up("recovery_codes.new", "").await;
        let callers: Vec<_> = (0..64)
            .map(|_| {
                let (world, right) = (world.clone(), right.clone());
                tokio::spawn(async move { world.new_codes(&right).await })
            })
            .collect();
        let mut good = 0;
        for caller in callers {
            let reply = caller.await.unwrap();
            if reply.status.is_success() {
                good += 1;
            } else {
                assert_eq!(reply.refusal(), "step_up");
            }
        }
        assert_eq!(good, 1);
        assert_eq!(records(&world.app, "recovery.codes_made").await.len(), 2, "the enrolment's and this one");
    }

    async fn a_right_lasts_five_minutes(store) {
        let mut world = World::on(&store).await;
        let right = world.step_up("recovery_codes.new", "").await;
        world.app.advance(Span::from_seconds(300 - 30));
        let body = json!({ "refresh_token": world.tokens["refresh_token"], "audience": ACCOUNT });
        world.tokens = world.app.post("/v1/session/refresh", &body).await.ok();
        assert_eq!(world.new_codes(&right).await.refusal(), "step_up");
    }

    async fn a_session_and_a_fresh_factor_open_nothing(store) {
        let world = World::on(&store).await;
        for nothing in [json!(""), world.tokens["access_token"].clone(), world.tokens["refresh_token"].clone(), json!("plu_")] {
            assert_eq!(world.new_codes(&nothing).await.refusal(), "step_up");
        }
        assert_eq!(world.post("/v1/factors/recovery-codes", &json!({})).await.refusal(), "bad_request");
        let begun = world.begin("recovery_codes.new", "").await;
        assert_eq!(world.new_codes(&begun).await.refusal(), "step_up", "the password alone");
    }

    async fn an_ended_session_takes_its_rights_along(store) {
        let world = World::on(&store).await;
        let login = world.begin("recovery_codes.new", "").await;
        let right = world.step_up("recovery_codes.new", "").await;
        assert_eq!(world.app.bearer(http::Method::DELETE, "/v1/session", None, &world.token()).await.status, 204);
        assert_eq!(world.new_codes(&right).await.refusal(), "unauthenticated");
        let body = json!({ "login": login, "code": world.app.code(&world.ada.totp_uri) });
        assert_eq!(world.app.post("/v1/login/totp", &body).await.refusal(), "session_ended");
    }

    async fn a_raised_event_shows_for_fifteen_minutes(store) {
        let world = World::on(&store).await;
        let base = claims(&world.tokens);
        world.app.advance(Span::from_minutes(2));
        let raised_at = world.app.now().seconds();
        world.step_up("recovery_codes.new", "").await;
        let raised = refresh(&world.app, &world.tokens["refresh_token"]).await.ok();
        assert_eq!(claims(&raised)["auth_time"], raised_at);
        assert_eq!(claims(&raised)["mfa_time"], raised_at);
        for stays in ["sid", "sub", "status", "acr", "amr"] {
            assert_eq!(claims(&raised)[stays], base[stays], "{stays}");
        }
        world.app.advance(Span::from_minutes(14));
        let still = refresh(&world.app, &raised["refresh_token"]).await.ok();
        assert_eq!(claims(&still)["auth_time"], raised_at);
        world.app.advance(Span::from_seconds(30));
        let lapsed = refresh(&world.app, &still["refresh_token"]).await.ok();
        assert_eq!(claims(&lapsed)["auth_time"], base["auth_time"], "stp_10: the session is what it was");
        assert_eq!(claims(&lapsed)["mfa_time"], raised_at, "the factor was proved then, all the same");
    }

    async fn auth_time_is_that_of_the_older_proof(store) {
        let world = World::on(&store).await;
        let login = world.begin("recovery_codes.new", "").await;
        let password_at = world.app.now().seconds();
        world.app.advance(Span::from_minutes(3));
        let body = json!({ "login": login, "code": world.app.code(&world.ada.totp_uri) });
        world.app.post("/v1/login/totp", &body).await.ok();
        let raised = claims(&refresh(&world.app, &world.tokens["refresh_token"]).await.ok());
        assert_eq!((&raised["auth_time"], &raised["mfa_time"]), (&json!(password_at), &json!(password_at + 180)));
    }

    async fn thr_wrong_passwords_are_counted_like_those_of_a_login(store) {
        let world = World::on(&store).await;
        let wrong = json!({ "action": "password.change", "password": "not this one" });
        let mut refusals = Vec::new();
        for _ in 0..14 {
            refusals.push(world.post("/v1/step-up", &wrong).await.refusal().to_owned());
        }
        assert_eq!(refusals[0], "credentials");
        assert_eq!(refusals.last().unwrap(), "too_many_attempts");
        // They are the login's own budgets: a login on this device is refused as well, one elsewhere is not.
        let device = &world.tokens["device"];
        let login = json!({ "name": "ada", "password": world.ada.password, "device": device });
        assert_eq!(world.app.post("/v1/login", &login).await.refusal(), "too_many_attempts");
        let login = json!({ "name": "ada", "password": world.ada.password });
        world.app.post("/v1/login", &login).await.ok();
    }

    async fn the_owners_budget_is_not_spent_by_right_answers(store) {
        let world = World::on(&store).await;
        change_client(&world.app, |spec| spec.access_life_seconds = Some(3_600)).await;
        let tokens = world.app.log_in(&world.ada, Some(ACCOUNT)).await;
        let world = World { tokens, ..world };
        for _ in 0..12 {
            world.step_up("recovery_codes.new", "").await;
        }
        let user = account(&world.app, "ada").await.user.id;
        let devices = poundlock_store::device::listed(world.app.store(), user).await.unwrap();
        assert!(devices.iter().all(|device| device.fails == 0), "{devices:?}");
    }

    async fn rcv_a_recovery_code_raises_nothing(store) {
        let world = World::on(&store).await;
        let login = world.begin("recovery_codes.new", "").await;
        let body = json!({ "login": login, "code": world.ada.recovery_codes[0] });
        assert_eq!(world.app.post("/v1/login/recovery-code", &body).await.refusal(), "wrong_step");
        assert_eq!(world.get("/v1/account").await.ok()["recovery_codes_left"], 10);
    }

    async fn what_is_no_action_is_refused_before_the_password_is_looked_at(store) {
        let world = World::on(&store).await;
        let before = world.app.checks();
        for (action, target) in [("", ""), ("password", ""), ("Password.change", ""), ("factor.remove", &"x".repeat(65))] {
            let body = json!({ "action": action, "target": target, "password": world.ada.password });
            assert_eq!(world.post("/v1/step-up", &body).await.refusal(), "bad_request", "{action}");
        }
        assert_eq!(world.app.checks(), before);
    }
}
