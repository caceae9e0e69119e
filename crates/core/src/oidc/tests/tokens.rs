//! What is signed for clients: ID tokens and logout tokens, none of them ever an access token (TOK-08).

use poundlock_verify::{JwkSet, Seconds, Verifier, b64};
use serde_json::{Value, json};

use super::{BACK, ISSUER, client};
use crate::client::{ClientKind, Scope};
use crate::evidence::tests::NOW;
use crate::id::Subject;
use crate::jws::tests::{ALGS, key};
use crate::jws::{Alg, SigningKey};
use crate::oidc::logout::{Farewell, Hint, farewell, token};
use crate::oidc::{IdSaying, Params, Profile, claims_of, metadata};
use crate::secret::{Digest, Secret};
use crate::session::Session;
use crate::session::tests::{ring, session};
use crate::testing::SeededRng;
use crate::time::Span;
use crate::token::Acr;

fn set(key: &SigningKey) -> JwkSet {
    JwkSet::parse(json!({ "keys": [key.public_jwk()] }).to_string().as_bytes()).unwrap()
}

fn part(token: &str, number: usize) -> Value {
    serde_json::from_slice(&b64::decode(token.split('.').nth(number).unwrap()).unwrap()).unwrap()
}

fn id_token_of(session: &Session, key: &SigningKey, nonce: Option<&str>) -> Option<String> {
    let (subject, client) = (Subject::new(&SeededRng::new(3)), client(ClientKind::Public, |_| ()));
    let access_token = Secret::new("an.access.token".to_owned());
    let saying = IdSaying { issuer: ISSUER, subject: &subject, client: &client, nonce, access_token: &access_token };
    session.id_token(&saying, key, NOW).ok().map(|token| token.reveal().clone())
}

fn id_token(key: &SigningKey, nonce: Option<&str>) -> String {
    id_token_of(&session(), key, nonce).unwrap()
}

#[test]
fn tok_08_an_id_token_says_who_how_and_when_to_one_client() {
    let key = key(Alg::Es256);
    let token = id_token(&key, Some("n-0S6"));
    assert_eq!(part(&token, 0)["typ"], "JWT");
    let claims = part(&token, 1);
    for (name, value) in [("iss", ISSUER), ("aud", "app"), ("azp", "app"), ("nonce", "n-0S6"), ("acr", "aal2")] {
        assert_eq!(claims[name], value, "{name}");
    }
    let sub = claims["sub"].as_str().unwrap();
    assert!(sub.len() <= 255 && sub.is_ascii() && sub.starts_with("sub_"));
    assert_eq!(claims["sid"], session().id().to_string());
    assert_eq!(claims["iat"], NOW.seconds());
    assert!(claims["exp"].as_i64().unwrap() - NOW.seconds() <= 300 && claims["auth_time"].is_i64());
    assert!(claims["amr"].as_array().unwrap().contains(&json!("mfa")));
    assert_eq!(claims["at_hash"], b64::encode(&Digest::of(b"an.access.token").as_bytes()[..16]));
    assert!(part(&id_token(&key, None), 1).get("nonce").is_none());
}

#[test]
fn the_hash_of_the_access_token_goes_by_the_algorithm() {
    for (alg, _) in ALGS {
        let token = id_token(&key(alg), None);
        let bytes = b64::decode(part(&token, 1)["at_hash"].as_str().unwrap()).unwrap();
        assert_eq!(bytes.len(), if alg == Alg::EdDsa { 32 } else { 16 }, "{alg}");
    }
}

#[test]
fn tok_08_no_check_of_access_tokens_takes_an_id_token_or_a_logout_token() {
    let key = key(Alg::Es256);
    let verifier = Verifier::new(ISSUER, "app").with_keys(set(&key));
    let now = Seconds::new(NOW.seconds());
    assert!(verifier.check(&id_token(&key, None), now).is_err());
    let client = client(ClientKind::Public, |_| ());
    let told = token((ISSUER, &client), (session().id(), None), &key, NOW, &SeededRng::new(1)).unwrap();
    assert!(verifier.check(&told, now).is_err());
    assert!(Hint::read(&told, ISSUER, &set(&key)).is_none(), "a logout token is no hint");
}

#[test]
fn an_ended_session_gets_no_id_token() {
    let ring = ring(1);
    let mut row = session().row(&ring, &SeededRng::new(5));
    row.ended_at = Some(NOW);
    let ended = Session::from_row(&ring, &row).unwrap();
    assert!(id_token_of(&ended, &key(Alg::Es256), None).is_none());
}

