//! A restore over a store that went on: what that one counted, revoked and gave out stays.

use axum::http::Method;
use poundlock::testing::{TestApp, Tried};
use poundlock_core::guard::Guessable;
use poundlock_store::on_both;
use poundlock_store::testing::TestStore;
use serde_json::json;

use super::World;
use crate::attempt::{AFTER_ANY_DELAY, password, recovery, text};

/// Restores over the store that the server was on.
async fn over(world: &World, store: &TestStore, keep_codes: bool) -> TestApp {
    store.close().await;
    let refused = world.app.restore(&world.path("backup"), store.url(), (keep_codes, false)).await.unwrap_err();
    assert!(refused.to_string().contains("--replace"), "{refused}");
    world.app.restore(&world.path("backup"), store.url(), (keep_codes, true)).await.unwrap();
    world.app.elsewhere(&store.again().await).await.unwrap()
}

on_both! {
    async fn thr_01_attempts_made_since_the_backup_stay_counted(store) {
        let world = World::on(&store).await;
        world.back_up().await;
        for _ in 0..7 {
            assert_eq!(password(&world.app, "ada", "wrong").await.refusal(), "credentials");
            world.app.advance(AFTER_ANY_DELAY);
        }
        let app = over(&world, &store, false).await;
        assert_eq!(app.tried("ada", Guessable::Password).await, Tried { strangers: 7, devices: 0 });
    }

    async fn rcv_03_kept_codes_that_were_used_since_the_backup_are_void(store) {
        let world = World::on(&store).await;
        world.back_up().await;
        let login = world.app.password_step(&world.ada).await;
        recovery(&world.app, &login, &world.ada.recovery_codes[0]).await.ok();
        let app = over(&world, &store, true).await;
        let login = app.password_step(&world.ada).await;
        assert_eq!(recovery(&app, &login, &world.ada.recovery_codes[0]).await.refusal(), "code");
        let login = app.password_step(&world.ada).await;
        recovery(&app, &login, &world.ada.recovery_codes[1]).await.ok();
    }

    async fn a_device_revoked_since_the_backup_stays_a_stranger(store) {
        let world = World::on(&store).await;
        world.back_up().await;
        let devices = world.app.admin(Method::GET, "/v1/admin/users/ada/devices", None).await.ok();
        let device = text(&devices["devices"][0], "id");
        let path = format!("/v1/admin/users/ada/devices/{device}");
        assert!(world.app.admin(Method::DELETE, &path, None).await.status.is_success());
        let app = over(&world, &store, false).await;
        let devices = app.admin(Method::GET, "/v1/admin/users/ada/devices", None).await.ok();
        assert_ne!(devices["devices"][0]["revoked_at"], json!(null), "{devices}");
    }

    async fn what_was_in_the_place_is_gone_from_it(store) {
        let world = World::on(&store).await;
        world.back_up().await;
        world.app.enrol("bob", &[]).await;
        let app = over(&world, &store, false).await;
        let listed = app.admin(Method::GET, "/v1/admin/users", None).await.ok();
        assert_eq!(listed["users"].as_array().unwrap().len(), 1, "{listed}");
    }
}
