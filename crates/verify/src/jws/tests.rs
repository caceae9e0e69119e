//! The compact form and its header: one shape passes, whatever else an attacker appends, repeats or renames.

use super::{Compact, TOKEN_BYTES_MAX, media_type};
use crate::{Alg, JwkSet, Reject, b64};

fn with_header(json: &str) -> String {
    format!("{}.e30.AAAA", b64::encode(json.as_bytes()))
}

/// `typ`, `kid` and `alg` of a header.
type Members = (Option<String>, Option<String>, Option<Alg>);

fn header_of(json: &str) -> Result<Members, Reject> {
    let token = with_header(json);
    let compact = Compact::split(&token, TOKEN_BYTES_MAX)?;
    let header = compact.header()?;
    Ok((header.typ().map(Into::into), header.kid().map(Into::into), header.alg().ok()))
}

#[test]
fn three_parts_and_nothing_else() {
    assert!(Compact::split("e30.e30.AAAA", 100).is_ok());
    assert!(Compact::split("e30..AAAA", 100).is_ok());
    for token in [
        "",
        ".",
        "..",
        "...",
        "e30",
        "e30.e30",
        "e30.e30.",
        ".e30.AAAA",
        "e30.e30.AAAA.",
        "e30.e30.AAAA.AAAA",
        "e30.e30..AAAA",
        "e30.e30.AAAA.AAAA.AAAA",
        " e30.e30.AAAA",
        "e30.e30.AAAA\n",
        "e30.e30=.AAAA",
        "e30.e3 0.AAAA",
        "e30.e30.A",
        "e30.e30.AAB",
        "e31.e30.AAAA",
        "é30.e30.AAAA",
        "Bearer e30.e30.AAAA",
        "e30.e30.A+A/",
    ] {
        assert_eq!(Compact::split(token, 100).map(|_| ()).unwrap_err(), Reject::Malformed, "{token}");
    }
}

#[test]
fn the_size_is_checked_before_anything_else() {
    let token = format!("e30.{}.AAAA", "A".repeat(TOKEN_BYTES_MAX - 9));
    assert_eq!(token.len(), TOKEN_BYTES_MAX);
    assert!(Compact::split(&token, TOKEN_BYTES_MAX).is_ok());
    assert_eq!(Compact::split(&token, TOKEN_BYTES_MAX - 1).unwrap_err(), Reject::TooLarge);
    assert_eq!(Compact::split(&"?".repeat(1 << 20), TOKEN_BYTES_MAX).unwrap_err(), Reject::TooLarge);
}

#[test]
fn the_header_is_read_strictly() {
    let full = header_of(r#"{"kid":"k","typ":"at+jwt","alg":"ES256"}"#).unwrap();
    assert_eq!(full, (Some("at+jwt".into()), Some("k".into()), Some(Alg::Es256)));
    assert_eq!(header_of(r#" { "\u0061lg" : "EdDSA" } "#).unwrap(), (None, None, Some(Alg::EdDsa)));
    assert_eq!(header_of("{}").unwrap(), (None, None, None));
    for json in [
        "",
        "x",
        "null",
        "[]",
        r#"["ES256","at+jwt","k"]"#,
        r#""ES256""#,
        r#"{"alg":"ES256"} {}"#,
        r#"{"alg":null}"#,
        r#"{"alg":["ES256"]}"#,
        r#"{"alg":1}"#,
        r#"{"kid":{}}"#,
        r#"{"alg":"ES256","alg":"ES256"}"#,
        r#"{"kid":"a","\u006bid":"b"}"#,
        r#"{"x":{"a":1,"a":2}}"#,
        r#"{"x":1,"x":2}"#,
        r#"{"alg":"\ud800"}"#,
    ] {
        assert_eq!(header_of(json).unwrap_err(), Reject::Malformed, "{json}");
    }
}

#[test]
fn bnd_03_every_other_header_member_is_refused() {
    for member in ["crit", "jwk", "jku", "x5u", "x5c", "x5t", "cty", "b64", "zip", "enc", "nonce", "Alg", "", "KID"] {
        let json = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"k","{member}":"x"}}"#);
        assert_eq!(header_of(&json).unwrap_err(), Reject::HeaderNotAllowed, "{member}");
    }
    assert_eq!(header_of(r#"{"alg":"ES256","crit":["exp"],"exp":1}"#).unwrap_err(), Reject::HeaderNotAllowed);
    let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(100), "]".repeat(100));
    assert_eq!(header_of(&deep).unwrap_err(), Reject::Malformed);
}

#[test]
fn tok_07_types_are_compared_as_media_types() {
    let accepts = |typ: &str, expected: &str| {
        let token = with_header(&format!(r#"{{"typ":"{typ}"}}"#));
        Compact::split(&token, 1000).unwrap().header().unwrap().refuse_other_type(expected).is_ok()
    };
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"] {
        assert!(accepts(typ, "at+jwt") && accepts(typ, "application/at+jwt"), "{typ}");
    }
    for typ in ["", "JWT", "jwt", "at", "at+jwt ", "at+jwt;v=1", "text/at+jwt", "application/", "application/JWT"] {
        assert!(!accepts(typ, "at+jwt"), "{typ}");
    }
    assert_eq!(media_type("application/a/b"), "application/a/b");
    let untyped = with_header("{}");
    let compact = Compact::split(&untyped, 1000).unwrap();
    assert_eq!(compact.header().unwrap().refuse_other_type("at+jwt"), Err(Reject::WrongType));
}

#[test]
fn a_key_is_named_or_there_is_none() {
    let refusal = |json: &str| {
        let token = with_header(json);
        let compact = Compact::split(&token, 1000).unwrap();
        compact.header().unwrap().key(&JwkSet::default()).map(|_| ()).unwrap_err()
    };
    assert_eq!(refusal(r#"{"kid":"k"}"#), Reject::AlgNotAllowed);
    assert_eq!(refusal(r#"{"kid":"k","alg":"none"}"#), Reject::AlgNotAllowed);
    assert_eq!(refusal(r#"{"alg":"ES256"}"#), Reject::UnknownKey);
    assert_eq!(refusal(r#"{"alg":"ES256","kid":"k"}"#), Reject::UnknownKey);
}
