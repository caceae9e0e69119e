//! One strict reader (OAE-09).

use crate::oidc::{BadParams, Params, encode};

#[test]
fn oae_09_repeated_is_refused_empty_is_absent_unknown_is_ignored() {
    let params = Params::parse("a=1&b=&a=2&c=%C3%A9+x&&d").unwrap();
    assert!(params.is_repeated("a") && params.has_repeated());
    assert_eq!(params.one("a"), None, "neither the first nor the last");
    assert_eq!((params.one("b"), params.one("d"), params.one("zzz")), (None, None, None));
    assert_eq!(params.one("c"), Some("é x"));
    // The same name in two spellings is the same name.
    assert!(Params::parse("state=1&%73tate=2").unwrap().is_repeated("state"));
}

#[test]
fn nothing_is_repaired() {
    for (text, bad) in [
        ("a=%", BadParams::Escape),
        ("a=%2", BadParams::Escape),
        ("a=%zz", BadParams::Escape),
        ("%=a", BadParams::Escape),
        ("a=%ff", BadParams::Utf8),
        ("a=%c0%af", BadParams::Utf8),
    ] {
        assert_eq!(Params::parse(text).unwrap_err(), bad, "{text}");
    }
    let many: Vec<String> = (0..65).map(|n| format!("p{n}=1")).collect();
    assert_eq!(Params::parse(&many.join("&")).unwrap_err(), BadParams::TooMany);
}

#[test]
fn what_is_written_reads_back() {
    let value = "a b&c=d%e#f/é\"\n";
    let mut text = String::new();
    encode(&mut text, [("state", value), ("iss", "https://x")]);
    assert!(!text.contains([' ', '#', '"', '\n']), "{text}");
    let read = Params::parse(&text).unwrap();
    assert_eq!((read.one("state"), read.one("iss")), (Some(value), Some("https://x")));
}

#[test]
fn aud_03_values_do_not_print() {
    let params = Params::parse("client_secret=hunter2").unwrap();
    assert!(!format!("{params:?}").contains("hunter2"));
}
