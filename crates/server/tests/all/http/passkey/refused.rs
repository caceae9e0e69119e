//! Answers that must prove nothing: every word changed, replayed, swapped between logins and users.

use poundlock::testing::Reply;
use poundlock_core::id::NoticeId;
use poundlock_core::notice::Kind;
use poundlock_core::testing::{BE, BS, Said, SoftKey, UP, UV};
use poundlock_store::{on_both, outbox};
use serde_json::{Value, json};

use super::{World, add, options, prove};
use crate::attempt::AFTER_ANY_DELAY;
use crate::http::behind::{ACCOUNT, ISSUER, records};

type Change = fn(&mut Said);

/// What is changed, and the rule in the record.
const CHANGES: [(&str, Change); 15] = [
    ("passkey_type", |said| said.kind = "webauthn.create"),
    ("passkey_challenge", |said| said.challenge = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()),
    ("passkey_origin", |said| said.origin = "http://localhost:8081".to_owned()),
    ("passkey_origin", |said| said.origin = "https://localhost:8080".to_owned()),
    ("passkey_origin", |said| said.origin = "http://localhost".to_owned()),
    ("passkey_origin", |said| said.cross_origin = Some(true)),
    ("passkey_origin", |said| said.top_origin = Some(ISSUER.to_owned())),
    ("passkey_relying_party", |said| said.rp_id = "example.org".to_owned()),
    ("passkey_presence", |said| said.flags &= !UP),
    ("passkey_verification", |said| said.flags &= !UV),
    ("passkey_backup", |said| said.flags |= BE),
    ("passkey_backup", |said| said.flags |= BS),
    ("passkey_credential", |said| said.id[3] ^= 1),
    ("passkey_user_handle", |said| said.handle = Some(vec![7; 16])),
    ("passkey_signature", |said| said.spoil = |bytes| bytes[9] ^= 1),
];

/// The rules of every refusal of one kind, in order.
async fn rules(world: &World, event: &str) -> Vec<Value> {
    records(&world.app, event).await.iter().map(|record| record["details"]["rule"].clone()).collect()
}

fn is_refused(reply: &Reply, what: &str) {
    assert_eq!((reply.status.as_u16(), reply.refusal()), (401, "passkey"), "{what}");
    assert!(reply.body.get("access_token").is_none());
}

