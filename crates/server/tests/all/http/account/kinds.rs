//! Every kind of token at every endpoint of the account API: only an access token for the account audience, alive, in
//! the header, passes (T-05, T-26). And every kind of handle at every endpoint that redeems one.

use http::Method;
use poundlock_store::on_both;
use serde_json::{Value, json};

use super::world::World;
use crate::http::behind::{ISSUER, part, refresh, text};

/// Every endpoint of the account API, with a body that is well-formed where one is read.
fn endpoints() -> Vec<(Method, &'static str, Option<Value>)> {
    let step_up = Some(json!({ "step_up": "plu_AAAA" }));
    vec![
        (Method::GET, "/v1/session", None),
        (Method::DELETE, "/v1/session", None),
        (Method::GET, "/v1/sessions", None),
        (Method::DELETE, "/v1/sessions", None),
        (Method::DELETE, "/v1/sessions/ses_00000000000070008000000000000000", None),
        (Method::POST, "/v1/step-up", Some(json!({ "action": "password.change", "password": "x" }))),
        (Method::GET, "/v1/account", None),
        (
            Method::POST,
            "/v1/account/password",
            Some(json!({ "new_password": "a quite long phrase", "step_up": "plu_AAAA" })),
        ),
        (Method::GET, "/v1/factors", None),
        (Method::POST, "/v1/factors/recovery-codes", step_up.clone()),
        (Method::DELETE, "/v1/factors/fac_00000000000070008000000000000000", step_up),
        (Method::GET, "/v1/devices", None),
        (Method::DELETE, "/v1/devices/dev_00000000000070008000000000000000", None),
    ]
}

/// Tokens made from a good one by changing what it says, its signature left as it was, and the classic forgeries.
fn forged(good: &str) -> Vec<(&'static str, String)> {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
    let parts: Vec<&str> = good.split('.').collect();
    let (head, said, signature) = (parts[0], parts[1], parts[2]);
    let header = |change: &dyn Fn(&mut Value)| {
        let mut header = part(good, 0);
        change(&mut header);
        B64.encode(header.to_string())
    };
    let none = header(&|header| header["alg"] = json!("none"));
    let hmac = header(&|header| header["alg"] = json!("HS256"));
    let path = header(&|header| header["kid"] = json!("../../dev/null"));
    let own = header(&|header| header["jwk"] = json!({ "kty": "oct", "k": "AA" }));
    let typ = header(&|header| header["typ"] = json!("JWT"));
    let mut sub = part(good, 1);
    sub["sub"] = json!("sub_00000000000000000000000000000000");
    vec![
        ("t_01 none", format!("{none}.{said}.")),
        ("t_01 none, signed", format!("{none}.{said}.{signature}")),
        ("t_01 no signature", format!("{head}.{said}.")),
        ("t_02 hmac", format!("{hmac}.{said}.{signature}")),
        ("t_03 kid", format!("{path}.{said}.{signature}")),
        ("t_04 jwk", format!("{own}.{said}.{signature}")),
        ("typ", format!("{typ}.{said}.{signature}")),
        ("sub", format!("{head}.{}.{signature}", B64.encode(sub.to_string()))),
        ("t_07 four parts", format!("{good}.{signature}")),
        ("t_07 padding", format!("{good}=")),
        ("t_07 JSON", json!({ "protected": head, "payload": said, "signature": signature }).to_string()),
    ]
}

