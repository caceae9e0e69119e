//! Enrolling passkeys: first inside an invite or ticket, later by a step-up or after a recovery.

use http::Method;
use poundlock::testing::TestApp;
use poundlock_core::testing::{Said, SoftKey, UP, UV};
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::{Value, json};

use super::{World, add, enrol, options, prove};
use crate::http::behind::{ACCOUNT, ISSUER, claims, text};

async fn invited(app: &TestApp, name: &str) -> Value {
    let invite = app.admin(Method::POST, "/v1/admin/invites", Some(&json!({ "name": name, "groups": [] }))).await.ok();
    let accept = json!({ "invite": invite["invite"], "password": format!("quite unguessable {name} phrase") });
    app.post("/v1/invite/accept", &accept).await.ok()
}

type Change = fn(&mut Said);

on_both! {
    async fn mfa_20_a_first_passkey_inside_an_invite_is_the_login(store) {
        let app = TestApp::on(&store).await;
        let begun = invited(&app, "eve").await;
        assert_eq!(begun["factors"], json!(["passkey", "totp"]));
        let mut key = SoftKey::new(51);
        let tokens = enrol(&app, &begun["login"], &mut key, |_| {}).await.ok();
        assert_eq!(tokens["recovery_codes"].as_array().unwrap().len(), 10);
        assert_eq!((&claims(&tokens)["acr"], &claims(&tokens)["amr"]), (&json!("phr"), &json!(["pwd", "mfa", "swk", "user"])));
        let asked = options(&app, None).await.ok();
        prove(&app, &asked["login"], &key.answer(ISSUER, &asked["publicKey"])).await.ok();
        // She has no app, so no code can be hers.
        let login = app.post("/v1/login", &json!({ "name": "eve", "password": "quite unguessable eve phrase" })).await.ok();
        assert_eq!(login["factors"], json!(["passkey", "recovery_code"]));
        let code = app.post("/v1/login/totp", &json!({ "login": login["login"], "code": "123456" })).await;
        assert_eq!(code.refusal(), "wrong_step");
    }

    async fn wan_03_wan_07_wan_11_every_changed_word_of_an_enrolment_is_refused(store) {
        let app = TestApp::on(&store).await;
        let login = invited(&app, "eve").await["login"].clone();
        let changes: [Change; 11] = [
            |said| said.kind = "webauthn.get",
            |said| said.challenge = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            |said| said.origin = "http://localhost:8081".to_owned(),
            |said| said.cross_origin = Some(true),
            |said| said.top_origin = Some(ISSUER.to_owned()),
            |said| said.rp_id = "example.org".to_owned(),
            |said| said.flags = UV,
            |said| said.flags = UP | UV | poundlock_core::testing::BS,
            |said| said.alg = -8,
            |said| said.format = "packed",
            |said| said.format = "NONE",
        ];
        for (i, change) in changes.into_iter().enumerate() {
            let reply = enrol(&app, &login, &mut SoftKey::new(52), change).await;
            assert_eq!(reply.refusal(), "passkey", "change {i}");
        }
        // Each wrong answer used its offer up; the enrolment goes on.
        let offered = app.post("/v1/login/enrol/passkey", &json!({ "login": login })).await.ok();
        let body = json!({ "login": login, "credential": SoftKey::new(52).register("http://x.example", &offered["publicKey"]) });
        assert_eq!(app.post("/v1/login/enrol/passkey/confirm", &body).await.refusal(), "passkey");
        let right = json!({ "login": login, "credential": SoftKey::new(52).register(ISSUER, &offered["publicKey"]) });
        assert_eq!(app.post("/v1/login/enrol/passkey/confirm", &right).await.refusal(), "wrong_step");
        enrol(&app, &login, &mut SoftKey::new(52), |_| {}).await.ok();
    }

    async fn wan_15_a_credential_belongs_to_one_user(store) {
        let mut world = World::on(&store).await;
        let login = invited(&world.app, "eve").await["login"].clone();
        let mut stolen = SoftKey::new(99);
        stolen.id = world.key.id.clone();
        let reply = enrol(&world.app, &login, &mut stolen, |_| {}).await;
        assert_eq!((reply.status.as_u16(), reply.refusal()), (409, "conflict"));
        world.alone().await.ok();
    }

    async fn mfa_06_a_passkey_is_added_by_a_step_up_for_that_alone(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let token = text(&app.log_in(&ada, Some(ACCOUNT)).await, "access_token");
        let begin = |body: Value| {
            let (app, token) = (app.clone(), token.clone());
            async move { app.bearer(Method::POST, "/v1/factors/passkey", Some(&body), &token).await }
        };
        assert_eq!(begin(json!({})).await.refusal(), "step_up");
        assert_eq!(begin(json!({ "step_up": "plu_AAAA" })).await.refusal(), "step_up");
        assert_eq!(app.bearer(Method::POST, "/v1/factors/passkey", None, &token).await.refusal(), "step_up");
        let body = json!({ "action": "factor.remove", "target": "", "password": ada.password });
        let login = app.bearer(Method::POST, "/v1/step-up", Some(&body), &token).await.ok()["login"].clone();
        let other = app.post("/v1/login/totp", &json!({ "login": login, "code": app.code(&ada.totp_uri) })).await.ok();
        app.advance(Span::from_seconds(30));
        assert_eq!(begin(json!({ "step_up": other["step_up"] })).await.refusal(), "step_up");
        let added = add(&app, &ada, &token, &mut SoftKey::new(1)).await.ok();
        assert!(added.get("access_token").is_none() && added["held_until"].is_null(), "{added}");
    }

    async fn mfa_06_t_14_a_step_up_begins_one_enrolment(store) {
        let mut world = World::on(&store).await;
        let token = world.account_token().await;
        let right = json!({ "step_up": world.step_up(&token, "factor.add", "").await });
        let first = world.app.bearer(Method::POST, "/v1/factors/totp", Some(&right), &token).await.ok();
        let again = world.app.bearer(Method::POST, "/v1/factors/totp", Some(&right), &token).await;
        assert_eq!(again.refusal(), "step_up");
        let uri = text(&world.app.post("/v1/login/enrol/totp", &json!({ "login": first["login"] })).await.ok(), "uri");
        let confirm = json!({ "login": first["login"], "code": world.app.code(&uri) });
        world.app.post("/v1/login/enrol/totp/confirm", &confirm).await.ok();
        let factors = world.app.bearer(Method::GET, "/v1/factors", None, &token).await.ok();
        assert_eq!(factors["factors"].as_array().unwrap().len(), 3);
    }

    async fn rcv_08_a_passkey_enrolled_after_a_recovery_is_on_probation(store) {
        let mut world = World::on(&store).await;
        let app = world.app.clone();
        let body = json!({ "name": "ada", "password": world.ada.password, "audience": ACCOUNT });
        let login = app.post("/v1/login", &body).await.ok()["login"].clone();
        let step = json!({ "login": login, "code": world.ada.recovery_codes[0] });
        let token = text(&app.post("/v1/login/recovery-code", &step).await.ok(), "access_token");
        let begun = app.bearer(Method::POST, "/v1/factors/passkey", None, &token).await.ok();
        let mut held = SoftKey::new(61);
        let added = enrol(&app, &begun["login"], &mut held, |_| {}).await.ok();
        assert_eq!(added["held_until"].as_i64().unwrap(), (app.now() + Span::from_hours(72)).seconds());
        std::mem::swap(&mut world.key, &mut held);
        let tokens = world.alone().await.ok();
        assert_eq!(claims(&tokens)["acr"], "aal2", "on probation it is worth a code");
        assert!(tokens.get("recovery_codes").is_none());
        let token = world.account_token().await;
        let body = json!({ "action": "factor.remove", "target": world.factor });
        let login = app.bearer(Method::POST, "/v1/step-up", Some(&body), &token).await.ok()["login"].clone();
        assert_eq!(world.within_saying(&login, |_| {}).await.refusal(), "held");
        // The older one ends the probation.
        std::mem::swap(&mut world.key, &mut held);
        assert_eq!(world.alone().await.ok()["recovery_codes"].as_array().unwrap().len(), 1);
        std::mem::swap(&mut world.key, &mut held);
        assert_eq!(claims(&world.alone().await.ok())["acr"], "phr");
    }
}
