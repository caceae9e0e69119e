//! Freshness: a second factor that was proved too long ago is asked for again, and the same session goes on (STP-01).

use poundlock::testing::{Reply, TestApp, TestUser};
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::{Value, json};

use super::race::at_once;
use crate::http::behind::{change_client, claims, records, refresh, text};

/// A client whose sessions may rest for two days, and a user whose second factor is 12 hours old.
async fn stale(store: &poundlock_store::Store) -> (TestApp, TestUser) {
    let app = TestApp::on(store).await;
    change_client(&app, |spec| {
        spec.idle_seconds = Some(48 * 3_600);
        spec.absolute_seconds = Some(48 * 3_600);
    })
    .await;
    let ada = app.enrol("ada", &[]).await;
    app.advance(Span::from_hours(12));
    (app, ada)
}

async fn prove(app: &TestApp, user: &TestUser, login: &Value) -> Reply {
    app.post("/v1/login/totp", &json!({ "login": login, "code": app.code(&user.totp_uri) })).await
}

on_both! {
    async fn stp_01_an_old_second_factor_is_asked_for_and_the_session_goes_on(store) {
        let (app, ada) = stale(&store).await;
        let token = &ada.tokens["refresh_token"];
        let asked = refresh(&app, token).await;
        assert_eq!((asked.status.as_u16(), asked.refusal()), (401, "insufficient_user_authentication"));
        let challenge = r#"Bearer error="insufficient_user_authentication", max_age="43200""#;
        assert_eq!(asked.headers["www-authenticate"], challenge);
        assert_eq!((&asked.body["factors"], &asked.body["expires_in"]), (&json!(["totp"]), &json!(600)));
        // The token was not used up: asked again, it says the same and no theft is seen.
        assert_eq!(refresh(&app, token).await.refusal(), "insufficient_user_authentication");
        let fresh = prove(&app, &ada, &asked.body["login"]).await.ok();
        let (before, after) = (claims(&ada.tokens), claims(&fresh));
        for stays in ["sub", "sid", "auth_time", "acr", "amr", "status"] {
            assert_eq!(before[stays], after[stays], "{stays}");
        }
        assert_eq!(after["mfa_time"], app.now().seconds());
        assert_ne!(&fresh["refresh_token"], token);
        assert_eq!(fresh["session"], ada.tokens["session"]);
        let next = refresh(&app, &fresh["refresh_token"]).await.ok();
        assert_eq!(claims(&next)["mfa_time"], app.now().seconds());
        assert_eq!(refresh(&app, token).await.refusal(), "refresh_reuse");
    }

    async fn just_inside_the_age_nothing_is_asked_for(store) {
        let (app, ada) = stale(&store).await;
        // 30 seconds passed in the enrolment; two sessions stand on either side of the limit.
        app.advance(Span::from_seconds(-30));
        refresh(&app, &ada.tokens["refresh_token"]).await.ok();
    }

    async fn t_14_of_64_completions_one_rotates(store) {
        let (app, ada) = stale(&store).await;
        let asked = refresh(&app, &ada.tokens["refresh_token"]).await;
        let body = json!({ "login": asked.body["login"], "code": app.code(&ada.totp_uri) });
        let callers: Vec<_> = (0..64)
            .map(|_| {
                let (app, body) = (app.clone(), body.clone());
                tokio::spawn(async move { app.post("/v1/login/totp", &body).await })
            })
            .collect();
        let mut good = Vec::new();
        for caller in callers {
            let reply = caller.await.unwrap();
            if reply.status.is_success() {
                good.push(reply.body);
            } else {
                assert!(["code", "gone", "too_many_attempts"].contains(&reply.refusal()), "{}", reply.body);
            }
        }
        assert_eq!(good.len(), 1);
        refresh(&app, &good[0]["refresh_token"]).await.ok();
    }

    async fn two_windows_that_both_ask_end_up_with_one_family(store) {
        let (app, ada) = stale(&store).await;
        let asked = at_once(&app, 2, &ada.tokens["refresh_token"]).await;
        let one = prove(&app, &ada, &asked[0].body["login"]).await.ok();
        app.advance(Span::from_seconds(30));
        let two = prove(&app, &ada, &asked[1].body["login"]).await.ok();
        assert_eq!(one["refresh_token"], two["refresh_token"], "the second is the repeat of the first");
        refresh(&app, &two["refresh_token"]).await.ok();
        assert!(records(&app, "refresh.theft").await.is_empty());
    }

    async fn a_token_used_up_meanwhile_is_no_theft(store) {
        let (app, ada) = stale(&store).await;
        let asked = at_once(&app, 2, &ada.tokens["refresh_token"]).await;
        let one = prove(&app, &ada, &asked[0].body["login"]).await.ok();
        let next = refresh(&app, &one["refresh_token"]).await.ok();
        app.advance(Span::from_seconds(30));
        let late = prove(&app, &ada, &asked[1].body["login"]).await;
        assert_eq!(late.refusal(), "session_ended");
        refresh(&app, &next["refresh_token"]).await.ok();
    }

    async fn idleness_counts_from_when_the_token_was_shown(store) {
        let (app, ada) = stale(&store).await;
        app.advance(Span::from_hours(11));
        change_client(&app, |spec| spec.idle_seconds = Some(3_600)).await;
        let asked = refresh(&app, &ada.tokens["refresh_token"]).await;
        let fresh = prove(&app, &ada, &asked.body["login"]).await.ok();
        change_client(&app, |spec| spec.mfa_max_age_seconds = Some(3_000)).await;
        app.advance(Span::from_seconds(3_590));
        let asked = refresh(&app, &fresh["refresh_token"]).await;
        app.advance(Span::from_seconds(60));
        prove(&app, &ada, &asked.body["login"]).await.ok();
    }

    async fn a_wrong_code_is_counted_and_the_way_stays_open(store) {
        let (app, ada) = stale(&store).await;
        let asked = refresh(&app, &ada.tokens["refresh_token"]).await;
        let wrong = json!({ "login": asked.body["login"], "code": "000000" });
        let mut refusals = Vec::new();
        for _ in 0..14 {
            refusals.push(app.post("/v1/login/totp", &wrong).await.refusal().to_owned());
        }
        assert_eq!(refusals[0], "code");
        assert!(refusals.iter().any(|refusal| refusal == "too_many_attempts"), "{refusals:?}");
        app.advance(Span::from_minutes(5));
        prove(&app, &ada, &asked.body["login"]).await.ok();
    }

    async fn rcv_a_recovery_code_freshens_nothing(store) {
        let (app, ada) = stale(&store).await;
        let asked = refresh(&app, &ada.tokens["refresh_token"]).await;
        let body = json!({ "login": asked.body["login"], "code": ada.recovery_codes[0] });
        assert_eq!(app.post("/v1/login/recovery-code", &body).await.refusal(), "wrong_step");
        let fresh = prove(&app, &ada, &asked.body["login"]).await.ok();
        assert_eq!(claims(&fresh)["acr"], "aal2");
        app.advance(Span::from_seconds(30));
        let left = app.log_in(&ada, Some(crate::http::behind::ACCOUNT)).await;
        let account = app.bearer(http::Method::GET, "/v1/account", None, &text(&left, "access_token")).await.ok();
        assert_eq!(account["recovery_codes_left"], 10, "and costs nothing");
    }

    async fn the_handle_serves_its_own_family_alone(store) {
        let (app, ada) = stale(&store).await;
        let bob = app.enrol("bob", &[]).await;
        let asked = refresh(&app, &ada.tokens["refresh_token"]).await;
        assert_eq!(prove(&app, &bob, &asked.body["login"]).await.refusal(), "code");
        let fresh = prove(&app, &ada, &asked.body["login"]).await.ok();
        assert_eq!(fresh["session"], ada.tokens["session"]);
    }

    async fn the_owners_device_stays_known_however_often_it_proves_itself(store) {
        let (app, ada) = stale(&store).await;
        let mut token = ada.tokens["refresh_token"].clone();
        change_client(&app, |spec| spec.mfa_max_age_seconds = Some(60)).await;
        for _ in 0..12 {
            app.advance(Span::from_seconds(90));
            let asked = refresh(&app, &token).await;
            token = prove(&app, &ada, &asked.body["login"]).await.ok()["refresh_token"].clone();
        }
        let user = crate::http::behind::account(&app, "ada").await.user.id;
        let devices = poundlock_store::device::listed(app.store(), user).await.unwrap();
        assert_eq!(devices[0].fails, 0);
    }
}