on_both! {
    async fn t_05_only_an_access_token_of_the_account_api_passes(store) {
        let world = World::on(&store).await;
        let good = world.token();
        let list = text(&part(&good, 1)["status"]["status_list"], "uri");
        let list = world.app.get(list.strip_prefix(ISSUER).unwrap()).await.ok();
        let mut kinds = forged(&good);
        kinds.extend([
            ("another audience", text(&world.ada.tokens, "access_token")),
            ("refresh token", text(&world.tokens, "refresh_token")),
            ("device", text(&world.tokens, "device")),
            ("login handle", world.app.password_step(&world.ada).await),
            ("step-up login", world.begin("password.change", "").await.as_str().unwrap().to_owned()),
            ("step-up right", world.step_up("password.change", "").await.as_str().unwrap().to_owned()),
            ("recovery code", world.ada.recovery_codes[0].clone()),
            ("status list", list.as_str().unwrap().to_owned()),
            ("nothing", String::new()),
        ]);
        for (method, path, body) in endpoints() {
            for (kind, token) in &kinds {
                let reply = world.app.bearer(method.clone(), path, body.as_ref(), token).await;
                assert_eq!((reply.status.as_u16(), reply.refusal()), (401, "unauthenticated"), "{kind} at {method} {path}");
                assert_eq!(reply.headers["www-authenticate"], r#"Bearer error="invalid_token""#);
            }
            let bare = world.app.send(method.clone(), path, body.as_ref(), &[]).await;
            assert_eq!(bare.refusal(), "unauthenticated", "{method} {path}");
            let basic = format!("Basic {good}");
            let basic = world.app.send(method.clone(), path, body.as_ref(), &[("authorization", &basic)]).await;
            assert_eq!(basic.refusal(), "unauthenticated", "{method} {path}");
            let bearer = format!("Bearer {good}");
            let twice = [("authorization", bearer.as_str()), ("authorization", bearer.as_str())];
            let twice = world.app.send(method, path, body.as_ref(), &twice).await;
            assert_eq!(twice.refusal(), "unauthenticated", "two headers at {path}");
        }
        world.get("/v1/account").await.ok();
    }

    async fn t_26_each_handle_is_redeemed_in_its_own_place_alone(store) {
        let world = World::on(&store).await;
        let invite = json!({ "name": "bob", "groups": [] });
        let invite = world.app.admin(Method::POST, "/v1/admin/invites", Some(&invite)).await.ok();
        let handles = [
            ("invite", text(&invite, "invite")),
            ("login", world.app.password_step(&world.ada).await),
            ("right", world.step_up("password.change", "").await.as_str().unwrap().to_owned()),
            ("refresh", text(&world.tokens, "refresh_token")),
            ("device", text(&world.tokens, "device")),
            ("access", world.token()),
        ];
        let code = world.app.code(&world.ada.totp_uri);
        for (kind, handle) in &handles {
            let takers = [
                ("login", "/v1/login/totp", json!({ "login": handle, "code": code })),
                ("login", "/v1/login/recovery-code", json!({ "login": handle, "code": world.ada.recovery_codes[0] })),
                ("enrolment", "/v1/login/enrol/totp", json!({ "login": handle })),
                ("enrolment", "/v1/login/enrol/totp/confirm", json!({ "login": handle, "code": code })),
                ("invite", "/v1/invite/accept", json!({ "invite": handle, "password": "a quite long phrase" })),
                ("refresh", "/v1/session/refresh", json!({ "refresh_token": handle })),
                ("another right", "/v1/factors/recovery-codes", json!({ "step_up": handle })),
            ];
            for (taken, path, body) in takers.iter().filter(|(taken, ..)| taken != kind) {
                let reply = world.app.bearer(Method::POST, path, Some(body), &world.token()).await;
                assert!(reply.status.is_client_error(), "{kind} at {path}, which takes a {taken}: {}", reply.body);
            }
        }
        // And none of them was used up by it.
        refresh(&world.app, &world.tokens["refresh_token"]).await.ok();
        let login = json!({ "login": handles[1].1, "code": world.app.code(&world.ada.totp_uri) });
        world.app.post("/v1/login/totp", &login).await.ok();
    }

    async fn no_service_may_be_the_account_api(store) {
        let world = World::on(&store).await;
        for name in ["http://localhost:8080/account", "HTTP://LOCALHOST:8080/Account", "http://localhost:8080/account//"] {
            let mut batch = poundlock_store::Batch::new();
            poundlock_store::client::put_audience(&mut batch, name, "ES256", world.app.now());
            world.app.store().commit(batch).await.unwrap();
            // A server with such a row does not start, and one that runs keeps the registry it had.
            let started = tokio::spawn({
                let app = world.app.clone();
                async move { app.again().await }
            });
            assert!(started.await.is_err(), "{name}");
            let mut batch = poundlock_store::Batch::new();
            poundlock_store::client::delete_audience(&mut batch, name);
            world.app.store().commit(batch).await.unwrap();
        }
        world.get("/v1/account").await.ok();
    }
}
