//! Paths that are not there, parts of paths and queries that are no ids.

use super::super::{CANARY, Case, Route};

const PARTS: &[&str] = &[
    ".",
    "..",
    "%2e%2e",
    "%2F",
    "%5c",
    "%00",
    "a%00b",
    "%0a",
    "%0d%0aSet-Cookie:a",
    "%1b[2J",
    "%ff",
    "%c3%28",
    "%ed%a0%80",
    "%e2%80%ae",
    "%f0%9f%94%91",
    "%25",
    "%2500",
    "%252e",
    "null",
    "undefined",
    "true",
    "-1",
    "+1",
    "00",
    "01",
    "1.0",
    "1e3",
    "0x1",
    "99999999999999999999",
    "-99999999999999999999",
    "9223372036854775807",
    "-9223372036854775808",
    "NaN",
    "%20",
    "1%20",
    "%201",
    "ses_",
    "ses_0",
    "ses_00000000000000000000000000000000",
    "SES_00000000000000000000000000000000",
    "ses_0000000000000000000000000000000G",
    "ses_0000000000000000000000000000000",
    "ses_000000000000000000000000000000000",
    "usr_00000000000000000000000000000000",
    "fac_00000000000000000000000000000000",
    "dev_00000000000000000000000000000000",
    "inv_00000000000000000000000000000000",
    "ref_00000000000000000000000000000000",
    "ses_0000000-0000-0000-0000-0000000000000",
    "'",
    "'%20OR%201=1--",
    "%22;DROP%20TABLE",
    "*",
    "$ne",
    "{id}",
    "{}",
    "%7Bid%7D",
    "%3Cscript%3E",
    "${x}",
    "%25s%25n",
];

pub(super) fn paths(route: &Route) -> Vec<Case> {
    let path = route.path("nobody");
    let long = format!("/{}", "a/".repeat(2000));
    let mut cases = Vec::new();
    let mut put = |name: &str, uri: String| {
        // What is left of a body route without a body says so first; what may be a name is one that nobody has (410).
        cases.push(Case { uri, ..route.case(&format!("path {name}"), &[400, 404, 405, 410, 414, 415, 422]) });
    };
    let after = [
        "/",
        "//",
        "/.",
        "/..",
        "/%2e%2e",
        "%2f",
        "%2F..",
        "%00",
        "%0a",
        "%0d%0a",
        "%20",
        "%09",
        "%ff",
        "%c0%af",
        "%ed%a0%80",
        "%",
        "%z",
        "%zz",
        "%2",
        "%u0041",
        ".json",
        ".php",
        "~",
        ".",
        "..",
        ";x=1",
        ";/",
        ",",
        "'",
        "!",
        "$",
        "*",
        "(",
        "@x",
        ":80",
        "=",
        "&x=1",
        "+",
        "/index.html",
        "/nobody/x",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/nobody/..%2f..",
        "%e2%80%ae",
        "%f0%9f%94%91",
    ];
    for after in after {
        put(after, format!("{path}{after}"));
    }
    for before in ["/", "//", "/.", "/..", "/v1/..", "/%2e%2e", "/x", "/index.php", "/api", "/%00", "/;x"] {
        put(before, format!("{before}{path}"));
    }
    put("in capitals", path.to_ascii_uppercase());
    put("in percents", path.replacen("1", "%31", 1).replacen("he", "%68e", 1) + "%2f");
    put("long", format!("{path}{long}"));
    put("very long", format!("{path}/{}", "x".repeat(60_000)));
    put("doubled slashes", path.replace('/', "//"));
    cases
}

pub(super) fn parts(route: &Route) -> Vec<Case> {
    if !route.template.contains('{') {
        return Vec::new();
    }
    let long = "x".repeat(5000);
    let case = |part: &str| Case {
        uri: route.path(part),
        ..route
            .case(&format!("part {}", part.chars().take(60).collect::<String>()), &[400, 404, 405, 410, 414, 415, 422])
    };
    PARTS.iter().copied().chain([long.as_str()]).map(case).collect()
}

pub(super) fn queries(route: &Route) -> Vec<Case> {
    let Some(parameters) = route.operation["parameters"].as_array() else { return Vec::new() };
    let known: Vec<&str> =
        parameters.iter().filter(|it| it["in"] == "query").filter_map(|it| it["name"].as_str()).collect();
    let mut queries = Vec::new();
    for name in &known {
        for value in
            ["x", "1.5", "1e3", "%ff", "%00", "99999999999999999999", "true", "[]", "null", "%201", "0x1", "1,2"]
        {
            queries.push(format!("{name}={value}"));
        }
        queries.push(format!("{name}=1&{name}=1"));
        queries.push(format!("{name}[]=1"));
        queries.push(format!("{}=1", name.to_ascii_uppercase()));
    }
    if !known.is_empty() {
        queries.extend(["zz=1", "zz", "=1", "%ff=1", "__proto__=1", CANARY].map(str::to_owned));
    }
    let json = route.body.is_some();
    let case = |query: String| {
        // A route that reads both refuses the first that it reads.
        let case =
            Case { uri: format!("{}?{query}", route.path("nobody")), ..route.case(&format!("query {query}"), &[400]) };
        if json { Case { body: b"{}".to_vec(), ..case }.with("content-type", "application/json") } else { case }
    };
    queries.into_iter().map(case).collect()
}
