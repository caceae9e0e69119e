//! `poundlock client` and `poundlock audience`.

use serde_json::{Value, json};

use super::{Place, members, write};

#[test]
fn a_client_goes_from_a_file_into_the_registry_and_back() {
    let place = Place::new();
    let _server = place.up();
    place.run(&["audience", "set", "https://orders.example", "--alg", "RS256"]).ok();
    let spec = json!({ "id": "shop", "kind": "public", "audiences": ["https://orders.example"] });
    write(&place.path("shop.json"), &spec.to_string());
    assert_eq!(place.run(&["client", "add", "shop.json"]).ok(), "shop is added; it is at version 1.\n");
    let shown: Value = serde_json::from_str(&place.run(&["client", "show", "shop"]).ok()).unwrap();
    assert_eq!((&shown["id"], &shown["dpop_required"]), (&json!("shop"), &json!(false)));
    let changed = json!({ "id": "shop", "kind": "public", "audiences": ["api"], "absolute_seconds": 2_000_000 });
    let gave = place.feed(&["client", "change", "-", "--version", "1"], &changed.to_string());
    assert!(gave.err.contains("Warning: client shop: absolute_seconds"), "{}", gave.err);
    assert_eq!(gave.ok(), "shop is changed; it is at version 2.\n");
    let stale = place.feed(&["client", "change", "-", "--version", "1"], &changed.to_string()).failed(1);
    assert!(stale.contains("version 2"), "{stale}");
    let listed = place.run(&["client", "list", "--json"]).json();
    assert_eq!(
        (members(&listed), members(&listed["clients"][0])),
        (vec!["clients"], vec!["client", "version", "warnings"])
    );
    assert!(place.run(&["client", "list"]).ok().contains("shop    public"));
    place.run(&["audience", "remove", "https://orders.example"]).ok();
    assert!(place.run(&["audience", "remove", "api"]).failed(1).contains("app, shop"));
    place.run(&["client", "remove", "shop"]).ok();
    assert!(place.run(&["client", "show", "shop"]).failed(1).contains("no client"));
    let audiences = place.run(&["audience", "list", "--json"]).json();
    assert_eq!(audiences, json!({ "audiences": [{ "name": "api", "alg": "ES256" }] }));
}

#[test]
fn everything_wrong_with_a_client_is_told() {
    let (place, _) = Place::set_up();
    let bad = json!({ "id": "Shop", "kind": "public", "audiences": ["nowhere"], "origins": ["x"] });
    let said = place.feed(&["client", "add", "-"], &bad.to_string()).failed(1);
    for problem in ["id:", "nowhere", "origins:"] {
        assert!(said.contains(problem), "{problem} in {said}");
    }
    assert!(place.feed(&["client", "add", "-"], "{").failed(1).contains("not JSON"));
    assert!(place.feed(&["client", "change", "-"], "{}").failed(1).contains("no id"));
    assert!(place.run(&["client", "add", "missing.json"]).failed(1).contains("cannot read missing.json"));
}
