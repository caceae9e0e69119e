//! Bodies that cannot be read: refused with a reason and a reference, and nothing changed (OPS-04, T-22).

use axum::body::Body;
use axum::http::{Method, Request};
use poundlock::testing::{Reply, TestApp};
use poundlock_core::guard::Guessable;
use poundlock_store::on_both;

const ROUTES: &[&str] = &[
    "/v1/login",
    "/v1/login/totp",
    "/v1/login/recovery-code",
    "/v1/login/enrol/totp",
    "/v1/login/enrol/totp/confirm",
    "/v1/invite/accept",
    "/v1/session/refresh",
];

async fn send(app: &TestApp, path: &str, kind: Option<&str>, body: impl Into<Body>) -> Reply {
    let mut request = Request::builder().method(Method::POST).uri(path).header("host", "localhost:8080");
    if let Some(kind) = kind {
        request = request.header("content-type", kind);
    }
    app.raw([127, 0, 0, 1].into(), request.body(body.into()).unwrap()).await
}

fn assert_refused(reply: &Reply, statuses: &[u16], case: &str) {
    assert!(statuses.contains(&reply.status.as_u16()), "{case}: {} {}", reply.status, reply.body);
    assert_eq!(reply.headers["content-type"], "application/problem+json", "{case}");
    assert_eq!(reply.headers["cache-control"], "no-store", "{case}");
    assert!(reply.body["reference"].as_str().is_some_and(|reference| reference.len() > 8), "{case}: {}", reply.body);
    assert!(!reply.body.to_string().contains("hunter2"), "{case}: the answer repeats what was sent: {}", reply.body);
}

