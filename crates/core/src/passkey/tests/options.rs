//! What is asked for, whom it names, and what a browser may send.

use super::*;

/// WAN-10: Ed25519 (-8) is not among them, since the library has none of it; docs/passkeys.md says so.
#[test]
fn wan_02_wan_08_wan_10_wan_24_the_options_ask_for_what_is_judged() {
    let world = World::new();
    let row = world.enrol(&mut SoftKey::new(2));
    let (_, options) = world.offer(&[world.open(&row)]);
    assert_eq!(options["excludeCredentials"][0]["id"], encoded(&row.credential));
    assert_eq!((&options["rp"]["id"], &options["attestation"]), (&json!("login.example.org"), &json!("none")));
    assert_eq!(options["authenticatorSelection"]["userVerification"], "preferred");
    assert_eq!(options["authenticatorSelection"]["residentKey"], "preferred");
    assert_eq!((&options["timeout"], &options["user"]["name"]), (&json!(300_000), &json!("ada")));
    let algs: Vec<i64> =
        options["pubKeyCredParams"].as_array().unwrap().iter().map(|p| p["alg"].as_i64().unwrap()).collect();
    assert_eq!(algs, [-7, -35, -257]);
    assert_eq!(bytes(&options["user"]["id"]).len(), 16);
    assert!(bytes(&options["challenge"]).len() >= 16 && options.get("hints").is_none());
    let (_, asked) = world.party.ask(&[world.open(&row)], true).unwrap();
    assert_eq!((&asked["userVerification"], &asked["rpId"]), (&json!("required"), &json!("login.example.org")));
    assert_eq!(
        asked["allowCredentials"][0],
        json!({"type":"public-key","id":encoded(&row.credential),"transports":["usb"]})
    );
    let (_, anyone) = world.party.ask_anyone(&holder(), NOW, &world.ring, &world.rng).unwrap();
    assert_eq!((&anyone["userVerification"], &anyone["allowCredentials"]), (&json!("required"), &json!([])));
    assert!(anyone.get("extensions").is_none());
}

fn bytes(text: &Value) -> Vec<u8> {
    decoded(text.as_str().unwrap()).unwrap()
}

#[test]
fn wan_23_a_handle_is_random_and_tells_nothing() {
    let rng = SeededRng::new(5);
    let (one, two) = (UserHandle::random(&rng), UserHandle::random(&rng));
    assert_ne!(one, two);
    assert_eq!(one.as_bytes()[6] >> 4, 4, "version 4");
}

#[test]
fn an_issuer_without_a_host_name_has_no_passkeys() {
    for (issuer, is_one) in [
        ("https://login.example.org", true),
        ("http://localhost:8080", true),
        ("http://127.0.0.1:8080", false),
        ("http://[::1]:8080", false),
        ("no url", false),
    ] {
        assert_eq!(RelyingParty::new(issuer, "x").is_some(), is_one, "{issuer}");
    }
}

#[test]
fn wan_15_a_credential_has_one_name_of_bounded_length() {
    let text = |id: &'static str, raw_id: &'static str, kind: &'static str| AssertionText {
        id,
        raw_id,
        kind,
        client_data: "e30",
        authenticator_data: "AA",
        signature: "AA",
        user_handle: None,
    };
    assert!(Assertion::parse(&text("AAAA", "AAAA", "public-key")).is_ok());
    for bad in [
        text("AAAA", "AAAB", "public-key"),
        text("AAAA", "AAAA", "password"),
        text("", "", "public-key"),
        text("AA==", "AA==", "public-key"),
        text("A+AA", "A+AA", "public-key"),
    ] {
        assert_eq!(Assertion::parse(&bad).unwrap_err(), Refusal::Malformed);
    }
    let long = encoded(&vec![1; CREDENTIAL_BYTES_MAX + 1]);
    let bad = AssertionText { id: &long, raw_id: &long, ..text("", "", "public-key") };
    assert!(Assertion::parse(&bad).is_err());
    assert!(
        Assertion::parse(&AssertionText { user_handle: Some(&long), ..text("AAAA", "AAAA", "public-key") }).is_err()
    );
}

#[test]
fn wan_22_what_extensions_say_changes_nothing() {
    let world = World::new();
    let (offered, options) = world.offer(&[]);
    let mut sent = SoftKey::new(2).register(ORIGIN, &options);
    sent["clientExtensionResults"] = json!({ "credProps": { "rk": true }, "uvm": [[2, 4, 2]], "unheard-of": 1 });
    let becomes = Becomes { user: user(1), factor: factor(1), held_until: None };
    let proof = world.party.confirm(offered, &attestation(&sent), becomes, world.at()).unwrap();
    assert!(proof.is_verified() && !proof.is_attested());
}
