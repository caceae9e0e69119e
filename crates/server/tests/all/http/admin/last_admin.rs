//! The store never loses its last administrator who can log in, whatever happens at once.

use axum::http::Method;
use poundlock::testing::{Reply, TestApp};
use poundlock_core::id::{FactorId, Subject, UserId};
use poundlock_core::testing::SeededRng;
use poundlock_core::totp::TotpRow;
use poundlock_core::user::{UserRow, UserState};
use poundlock_store::{Batch, Store, factor, on_both, user};
use serde_json::json;

use super::{act, read, recorded, send};

const OPERATIONS: [&str; 4] = ["disable", "delete", "reset", "leave"];

async fn operate(app: &TestApp, operation: &str, whom: &str) -> Reply {
    match operation {
        "disable" => act(app, Method::POST, &format!("users/{whom}/disable")).await,
        "delete" => act(app, Method::DELETE, &format!("users/{whom}")).await,
        "reset" => send(app, Method::POST, &format!("users/{whom}/reset-factor"), &json!({ "reason": "test" })).await,
        _ => act(app, Method::DELETE, &format!("users/{whom}/groups/admins")).await,
    }
}

/// Puts an administrator with a factor into the store: nobody logs in as them here.
async fn plant(store: &Store, name: &str, seed: u64) {
    let (rng, now) = (SeededRng::new(seed), poundlock::testing::BEGIN);
    let id = UserId::new(now, &rng);
    let row = UserRow {
        id,
        subject: Subject::new(&rng),
        name: name.to_owned(),
        display_name: name.to_owned(),
        state: UserState::Active,
        version: 1,
        password: vec![1],
        personal_key: vec![1],
        made_at: now,
        last_login_at: None,
        groups: vec!["admins".to_owned()],
    };
    let totp = TotpRow {
        id: FactorId::new(now, &rng),
        user: id,
        sealed: vec![1],
        last_step: 0,
        drift: 0,
        resync: None,
        held_until: None,
    };
    let mut batch = Batch::new();
    user::insert(&mut batch, &row);
    factor::insert_totp(&mut batch, &totp, "planted", now);
    store.commit(batch).await.unwrap();
}

/// Names of the active administrators.
async fn active(app: &TestApp) -> Vec<String> {
    let users = read(app, "users?limit=1000").await["users"].as_array().unwrap().clone();
    let admins = users
        .iter()
        .filter(|user| user["state"] == "active" && user["groups"].as_array().unwrap().contains(&json!("admins")));
    admins.map(|user| user["name"].as_str().unwrap().to_owned()).collect()
}

/// How many administrators could log in.
async fn able(app: &TestApp) -> usize {
    let mut count = 0;
    for name in active(app).await {
        let factors = read(app, &format!("users/{name}")).await["factors"].as_array().unwrap().len();
        count += usize::from(factors > 0);
    }
    count
}

on_both! {
    async fn the_last_administrator_stays_and_a_record_says_who_asked(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &["admins"]).await;
        app.enrol("bob", &[]).await;
        for operation in OPERATIONS {
            assert_eq!(operate(&app, operation, "ada").await.refusal(), "last_one", "{operation}");
        }
        recorded(&app, "access.refused").await;
        app.log_in(&ada, None).await;
        // Another administrator who cannot log in is no other administrator.
        app.enrol("cyd", &["admins"]).await;
        operate(&app, "reset", "cyd").await.ok();
        for operation in OPERATIONS {
            assert_eq!(operate(&app, operation, "ada").await.refusal(), "last_one", "{operation}");
        }
        app.enrol("dan", &["admins"]).await;
        operate(&app, "leave", "ada").await.ok();
        operate(&app, "delete", "ada").await.ok();
    }

    async fn sixty_four_pairs_that_disable_each_other_leave_one(store) {
        let app = TestApp::on(&store).await;
        for number in 0..128 {
            plant(&store, &format!("admin{number}"), number + 1000).await;
        }
        let mut left = active(&app).await;
        while left.len() > 1 {
            let all = left.iter().map(|name| operate(&app, "disable", name));
            let replies = futures_util::future::join_all(all).await;
            for reply in replies.iter().filter(|reply| !reply.status.is_success()) {
                assert!(matches!(reply.refusal(), "last_one" | "conflict"), "{}", reply.body);
            }
            let before = left.len();
            left = active(&app).await;
            assert!(!left.is_empty() && left.len() < before, "{} of {before} left", left.len());
        }
        assert_eq!(operate(&app, "disable", &left[0]).await.refusal(), "last_one");
    }

    async fn any_two_ways_to_lose_the_last_one_meet_at_once(store) {
        let app = TestApp::on(&store).await;
        for (round, (one, other)) in OPERATIONS.iter().flat_map(|one| OPERATIONS.map(|other| (*one, other))).enumerate() {
            let (a, b, seed) = (format!("a{round}"), format!("b{round}"), 10 * round as u64);
            plant(&store, &a, seed + 1).await;
            plant(&store, &b, seed + 2).await;
            let (first, second) = tokio::join!(operate(&app, one, &b), operate(&app, other, &a));
            let won = [first, second].iter().filter(|reply| reply.status.is_success()).count();
            assert_eq!((won, able(&app).await), (1, 1), "{one} against {other}");
            // Clear the ground behind the server's back.
            for name in [a, b] {
                if let Some(account) = user::resolve(&store, &name, UserId::new(app.now(), &SeededRng::new(1))).await.unwrap() {
                    let mut batch = Batch::new();
                    user::delete(&mut batch, account.user.id, account.user.version, app.now(), "test");
                    store.commit(batch).await.unwrap();
                }
            }
        }
    }

    async fn one_who_becomes_administrator_meanwhile_counts(store) {
        let app = TestApp::on(&store).await;
        for round in 0..16_u64 {
            let (a, b) = (format!("a{round}"), format!("b{round}"));
            plant(&store, &a, 100 * round + 1).await;
            plant(&store, &b, 100 * round + 2).await;
            operate(&app, "leave", &b).await.ok();
            let group = format!("users/{b}/groups/admins");
            let (_, _, _) = tokio::join!(
                act(&app, Method::PUT, &group),
                operate(&app, "disable", &b),
                operate(&app, "disable", &a)
            );
            assert!(able(&app).await > 0, "round {round}");
            for name in [a, b] {
                let account = user::resolve(&store, &name, UserId::new(app.now(), &SeededRng::new(1))).await.unwrap().unwrap();
                let mut batch = Batch::new();
                user::delete(&mut batch, account.user.id, account.user.version, app.now(), "test");
                store.commit(batch).await.unwrap();
            }
        }
    }
}
