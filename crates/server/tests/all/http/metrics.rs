//! Metrics say what happened, in closed words, and under the names that the documentation, the dashboard and the alert
//! rules use (OPS-06, THR-10).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use poundlock::testing::TestApp;
use poundlock_core::time::Span;
use poundlock_store::on_both;
use poundlock_store::testing::TestStore;
use serde_json::{Value, json};
use tower::ServiceExt;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The value of one series; ends the test if there is none.
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(series) && line[series.len()..].starts_with(' '));
    let line = line.unwrap_or_else(|| panic!("no {series} in\n{text}"));
    line[series.len()..].split_whitespace().next().unwrap().parse().unwrap()
}

on_both! {
    async fn thr_10_a_login_and_the_controls_it_passes_are_counted(store) {
        let app = TestApp::alone(&store, "each node counts for itself").await;
        let ada = app.enrol("ada", &[]).await;
        app.advance(Span::from_seconds(30));
        let wrong = json!({ "name": "ada", "password": "not this one" });
        assert_eq!(app.post("/v1/login", &wrong).await.refusal(), "credentials");
        let refresh = json!({ "refresh_token": ada.tokens["refresh_token"] });
        let rotated = app.post("/v1/session/refresh", &refresh).await.ok();
        app.post("/v1/session/refresh", &json!({ "refresh_token": rotated["refresh_token"] })).await.ok();
        assert_eq!(app.post("/v1/session/refresh", &refresh).await.refusal(), "refresh_reuse");
        let text = app.metrics().await;
        for (series, least) in [
            ("poundlock_events_total{event=\"login.completed\"}", 1.0),
            ("poundlock_events_total{event=\"login.first.refused\"}", 1.0),
            ("poundlock_events_total{event=\"refresh.rotated\"}", 2.0),
            ("poundlock_events_total{event=\"refresh.theft\"}", 1.0),
            ("poundlock_events_total{event=\"code.reused\"}", 0.0),
            ("poundlock_denials_total{event=\"login.first.refused\",reason=\"credentials\"}", 1.0),
            ("poundlock_denials_total{event=\"refresh.theft\",reason=\"refresh_reuse\"}", 1.0),
            ("poundlock_refusals_total{kind=\"credentials\",reason=\"credentials\"}", 1.0),
            ("poundlock_tokens_minted_total{audience=\"service\",alg=\"ES256\"}", 3.0),
            ("poundlock_guard_verdicts_total{budget=\"password\",lane=\"strangers\",verdict=\"go\"}", 1.0),
            ("poundlock_store_commits_total{outcome=\"unknown\"}", 0.0),
            ("poundlock_hash_seconds_count", 2.0),
        ] {
            assert!((value(&text, series) - least).abs() < 0.5, "{series}: {}", value(&text, series));
        }
        assert!(value(&text, "poundlock_store_commit_seconds_count") >= 5.0);
        assert!(value(&text, "poundlock_audit_unsealed_records") >= 5.0);
        assert!(text.ends_with("# EOF\n"));
    }
}

#[tokio::test]
async fn a_clock_that_is_not_believed_is_shown() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    for (jump, state, ready) in [(0, "ready", 1.0), (3600, "jumped", 0.0), (-7200, "behind", 0.0)] {
        app.jump(Span::from_seconds(jump));
        let text = app.metrics().await;
        assert_eq!(value(&text, "poundlock_ready").to_bits(), f64::to_bits(ready), "{state}");
        for one in ["ready", "jumped", "behind", "apart"] {
            let shown = value(&text, &format!("poundlock_clock_state{{state=\"{one}\"}}"));
            assert_eq!(shown > 0.5, one == state, "{one} while {state}");
        }
        let age = value(&text, "poundlock_signing_key_age_seconds{alg=\"ES256\"}");
        assert!((0.0..7200.0).contains(&age), "{age}");
    }
}

