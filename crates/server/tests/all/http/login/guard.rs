//! Attempts are spent before they are checked, delayed by the ladder, and cleared by nothing but a completed login
//! (T-08, T-30, THR-01 to THR-06).

use poundlock::testing::{Reply, TestApp, Tried};
use poundlock_core::guard::{Guessable, delay_after};
use poundlock_core::time::Span;
use poundlock_store::on_both;

use crate::attempt::{AFTER_ANY_DELAY, at_once, password, password_on, text, totp, wrong_code};

fn retry_after(reply: &Reply) -> i64 {
    reply.headers["retry-after"].to_str().unwrap().parse().unwrap()
}

on_both! {
    async fn thr_02_the_ladder_delays_and_what_is_refused_is_neither_checked_nor_counted(store) {
        let app = TestApp::on(&store).await;
        app.enrol("ada", &[]).await;
        for tried in 1..=12 {
            let checks = app.checks();
            assert_eq!(password(&app, "ada", "wrong").await.refusal(), "credentials");
            assert_eq!(app.checks(), checks + 1);
            let wait = delay_after(tried);
            if wait > Span::ZERO {
                let early = password(&app, "ada", "wrong").await;
                assert_eq!((early.status.as_u16(), early.refusal()), (429, "too_many_attempts"));
                assert_eq!(retry_after(&early), wait.seconds(), "after {tried} tries");
                assert_eq!(early.body["retry_after"], wait.seconds());
                app.advance(Span::from_millis(wait.millis() - 1));
                assert_eq!(password(&app, "ada", "wrong").await.status.as_u16(), 429);
                assert_eq!(app.checks(), checks + 1, "a refused attempt was checked");
                app.advance(Span::from_millis(1));
            }
            assert_eq!(app.tried("ada", Guessable::Password).await.strangers, tried);
        }
    }

    async fn t_08_a_thousand_parallel_wrong_passwords_get_fifty_checks(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let before = app.checks();
        let mut sent = 0;
        while sent < 1000 {
            // Three at once, as many as the hash pool takes for one account, then whatever comes on top.
            let replies = at_once(20, |_| {
                let app = app.clone();
                async move { password(&app, "ada", "wrong").await }
            })
            .await;
            assert!(replies.iter().all(|reply| !reply.status.is_success() && reply.status.as_u16() != 500));
            sent += replies.len();
            app.advance(AFTER_ANY_DELAY);
        }
        let tried = app.tried("ada", Guessable::Password).await;
        assert_eq!(tried, Tried { strangers: 50, devices: 0 });
        assert_eq!(app.checks() - before, 50, "each spent attempt was checked, and no other");
        assert_eq!(password(&app, "ada", &ada.password).await.refusal(), "blocked");
        let restarted = app.again().await;
        assert_eq!(password(&restarted, "ada", &ada.password).await.refusal(), "blocked", "a restart helped");
        assert_eq!(restarted.checks(), 0);
    }

    async fn t_08_a_thousand_parallel_wrong_codes_over_new_logins_get_fifty_checks(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let bad = wrong_code(&app, &ada);
        for _ in 0..60 {
            // A new login each hour: it must not start a count of its own (OTP-08).
            let login = app.password_step(&ada).await;
            app.unlock("ada", Guessable::Password).await;
            let replies = at_once(20, |_| {
                let (app, login, bad) = (app.clone(), login.clone(), bad.clone());
                async move { totp(&app, &login, &bad).await }
            })
            .await;
            assert!(replies.iter().all(|reply| !reply.status.is_success() && reply.status.as_u16() < 500));
            app.advance(AFTER_ANY_DELAY);
        }
        assert_eq!(app.codes_checked(), 50);
        assert_eq!(app.tried("ada", Guessable::Totp).await, Tried { strangers: 50, devices: 0 });
        let login = app.password_step(&ada).await;
        assert_eq!(totp(&app, &login, &app.code(&ada.totp_uri)).await.refusal(), "blocked");
        assert_eq!(app.codes_checked(), 50);
        app.unlock("ada", Guessable::Totp).await;
        totp(&app, &login, &app.code(&ada.totp_uri)).await.ok();
    }

    async fn thr_03_a_completed_login_clears_the_budgets_it_used_and_nothing_else_does(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let device = text(&ada.tokens, "device");
        for _ in 0..3 {
            password(&app, "ada", "wrong").await;
            password_on(&app, "ada", "wrong", &device).await;
        }
        let login = app.password_step(&ada).await;
        totp(&app, &login, &wrong_code(&app, &ada)).await;
        app.advance(Span::from_hours(24 * 365));
        app.seal().await;
        assert_eq!(app.tried("ada", Guessable::Password).await, Tried { strangers: 4, devices: 3 });
        assert_eq!(app.tried("ada", Guessable::Totp).await, Tried { strangers: 1, devices: 0 });
        app.log_in(&ada, None).await;
        assert_eq!(app.tried("ada", Guessable::Password).await, Tried { strangers: 0, devices: 3 });
        assert_eq!(app.tried("ada", Guessable::Totp).await, Tried { strangers: 0, devices: 0 });
        let login = text(&password_on(&app, "ada", &ada.password, &device).await.ok(), "login");
        totp(&app, &login, &app.code(&ada.totp_uri)).await.ok();
        assert_eq!(app.tried("ada", Guessable::Password).await, Tried { strangers: 0, devices: 0 });
    }

    async fn t_30_strangers_shut_out_strangers_and_never_the_owner(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let device = text(&ada.tokens, "device");
        let mut refusals = std::collections::BTreeMap::new();
        for _ in 0..1000 {
            let reply = password(&app, "ada", "wrong").await;
            *refusals.entry(reply.refusal().to_owned()).or_insert(0) += 1;
            app.advance(Span::from_minutes(5));
        }
        assert_eq!(refusals["credentials"], 50, "{refusals:?}");
        assert!(refusals["blocked"] > 0);
        // The victim's address as a name is just another account, and touches nothing of hers.
        let mallory = app.enrol("ada@example.org", &[]).await;
        app.log_in(&mallory, None).await;
        assert_eq!(password(&app, "ada", &ada.password).await.refusal(), "blocked");
        let login = text(&password_on(&app, "ada", &ada.password, &device).await.ok(), "login");
        totp(&app, &login, &app.code(&ada.totp_uri)).await.ok();
        // Nor can time open it for strangers, or the owner's login clear it for them.
        app.advance(Span::from_hours(24 * 400));
        assert_eq!(password(&app, "ada", &ada.password).await.refusal(), "blocked");
        app.unlock("ada", Guessable::Password).await;
        app.log_in(&ada, None).await;
    }

    async fn thr_01_both_budgets_empty_ask_for_a_new_binding(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut devices = vec![text(&ada.tokens, "device")];
        for _ in 0..5 {
            devices.push(text(&app.log_in(&ada, None).await, "device"));
        }
        let mut checked = 0;
        for device in &devices {
            for _ in 0..10 {
                checked += i64::from(password_on(&app, "ada", "wrong", device).await.refusal() == "credentials");
                app.advance(AFTER_ANY_DELAY);
            }
        }
        // Fifty as devices; the sixth has no budget of its own any more and goes on as a stranger.
        assert_eq!(app.tried("ada", Guessable::Password).await, Tried { strangers: 10, devices: 50 });
        assert_eq!(checked, 60);
        for _ in 0..40 {
            assert_eq!(password(&app, "ada", "wrong").await.refusal(), "credentials");
            app.advance(AFTER_ANY_DELAY);
        }
        let before = app.checks();
        // A stranger hears what it would hear of an unknown name.
        assert_eq!(password(&app, "ada", &ada.password).await.refusal(), "blocked");
        assert_eq!(password_on(&app, "ada", &ada.password, &devices[5]).await.refusal(), "rebind");
        assert_eq!(app.checks(), before);
        app.unlock("ada", Guessable::Password).await;
        app.log_in(&ada, None).await;
    }

    async fn thr_05_unknown_names_are_delayed_and_blocked_like_accounts(store) {
        let app = TestApp::on(&store).await;
        app.enrol("ada", &[]).await;
        for _ in 0..50 {
            let (known, unknown) = (password(&app, "ada", "x").await, password(&app, "nobody", "x").await);
            assert_eq!(known.refusal(), unknown.refusal());
            let (known, unknown) = (password(&app, "ada", "x").await, password(&app, "nobody", "x").await);
            if known.status.as_u16() == 429 {
                assert_eq!(retry_after(&known), retry_after(&unknown));
            } else {
                assert_eq!(known.refusal(), unknown.refusal());
            }
            app.advance(AFTER_ANY_DELAY);
        }
        assert_eq!(password(&app, "ada", "x").await.refusal(), "blocked");
        assert_eq!(password(&app, " NOBODY", "x").await.refusal(), "blocked");
    }
}
