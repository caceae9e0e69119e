//! Tokens minted here, checked by the crate that services use and by one that shares no code with it.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use poundlock_verify::{
    Claims, Context, JwkSet, Reject, STATUS_LIST_TYP, Seconds, StatusList, StatusRef as WireStatusRef, Verifier,
};
use proptest::prelude::*;

use super::*;
use crate::jws::tests::{ALGS, key};
use crate::jws::{Alg, SigningKey};
use crate::testing::SeededRng;

const ISSUER: &str = "https://login.example";
const NOW: Time = Time::from_millis(1_790_000_000_250);

/// What a token is made from, owned, so that a test changes one thing.
struct Given {
    subject: Subject,
    audience: AudienceName,
    client: ClientId,
    session: SessionId,
    session_end: Time,
    scope: Scope,
    event: Event,
    groups: Vec<String>,
    status: StatusRef,
    dpop_thumbprint: Option<String>,
}

fn given() -> Given {
    let rng = SeededRng::new(7);
    Given {
        subject: Subject::new(&rng),
        audience: AudienceName::parse("orders").unwrap(),
        client: ClientId::parse("shop").unwrap(),
        session: SessionId::new(NOW, &rng),
        session_end: NOW + Span::from_hours(24),
        scope: Scope::parse("read write").unwrap(),
        event: Event::new(Acr::Aal2, vec![Amr::Pwd, Amr::Otp, Amr::Mfa], NOW - Span::from_minutes(10)),
        groups: vec!["staff".to_owned()],
        status: StatusRef { idx: 77, uri: "https://login.example/status/1".to_owned() },
        dpop_thumbprint: None,
    }
}

impl Given {
    fn access(&self) -> Access<'_> {
        Access {
            issuer: ISSUER,
            subject: &self.subject,
            audience: &self.audience,
            client: &self.client,
            session: self.session,
            session_end: self.session_end,
            scope: &self.scope,
            event: &self.event,
            mfa_time: NOW - Span::from_minutes(3),
            groups: &self.groups,
            status: &self.status,
            dpop_thumbprint: self.dpop_thumbprint.as_deref(),
        }
    }

    fn mint(&self, key: &SigningKey, life: Span, now: Time) -> Result<Minted, MintFault> {
        mint(&self.access(), key, life, now, &SeededRng::new(9))
    }

    fn minted(&self, key: &SigningKey) -> String {
        self.mint(key, Span::from_minutes(5), NOW).unwrap().token.reveal().clone()
    }
}

fn verifier(key: &SigningKey) -> Verifier {
    Verifier::new(ISSUER, "orders").with_keys(JwkSet::from_keys(vec![key.public_jwk().clone()]).unwrap())
}

fn at(time: Time) -> Seconds {
    Seconds::new(time.seconds())
}

fn claims_elsewhere(token: &str, key: &SigningKey, alg: Algorithm) -> serde_json::Value {
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(serde_json::json!(key.public_jwk())).unwrap();
    let mut rules = Validation::new(alg);
    rules.set_audience(&["orders"]);
    rules.set_issuer(&[ISSUER]);
    // Its clock is the machine's; the times are checked by `verify` above.
    rules.validate_exp = false;
    decode(token, &DecodingKey::from_jwk(&jwk).unwrap(), &rules).unwrap().claims
}

#[test]
fn key_01_each_algorithm_passes_our_verifier_and_another_ones() {
    for (alg, theirs) in ALGS {
        let key = key(alg);
        let token = given().minted(&key);
        let ours = verifier(&key).check(&token, at(NOW)).unwrap();
        let elsewhere = claims_elsewhere(&token, &key, theirs);
        assert_eq!(serde_json::to_value(&ours).unwrap(), elsewhere, "{alg:?}");
    }
}

