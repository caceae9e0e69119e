//! Every check of a request for a code, by what it refuses and where that is said.

use super::{BACK, CHALLENGE, NOW, client};
use crate::client::{Client, ClientKind};
use crate::oidc::Params;
use crate::oidc::authorize::{Asked, Back, Refused, check, checks};
use crate::session::tests::ring;
use crate::testing::SeededRng;
use crate::time::Span;
use crate::token::Acr;

type Pairs = Vec<(&'static str, String)>;

/// A request that stands.
fn good() -> Pairs {
    [
        ("client_id", "app"),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("scope", "openid profile"),
        ("state", "s t"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("nonce", "n"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

fn without(name: &str) -> Pairs {
    good().into_iter().filter(|(known, _)| *known != name).collect()
}

fn with(name: &'static str, value: &str) -> Pairs {
    let mut pairs = without(name);
    pairs.push((name, value.to_owned()));
    pairs
}

/// With one parameter more than there should be.
fn twice(name: &'static str, value: &str) -> Pairs {
    let mut pairs = good();
    pairs.push((name, value.to_owned()));
    pairs
}

fn ask_as(client: &Client, pairs: &[(&str, String)]) -> Result<Asked, Refused> {
    let mut text = String::new();
    crate::oidc::encode(&mut text, pairs.iter().map(|(name, value)| (*name, value.as_str())));
    let params = Params::parse(&text).unwrap();
    check(&params, |id| (id == "app").then_some(client), NOW)
}

fn ask(pairs: &[(&str, String)]) -> Result<Asked, Refused> {
    ask_as(&client(ClientKind::Public, |_| ()), pairs)
}

#[test]
fn a_good_request_says_all_that_was_asked() {
    let mut pairs = good();
    for (name, value) in [
        ("max_age", "60"),
        ("prompt", "login consent"),
        ("acr_values", "phr aal2 urn:other"),
        ("login_hint", "ada"),
        ("ui_locales", "de en"),
        ("audience", "orders"),
        ("response_mode", "query"),
        ("display", "popup"),
    ] {
        pairs.push((name, value.to_owned()));
    }
    let asked = ask(&pairs).unwrap();
    assert_eq!((asked.client.as_str(), asked.redirect_uri.as_str()), ("app", BACK));
    assert_eq!((asked.state.as_deref(), asked.nonce.as_deref()), (Some("s t"), Some("n")));
    assert_eq!((asked.scope.as_str(), asked.audience.as_str()), ("openid profile", "orders"));
    assert!(asked.challenge.is_some() && asked.prompts.wants_login() && asked.prompts.wants_consent());
    assert_eq!((asked.max_age, asked.acr), (Some(Span::from_seconds(60)), Some(Acr::Aal2)));
    assert_eq!((asked.login_hint.as_deref(), asked.ui_locales.as_deref()), (Some("ada"), Some("de en")));
    assert_eq!(asked.asked_at, NOW);
}

#[test]
fn oae_02_what_fails_before_the_address_is_proved_goes_nowhere() {
    for (pairs, name) in [
        (without("client_id"), "client_id"),
        (with("client_id", "nobody"), "client_id"),
        (with("client_id", "APP"), "client_id"),
        (twice("client_id", "app"), "client_id"),
        (without("redirect_uri"), "redirect_uri"),
        (with("redirect_uri", "https://evil.example/cb"), "redirect_uri"),
        (with("redirect_uri", ""), "redirect_uri"),
        (twice("redirect_uri", BACK), "redirect_uri"),
    ] {
        let refused = ask(&pairs).unwrap_err();
        assert_eq!((refused.check, refused.back), (name, None), "{pairs:?}");
    }
    let service = client(ClientKind::Service, |spec| spec.redirect_uris.clear());
    let refused = ask_as(&service, &good()).unwrap_err();
    assert_eq!((refused.check, refused.back), ("browser_flow", None));
}

#[test]
fn oae_07_what_fails_after_it_goes_back_with_the_state() {
    let long = "x".repeat(1025);
    let claims = r#"{"id_token":{"acr":{"essential":true,"value":"urn:other"}}}"#;
    let cases: &[(&'static str, &str, &'static str, &str)] = &[
        ("response_type", "", "response_type", "invalid_request"),
        ("response_type", "token", "response_type", "unsupported_response_type"),
        ("response_type", "id_token", "response_type", "unsupported_response_type"),
        ("response_type", "code token", "response_type", "unsupported_response_type"),
        ("response_type", "code id_token", "response_type", "unsupported_response_type"),
        ("response_type", "none", "response_type", "unsupported_response_type"),
        ("response_mode", "fragment", "response_mode", "invalid_request"),
        ("response_mode", "form_post", "response_mode", "invalid_request"),
        ("response_mode", "query.jwt", "response_mode", "invalid_request"),
        ("scope", "openid admin", "scope", "invalid_scope"),
        ("scope", "openid  profile", "scope", "invalid_scope"),
        ("scope", "OPENID", "scope", "invalid_scope"),
        ("scope", "open\"id", "scope", "invalid_scope"),
        ("audience", "nowhere", "audience", "invalid_target"),
        ("audience", "https://login.example/account", "audience", "invalid_target"),
        ("resource", "nowhere", "audience", "invalid_target"),
        ("code_challenge", "", "pkce", "invalid_request"),
        ("code_challenge", "short", "pkce", "invalid_request"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=", "pkce", "invalid_request"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", "pkce", "invalid_request"),
        ("code_challenge_method", "plain", "pkce", "invalid_request"),
        ("code_challenge_method", "s256", "pkce", "invalid_request"),
        ("code_challenge_method", "S512", "pkce", "invalid_request"),
        ("code_challenge_method", "", "pkce", "invalid_request"),
        ("nonce", &long, "nonce", "invalid_request"),
        ("nonce", "\u{e9}", "nonce", "invalid_request"),
        ("prompt", "none login", "prompt", "invalid_request"),
        ("prompt", "create", "prompt", "invalid_request"),
        ("prompt", "NONE", "prompt", "invalid_request"),
        ("max_age", "-1", "max_age", "invalid_request"),
        ("max_age", "+1", "max_age", "invalid_request"),
        ("max_age", "1.5", "max_age", "invalid_request"),
        ("max_age", "99999999999", "max_age", "invalid_request"),
        ("max_age", "soon", "max_age", "invalid_request"),
        ("claims", "x", "claims", "invalid_request"),
        ("claims", "[]", "claims", "invalid_request"),
        ("claims", r#"{"id_token":{"acr":{"values":"phr"}}}"#, "claims", "invalid_request"),
        ("claims", claims, "claims", "unmet_authentication_requirements"),
        ("login_hint", "a\u{202e}b", "login_hint", "invalid_request"),
        ("login_hint", "a\nb", "login_hint", "invalid_request"),
        ("ui_locales", "<b>", "ui_locales", "invalid_request"),
        ("request", "eyJ", "request_object", "request_not_supported"),
        ("request_uri", "urn:x", "request_object", "request_uri_not_supported"),
        ("registration", "{}", "request_object", "registration_not_supported"),
    ];
    let back = Some(Back { redirect_uri: BACK.to_owned(), state: Some("s t".to_owned()) });
    // The first ones have tests of their own; `acr_values` refuses nothing, as it asks for what will do.
    let mut seen = vec!["client_id", "browser_flow", "redirect_uri", "repeated", "state", "acr_values"];
    for (name, value, expected, error) in cases {
        let refused = ask(&with(name, value)).unwrap_err();
        assert_eq!((refused.check, refused.refusal.error.code()), (*expected, *error), "{name}={value}");
        assert_eq!(refused.back, back, "{name}={value}");
        let says = &refused.refusal.description;
        assert!(says.bytes().all(|b| matches!(b, 0x20..=0x7e) && b != b'"' && b != b'\\'), "{says}");
        seen.push(expected);
    }
    for name in checks() {
        assert!(seen.contains(&name), "no refusal of the check {name} is tested");
    }
}

#[test]
fn oae_09_a_repeated_parameter_is_refused_known_or_not() {
    for name in ["scope", "nonce", "code_challenge", "code_challenge_method", "prompt", "response_type", "x_unknown"] {
        let mut pairs = good();
        pairs.extend([(name, "one".to_owned()), (name, "two".to_owned())]);
        let refused = ask(&pairs).unwrap_err();
        assert_eq!((refused.check, refused.refusal.error.code()), ("repeated", "invalid_request"), "{name}");
        assert_eq!(refused.back.unwrap().state.as_deref(), Some("s t"));
    }
    let back = ask(&twice("state", "other")).unwrap_err().back.unwrap();
    assert_eq!(back.state, None, "of two states neither is believed");
}

#[test]
fn a_state_that_cannot_be_repeated_is_refused_without_it() {
    for state in ["\u{e9}".to_owned(), "a\u{7f}".to_owned(), "x".repeat(1025)] {
        let refused = ask(&with("state", &state)).unwrap_err();
        assert_eq!((refused.check, refused.back.unwrap().state), ("state", None));
    }
    assert_eq!(ask(&without("state")).unwrap().state, None);
}

#[test]
fn t_28_only_a_client_registered_without_pkce_may_do_so_and_then_needs_a_nonce() {
    let free = client(ClientKind::Confidential, |spec| spec.pkce_optional = true);
    let bare = |name: &str| -> Pairs {
        good().into_iter().filter(|(known, _)| !known.starts_with("code_challenge") && *known != name).collect()
    };
    assert_eq!(ask_as(&free, &bare("")).unwrap().challenge, None);
    assert_eq!(ask_as(&free, &bare("nonce")).unwrap_err().check, "pkce");
    assert_eq!(ask_as(&free, &without("code_challenge")).unwrap_err().check, "pkce", "a method without a challenge");
    assert!(ask_as(&free, &good()).unwrap().challenge.is_some(), "what is sent counts all the same");
    for kind in [ClientKind::Public, ClientKind::FirstParty, ClientKind::Confidential] {
        assert_eq!(ask_as(&client(kind, |_| ()), &bare("")).unwrap_err().check, "pkce", "{kind:?}");
    }
}

#[test]
fn the_weakest_class_that_will_do_is_what_is_demanded() {
    let acr = |values: &str| ask(&with("acr_values", values)).unwrap().acr;
    assert_eq!((acr("phrh phr"), acr("aal2"), acr("urn:other")), (Some(Acr::Phr), Some(Acr::Aal2), None));
    let mut both = with("acr_values", "aal2");
    let claims = r#"{"id_token":{"acr":{"essential":true,"values":["phr","urn:x"]}},"userinfo":{"x":null}}"#;
    both.push(("claims", claims.to_owned()));
    assert_eq!(ask(&both).unwrap().acr, Some(Acr::Phr), "stp_03: two demands do not weaken each other");
}

#[test]
fn stp_03_a_request_between_two_pages_cannot_be_changed_and_gets_old() {
    let (ring, rng) = (ring(1), SeededRng::new(9));
    let asked = ask(&with("acr_values", "phr")).unwrap();
    let text = asked.seal(&ring, &rng).unwrap();
    assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
    assert_eq!(Asked::open(&text, NOW, &ring).unwrap(), asked);
    assert!(Asked::open(&text, NOW + Span::from_minutes(60), &ring).is_none());
    for at in [0, 10, text.len() / 2, text.len() - 2] {
        let mut changed = text.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert!(Asked::open(std::str::from_utf8(&changed).unwrap(), NOW, &ring).is_none(), "{at}");
    }
    assert!(Asked::open(&text, NOW, &crate::session::tests::ring(2)).is_none());
}
