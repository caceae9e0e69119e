//! The claims of a status list token, as written and as read.

use super::StatusListClaims;
use crate::Seconds;

/// The example of the Token Status List specification, §5.1.
#[test]
fn tok_14_claims_are_read_and_written() {
    let json = r#"{"sub":"https://example.com/statuslists/1","iat":1686920170,"exp":2291720170,"ttl":43200,"status_list":{"bits":1,"lst":"eNrbuRgAAhcBXQ"}}"#;
    let claims: StatusListClaims = serde_json::from_str(json).unwrap();
    assert_eq!(claims.ttl, Some(Seconds::new(43200)));
    assert_eq!(serde_json::to_string(&claims).unwrap(), json);
}

#[test]
fn claims_of_the_wrong_type_are_refused() {
    let good = r#"{"sub":"u","iat":1,"exp":2,"status_list":{"bits":1,"lst":"eNrbuRgAAhcBXQ"}}"#;
    assert!(serde_json::from_str::<StatusListClaims>(good).is_ok());
    for (part, instead) in [
        (r#""exp":2"#, r#""exp":"2""#),
        (r#""exp":2,"#, ""),
        (r#""sub":"u""#, r#""sub":["u"]"#),
        (r#""exp":2"#, r#""exp":2,"ttl":null"#),
        (r#""exp":2"#, r#""exp":2,"iss":["i"]"#),
        (r#""bits":1"#, r#""bits":"1""#),
        (r#""bits":1"#, r#""bits":256"#),
        (r#"{"bits":1,"lst":"eNrbuRgAAhcBXQ"}"#, r#"[1,"eNrbuRgAAhcBXQ"]"#),
    ] {
        let json = good.replace(part, instead);
        assert_ne!(json, good);
        assert!(serde_json::from_str::<StatusListClaims>(&json).is_err(), "{json}");
    }
}
