//! What was spent stays spent: codes of authenticator apps, recovery codes, attempts, places in status lists.

use std::collections::BTreeSet;

use poundlock::testing::Tried;
use poundlock_core::guard::Guessable;
use poundlock_core::time::Span;
use poundlock_store::on_both;

use poundlock_core::testing::SoftKey;
use serde_json::json;

use super::World;
use crate::attempt::{AFTER_ANY_DELAY, password, recovery, totp};
use crate::http::behind::{ACCOUNT, ISSUER};
use crate::http::passkey::{add, options};

on_both! {
    async fn otp_06_a_code_used_since_the_backup_is_not_taken_again(store) {
        let world = World::on(&store).await;
        world.back_up().await;
        let code = world.app.code(&world.ada.totp_uri);
        let login = world.app.password_step(&world.ada).await;
        totp(&world.app, &login, &code).await.ok();
        let (app, _place) = world.restored(&store, false).await;
        let login = app.password_step(&world.ada).await;
        assert_eq!(totp(&app, &login, &code).await.refusal(), "code");
        // Nor one of a device that runs ahead, which a re-sync may have taken meanwhile.
        let ahead = app.code_at(&world.ada.totp_uri, Span::from_seconds(150));
        app.advance(Span::from_seconds(150));
        let login = app.password_step(&world.ada).await;
        assert_eq!(totp(&app, &login, &ahead).await.refusal(), "code");
        app.advance(Span::from_seconds(30));
        app.log_in(&world.ada, None).await;
    }

    async fn wan_01_a_passkey_challenge_of_before_the_restore_is_dead(store) {
        let world = World::on(&store).await;
        let mut key = SoftKey::new(9);
        let token = world.app.log_in(&world.ada, Some(ACCOUNT)).await["access_token"].as_str().unwrap().to_owned();
        add(&world.app, &world.ada, &token, &mut key).await.ok();
        let asked = options(&world.app, None).await.ok();
        world.back_up().await;
        let used = json!({ "login": asked["login"], "credential": key.answer(ISSUER, &asked["publicKey"]) });
        world.app.post("/v1/login/passkey", &used).await.ok();
        let (app, _place) = world.restored(&store, false).await;
        let again = json!({ "login": asked["login"], "credential": key.answer(ISSUER, &asked["publicKey"]) });
        assert_eq!(app.post("/v1/login/passkey", &again).await.refusal(), "passkey");
        app.advance(Span::from_millis(1));
        let asked = options(&app, None).await.ok();
        let anew = json!({ "login": asked["login"], "credential": key.answer(ISSUER, &asked["publicKey"]) });
        app.post("/v1/login/passkey", &anew).await.ok();
    }

    async fn rcv_03_recovery_codes_are_void_after_a_restore(store) {
        let world = World::on(&store).await;
        world.back_up().await;
        let login = world.app.password_step(&world.ada).await;
        recovery(&world.app, &login, &world.ada.recovery_codes[0]).await.ok();
        let (app, _place) = world.restored(&store, false).await;
        for code in &world.ada.recovery_codes[..2] {
            let login = app.password_step(&world.ada).await;
            assert_eq!(recovery(&app, &login, code).await.refusal(), "code");
        }
    }

    async fn rcv_03_kept_codes_that_were_used_before_the_backup_stay_used(store) {
        let world = World::on(&store).await;
        let login = world.app.password_step(&world.ada).await;
        recovery(&world.app, &login, &world.ada.recovery_codes[0]).await.ok();
        world.back_up().await;
        let (app, _place) = world.restored(&store, true).await;
        let login = app.password_step(&world.ada).await;
        assert_eq!(recovery(&app, &login, &world.ada.recovery_codes[0]).await.refusal(), "code");
        let login = app.password_step(&world.ada).await;
        recovery(&app, &login, &world.ada.recovery_codes[1]).await.ok();
    }

    async fn thr_01_attempts_stay_counted(store) {
        let world = World::on(&store).await;
        for _ in 0..7 {
            assert_eq!(password(&world.app, "ada", "wrong").await.refusal(), "credentials");
            world.app.advance(AFTER_ANY_DELAY);
        }
        world.back_up().await;
        let (app, _place) = world.restored(&store, false).await;
        assert_eq!(app.tried("ada", Guessable::Password).await, Tried { strangers: 7, devices: 0 });
    }

    async fn tok_15_no_place_is_given_again(store) {
        let world = World::on(&store).await;
        let mut places: BTreeSet<(i64, i64)> = world.app.take_places(100).await.into_iter().collect();
        world.back_up().await;
        // What the store gives out after the backup, the restored store knows nothing of: neither places nor lists.
        for _ in 0..3 {
            places.extend(world.app.take_places(100).await);
            world.app.advance(Span::from_hours(25));
        }
        let before = places.len();
        let (app, _place) = world.restored(&store, false).await;
        let after: BTreeSet<_> = app.take_places(200).await.into_iter().collect();
        places.extend(after.iter().copied());
        assert_eq!(places.len(), before + after.len());
        assert!(after.iter().all(|(list, _)| *list > 1 << 20), "{after:?}");
    }
}
