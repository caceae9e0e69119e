//! JSON that two readers could read in two ways is read by none.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{DEPTH_MAX, MEMBERS_MAX, Present, Text, if_present, object, object_from_slice, object_if_present};

fn reads(json: &str) -> bool {
    object_from_slice::<BTreeMap<String, IgnoredAny>>(json.as_bytes()).is_ok()
}

#[test]
fn ordinary_objects_are_read() {
    assert!(reads("{}"));
    assert!(reads(r#" {"a":1,"b":-2,"c":3.5,"d":"x","e":null,"f":true,"g":[1,[2]],"h":{"a":1}} "#));
    assert!(reads(r#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}"#));
}

#[test]
fn t_07_duplicate_names_are_refused_at_every_depth() {
    for json in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"b":2,"a":3}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"x":{"a":1,"a":2}}"#,
        r#"{"x":[0,{"y":{"a":1,"a":2}}]}"#,
        r#"{"":1,"":2}"#,
    ] {
        assert!(!reads(json), "{json}");
    }
}

#[test]
fn only_one_object_and_nothing_after_it() {
    for json in ["", "[]", "1", "\"a\"", "null", "{}{}", "{} x", "{", "{\"a\"}", "{\"a\":1,}", "\u{feff}{}", "{'a':1}"]
    {
        assert!(!reads(json), "{json}");
    }
    assert!(object_from_slice::<BTreeMap<String, IgnoredAny>>(b"{\"a\":\"\xff\"}").is_err());
}

#[test]
fn nesting_is_capped() {
    let nested = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    assert!(reads(&nested(DEPTH_MAX)));
    assert!(!reads(&nested(DEPTH_MAX + 1)));
    let arrays = |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert!(reads(&arrays(DEPTH_MAX - 1)));
    assert!(!reads(&arrays(DEPTH_MAX)));
}

#[test]
fn members_are_capped() {
    let wide = |count: usize| {
        let members: Vec<_> = (0..count).map(|n| format!("\"m{n}\":{n}")).collect();
        format!("{{{}}}", members.join(","))
    };
    assert!(reads(&wide(MEMBERS_MAX)));
    assert!(!reads(&wide(MEMBERS_MAX + 1)));
}

#[derive(Debug, Deserialize)]
struct Inner {
    n: u8,
}

#[derive(Debug, Deserialize)]
struct Outer {
    #[serde(deserialize_with = "object")]
    must: Inner,
    #[serde(default, deserialize_with = "object_if_present")]
    may: Option<Inner>,
    #[serde(default, deserialize_with = "if_present")]
    word: Option<String>,
    #[serde(default)]
    seen: Present,
}

#[test]
fn an_object_is_an_object_and_null_is_not_absence() {
    let outer: Outer = object_from_slice(br#"{"must":{"n":1},"may":{"n":2},"word":"w","seen":null}"#).unwrap();
    assert_eq!((outer.must.n, outer.may.unwrap().n, outer.word.unwrap().as_str()), (1, 2, "w"));
    assert!(outer.seen.0);
    let least: Outer = object_from_slice(br#"{"must":{"n":1}}"#).unwrap();
    assert!(least.may.is_none() && least.word.is_none() && !least.seen.0);
    for json in [
        r#"{"must":[1]}"#,
        r#"{"must":{"n":1},"may":[2]}"#,
        r#"{"must":{"n":1},"may":null}"#,
        r#"{"must":{"n":1},"word":null}"#,
        r#"{"must":null}"#,
        r#"[[1]]"#,
    ] {
        assert!(object_from_slice::<Outer>(json.as_bytes()).is_err(), "{json}");
    }
}

#[test]
fn text_is_borrowed_when_it_can_be() {
    use std::borrow::Cow;
    let plain: Text<'_> = serde_json::from_str("\"abc\"").unwrap();
    assert!(matches!(plain.0, Cow::Borrowed("abc")));
    let escaped: Text<'_> = serde_json::from_str("\"\\u0061bc\"").unwrap();
    assert!(matches!(&escaped.0, Cow::Owned(text) if text == "abc"));
    assert!(serde_json::from_str::<Text<'_>>("1").is_err());
}
