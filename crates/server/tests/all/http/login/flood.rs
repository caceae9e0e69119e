//! Many logins at once: what is too much is turned away unspent, and everything else goes on (T-22, THR-09).

use poundlock::testing::TestApp;
use poundlock_core::guard::Guessable;
use poundlock_core::password::Cost;
use poundlock_store::on_both;

use crate::attempt::{at_once, password, password_on, text, totp};

/// The weakest cost that is allowed in earnest: a hash of it takes long enough for a queue to form.
fn earnest() -> Cost {
    Cost::new(19_456, 2, 1).unwrap()
}

on_both! {
    async fn t_22_five_hundred_logins_are_shed_unspent_and_a_known_device_gets_in(store) {
        let app = TestApp::with(&store, |settings| settings.cost = earnest()).await;
        let ada = app.enrol("ada", &[]).await;
        let device = text(&ada.tokens, "device");
        let flood = {
            let app = app.clone();
            tokio::spawn(async move {
                at_once(500, |n| {
                    let app = app.clone();
                    async move { password(&app, &format!("name{n}"), "wrong").await }
                })
                .await
            })
        };
        tokio::task::yield_now().await;
        assert_eq!(app.get("/health/live").await.status.as_u16(), 200);
        assert_eq!(app.get("/.well-known/jwks.json").await.status.as_u16(), 200);
        let login = text(&password_on(&app, "ada", &ada.password, &device).await.ok(), "login");
        totp(&app, &login, &app.code(&ada.totp_uri)).await.ok();
        let replies = flood.await.unwrap();
        let shed = replies.iter().filter(|reply| reply.status.as_u16() == 503).count();
        let checked = replies.iter().filter(|reply| reply.status.as_u16() == 401).count();
        assert_eq!(shed + checked, 500, "{:?}", replies.iter().map(|reply| reply.status).collect::<Vec<_>>());
        assert!(shed > 0, "a queue of five hundred is no bound");
        for reply in replies.iter().filter(|reply| reply.status.as_u16() == 503) {
            assert_eq!(reply.refusal(), "busy");
            assert!(reply.headers["retry-after"].to_str().unwrap().parse::<i64>().unwrap() >= 1);
        }
        // Two threads for everyone and one for known devices: three areas of work, whatever is asked for.
        assert!(app.hash_memory_kib() <= 3 * 19_456, "{} KiB", app.hash_memory_kib());
    }

    async fn thr_09_one_account_holds_three_places_and_what_is_shed_is_not_counted(store) {
        let app = TestApp::with(&store, |settings| settings.cost = earnest()).await;
        let ada = app.enrol("ada", &[]).await;
        let checks = app.checks();
        let replies = at_once(40, |_| {
            let app = app.clone();
            async move { password(&app, "ada", "wrong").await }
        })
        .await;
        let of = |status: u16| replies.iter().filter(|reply| reply.status.as_u16() == status).count();
        assert!(of(503) > 0, "forty places for one account");
        assert_eq!(of(503) + of(401) + of(429), 40);
        let tried = app.tried("ada", Guessable::Password).await.strangers;
        assert_eq!((usize::try_from(tried).unwrap(), app.checks() - checks), (of(401), u64::from(tried)));
        drop(ada);
    }
}
