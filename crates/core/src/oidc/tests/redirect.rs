//! Redirect addresses: one that is registered, byte for byte, and no trick beside it (OAE-01, T-27).

use super::client;
use crate::client::ClientKind;
use crate::oidc::{is_registered, with_query};

const REGISTERED: [&str; 6] = [
    "https://app.example/cb",
    "https://app.example:8443/deep/cb?tenant=a",
    "http://127.0.0.1/cb",
    "http://[::1]:7000/cb",
    "http://localhost:3000/cb",
    "com.example.app:/cb",
];

/// What an attacker writes in place of a registered address.
const TRICKS: &[&str] = &[
    "",
    " ",
    "/cb",
    "//app.example/cb",
    "cb",
    "*",
    "https://*",
    "https://*.example/cb",
    // Another place, or more than one.
    "https://evil.example/cb",
    "https://evil.example/https://app.example/cb",
    "https://evil.example?https://app.example/cb",
    "https://evil.example#https://app.example/cb",
    "https://app.example/cb https://evil.example/cb",
    "https://app.example/cb,https://evil.example/cb",
    "https://app.example/cb\nhttps://evil.example",
    "https://app.example/cb\r\nLocation: https://evil.example",
    "https://app.example/cb%0d%0aLocation:%20https://evil.example",
    "https://app.example/cb\0",
    "https://app.example/cb%00",
    // User info.
    "https://app.example@evil.example/cb",
    "https://app.example:443@evil.example/cb",
    "https://evil.example@app.example/cb",
    "https://user:pass@app.example/cb",
    "https://app.example%40evil.example/cb",
    "https://@app.example/cb",
    "https://:@app.example/cb",
    "https://app.example\\@evil.example/cb",
    "https://evil.example\\@app.example/cb",
    // Hosts that look alike.
    "https://app.example.evil.example/cb",
    "https://app.example./cb",
    "https://.app.example/cb",
    "https://www.app.example/cb",
    "https://xapp.example/cb",
    "https://app-example/cb",
    "https://app.exampl\u{435}/cb",
    "https://\u{430}pp.example/cb",
    "https://app\u{3002}example/cb",
    "https://app.example\u{200b}/cb",
    "https://xn--pp-8ka.example/cb",
    "https://APP.example/cb",
    "https://app.EXAMPLE/cb",
    "https://app%2eexample/cb",
    "https://app.example%2f/cb",
    "https://app.example%23.evil.example/cb",
    "https://app.example&evil.example/cb",
    "https://app.example;evil.example/cb",
    "https://app.example%0a/cb",
    "https://app.example\t/cb",
    // Schemes.
    "http://app.example/cb",
    "HTTPS://app.example/cb",
    "Https://app.example/cb",
    "https:app.example/cb",
    "https:/app.example/cb",
    "https:///app.example/cb",
    "https:\\\\app.example\\cb",
    "https://app.example\\cb",
    "ftp://app.example/cb",
    "javascript:alert(1)",
    "javascript://app.example/cb%0aalert(1)",
    "data:text/html,x",
    "vbscript:x",
    "blob:https://app.example/cb",
    "file:///cb",
    "view-source:https://app.example/cb",
    // Ports.
    "https://app.example:443/cb",
    "https://app.example:/cb",
    "https://app.example:0443/cb",
    "https://app.example:8444/deep/cb?tenant=a",
    "https://app.example:65536/cb",
    "https://app.example:443evil/cb",
    // Paths.
    "https://app.example",
    "https://app.example/",
    "https://app.example/cb/",
    "https://app.example/cb//",
    "https://app.example//cb",
    "https://app.example/cb/evil",
    "https://app.example/cbevil",
    "https://app.example/c",
    "https://app.example/CB",
    "https://app.example/%63b",
    "https://app.example/c%62",
    "https://app.example/cb%2f",
    "https://app.example/cb%20",
    " https://app.example/cb",
    "https://app.example/cb\t",
    "https://app.example/./cb",
    "https://app.example/x/../cb",
    "https://app.example/cb/..",
    "https://app.example/cb/../evil",
    "https://app.example/cb/..;/evil",
    "https://app.example/cb;/../evil",
    "https://app.example/cb/%2e%2e/evil",
    "https://app.example/cb%2f..%2fevil",
    "https://app.example/..%2fcb",
    "https://app.example/cb;jsessionid=1",
    "https://app.example/cb.json",
    "https://app.example/\u{441}b",
    // Queries and fragments.
    "https://app.example/cb?",
    "https://app.example/cb?x=1",
    "https://app.example/cb?next=https://evil.example",
    "https://app.example/cb&x=1",
    "https://app.example/cb#",
    "https://app.example/cb#x",
    "https://app.example/cb#@evil.example/",
    "https://app.example/cb%23x",
    "https://app.example:8443/deep/cb",
    "https://app.example:8443/deep/cb?",
    "https://app.example:8443/deep/cb?tenant=b",
    "https://app.example:8443/deep/cb?tenant=a&x=1",
    "https://app.example:8443/deep/cb?tenant=a#x",
    "https://app.example:8443/deep/cb?Tenant=a",
    "https://app.example:8443/deep/cb?tenant=%61",
    // Loopback and what looks like it.
    "https://127.0.0.1/cb",
    "http://127.0.0.1/cb/",
    "http://127.0.0.1/cb?x",
    "http://127.0.0.1/",
    "http://127.0.0.1:0/cb",
    "http://127.0.0.1:080/cb",
    "http://127.0.0.1:+80/cb",
    "http://127.0.0.1:-1/cb",
    "http://127.0.0.1:65536/cb",
    "http://127.0.0.1: 80/cb",
    "http://127.0.0.1:/cb",
    "http://127.0.0.1:80:80/cb",
    "http://127.0.0.1:80@evil.example/cb",
    "http://127.0.0.1@evil.example/cb",
    "http://127.0.0.1.evil.example/cb",
    "http://127.0.0.1evil.example/cb",
    "http://127.0.0.1%00.evil.example/cb",
    "http://127.0.0.2/cb",
    "http://127.1/cb",
    "http://127.000.000.001/cb",
    "http://0177.0.0.1/cb",
    "http://0x7f000001/cb",
    "http://2130706433/cb",
    "http://0.0.0.0/cb",
    "http://[::]/cb",
    "http://[::1]/cb/",
    "http://[0:0:0:0:0:0:0:1]:7000/cb",
    "http://[::ffff:127.0.0.1]/cb",
    "http://[::1].evil.example/cb",
    "http://[::1]evil.example/cb",
    "http://[::1%25lo]/cb",
    "http://localhost/cb",
    "http://localhost:3001/cb",
    "http://localhost:03000/cb",
    "http://LOCALHOST:3000/cb",
    "http://localhost.:3000/cb",
    "http://localhost.evil.example:3000/cb",
    "http://127.0.0.1:3000/cb/../evil",
    // Schemes of native applications.
    "com.example.app://cb",
    "com.example.app:///cb",
    "com.example.app:/cb/",
    "com.example.app:/CB",
    "com.example.app:cb",
    "com.example.application:/cb",
    "COM.example.app:/cb",
    "example.app:/cb",
];

