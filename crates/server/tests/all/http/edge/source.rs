//! Limits by source: which addresses count together, who is believed, and who is not asked (T-19, T-20, THR-07, THR-08).

use std::net::IpAddr;

use axum::body::Body;
use axum::http::{Method, Request};
use poundlock::testing::{Reply, TestApp};
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::json;

use crate::attempt::text;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn attempt(name: &str, forwarded: Option<&str>) -> Request<Body> {
    let mut request =
        Request::post("/v1/login").header("host", "localhost:8080").header("content-type", "application/json");
    if let Some(forwarded) = forwarded {
        request = request.header("x-forwarded-for", forwarded);
    }
    request.body(Body::from(json!({ "name": name, "password": "wrong" }).to_string())).unwrap()
}

/// How many of `count` attempts pass the limits by source. Each is for another name, so that no account's budget is
/// what holds them back.
async fn passing(app: &TestApp, count: usize, from: impl Fn(usize) -> (Option<IpAddr>, Option<String>)) -> usize {
    let mut passed = 0;
    for n in 0..count {
        let (peer, forwarded) = from(n);
        let request = attempt(&format!("name{n}"), forwarded.as_deref());
        let reply = match peer {
            Some(peer) => app.raw(peer, request).await,
            None => app.send_from_nowhere(request).await,
        };
        match reply.status.as_u16() {
            401 => passed += 1,
            429 => assert_limited(&reply),
            other => panic!("{other}: {}", reply.body),
        }
    }
    passed
}

fn assert_limited(reply: &Reply) {
    assert_eq!(reply.refusal(), "too_many_attempts");
    assert!(reply.headers["retry-after"].to_str().unwrap().parse::<i64>().unwrap() >= 1);
}

async fn behind(store: &poundlock_store::Store, proxies: &[&str]) -> TestApp {
    TestApp::with(store, |settings| {
        settings.loopback_unlimited = false;
        settings.alone = Some("limits by source are each node's own");
        settings.trusted_proxies = proxies.iter().map(|proxy| (*proxy).to_owned()).collect();
    })
    .await
}

on_both! {
    async fn t_19_one_address_is_one_source_however_it_is_written(store) {
        let app = behind(&store, &[]).await;
        assert_eq!(passing(&app, 40, |_| (Some(ip("203.0.113.9")), None)).await, 30);
        assert_eq!(passing(&app, 10, |_| (Some(ip("::ffff:203.0.113.9")), None)).await, 0);
        // Another address still gets in, and waiting helps.
        assert_eq!(passing(&app, 5, |_| (Some(ip("203.0.113.10")), None)).await, 5);
        app.advance(Span::from_minutes(1));
        assert_eq!(passing(&app, 5, |_| (Some(ip("203.0.113.9")), None)).await, 5);
    }

    async fn t_19_a_whole_sixty_four_is_one_customer(store) {
        let app = behind(&store, &[]).await;
        let from = |n: usize| (Some(ip(&format!("2001:db8:1:2::{n:x}"))), None);
        assert_eq!(passing(&app, 100, from).await, 60);
        let next_door = |n: usize| (Some(ip(&format!("2001:db8:1:{:x}::1", n + 3))), None);
        assert_eq!(passing(&app, 100, next_door).await, 60, "a /56 has 120");
    }

    async fn thr_08_an_unknown_address_is_limited_too(store) {
        let app = behind(&store, &["10.0.0.0/8"]).await;
        let nowhere = |n: usize| match n % 3 {
            0 => (None, None),
            1 => (Some(ip("10.0.0.1")), Some("nonsense".to_owned())),
            _ => (Some(ip("10.0.0.1")), None),
        };
        assert_eq!(passing(&app, 140, nowhere).await, 120, "all of them share one limit");
    }

    async fn an_open_port_answers_the_proxies_alone(store) {
        let app = TestApp::with(&store, |settings| {
            settings.listen = "0.0.0.0:8080".parse().unwrap();
            settings.trusted_proxies = vec!["10.0.0.0/8".to_owned()];
        })
        .await;
        let stranger = app.raw(ip("203.0.113.9"), attempt("ada", None)).await;
        assert_eq!((stranger.status.as_u16(), stranger.refusal()), (403, "past_the_proxy"));
        assert_eq!(app.checks(), 0);
        assert_eq!(app.raw(ip("10.0.0.1"), attempt("ada", Some("203.0.113.9"))).await.refusal(), "credentials");
        assert_eq!(app.raw(ip("127.0.0.1"), attempt("ada", None)).await.refusal(), "credentials");
    }

    async fn t_20_a_forwarded_address_counts_from_named_proxies_only(store) {
        let app = behind(&store, &["10.0.0.0/8"]).await;
        let spoofing = |n: usize| (Some(ip("203.0.113.9")), Some(format!("198.51.100.{n}")));
        assert_eq!(passing(&app, 40, spoofing).await, 30, "a stranger chose its own address");
        let proxied = |n: usize| (Some(ip("10.0.0.1")), Some(format!("198.51.100.{n}, 10.0.0.2")));
        assert_eq!(passing(&app, 40, proxied).await, 40);
        // What the client wrote stands left of what the proxy added.
        let lying = |n: usize| (Some(ip("10.0.0.1")), Some(format!("192.0.2.{n}, junk, 203.0.113.77")));
        assert_eq!(passing(&app, 40, lying).await, 30);
    }

    async fn a_known_device_is_not_asked_where_it_comes_from(store) {
        let app = behind(&store, &[]).await;
        let ada = {
            let quiet = TestApp::on(&store).await;
            quiet.enrol("ada", &[]).await
        };
        let from = ip("203.0.113.9");
        passing(&app, 31, |_| (Some(from), None)).await;
        let body = |device: &str| json!({ "name": "ada", "password": ada.password, "device": device });
        let known = body(&text(&ada.tokens, "device"));
        app.send_from(from, Method::POST, "/v1/login", (Some(&known), &[])).await.ok();
        let stranger = app.send_from(from, Method::POST, "/v1/login", (Some(&body("pld_no")), &[])).await;
        assert_limited(&stranger);
        for _ in 0..10 {
            let wrong = json!({ "name": "ada", "password": "wrong", "device": ada.tokens["device"] });
            app.send_from(from, Method::POST, "/v1/login", (Some(&wrong), &[])).await;
            app.advance(Span::from_seconds(61));
            passing(&app, 31, |_| (Some(from), None)).await;
        }
        // Once it has failed too often it is asked like anyone.
        assert_limited(&app.send_from(from, Method::POST, "/v1/login", (Some(&known), &[])).await);
    }

    async fn aud_refusals_alike_become_one_counted_record(store) {
        let app = behind(&store, &[]).await;
        let from = |_: usize| (Some(ip("203.0.113.9")), None);
        passing(&app, 200, from).await;
        let limited = |records: &[poundlock_core::audit::Record]| {
            records.iter().filter(|record| record.reason() == Some("source")).count()
        };
        assert_eq!(limited(&app.newest_records(1000).await), 5, "a flood filled the log");
        app.advance(Span::from_seconds(61));
        app.seal().await;
        let records = app.newest_records(1000).await;
        assert_eq!(limited(&records), 6);
        assert!(records.iter().any(|record| record.count() == 165), "165 of 170 are counted");
    }
}
