//! Sixty-four at once: of one challenge one answer opens a session, and of one enrolment one factor comes.

use poundlock::testing::TestApp;
use poundlock_core::testing::SoftKey;
use poundlock_store::on_both;
use serde_json::{Value, json};

use super::{World, options};
use crate::http::behind::ISSUER;

/// Posts all bodies at once; gives how many succeeded.
async fn at_once(app: &TestApp, path: &'static str, bodies: Vec<Value>) -> usize {
    let mut tasks = tokio::task::JoinSet::new();
    for body in bodies {
        let app = app.clone();
        tasks.spawn(async move { app.post(path, &body).await.status.is_success() });
    }
    tasks.join_all().await.into_iter().filter(|won| *won).count()
}

on_both! {
    async fn wan_01_t_14_of_64_answers_to_one_open_challenge_one_passes(store) {
        // A key that counts nothing: only the challenge can tell the answers apart.
        let mut world = World::with(&store, SoftKey { counts: false, ..SoftKey::new(31) }).await;
        let asked = options(&world.app, None).await.ok();
        let bodies = (0..64).map(|_| {
            let credential = world.key.answer(ISSUER, &asked["publicKey"]);
            json!({ "login": asked["login"], "credential": credential })
        });
        let bodies: Vec<Value> = bodies.collect();
        assert_eq!(at_once(&world.app, "/v1/login/passkey", bodies).await, 1);
    }

    async fn wan_01_t_14_of_64_answers_to_one_login_one_passes(store) {
        let mut world = World::with(&store, SoftKey { counts: false, ..SoftKey::new(31) }).await;
        let login = world.app.password_step(&world.ada).await;
        let asked = options(&world.app, Some(&json!(login))).await.ok();
        let bodies: Vec<Value> = (0..64)
            .map(|_| json!({ "login": login, "credential": world.key.answer(ISSUER, &asked["publicKey"]) }))
            .collect();
        assert_eq!(at_once(&world.app, "/v1/login/passkey", bodies).await, 1);
    }

    async fn wan_15_t_14_of_64_confirmations_of_one_offer_one_passes(store) {
        let app = TestApp::on(&store).await;
        let invite = app.admin(http::Method::POST, "/v1/admin/invites", Some(&json!({ "name": "eve", "groups": [] }))).await.ok();
        let accept = json!({ "invite": invite["invite"], "password": "quite unguessable eve phrase" });
        let login = app.post("/v1/invite/accept", &accept).await.ok()["login"].clone();
        let offered = app.post("/v1/login/enrol/passkey", &json!({ "login": login })).await.ok();
        let credential = SoftKey::new(41).register(ISSUER, &offered["publicKey"]);
        let bodies = vec![json!({ "login": login, "credential": credential }); 64];
        assert_eq!(at_once(&app, "/v1/login/enrol/passkey/confirm", bodies).await, 1);
    }
}
