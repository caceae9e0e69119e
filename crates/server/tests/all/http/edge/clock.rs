//! A clock that cannot be trusted issues nothing, and is trusted again when it agrees (OPS-10, OTP-10).

use poundlock::testing::TestApp;
use poundlock_core::guard::Guessable;
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::json;

use crate::attempt::{password, text, totp};

on_both! {
    async fn ops_10_a_jump_of_an_hour_either_way_stops_logins_until_it_agrees_again(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        for hours in [1, -1] {
            let login = app.password_step(&ada).await;
            let (code, checks) = (app.code(&ada.totp_uri), app.checks());
            app.jump(Span::from_hours(hours));
            let refresh = json!({ "refresh_token": ada.tokens["refresh_token"] });
            let replies = [
                password(&app, "ada", &ada.password).await,
                password(&app, "nobody", "x").await,
                totp(&app, &login, &code).await,
                app.post("/v1/session/refresh", &refresh).await,
                app.post("/v1/invite/accept", &json!({ "invite": "x", "password": "y" })).await,
                app.post("/v1/login/enrol/totp", &json!({ "login": login })).await,
            ];
            for reply in replies {
                assert_eq!((reply.status.as_u16(), reply.refusal()), (503, "clock"), "{hours} hours");
            }
            let ready = app.get("/health/ready").await;
            assert_eq!((ready.status.as_u16(), text(&ready.body, "status")), (503, "unready".to_owned()));
            assert_ne!(ready.body["clock"], "ok");
            assert_eq!(app.get("/health/live").await.status.as_u16(), 200);
            assert_eq!(app.get("/.well-known/jwks.json").await.status.as_u16(), 200);
            assert_eq!(app.checks(), checks);
            assert_eq!(app.codes_checked(), if hours == 1 { 0 } else { 1 });
            app.jump(Span::from_hours(-hours));
            totp(&app, &login, &code).await.ok();
            app.advance(Span::from_seconds(30));
            // On PostgreSQL the database's own clock, which no test moves, disagrees with this one all the time.
            let clock = text(&app.get("/health/ready").await.body, "clock");
            assert!(!clock.contains("jumped") && !clock.contains("behind"), "{clock}");
        }
        assert_eq!(app.tried("ada", Guessable::Totp).await.strangers, 0);
    }
}