#[test]
fn oae_19_a_logout_token_has_what_clients_check() {
    let key = key(Alg::Es256);
    let (client, subject) = (client(ClientKind::Confidential, |_| ()), Subject::new(&SeededRng::new(3)));
    let whose = (session().id(), Some(&subject));
    let told = token((ISSUER, &client), whose, &key, NOW, &SeededRng::new(1)).unwrap();
    assert_eq!(part(&told, 0)["typ"], "logout+jwt");
    let claims = part(&told, 1);
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(ISSUER), &json!("app")));
    assert_eq!(claims["sub"], subject.as_str());
    assert_eq!(claims["events"], json!({ "http://schemas.openid.net/event/backchannel-logout": {} }));
    assert_eq!(claims["sid"], session().id().to_string());
    assert!(claims.get("nonce").is_none() && claims["jti"].is_string());
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 120);
}

#[test]
fn oae_19_a_hint_is_an_id_token_of_ours_old_or_new() {
    let key = key(Alg::Es256);
    let token = id_token(&key, None);
    let hint = Hint::read(&token, ISSUER, &set(&key)).unwrap();
    assert_eq!((hint.client(), hint.sid), ("app", session().id()));
    assert!(Hint::read(&token, "https://other.example", &set(&key)).is_none());
    assert!(Hint::read(&token, ISSUER, &set(&self::key(Alg::Es256))).is_none());
    assert!(Hint::read("x.y.z", ISSUER, &set(&key)).is_none());
}

#[test]
fn oae_19_a_farewell_leads_to_a_registered_address_or_nowhere() {
    let client = client(ClientKind::Public, |spec| {
        spec.post_logout_redirect_uris = vec!["https://app.example/bye".to_owned()];
    });
    let to = |text: &str| farewell(&Params::parse(text).unwrap(), &client, NOW).location;
    let bye = "post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye";
    assert_eq!(to(bye).as_deref(), Some("https://app.example/bye"));
    assert_eq!(to(&format!("{bye}&state=a+b")).as_deref(), Some("https://app.example/bye?state=a%20b"));
    for other in ["%2F", "%3Fx", "%23", "/../x", "x"] {
        assert_eq!(to(&format!("{bye}{other}")), None, "{other}");
    }
    assert_eq!(to(""), None);
    assert_eq!(to(&format!("post_logout_redirect_uri={BACK}")), None, "an address for codes is none for farewells");
    let (ring, rng) = (ring(1), SeededRng::new(1));
    let farewell = farewell(&Params::parse(bye).unwrap(), &client, NOW);
    let sealed = farewell.seal(&ring, &rng);
    assert_eq!(Farewell::open(&sealed, NOW, &ring), Some(farewell));
    assert_eq!(Farewell::open(&sealed, NOW + Span::from_minutes(10), &ring), None);
    assert_eq!(Farewell::open(&format!("{sealed}A"), NOW, &ring), None);
}

#[test]
fn userinfo_says_what_the_scope_opens_and_no_more() {
    let subject = Subject::new(&SeededRng::new(3));
    let groups = ["staff".to_owned()];
    let profile = Profile { subject: &subject, name: "ada", display_name: "Ada L.", groups: &groups };
    let say = |scope: &str| claims_of(&profile, &Scope::parse(scope).unwrap()).map(Value::Object);
    assert_eq!(say("openid"), Some(json!({ "sub": subject.as_str() })));
    assert_eq!(say("openid groups"), Some(json!({ "sub": subject.as_str(), "groups": ["staff"] })));
    let full = json!({ "sub": subject.as_str(), "name": "Ada L.", "preferred_username": "ada" });
    assert_eq!(say("openid profile orders.read"), Some(full));
    assert_eq!((say(""), say("profile groups")), (None, None));
}

#[test]
fn oae_08_the_metadata_names_the_issuer_exactly_and_only_what_there_is() {
    let told = metadata(ISSUER, &["en"], Acr::Phr);
    assert_eq!(told["issuer"], ISSUER);
    assert_eq!(told["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(told["authorization_response_iss_parameter_supported"], true);
    assert_eq!(told["response_types_supported"], json!(["code"]));
    assert_eq!(told["acr_values_supported"], json!(["recovery", "aal2", "phr"]));
    let without = metadata(ISSUER, &["en"], Acr::Aal2);
    assert_eq!(without["acr_values_supported"], json!(["recovery", "aal2"]), "no passkeys here");
    for (name, value) in told.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            assert!(value.as_str().unwrap().starts_with("https://login.example/"), "{name}");
        }
    }
    for absent in ["registration_endpoint", "device_authorization_endpoint", "introspection_endpoint"] {
        assert!(told.get(absent).is_none(), "{absent}");
    }
}
