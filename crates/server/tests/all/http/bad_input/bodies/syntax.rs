//! Everything that is nearly JSON.

use super::super::CANARY;

const WHOLE: &[&str] = &[
    " ",
    "\r\n",
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1.5",
    "1e5",
    "\"\"",
    "\"{}\"",
    "[]",
    "[{}]",
    "[null]",
    "[[]]",
    "{]",
    "}{",
    "{",
    "}",
    "{{}}",
    "{}{}",
    "{},{}",
    "{,}",
    "{:}",
    "{\"a\"}",
    "{\"a\":}",
    "{:1}",
    "{a:1}",
    "{'a':1}",
    "{1:1}",
    "{null:1}",
    "{\"a\" \"b\"}",
    "{\"a\"=1}",
    "{\"a\"::1}",
    "<a/>",
    "a=1",
    "a: 1",
    "---\na: 1",
    "---",
    "%7B%7D",
    "&#123;}",
    "undefined",
    "NaN",
    "()",
    "{}//",
    "{}/**/",
    "{}#",
    "{};",
    "{}\0",
    "(function(){})()",
    ")]}',\n{}",
    "while(1);{}",
    "\"\\",
    "{\"\\u00",
    "[1,2",
    "{\"a\":[}",
];

const BEFORE: &[&str] = &[
    "\u{feff}", "\0", "\u{b}", "\u{c}", "\u{a0}", "\u{2028}", "x", ",", "[", "\"", "//c\n", "/*c*/", "#c\n", "data: ",
];

const AFTER: &[&str] = &[
    "01",
    "+1",
    ".5",
    "1.",
    "1e",
    "0x1",
    "1_0",
    "--1",
    "-",
    "Infinity",
    "-Infinity",
    "NaN",
    "1e999",
    "True",
    "None",
    "nul",
    "tru",
    "undefined",
    "'a'",
    "`a`",
    "\"a",
    "a",
    "\"\\x41\"",
    "\"\\u12\"",
    "\"\\u{41}\"",
    "\"\\ud800\"",
    "\"\\udc00\"",
    "\"\\ud800\\ud800\"",
    "\"\\'\"",
    "\"\\0\"",
    "\"\\a\"",
    "[1,]",
    "[,1]",
    "[1 2]",
    "{\"a\":1,}",
    "{\"a\":1,\"a\"}",
    "1//c",
    "new Date()",
    "@",
    "\\u0061",
    "$a",
];

const MEMBERS: &[&str] = &[
    "admin",
    "__proto__",
    "constructor",
    "$ref",
    "@type",
    "",
    " ",
    "Name",
    "NAME",
    "name ",
    "n\u{e4}me",
    "na\\u0000me",
    CANARY,
];

/// Syntax: everything that is nearly JSON.
pub(super) fn broken(good: &str) -> Vec<(String, Vec<u8>)> {
    let inside = good.strip_suffix('}').unwrap();
    let mut bodies = vec![("empty".to_owned(), String::new())];
    let mut put = |kind: &str, text: &str, body: String| bodies.push((format!("{kind} {text:?}"), body));
    for end in 1..40.min(good.len()) {
        put("cut at", &end.to_string(), good[..end].to_owned());
    }
    for whole in WHOLE.iter().copied() {
        put("whole", whole, whole.to_owned());
    }
    for before in BEFORE.iter().copied() {
        put("before", before, format!("{before}{good}"));
    }
    for after in
        ["}", "]", ",", "x", "{}", "null", "\0", "//c", "/*c*/", "\u{a0}", "\u{feff}", "\u{b}", "1", "\"\"", ";", good]
    {
        put("after", if after == good { "the same" } else { after }, format!("{good}{after}"));
    }
    for value in AFTER.iter().copied().chain([good]) {
        put("value", value, format!("{inside},\"zz\":{value}}}"));
    }
    for member in MEMBERS.iter().copied() {
        put("member", member, format!("{inside},\"{member}\":\"{CANARY}\"}}"));
    }
    for depth in [2, 64, 126, 127, 128, 129, 1000, 4000] {
        let (open, shut) = ("[".repeat(depth), "]".repeat(depth));
        put("deep", &depth.to_string(), format!("{inside},\"zz\":{open}{shut}}}"));
        put("deep and first", &depth.to_string(), format!("{{\"zz\":{open}{shut},{}", &good[1..]));
        put("deep and open", &depth.to_string(), format!("{inside},\"zz\":{open}"));
        put("only deep", &depth.to_string(), format!("{open}{shut}"));
    }
    for depth in [2, 100, 200, 2000] {
        let deep = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        put("deep objects", &depth.to_string(), format!("{inside},\"zz\":{deep}}}"));
        put("only deep objects", &depth.to_string(), deep);
    }
    put("member", "long", format!("{inside},\"{}\":1}}", "x".repeat(8000)));
    bodies.into_iter().map(|(name, body)| (name, body.into_bytes())).collect()
}
