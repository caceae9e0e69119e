//! Clients as configured: what is taken, what is refused, and what they may ask for.

use serde_json::json;

use super::*;
use crate::id::{Subject, UserId};
use crate::jws::Alg;
use crate::testing::SeededRng;
use crate::time::Time;

const ISSUER: &str = "https://login.example";

fn audiences() -> Vec<Audience> {
    [("orders", Alg::Es256), ("https://legacy.example", Alg::Rs256), ("billing", Alg::EdDsa)]
        .map(|(name, alg)| Audience::service(name, alg, ISSUER).unwrap())
        .to_vec()
}

fn build(spec: &serde_json::Value) -> Result<Built, Vec<ClientProblem>> {
    let spec: ClientSpec = serde_json::from_value(spec.clone()).unwrap();
    Client::build(&spec, Surroundings { issuer: ISSUER, audiences: &audiences() })
}

fn with(changes: &serde_json::Value) -> Result<Built, Vec<ClientProblem>> {
    let mut spec = json!({"id": "shop", "kind": "public", "audiences": ["orders", "billing"]});
    let fields = spec.as_object_mut().unwrap();
    fields.extend(changes.as_object().unwrap().clone());
    build(&spec)
}

#[test]
fn what_is_left_out_gets_the_default() {
    let Built { client, warnings } = with(&json!({})).unwrap();
    assert_eq!(client.id.as_str(), "shop");
    assert_eq!(client.access_life, Span::from_minutes(5));
    assert_eq!((client.idle, client.absolute), (Span::from_hours(1), Span::from_hours(24)));
    assert_eq!(client.mfa_max_age, Span::from_hours(12));
    assert!(client.scope.is_empty() && !client.dpop_required && client.groups_released.is_empty());
    assert_eq!(warnings, []);
}

#[test]
fn a_spec_reads_back_as_written_and_refuses_unknown_fields() {
    let text = json!({"id": "shop", "kind": "first_party", "audiences": ["orders"], "idle_seconds": 60});
    let spec: ClientSpec = serde_json::from_value(text.clone()).unwrap();
    assert_eq!(serde_json::from_value::<ClientSpec>(serde_json::to_value(&spec).unwrap()).unwrap(), spec);
    let mut typo = text;
    typo["idle_second"] = json!(60);
    assert!(serde_json::from_value::<ClientSpec>(typo).is_err());
}

#[test]
fn tok_04_the_audience_is_the_one_asked_for_or_the_default() {
    let client = with(&json!({})).unwrap().client;
    assert_eq!(client.audience_for(None).unwrap().name.as_str(), "orders");
    assert_eq!(client.audience_for(Some("billing")).unwrap().alg, Alg::EdDsa);
    for other in ["https://legacy.example", "Orders", "orders ", "", "orders billing", "nowhere"] {
        assert_eq!(client.audience_for(Some(other)), Err(AudienceRefused), "{other:?}");
    }
    let chosen = with(&json!({"default_audience": "billing"})).unwrap().client;
    assert_eq!(chosen.audience_for(None).unwrap().name.as_str(), "billing");
}

#[test]
fn only_first_party_clients_reach_the_account_api_and_only_by_name() {
    let account = "https://login.example/account";
    for (kind, may) in [("first_party", true), ("public", false), ("confidential", false), ("service", false)] {
        let client = with(&json!({"kind": kind})).unwrap().client;
        assert_eq!(client.audience_for(Some(account)).is_ok(), may, "{kind}");
        assert_eq!(client.audience_for(None).unwrap().name.as_str(), "orders");
    }
}

#[test]
fn no_client_may_name_the_account_api() {
    let mut open = audiences();
    open.push(Audience::account(ISSUER));
    for kind in ["first_party", "public", "confidential", "service"] {
        for name in ["https://login.example/account", "https://login.example/account/", "https://LOGIN.example/account"]
        {
            let spec = json!({"id": "shop", "kind": kind, "audiences": ["orders", name]});
            let spec: ClientSpec = serde_json::from_value(spec).unwrap();
            let built = Client::build(&spec, Surroundings { issuer: ISSUER, audiences: &open });
            assert_eq!(built, Err(vec![ClientProblem::AccountAudience(name.to_owned())]));
        }
    }
}

