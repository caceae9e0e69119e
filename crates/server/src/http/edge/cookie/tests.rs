//! How cookies are called, set and read.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use poundlock_core::secret::Secret;

use super::{Kind, Names};

fn headers(lines: &[&'static str]) -> HeaderMap {
    lines.iter().map(|line| (COOKIE, HeaderValue::from_static(line))).collect()
}

fn line(names: &Names, kind: Kind) -> String {
    names.set(kind, &Secret::new("v".to_owned())).unwrap().to_str().unwrap().to_owned()
}

#[test]
fn ses_02_cookies_are_for_this_host_alone() {
    let away = Names::new("https://login.example.org", false);
    assert_eq!(line(&away, Kind::Session), "__Host-pl_session=v; Path=/; Secure; HttpOnly; SameSite=Lax");
    let here = Names::new("http://localhost:8080", false);
    assert_eq!(line(&here, Kind::Form), "__Host-pl_form_8080=v; Path=/; Secure; HttpOnly; SameSite=Lax");
    let plain = Names::new("http://localhost:8080", true);
    assert_eq!(line(&plain, Kind::Said), "pl_said_8080=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=60");
    assert!(away.clear(Kind::Session).unwrap().to_str().unwrap().ends_with("Max-Age=0"));
    assert!(away.set(Kind::Session, &Secret::new("a\r\nSet-Cookie: b=c".to_owned())).is_none());
}

#[test]
fn ses_03_the_session_goes_with_the_browser() {
    let names = Names::new("https://login.example.org", false);
    assert!(!line(&names, Kind::Session).contains("Max-Age"));
    assert!(line(&names, Kind::Device).contains("Max-Age=34560000"));
}

#[test]
fn a_cookie_that_comes_twice_is_none() {
    let names = Names::new("https://login.example.org", false);
    let read = |lines: &[&'static str]| names.read(&headers(lines), Kind::Form).map(|value| value.reveal().clone());
    assert_eq!(read(&["a=b; __Host-pl_form=x; c=d"]).as_deref(), Some("x"));
    assert_eq!(read(&["a=b", "__Host-pl_form=x"]).as_deref(), Some("x"));
    assert_eq!(read(&["__Host-pl_form=x; __Host-pl_form=y"]), None);
    assert_eq!(read(&["__Host-pl_form=x", "__Host-pl_form=x"]), None);
    assert_eq!(read(&["pl_form=x; __Host-pl_form_8080=y"]), None, "another server's");
}

#[test]
fn two_tabs_hold_two_logins() {
    let names = Names::new("http://localhost:8080", false);
    let ids = ["lgn_00000000000000000000000000000002", "lgn_00000000000000000000000000000001"];
    let line =
        format!("__Host-pl_login_{}_8080=x; __Host-pl_login_{}_8080=y; __Host-pl_login_no_8080=z", ids[0], ids[1]);
    let headers: HeaderMap = [(COOKIE, HeaderValue::from_str(&line).unwrap())].into_iter().collect();
    let held: Vec<String> = names.logins(&headers).iter().map(ToString::to_string).collect();
    assert_eq!(held, [ids[1], ids[0]]);
}