#[test]
fn tok_02_a_token_says_exactly_this() {
    let (given, key) = (given(), key(Alg::EdDsa));
    let claims = claims_elsewhere(&given.minted(&key), &key, Algorithm::EdDSA);
    let jti = claims["jti"].as_str().unwrap();
    let wanted = serde_json::json!({
        "iss": ISSUER, "sub": given.subject.as_str(), "aud": "orders", "client_id": "shop",
        "iat": 1_790_000_000, "exp": 1_790_000_300, "jti": jti, "sid": given.session.to_string(),
        "scope": "read write", "auth_time": 1_789_999_400, "acr": "aal2", "amr": ["pwd", "otp", "mfa"],
        "mfa_time": 1_789_999_820, "groups": ["staff"],
        "status": {"status_list": {"idx": 77, "uri": "https://login.example/status/1"}},
    });
    assert_eq!(claims, wanted);
    assert_eq!(b64::decode(jti).unwrap().len(), 16);
}

#[test]
fn what_is_empty_is_left_out() {
    let key = key(Alg::EdDsa);
    let bare = Given { scope: Scope::default(), groups: Vec::new(), ..given() };
    let claims = claims_elsewhere(&bare.minted(&key), &key, Algorithm::EdDSA);
    for absent in ["scope", "groups", "cnf", "nbf"] {
        assert_eq!(claims.get(absent), None, "{absent}");
    }
}

#[test]
fn bnd_10_a_bound_token_needs_its_proof() {
    let key = key(Alg::EdDsa);
    let token = Given { dpop_thumbprint: Some("thumb".to_owned()), ..given() }.minted(&key);
    let verifier = verifier(&key);
    assert_eq!(verifier.check(&token, at(NOW)), Err(Reject::ProofRequired));
    let claims = verifier.check_in(&token, &Context::at(at(NOW)).with_proof("thumb")).unwrap();
    assert_eq!(claims.cnf.unwrap().jkt, "thumb");
}

#[test]
fn tok_03_the_event_is_the_one_given_and_freshness_is_apart() {
    let key = key(Alg::EdDsa);
    let given = Given { event: Event::new(Acr::Phrh, vec![Amr::Hwk], NOW - Span::from_hours(20)), ..given() };
    let claims: Claims = verifier(&key).check(&given.minted(&key), at(NOW)).unwrap();
    assert_eq!((claims.acr, claims.amr.as_slice()), (Acr::Phrh, &["hwk".to_owned()][..]));
    assert_eq!(claims.auth_time, at(NOW - Span::from_hours(20)));
    assert_eq!(claims.mfa_time, at(NOW - Span::from_minutes(3)));
}

#[test]
fn tok_05_no_life_is_over_an_hour_or_past_the_session() {
    let key = key(Alg::EdDsa);
    for (life, left, wanted) in [
        (Span::from_minutes(5), Span::from_hours(1), 300),
        (Span::from_hours(9), Span::from_hours(24), 3600),
        (Span::from_minutes(5), Span::from_millis(60_000), 60),
        (Span::from_minutes(5), Span::from_millis(1_750), 2),
    ] {
        let given = Given { session_end: NOW + left, ..given() };
        let minted = given.mint(&key, life, NOW).unwrap();
        assert_eq!(minted.expires_in, Span::from_seconds(wanted), "{life:?} {left:?}");
        let claims = verifier(&key).check(minted.token.reveal(), at(NOW)).unwrap();
        assert!(claims.exp <= at(given.session_end));
    }
    for (life, left) in [
        (Span::from_minutes(5), Span::ZERO),
        (Span::from_minutes(5), Span::from_millis(500)),
        (Span::from_minutes(5), Span::from_hours(-1)),
        (Span::ZERO, Span::from_hours(1)),
        (Span::from_seconds(-1), Span::from_hours(1)),
    ] {
        let given = Given { session_end: NOW + left, ..given() };
        assert_eq!(given.mint(&key, life, NOW).err(), Some(MintFault::SessionOver), "{life:?} {left:?}");
    }
}