#[test]
fn tok_09_a_client_id_is_never_a_user_id() {
    let rng = SeededRng::new(1);
    let user = UserId::new(Time::from_seconds(0), &rng).to_string();
    for id in [Subject::new(&rng).as_str(), &user, "sub_", "usr_x"] {
        assert_eq!(ClientId::parse(id), Err(BadClientId::LooksLikeUser), "{id}");
    }
    for bad in ["", "Shop", "a b", "-a", ".a", "_a", "é", "a/b", "a\"b", &"a".repeat(65)] {
        assert_eq!(ClientId::parse(bad), Err(BadClientId::Malformed), "{bad}");
    }
    for good in ["a", "shop-web_2.eu", "9", "subscriber", &"a".repeat(64)] {
        assert_eq!(ClientId::parse(good).unwrap().as_str(), good);
    }
}

#[test]
fn tok_05_lives_have_caps_and_long_ones_a_warning() {
    let day = 24 * 3600;
    for (field, max) in [
        ("access_life_seconds", 3600),
        ("idle_seconds", 30 * day),
        ("absolute_seconds", 30 * day),
        ("mfa_max_age_seconds", 30 * day),
    ] {
        for bad in [0, -1, max + 1, i64::MAX, i64::MIN] {
            let problems = with(&json!({ field: bad })).unwrap_err();
            assert!(problems.contains(&ClientProblem::Life { field, max_seconds: max }), "{field} {bad}");
        }
    }
    assert_eq!(with(&json!({"access_life_seconds": 3600})).unwrap().warnings, []);
    let long = with(&json!({"absolute_seconds": 30 * day, "idle_seconds": 7 * day})).unwrap();
    assert_eq!(long.client.idle, Span::from_hours(7 * 24));
    let fields: Vec<_> = long.warnings.iter().map(|warning| warning.field).collect();
    assert_eq!(fields, ["idle_seconds", "absolute_seconds"]);
    let text = long.warnings[1].to_string();
    assert_eq!(text, "client shop: absolute_seconds is 2592000 s, longer than the default of 86400 s");
}

#[test]
fn an_idle_limit_over_the_absolute_one_is_refused_only_when_written() {
    assert_eq!(with(&json!({"absolute_seconds": 60})).unwrap().client.idle, Span::from_seconds(60));
    let both = with(&json!({"absolute_seconds": 60, "idle_seconds": 61}));
    assert_eq!(both, Err(vec![ClientProblem::IdleOverAbsolute]));
}

#[test]
fn every_problem_is_told_at_once() {
    let problems = build(&json!({
        "id": "sub_1",
        "kind": "service",
        "audiences": ["nowhere"],
        "default_audience": "orders",
        "scopes": ["a b"],
        "redirect_uris": ["https://app.example/*"],
        "origins": ["*"],
        "access_life_seconds": 9999,
    }))
    .unwrap_err();
    let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
    for start in
        ["id:", "audiences: \"nowhere\"", "default_audience:", "scopes:", "redirect_uris:", "origins:", "access_life"]
    {
        assert!(texts.iter().any(|text| text.starts_with(start)), "{start} in {texts:?}");
    }
    assert_eq!(problems.len(), 9);
    assert!(build(&json!({"id": "a", "kind": "public", "audiences": []})).is_err());
}

#[test]
fn tok_12_only_released_groups_are_shown() {
    let client = with(&json!({"groups_released": ["admins", "staff"]})).unwrap().client;
    let groups = ["staff".to_owned(), "union".to_owned()];
    assert_eq!(client.released(&groups), ["staff"]);
    assert!(with(&json!({})).unwrap().client.released(&groups).is_empty());
}

#[test]
fn rft_06_a_client_never_gets_more_scope_than_it_has() {
    let client = with(&json!({"scopes": ["read", "write"]})).unwrap().client;
    assert_eq!(client.scope.narrow(None).unwrap().as_str(), "read write");
    assert!(client.scope.narrow(Some(&Scope::parse("read admin").unwrap())).is_err());
}
