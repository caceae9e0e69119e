//! What is taken for a path of this server, and what is not.

use super::ReturnTo;

/// T-27: what some reader takes for another place, or reads in two ways.
const ELSEWHERE: &[&str] = &[
    "",
    "account",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "https://evil.example",
    "http:/evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/%2fevil.example",
    "/%2Fevil.example",
    "/%5cevil.example",
    "/%5Cevil.example",
    "/%252fevil.example",
    "/account//evil.example",
    "/account/..//evil.example",
    "/..",
    "/../x",
    "/./x",
    "/a/../b",
    "/%2e%2e/b",
    "/.%2e/b",
    "/a/.",
    "/a\tb",
    "/a\nb",
    "/a\r\nSet-Cookie:x=y",
    "/\t/evil.example",
    "\t//evil.example",
    " /account",
    "/account ",
    "/a%0d%0ab",
    "/a%00",
    "/a%09",
    "/a%20b",
    "/a%7f",
    "/a%",
    "/a%4",
    "/a%zz",
    "/a%+1",
    "/@evil.example",
    "/user@evil.example",
    "/a#b",
    "/a:b",
    "/a;b",
    "/ä",
    "/a\u{2215}b",
    "/a?x?y",
    "?x",
    "#",
    "/a?next=//evil.example\\",
    "/a?x=https://evil.example",
    "/a?x=%2f%2fevil.example",
    "/a\u{0}",
    "/a|b",
    "/<x>",
    "/\"x",
    "/'x",
    "/a`b",
    "/a{b}",
    "/a[b]",
    "/*",
    "/a,b",
    "/!x",
    "/$x",
    "/(x)",
    "/^x",
    "%2faccount",
    "./account",
    "../account",
    "//",
    "/\\",
    "/%5c%5c",
    "/%09/evil.example",
    "////",
    "/account/%2e",
    "/account/%2E%2E/x",
];

#[test]
fn ses_12_paths_of_this_server_are_taken_as_they_are() {
    for good in ["/", "/account", "/account/", "/account?tab=1&x=%41", "/a/b-c_d~e.f", "/account/factors/fac_0/remove"]
    {
        assert_eq!(ReturnTo::parse(good).map(|path| path.as_str().to_owned()).as_deref(), Some(good));
    }
    assert!(ReturnTo::parse(ReturnTo::account().as_str()).is_some());
}

#[test]
fn ses_12_t_27_what_could_lead_elsewhere_is_refused() {
    for text in ELSEWHERE {
        assert_eq!(ReturnTo::parse(text), None, "{text:?}");
    }
    assert_eq!(ReturnTo::parse(&format!("/{}", "a".repeat(512))), None);
}

proptest::proptest! {
    /// A browser resolves what is taken to a place on this server.
    #[test]
    fn ses_12_what_is_taken_stays_here(text in "[/\\\\a.%2f5c?@:#\t]{0,12}") {
        if let Some(path) = ReturnTo::parse(&text) {
            proptest::prop_assert!(path.as_str().starts_with('/'));
            proptest::prop_assert!(!path.as_str().starts_with("//"));
            proptest::prop_assert!(!path.as_str().contains(['\\', '\t', '@', ':', '#']));
        }
    }
}