on_both! {
    async fn wan_03_wan_19_t_11_every_changed_word_is_refused_and_recorded(store) {
        let mut world = World::on(&store).await;
        for (rule, change) in CHANGES {
            // The password of each login is an attempt, and none of them is completed.
            world.app.advance(AFTER_ANY_DELAY);
            // What was counted is written, and each refusal gets a record of its own again.
            world.app.seal().await;
            is_refused(&world.second_saying(change).await, rule);
            let reply = world.alone_saying(change).await;
            is_refused(&reply, rule);
            // Alone, a wrong credential or handle names nobody.
            let expected = if rule == "passkey_user_handle" { "passkey_credential" } else { rule };
            let (second, first) = (rules(&world, "login.second.refused").await, rules(&world, "login.first.refused").await);
            assert!(second.contains(&json!(rule)), "{rule}: {second:?}");
            assert!(first.contains(&json!(expected)), "{rule}: {first:?}");
        }
        world.app.advance(AFTER_ANY_DELAY);
        world.second_saying(|_| {}).await.ok();
        world.alone().await.ok();
    }

    async fn wan_18_alone_an_answer_without_a_user_proves_nothing(store) {
        let mut world = World::on(&store).await;
        is_refused(&world.alone_saying(|said| said.handle = None).await, "no handle");
        world.second_saying(|said| said.handle = None).await.ok();
    }

    async fn wan_20_a_counter_that_goes_back_is_refused_and_its_owner_hears(store) {
        let mut world = World::on(&store).await;
        world.alone().await.ok();
        let present = world.key.counter;
        for counter in [present, 1, 0] {
            let reply = world.second_saying(|said| said.counter = counter).await;
            assert_eq!((reply.status.as_u16(), reply.refusal()), (403, "passkey_copied"), "{counter}");
        }
        // Also where nobody was named, and after it was used again: the alarm is raised once.
        world.alone().await.ok();
        assert_eq!(world.alone_saying(|said| said.counter = 1).await.refusal(), "passkey_copied");
        let alarms = records(&world.app, "factor.copied").await;
        assert_eq!((alarms.len(), &alarms[0]["outcome"], &alarms[0]["details"]["target"]), (1, &json!("alert"), &world.factor));
        let told = outbox::waiting(&store, NoticeId::NIL, 100).await.unwrap();
        assert_eq!(told.iter().filter(|notice| notice.kind == Kind::PasskeyCopied).count(), 1);
        assert!(rules(&world, "login.second.refused").await.contains(&json!("passkey_counter")));
        world.alone().await.ok();
    }

    async fn wan_01_t_10_an_answer_is_good_once_and_for_its_own_login(store) {
        let mut world = World::on(&store).await;
        let asked = options(&world.app, None).await.ok();
        let credential = world.key.answer(ISSUER, &asked["publicKey"]);
        prove(&world.app, &asked["login"], &credential).await.ok();
        is_refused(&prove(&world.app, &asked["login"], &credential).await, "replayed");
        // The same challenge, answered anew.
        let again = world.key.answer(ISSUER, &asked["publicKey"]);
        is_refused(&prove(&world.app, &asked["login"], &again).await, "answered twice");

        let (one, two) = (world.app.password_step(&world.ada).await, world.app.password_step(&world.ada).await);
        let (one, two) = (json!(one), json!(two));
        let for_one = options(&world.app, Some(&one)).await.ok();
        options(&world.app, Some(&two)).await.ok();
        let credential = world.key.answer(ISSUER, &for_one["publicKey"]);
        is_refused(&prove(&world.app, &two, &credential).await, "swapped");
        // Asked again, the first challenge is void; a wrong answer uses the challenge up.
        options(&world.app, Some(&one)).await.ok();
        is_refused(&prove(&world.app, &one, &credential).await, "an older challenge");
        assert_eq!(prove(&world.app, &one, &credential).await.refusal(), "wrong_step");
        world.within_saying(&one, |_| {}).await.ok();
    }

    async fn wan_18_t_10_another_users_passkey_completes_nothing(store) {
        let mut world = World::on(&store).await;
        let bob = world.app.enrol("bob", &[]).await;
        let token = world.app.log_in(&bob, Some(ACCOUNT)).await["access_token"].as_str().unwrap().to_owned();
        let mut bobs = SoftKey::new(77);
        add(&world.app, &bob, &token, &mut bobs).await.ok();
        std::mem::swap(&mut world.key, &mut bobs);
        is_refused(&world.second_saying(|_| {}).await, "bob's key in ada's login");
        // Bob's key with ada's handle names nobody.
        let handle = bobs.handle.clone();
        is_refused(&world.alone_saying(|said| said.handle = Some(handle)).await, "bob's key, ada's handle");
        let sub = world.alone().await.ok();
        assert!(sub["access_token"].is_string(), "bob's key is bob's");
    }

    async fn t_12_t_26_no_handle_of_another_kind_is_one_of_a_passkey(store) {
        let mut world = World::on(&store).await;
        let asked = options(&world.app, None).await.ok();
        let credential = world.key.answer(ISSUER, &asked["publicKey"]);
        for login in ["", "plq_", "plq_AAAA", "pll_AAAA", "plu_AAAA"] {
            let reply = prove(&world.app, &json!(login), &credential).await;
            assert!(["passkey", "gone"].contains(&reply.refusal()), "{login}: {}", reply.body);
        }
        for path in ["/v1/login/totp", "/v1/login/recovery-code"] {
            let code = if path.ends_with("totp") { "123456" } else { world.ada.recovery_codes[0].as_str() };
            let reply = world.app.post(path, &json!({ "login": asked["login"], "code": code })).await;
            assert_eq!(reply.refusal(), "gone", "{path}");
        }
        for path in ["/v1/login/enrol/passkey", "/v1/login/enrol/totp"] {
            let login = world.app.password_step(&world.ada).await;
            assert_eq!(world.app.post(path, &json!({ "login": login })).await.refusal(), "wrong_step", "{path}");
        }
        // What was asked for when the login began is not asked for again.
        let login = json!(world.app.password_step(&world.ada).await);
        let asked = options(&world.app, Some(&login)).await.ok();
        let body = json!({ "login": login, "credential": world.key.answer(ISSUER, &asked["publicKey"]), "audience": ACCOUNT });
        assert_eq!(world.app.post("/v1/login/passkey", &body).await.refusal(), "unusable");
    }
}
