//! Bodies that are not one JSON object of the members that a route knows, each once and of its type.

use serde_json::Value;

use super::{CANARY, Case, Route};

/// Every way to send one of them to a route; nothing for routes that read no body.
pub(super) fn of(route: &Route) -> Vec<Case> {
    let Some(schema) = &route.body else { return Vec::new() };
    let good = good(schema);
    let mut cases = Vec::new();
    let mut bad = |name: String, body: Vec<u8>| {
        let case = Case { name, body, ..route.case("", &[400]) };
        cases.push(case.with("content-type", "application/json"));
    };
    let members = members(&good, schema).into_iter().map(|(name, body)| (name, body.into_bytes()));
    for (name, body) in broken(&good).into_iter().chain(odd_bytes()).chain(members) {
        bad(name, body);
    }
    cases.extend(sizes(route));
    cases.extend(types(route, good.as_bytes()));
    cases
}

/// A body with every member of the schema, of the right type.
fn good(schema: &Value) -> String {
    let members: Vec<String> = properties(schema).map(|(name, form)| format!("\"{name}\":{}", value(form))).collect();
    format!("{{{}}}", members.join(","))
}

fn properties(schema: &Value) -> impl Iterator<Item = (&str, &Value)> {
    schema["properties"].as_object().into_iter().flatten().map(|(name, form)| (name.as_str(), form))
}

fn kind(form: &Value) -> &str {
    match &form["type"] {
        Value::Array(kinds) => kinds[0].as_str().unwrap(),
        kind => kind.as_str().unwrap_or("string"),
    }
}

fn value(form: &Value) -> String {
    match kind(form) {
        "integer" => "60".to_owned(),
        "boolean" => "true".to_owned(),
        "array" => format!("[\"{CANARY}\"]"),
        _ => form["enum"].get(0).map_or_else(|| format!("\"{CANARY}\""), Value::to_string),
    }
}