#[test]
fn tok_06_no_kind_of_token_passes_for_another() {
    for (alg, _) in ALGS {
        let key = key(alg);
        let keys = JwkSet::from_keys(vec![key.public_jwk().clone()]).unwrap();
        let claims = verifier(&key).check(&given().minted(&key), at(NOW)).unwrap();
        // The very same claims, signed by the same key as another kind.
        let disguised = key.sign(TokenKind::StatusList, &claims).unwrap();
        assert_eq!(verifier(&key).check(&disguised, at(NOW)), Err(Reject::WrongType));
        let as_list = StatusList::check_token(&given().minted(&key), &keys, "orders", at(NOW));
        assert_eq!(as_list.err(), Some(Reject::WrongType));
        assert!(poundlock_verify::jws::verify(&disguised, STATUS_LIST_TYP, &keys).is_ok());
    }
}

#[test]
fn t_02_a_token_signed_with_the_public_key_as_a_shared_secret_is_refused() {
    use aws_lc_rs::hmac;
    for (alg, _) in ALGS {
        let key = key(alg);
        let token = given().minted(&key);
        let payload = token.split('.').nth(1).unwrap();
        let jwk = serde_json::to_string(key.public_jwk()).unwrap();
        for secret in [jwk.clone(), format!(" {jwk}"), format!("{jwk}\n")] {
            for named in ["HS256", alg.as_str()] {
                let header = format!(r#"{{"alg":"{named}","typ":"at+jwt","kid":"{}"}}"#, key.kid());
                let signed = format!("{}.{payload}", b64::encode(header.as_bytes()));
                let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), signed.as_bytes());
                let forged = format!("{signed}.{}", b64::encode(tag.as_ref()));
                assert!(verifier(&key).check(&forged, at(NOW)).is_err(), "{named}");
            }
        }
    }
}

#[test]
fn a_token_that_no_verifier_would_read_is_not_made() {
    let key = key(Alg::EdDsa);
    let given = Given { groups: (0..500).map(|n| format!("group-number-{n}")).collect(), ..given() };
    assert_eq!(given.mint(&key, Span::from_minutes(5), NOW).err(), Some(MintFault::TooLarge));
}

#[test]
fn two_tokens_differ_and_none_prints_itself() {
    let (given, key, rng) = (given(), key(Alg::EdDsa), SeededRng::new(1));
    let draw = || mint(&given.access(), &key, Span::from_minutes(5), NOW, &rng).unwrap();
    let (first, second) = (draw(), draw());
    assert_ne!(first.token.reveal(), second.token.reveal());
    assert!(!format!("{first:?}").contains(first.token.reveal().as_str()));
}

#[test]
fn tok_13_the_status_place_is_the_one_of_the_session() {
    let key = key(Alg::EdDsa);
    let claims = verifier(&key).check(&given().minted(&key), at(NOW)).unwrap();
    let place = claims.status.unwrap().status_list;
    assert_eq!(place, WireStatusRef { idx: 77, uri: "https://login.example/status/1".to_owned() });
}

proptest! {
    #[test]
    fn every_token_lives_within_its_bounds(life in -10i64..10_000_000, left in -10i64..10_000_000, ms in 0i64..1000) {
        let key = key(Alg::EdDsa);
        let now = Time::from_millis(1_790_000_000_000 + ms);
        let given = Given { session_end: now + Span::from_millis(left), ..given() };
        if let Ok(minted) = given.mint(&key, Span::from_millis(life), now) {
            let claims = verifier(&key).check(minted.token.reveal(), at(now)).unwrap();
            let exp = Time::from_seconds(claims.exp.value());
            prop_assert!(exp <= given.session_end && exp <= now + Span::from_millis(life) && exp > now);
            prop_assert_eq!(minted.expires_in.seconds(), claims.exp.since(claims.iat).value());
            prop_assert!(minted.expires_in <= ACCESS_LIFE_MAX);
        } else {
            prop_assert!(life < 2000 || left < 2000);
        }
    }
}