#[tokio::test]
async fn an_answer_time_names_a_request_that_took_it() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    let reply = app.post("/v1/login", &json!({ "name": "nobody", "password": "x" })).await;
    let request = reply.headers["x-request-id"].to_str().unwrap().to_owned();
    let text = app.metrics().await;
    let exemplar = format!("# {{request=\"{request}\"}}");
    let line = text.lines().find(|line| line.contains(&exemplar)).unwrap_or_else(|| panic!("{text}"));
    assert!(
        line.starts_with("poundlock_http_request_seconds_bucket{") && line.contains("route=\"/v1/login\""),
        "{line}"
    );
}

/// What clients send becomes no label, however often and however strange.
#[tokio::test]
async fn ops_06_thr_10_no_text_of_a_client_becomes_a_label() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    let ada = app.enrol("ada-the-canary", &[]).await;
    let mut series = Vec::new();
    for round in 0..3 {
        for number in 0..20 {
            let canary = format!("canary{round}x{number}");
            let login =
                json!({ "name": canary, "password": canary, "client": canary, "audience": canary, "scope": canary });
            app.post("/v1/login", &login).await;
            app.post("/v1/login", &json!({ "name": canary, "password": canary })).await;
            app.get(&format!("/{canary}/{canary}?{canary}={canary}")).await;
            app.get(&format!("/status/{canary}")).await;
            app.send(Method::from_bytes(canary.as_bytes()).unwrap(), "/v1/login", None, &[]).await;
            app.send(Method::GET, "/v1/account", None, &[("authorization", &canary), ("host", &canary)]).await;
            app.admin(Method::GET, &format!("/v1/admin/users/{canary}"), None).await;
            app.admin(Method::GET, "/v1/admin/users/ada-the-canary", None).await;
        }
        let text = app.metrics().await;
        assert!(!text.contains("canary"), "{:?}", text.lines().find(|line| line.contains("canary")));
        series.push(text.lines().filter(|line| !line.starts_with('#')).count());
    }
    assert_eq!(series[1], series[2], "the same requests under other names made new series");
    let session = ada.tokens["session"].as_str().unwrap();
    assert!(!app.metrics().await.contains(session));
    assert!(series[2] < 1000, "{series:?}");
}

/// The names in the first column of the table in `docs/metrics.md`.
fn documented() -> BTreeSet<String> {
    let text = read("docs/metrics.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `poundlock_")?.split('`').next());
    rows.map(|name| format!("poundlock_{name}")).collect()
}

#[tokio::test]
async fn the_documentation_names_every_metric_and_no_other() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    let names: BTreeSet<String> = app.metric_names().into_iter().collect();
    assert_eq!(documented(), names);
    let text = app.metrics().await;
    let shown = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    for family in shown {
        // In its header a counter, and the build, has no ending.
        let known = ["", "_total", "_info"].iter().any(|end| names.contains(&format!("{family}{end}")));
        assert!(known, "{family} was registered past the list of names");
    }
}

/// Every metric that a dashboard, an alert or a rule asks for exists: a misspelt one would be silent for ever.
#[tokio::test]
async fn dashboard_and_alerts_ask_for_metrics_that_exist() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    let names: BTreeSet<String> = app.metric_names().into_iter().collect();
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana/dashboard.json")).unwrap();
    assert!(dashboard["panels"].as_array().unwrap().len() >= 10);
    let rules = read("deploy/prometheus/rules.yml");
    for (file, text) in [
        ("the dashboard", dashboard.to_string()),
        ("alerts.yml", read("deploy/prometheus/alerts.yml")),
        ("rules.yml", rules.clone()),
    ] {
        let asked = text.split(|c: char| !(c.is_ascii_alphanumeric() || "_:".contains(c)));
        let asked: BTreeSet<&str> =
            asked.filter(|word| word.starts_with("poundlock_") || word.starts_with("poundlock:")).collect();
        assert!(asked.len() >= 4, "{file}: {asked:?}");
        for word in asked {
            let histogram = ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end));
            let known = names.contains(word)
                || histogram.is_some_and(|name| names.contains(name))
                || rules.contains(&format!("record: {word}\n"));
            assert!(known, "{file} asks for {word}");
        }
    }
}

