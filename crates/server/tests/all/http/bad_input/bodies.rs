//! Bodies that are not one JSON object of the members that a route knows, each once and of its type.

mod encoding;
mod syntax;

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
    for (name, body) in syntax::broken(&good).into_iter().chain(encoding::odd_bytes()).chain(members) {
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
                "1e-2",
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
    if route.may_lack_body() {
        // A request without a body is right there, and its refusal is a decision.
        cases.clear();
    }
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