on_both! {
    async fn ops_04_what_is_not_one_json_object_of_known_members_is_refused(store) {
        let app = TestApp::on(&store).await;
        app.enrol("ada", &[]).await;
        let (checks, records) = (app.checks(), app.newest_records(1000).await.len());
        let deep = format!("{{\"name\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
        let bodies: Vec<(&str, Vec<u8>)> = vec![
            ("empty", b"".to_vec()),
            ("spaces", b"   ".to_vec()),
            ("array", br#"["ada","hunter2"]"#.to_vec()),
            ("text", br#""hunter2""#.to_vec()),
            ("null", b"null".to_vec()),
            ("number", b"17".to_vec()),
            ("cut", br#"{"name":"ada","password":"hunter2"#.to_vec()),
            ("two objects", br#"{"name":"ada"}{"name":"ada"}"#.to_vec()),
            ("trailing comma", br#"{"name":"ada",}"#.to_vec()),
            ("comment", br#"{/**/"name":"ada"}"#.to_vec()),
            ("single quotes", b"{'name':'ada'}".to_vec()),
            ("byte order mark", b"\xef\xbb\xbf{}".to_vec()),
            ("utf-16", b"\xff\xfe{\x00}\x00".to_vec()),
            ("invalid utf-8", b"{\"name\":\"\xc3\x28\",\"password\":\"hunter2\"}".to_vec()),
            ("lone surrogate", br#"{"name":"\ud800","password":"hunter2"}"#.to_vec()),
            ("unknown member", br#"{"name":"ada","password":"hunter2","admin":true}"#.to_vec()),
            ("missing", br"{}".to_vec()),
            ("deep", deep.into_bytes()),
            ("nan", br#"{"name":NaN}"#.to_vec()),
        ];
        for path in ROUTES {
            for (case, body) in &bodies {
                let case = format!("{case} at {path}");
                assert_refused(&send(&app, path, Some("application/json"), body.clone()).await, &[400], &case);
            }
        }
        assert_eq!(app.checks(), checks);
        assert_eq!(app.newest_records(1000).await.len(), records);
    }

    async fn ops_04_members_that_repeat_or_have_the_wrong_type_are_refused(store) {
        let app = TestApp::on(&store).await;
        app.enrol("ada", &[]).await;
        let members: &[(&str, &[&str])] = &[
            ("/v1/login", &["name", "password"]),
            ("/v1/login/totp", &["login", "code"]),
            ("/v1/login/recovery-code", &["login", "code"]),
            ("/v1/login/enrol/totp", &["login"]),
            ("/v1/login/enrol/totp/confirm", &["login", "code"]),
            ("/v1/invite/accept", &["invite", "password"]),
            ("/v1/session/refresh", &["refresh_token"]),
        ];
        for (path, members) in members {
            let good: Vec<String> = members.iter().map(|member| format!("\"{member}\":\"hunter2\"")).collect();
            for member in *members {
                let others: Vec<&String> = good.iter().filter(|pair| !pair.starts_with(&format!("\"{member}\""))).collect();
                let others: String = others.iter().map(|pair| format!("{pair},")).collect();
                for value in ["1", "true", "null", "[]", "[\"hunter2\"]", "{}", "1e999", "{\"$ne\":\"\"}"] {
                    let body = format!("{{{others}\"{member}\":{value}}}");
                    assert_refused(&send(&app, path, Some("application/json"), body.clone()).await, &[400], &body);
                }
                let twice = format!("{{{others}\"{member}\":\"a\",\"{member}\":\"hunter2\"}}");
                assert_refused(&send(&app, path, Some("application/json"), twice.clone()).await, &[400], &twice);
                let missing = format!("{{{}}}", others.trim_end_matches(','));
                assert_refused(&send(&app, path, Some("application/json"), missing.clone()).await, &[400], &missing);
            }
        }
        assert_eq!(app.tried("ada", Guessable::Password).await.strangers, 0);
    }

    async fn a_body_of_another_type_or_size_is_not_read(store) {
        let app = TestApp::on(&store).await;
        let good = br#"{"name":"ada","password":"hunter2"}"#;
        for path in ROUTES {
            for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonx"), Some("")] {
                assert_refused(&send(&app, path, kind, good.to_vec()).await, &[415], &format!("{kind:?} at {path}"));
            }
            let big = vec![b' '; 10 * 1024 * 1024];
            assert_refused(&send(&app, path, Some("application/json"), big).await, &[413], path);
            let just_over = format!("{{\"name\":\"{}\"}}", "x".repeat(16 * 1024));
            assert_refused(&send(&app, path, Some("application/json"), just_over).await, &[413], path);
        }
        assert_eq!(app.checks(), 0);
        let reply = send(&app, "/v1/login", Some("application/json; charset=utf-8"), good.to_vec()).await;
        assert_eq!(reply.refusal(), "credentials");
    }

    async fn ops_04_heads_are_capped_on_every_route(store) {
        let app = TestApp::on(&store).await;
        let others = ["/v1/session", "/v1/account", "/.well-known/jwks.json", "/health/live", "/nowhere"];
        for path in ROUTES.iter().chain(&others) {
            for (target, value, count, status) in [
                (format!("{path}?{}", "a".repeat(1025)), 1, 1, 414),
                (format!("{path}{}", "/a".repeat(1024)), 1, 1, 414),
                ((*path).to_owned(), 1, 64, 431),
                ((*path).to_owned(), 17_000, 1, 431),
            ] {
                let mut request = Request::builder().uri(&target).header("host", "localhost:8080");
                for at in 0..count {
                    request = request.header(format!("x-{at}"), "v".repeat(value));
                }
                let reply = app.raw([127, 0, 0, 1].into(), request.body(Body::empty()).unwrap()).await;
                assert_refused(&reply, &[status], path);
            }
        }
        let long = format!("/v1/admin/users?{}", "a".repeat(1025));
        assert_eq!(app.admin(Method::GET, &long, None).await.status, 414);
    }

    async fn a_path_method_or_host_that_is_not_ours_says_so_with_a_reference(store) {
        let app = TestApp::on(&store).await;
        let ask = |method: Method, path: &str, hosts: &[&str]| {
            let mut request = Request::builder().method(method).uri(path);
            for host in hosts {
                request = request.header("host", *host);
            }
            request.body(Body::empty()).unwrap()
        };
        let ours: &[&str] = &["localhost:8080"];
        let cases: &[(Method, &str, &[&str], u16)] = &[
            (Method::GET, "/nowhere", ours, 404),
            (Method::GET, "/v1/login/", ours, 404),
            (Method::GET, "//v1/login", ours, 404),
            (Method::GET, "/v1/login", ours, 405),
            (Method::PUT, "/v1/login", ours, 405),
            (Method::GET, "/.well-known/jwks.json", &["evil.example"], 421),
            (Method::GET, "/.well-known/jwks.json", &[], 421),
            (Method::GET, "/.well-known/jwks.json", &["localhost:8080", "evil.example"], 421),
            (Method::GET, "/.well-known/jwks.json", &["evil.example", "localhost:8080"], 421),
            (Method::GET, "http://evil.example/.well-known/jwks.json", ours, 421),
        ];
        for (method, path, hosts, status) in cases {
            let reply = app.raw([127, 0, 0, 1].into(), ask(method.clone(), path, hosts)).await;
            assert_refused(&reply, &[*status], &format!("{method} {path} {hosts:?}"));
        }
        app.raw([127, 0, 0, 1].into(), ask(Method::GET, "/.well-known/jwks.json", ours)).await.ok();
    }
}