#[tokio::test]
async fn ops_06_metrics_are_on_no_other_listener_and_answer_addresses_alone() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    for path in ["/metrics", "/v1/metrics", "/v1/admin/metrics"] {
        assert_eq!(app.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(app.admin(Method::GET, path, None).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let ask = |host: &str, path: &str, method: Method| {
        let request = Request::builder().method(method).uri(path).header("host", host).body(Body::empty()).unwrap();
        app.metrics_router().oneshot(request)
    };
    let answer = ask("127.0.0.1:9090", "/metrics", Method::GET).await.unwrap();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(
        String::from_utf8_lossy(&body)
            .contains(&format!("poundlock_build_info{{version=\"{}\"", env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(ask("evil.example", "/metrics", Method::GET).await.unwrap().status(), StatusCode::MISDIRECTED_REQUEST);
    for (path, method) in [("/", Method::GET), ("/v1/login", Method::POST), ("/v1/admin/users", Method::GET)] {
        assert_eq!(ask("localhost", path, method).await.unwrap().status(), StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(ask("localhost", "/metrics", Method::POST).await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
}

/// Under a flood the audit log counts refusals together and the log writes a few lines; the metrics have every one.
#[tokio::test]
async fn thr_10_collapsed_refusals_are_counted_one_by_one() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    app.enrol("ada", &[]).await;
    let wrong = json!({ "name": "ada", "password": "not this one" });
    let mut refused = Vec::new();
    for _ in 0..40 {
        refused.push(app.post("/v1/login", &wrong).await.refusal().to_owned());
    }
    let checked = refused.iter().filter(|kind| *kind == "credentials").count();
    let delayed = refused.iter().filter(|kind| *kind == "too_many_attempts").count();
    assert!(checked >= 3 && delayed >= 20 && checked + delayed == 40, "{refused:?}");
    let text = app.metrics().await;
    let (go, late) = (checked.to_string().parse::<f64>().unwrap(), delayed.to_string().parse::<f64>().unwrap());
    let is = |series: &str, wanted: f64| {
        let found = value(&text, series);
        assert!((found - wanted).abs() < 0.5, "{series}: {found}, not {wanted}");
    };
    is("poundlock_guard_verdicts_total{budget=\"password\",lane=\"strangers\",verdict=\"go\"}", go);
    is("poundlock_guard_verdicts_total{budget=\"password\",lane=\"strangers\",verdict=\"delayed\"}", late);
    is("poundlock_denials_total{event=\"login.delayed\",reason=\"delayed\"}", late);
    is("poundlock_refusals_total{kind=\"too_many_attempts\",reason=\"delayed\"}", late);
    is("poundlock_http_request_seconds_count{method=\"POST\",route=\"/v1/login\",status=\"4xx\"}", 40.0);
    assert!(value(&text, "poundlock_events_total{event=\"login.delayed\"}") < late, "records are collapsed");
}

/// A store that is gone is shown, at once, and takes no other number with it.
#[tokio::test]
async fn a_store_that_does_not_answer_is_shown() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    let sealed = value(&app.metrics().await, "poundlock_audit_sealed_sequence");
    store.close().await;
    assert_eq!(app.get("/health/ready").await.status, StatusCode::SERVICE_UNAVAILABLE);
    let text = app.metrics().await;
    assert!(value(&text, "poundlock_ready") < 0.5);
    assert!(value(&text, "poundlock_clock_state{state=\"ready\"}") > 0.5);
    assert!((value(&text, "poundlock_audit_sealed_sequence") - sealed).abs() < 0.5);
    assert!(value(&text, "poundlock_refusals_total{kind=\"unready\",reason=\"store_unavailable\"}") > 0.5);
}

/// A token of the account API and one of a service are told apart, and the service's name is not shown.
#[tokio::test]
async fn tokens_are_counted_by_kind_of_audience() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    let ada = app.enrol("ada", &[]).await;
    app.advance(Span::from_seconds(30));
    app.log_in(&ada, Some("http://localhost:8080/account")).await;
    let text = app.metrics().await;
    assert!(value(&text, "poundlock_tokens_minted_total{audience=\"account\",alg=\"ES256\"}") > 0.5);
    let shown = text.lines().filter(|line| line.starts_with("poundlock_tokens_minted_total"));
    assert_eq!(shown.count(), 2);
}
