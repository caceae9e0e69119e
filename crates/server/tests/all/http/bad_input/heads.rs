//! Methods that a path does not have, paths that are not there, parts of paths and queries that are no ids, and headers
//! that name nobody or somebody else.

mod paths;

use axum::http::Method;

use super::{Case, Route};

/// Every way to send one of them to a route.
pub(super) fn of(route: &Route) -> Vec<Case> {
    let mut cases = methods(route);
    cases.extend(paths::paths(route));
    cases.extend(paths::parts(route));
    cases.extend(paths::queries(route));
    cases.extend(tokens(route));
    cases.extend(hosts(route));
    cases
}

fn methods(route: &Route) -> Vec<Case> {
    let odd = [
        "OPTIONS",
        "TRACE",
        "CONNECT",
        "PATCH",
        "PROPFIND",
        "PROPPATCH",
        "MKCOL",
        "COPY",
        "MOVE",
        "LOCK",
        "UNLOCK",
        "SEARCH",
        "REPORT",
        "LINK",
        "UNLINK",
        "PURGE",
        "BREW",
        "QUERY",
        "DEBUG",
        "TRACK",
        "M-SEARCH",
        "get",
        "post",
        "delete",
        "Get",
        "GETT",
        "G",
        "!",
        "~",
        "GET.POST",
        "_",
    ];
    let long = "X".repeat(200);
    // One path has it.
    let is_theirs = |method: &&str| *method != "PATCH" || route.template != "/v1/factors/{id}";
    let methods = odd.into_iter().filter(is_theirs).chain([long.as_str()]);
    methods
        .map(|method| Case { method: method.parse().unwrap(), ..route.case(&format!("method {method}"), &[405]) })
        .collect()
}

fn tokens(route: &Route) -> Vec<Case> {
    if !route.wants_token() {
        return Vec::new();
    }
    let long = format!("Bearer {}", "a".repeat(16_000));
    let many = format!("Bearer {}", ".".repeat(5000));
    let values = [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "bearer  ",
        "Bearer null",
        "Bearer undefined",
        "Bearer a",
        "Bearer .",
        "Bearer ..",
        "Bearer a.b.c",
        "Bearer ....",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.x",
        "Bearer eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
        "Bearer e30.e30.e30",
        "Bearer W10.W10.W10",
        "Bearer bnVsbA.bnVsbA.bnVsbA",
        "Bearer %61.%62.%63",
        "Bearer a=.b=.c=",
        "Bearer a+/.b.c",
        "Bearer \u{e4}.b.c",
        "Bearer\tx",
        "Basic YWRhOmh1bnRlcjI=",
        "Basic",
        "Digest username=ada",
        "Negotiate YQ==",
        "DPoP a.b.c",
        "Token a",
        "hunter2",
        "Bearer hunter2",
        "Bearer: a.b.c",
        "BearerX a.b.c",
        "Bearer a.b.c, Bearer a.b.c",
        "Bearer a.b.c d",
        "Bearer \"a.b.c\"",
        "OAuth a",
        "AWS4-HMAC-SHA256 a",
        ",",
        "=",
        "Bearer {}",
        "Bearer [1]",
        "Bearer -1",
        "Bearer plr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        long.as_str(),
        many.as_str(),
    ];
    let case = |value: &str| {
        route
            .case(&format!("token {}", value.chars().take(60).collect::<String>()), &[401])
            .with("authorization", value)
    };
    let mut cases: Vec<Case> = values.into_iter().map(case).collect();
    cases.push(
        route.case("token twice", &[401]).with("authorization", "Bearer a.b.c").with("authorization", "Bearer a.b.c"),
    );
    cases.push(route.case("token of bytes", &[401]).with("authorization", b"Bearer \xff\xfe".to_vec()));
    cases
}

fn hosts(route: &Route) -> Vec<Case> {
    if route.is_admin || route.template.starts_with("/health/") {
        return Vec::new();
    }
    let hosts = [
        "",
        " ",
        "evil.example",
        "localhost",
        "localhost:",
        "localhost:80",
        "localhost:8081",
        "localhost:8080.evil.example",
        "localhost:8080@evil.example",
        "evil.example#localhost:8080",
        "localhost:8080,evil.example",
        "localhost:8080 evil.example",
        "localhost:08080",
        "localhost.:8080",
        "127.0.0.1",
        "127.1:8080",
        "2130706433:8080",
        "0x7f.1:8080",
        "[::]:8080",
        "[::1]",
        "[::ffff:127.0.0.1]:8080",
        "::1:8080",
        "http://localhost:8080",
        "localhost:8080/",
        "*",
        "l\u{f6}calhost:8080",
        "hunter2",
    ];
    let case = |host: &str| {
        let mut case = route.case(&format!("host {host}"), &[421]);
        case.headers.clear();
        case.with("host", host)
    };
    let mut cases: Vec<Case> = hosts.into_iter().map(case).collect();
    let mut none = route.case("host none", &[421]);
    none.headers.clear();
    cases.push(none);
    cases.push(route.case("host and another", &[421]).with("host", "evil.example"));
    let absolute = route.case("host of the target", &[421]);
    if absolute.method != Method::CONNECT {
        cases.push(Case { uri: format!("http://evil.example{}", absolute.uri), ..absolute });
    }
    cases
}