/// Syntax: everything that is nearly JSON.
fn broken(good: &str) -> Vec<(String, Vec<u8>)> {
    let inside = good.strip_suffix('}').unwrap();
    let mut bodies = vec![("empty".to_owned(), String::new())];
    let mut put = |kind: &str, text: &str, body: String| bodies.push((format!("{kind} {text:?}"), body));
    for end in 1..40.min(good.len()) {
        put("cut at", &end.to_string(), good[..end].to_owned());
    }
    for whole in [
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
    ] {
        put("whole", whole, whole.to_owned());
    }
    for before in [
        "\u{feff}", "\0", "\u{b}", "\u{c}", "\u{a0}", "\u{2028}", "x", ",", "[", "\"", "//c\n", "/*c*/", "#c\n",
        "data: ",
    ] {
        put("before", before, format!("{before}{good}"));
    }
    for after in
        ["}", "]", ",", "x", "{}", "null", "\0", "//c", "/*c*/", "\u{a0}", "\u{feff}", "\u{b}", "1", "\"\"", ";", good]
    {
        put("after", if after == good { "the same" } else { after }, format!("{good}{after}"));
    }
    for value in [
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
    ] {
        put("value", value, format!("{inside},\"zz\":{value}}}"));
    }
    let odd_members = [
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
    for member in odd_members {
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

/// Control characters and what is not UTF-8, inside a text; and other encodings.
fn odd_bytes() -> Vec<(String, Vec<u8>)> {
    let texts = |bytes: &[u8]| [b"{\"zz\":\"", bytes, b"\"}"].concat();
    let mut bodies: Vec<(String, Vec<u8>)> =
        (0..0x20).map(|control: u8| (format!("control character {control}"), texts(&[control]))).collect();
    let sequences: &[&[u8]] = &[
        b"\x80",
        b"\xbf",
        b"\xc0\x80",
        b"\xc0\xaf",
        b"\xc1\xbf",
        b"\xc2",
        b"\xc3\x28",
        b"\xe0\x80\xaf",
        b"\xe0\x9f\xbf",
        b"\xe2\x82",
        b"\xe2\x28\xa1",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xed\xa0\x80\xed\xb0\x80",
        b"\xf0\x80\x80\xaf",
        b"\xf0\x8f\xbf\xbf",
        b"\xf0\x28\x8c\xbc",
        b"\xf0\x90\x28\xbc",
        b"\xf4\x90\x80\x80",
        b"\xf5\x80\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xfc\x84\x80\x80\x80\x80",
        b"\xfe",
        b"\xff",
        b"\xff\xfe",
    ];
    for sequence in sequences {
        bodies.push((format!("not UTF-8 {sequence:x?}"), texts(sequence)));
    }
    let wide = |order: fn(u16) -> [u8; 2]| "{}".encode_utf16().flat_map(order).collect::<Vec<u8>>();
    bodies.push(("UTF-16LE".to_owned(), wide(u16::to_le_bytes)));
    bodies.push(("UTF-16BE".to_owned(), wide(u16::to_be_bytes)));
    bodies.push(("UTF-32".to_owned(), b"{\0\0\0}\0\0\0".to_vec()));
    bodies.push(("gzip".to_owned(), b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0".to_vec()));
    bodies.push(("CBOR".to_owned(), b"\xa1\x64name\x63ada".to_vec()));
    bodies.push(("MessagePack".to_owned(), b"\x81\xa4name\xa3ada".to_vec()));
    bodies.push(("zeros".to_owned(), vec![0; 100]));
    bodies
}

/// Each member of the wrong type, twice, or not there.
fn members(good: &str, schema: &Value) -> Vec<(String, String)> {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut bodies = Vec::new();
    for (name, form) in properties(schema) {
        let pair = format!("\"{name}\":{}", value(form));
        let with = |other: &str| good.replacen(&pair, other, 1);
        let wrong: &[&str] = match kind(form) {
            "integer" => &[
                "\"1\"",
                "1.5",
                "true",
                "[]",
                "{}",
                "[1]",
                "1e999",
                "99999999999999999999",
                "-99999999999999999999",
                "\"\"",
                "1e2",
            ],
            "boolean" => &["\"true\"", "0", "1", "[]", "{}", "null", "\"\""],
            "array" => &[
                "\"a\"",
                "1",
                "true",
                "{}",
                "[1]",
                "[null]",
                "[[]]",
                "[{}]",
                "[true]",
                "null",
                "[\"a\",1]",
                "{\"0\":\"a\"}",
            ],
            _ => &[
                "1",
                "-1",
                "1.5",
                "true",
                "[]",
                "{}",
                "[\"a\"]",
                "1e999",
                "{\"$ne\":\"\"}",
                "{\"a\":{\"b\":1}}",
                "0",
                "[null]",
                "false",
            ],
        };
        for value in wrong {
            bodies.push((format!("{} as {value}", kind(form)), with(&format!("\"{name}\":{value}"))));
        }
        bodies.push(("twice".to_owned(), with(&format!("{pair},{pair}"))));
        let (first, rest) = name.split_at(1);
        let escaped = format!("\"\\u{:04x}{rest}\":{}", first.as_bytes()[0], value(form));
        bodies.push(("twice, once in other letters".to_owned(), with(&format!("{pair},{escaped}"))));
        bodies.push(("twice, once null".to_owned(), with(&format!("{pair},\"{name}\":null"))));
        bodies.push(("in capitals".to_owned(), with(&pair.to_ascii_uppercase())));
        if required.contains(&name) {
            let missing = with("").replace(",,", ",").replace("{,", "{").replace(",}", "}");
            bodies.push(("missing".to_owned(), missing));
            bodies.push(("null".to_owned(), with(&format!("\"{name}\":null"))));
        }
    }
    bodies
}

fn sizes(route: &Route) -> Vec<Case> {
    let most = if route.is_admin { 256 * 1024 } else { 16 * 1024 };
    let too_large = [
        ("one byte too many", vec![b' '; most + 1]),
        ("a long text", format!("{{\"zz\":\"{}\"}}", "x".repeat(most)).into_bytes()),
        ("a long number", format!("{{\"zz\":{}}}", "9".repeat(most)).into_bytes()),
        ("a long array", format!("{{\"zz\":[{}1]}}", "1,".repeat(most / 2)).into_bytes()),
        ("many members", format!("{{{}}}", "\"a\":1,".repeat(most / 6 + 1)).into_bytes()),
    ];
    let case = |(name, body): (&str, Vec<u8>)| {
        Case { body, ..route.case(name, &[413]) }.with("content-type", "application/json")
    };
    too_large.into_iter().map(case).collect()
}

fn types(route: &Route, good: &[u8]) -> Vec<Case> {
    // Where the body stands in for a token, no content type means no body.
    let none = route.case("content type: none", if route.wants_token() { &[401, 415] } else { &[415] });
    let mut cases = vec![Case { body: good.to_vec(), ..none }];
    for kind in [
        "",
        " ",
        ";",
        "/",
        "json",
        "application",
        "application/",
        "/json",
        "application/jsonx",
        "application/json5",
        "application/x-json",
        "application/json-seq",
        "application/ld+json",
        "application/problem+json",
        "application/xml",
        "application/*",
        "*/*",
        "*",
        "text/json",
        "text/plain",
        "text/html",
        "text/plain; application/json",
        "application/json, text/plain",
        "text/plain, application/json",
        "application json",
        "application\\json",
        "application/json+",
        "application/+json",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=application/json",
        "multipart/mixed",
        "application/cbor",
        "application/msgpack",
        "application/x-ndjson",
        "application/yaml",
        "application/graphql",
        "applicati\u{f6}n/json",
        "\"application/json\"",
        "application/json\t,",
        "application /json",
    ] {
        let case = Case { body: good.to_vec(), ..route.case(&format!("content type: {kind}"), &[415]) };
        cases.push(case.with("content-type", kind));
    }
    cases
}
