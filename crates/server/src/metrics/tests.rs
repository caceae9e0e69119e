//! Labels are closed, whatever is sent; connections are counted while they are open.

use axum::http::Method;

use super::labels::method;
use super::*;

#[test]
fn a_made_up_method_is_one_word() {
    for made_up in ["BREW", "GETT", "get"] {
        assert_eq!(method(&Method::from_bytes(made_up.as_bytes()).unwrap()), "other");
    }
    assert_eq!(method(&Method::DELETE), "DELETE");
}

#[test]
fn every_status_has_a_class() {
    for (status, class) in [(100, "1xx"), (204, "2xx"), (304, "3xx"), (421, "4xx"), (503, "5xx"), (999, "5xx")] {
        assert_eq!(status_class(StatusCode::from_u16(status).unwrap()), class);
    }
}

#[test]
fn a_connection_is_open_until_it_is_dropped() {
    let connections = Connections::default();
    let (first, second) = (connections.opened(), connections.clone().opened());
    assert_eq!(connections.open.get(), 2);
    drop(first);
    assert_eq!(connections.open.get(), 1);
    drop(second);
    connections.refused("full");
    assert_eq!((connections.open.get(), connections.refused.get_or_create(&Refused { why: "full" }).get()), (0, 1));
}

#[test]
fn a_path_outside_the_table_has_no_label_of_its_own() {
    assert_eq!(Route::of(None).as_str(), "none");
}

#[test]
fn ops_06_the_end_of_a_certificate_is_there_when_there_is_one() {
    let (mut registry, expiry) = (Registry::with_prefix("poundlock"), Expiry::default());
    registry.register_with_unit("tls_certificate_expiry_timestamp", "help", Unit::Seconds, expiry.clone());
    let shown = || {
        let mut out = String::new();
        text::encode(&mut out, &registry).unwrap();
        out
    };
    assert_eq!(shown(), "# EOF\n");
    for seconds in [1_893_456_000, 1_924_992_000, -1] {
        expiry.set(Time::from_seconds(seconds));
        let line = format!("\npoundlock_tls_certificate_expiry_timestamp_seconds {seconds}\n");
        assert!(shown().contains(&line), "{}", shown());
    }
}
