//! Just within each limit, and just over it.

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;

async fn ask(request: Request) -> (StatusCode, String) {
    let router = Router::new().fallback(|| async { "here" }).layer(from_fn(refuse_long));
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn to(target: &str) -> Request {
    Request::get(target).body(Body::empty()).unwrap()
}

fn with_headers(count: usize, value_bytes: usize) -> Request {
    let mut request = Request::get("/");
    for at in 0..count {
        request = request.header(format!("x-{at:03}"), "v".repeat(value_bytes));
    }
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn ops_04_targets_have_a_length() {
    for (long, status) in [
        (format!("/{}", "a".repeat(URI_BYTES_MAX - 1)), 200),
        (format!("/{}", "a".repeat(URI_BYTES_MAX)), 414),
        (format!("/?{}", "a".repeat(QUERY_BYTES_MAX)), 200),
        (format!("/?{}", "a".repeat(QUERY_BYTES_MAX + 1)), 414),
        (format!("/{}?{}", "a".repeat(1500), "a".repeat(1000)), 414),
        (format!("http://{}/", "a".repeat(URI_BYTES_MAX)), 414),
    ] {
        let (got, body) = ask(to(&long)).await;
        assert_eq!(got.as_u16(), status, "{} bytes", long.len());
        assert!(got.is_success() || body.contains("urn:poundlock:problem:long_target"), "{body}");
    }
}

#[tokio::test]
async fn ops_04_headers_have_a_number_and_a_length() {
    for (count, value_bytes, status) in [
        (HEADERS_MAX, 1, 200),
        (HEADERS_MAX + 1, 1, 431),
        (1, 16 * 1024 - 5, 200),
        (1, 16 * 1024 - 4, 431),
        (60, 400, 431),
    ] {
        let (got, body) = ask(with_headers(count, value_bytes)).await;
        assert_eq!(got.as_u16(), status, "{count} of {value_bytes} bytes");
        assert!(got.is_success() || body.contains("urn:poundlock:problem:long_headers"), "{body}");
    }
}