#[test]
fn oae_01_no_trick_passes_for_a_registered_address() {
    assert!(TRICKS.len() >= 100, "{}", TRICKS.len());
    for kind in [ClientKind::Public, ClientKind::FirstParty, ClientKind::Confidential] {
        let client = client(kind, |spec| spec.redirect_uris = REGISTERED.map(str::to_owned).to_vec());
        for trick in TRICKS {
            assert!(!is_registered(&client, trick), "{kind:?} {trick:?}");
        }
        for registered in REGISTERED {
            assert!(is_registered(&client, registered), "{registered}");
            for end in [" ", "/", "?", "#", "%20", "\0", ".", "a"] {
                assert!(!is_registered(&client, &format!("{registered}{end}")), "{registered}{end}");
            }
        }
    }
}

#[test]
fn oae_01_the_port_of_a_native_loopback_address_alone_may_differ() {
    let native = client(ClientKind::Public, |spec| {
        spec.redirect_uris = vec!["http://127.0.0.1/cb".to_owned(), "http://[::1]:7000/cb?x=1".to_owned()];
    });
    for port in [1, 80, 1024, 49152, 65535] {
        assert!(is_registered(&native, &format!("http://127.0.0.1:{port}/cb")));
        assert!(is_registered(&native, &format!("http://[::1]:{port}/cb?x=1")));
        assert!(!is_registered(&native, &format!("http://[::1]:{port}/cb")), "another query");
        assert!(!is_registered(&native, &format!("http://127.0.0.1:{port}/other")), "another path");
    }
    let server = client(ClientKind::Confidential, |spec| spec.redirect_uris = vec!["http://127.0.0.1/cb".to_owned()]);
    assert!(!is_registered(&server, "http://127.0.0.1:5000/cb"), "it runs on no user's machine");
}

#[test]
fn answers_are_appended_behind_what_was_registered() {
    let pairs = [("code", "a b"), ("iss", "https://login.example")];
    assert_eq!(
        with_query("https://app.example/cb", pairs),
        "https://app.example/cb?code=a%20b&iss=https%3A%2F%2Flogin.example"
    );
    assert!(with_query("https://app.example/cb?t=1", pairs).starts_with("https://app.example/cb?t=1&code=a%20b&"));
}
