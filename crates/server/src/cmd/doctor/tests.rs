//! What makes a finding, on configurations of each kind.

use poundlock_core::time::{Span, Time};

use super::setup::{certificate, configuration, keys, proxy};
use super::*;
use crate::config::Config;

fn states(checks: &[Check]) -> Vec<State> {
    checks.iter().map(|check| check.state).collect()
}

#[test]
fn ops_02_an_unsafe_configuration_is_wrong() {
    assert_eq!(states(&configuration(&Config::default())), [State::Ok]);
    let mut open = Config::default();
    open.listen.address = ([0, 0, 0, 0], 8080).into();
    assert_eq!(states(&configuration(&open)), [State::Fail]);
    let mut loose = Config::default();
    loose.guard.sources.loopback_unlimited = true;
    assert_eq!(states(&configuration(&loose)), [State::Ok, State::Warn]);
}

#[test]
fn car_04_a_key_beside_what_it_protects_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let config = Config { data: folder.path().to_owned(), ..Config::default() };
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(states(&keys(&config).0), [State::Ok, State::Warn]);
    crate::boot::write_master(folder.path(), &crate::rng::SystemRng::new()).unwrap();
    let (checks, master) = keys(&config);
    assert!(master.is_some() && checks.iter().any(|check| check.says.contains("copy of the key")), "{checks:?}");
    for (mode, state) in [(0o755, State::Warn), (0o777, State::Fail)] {
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(keys(&config).0.first().map(|check| check.state), Some(state), "{mode:o}");
    }
    std::fs::set_permissions(folder.path().join("master.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(keys(&config).0.iter().any(|check| check.says.contains("can be read by others")));
}

#[test]
fn thr_07_proxies_are_named_and_narrow() {
    let with = |issuer: Option<&str>, behind: &[&str]| {
        let mut config = Config { issuer: issuer.map(str::to_owned), ..Config::default() };
        config.listen.behind = behind.iter().map(|text| (*text).to_owned()).collect();
        states(&proxy(&config))
    };
    assert_eq!(with(None, &[]), [State::Ok]);
    assert_eq!(with(Some("https://login.example"), &[]), [State::Warn]);
    assert_eq!(with(Some("https://login.example"), &["10.0.0.1"]), [State::Ok]);
    assert_eq!(with(Some("https://login.example"), &["10.0.0.0/8"]), [State::Warn]);
    assert_eq!(with(Some("https://login.example"), &["fd00::/16"]), [State::Warn]);
}

#[test]
fn ops_01_a_certificate_is_looked_at_before_clients_refuse_it() {
    let made = crate::tls::tests::Made::new();
    let until = crate::tls::Pair::read(&made.files).unwrap().until();
    let mut config = Config { issuer: Some("https://login.example.org".to_owned()), ..Config::default() };
    assert_eq!(states(&certificate(&config, until)), [], "TLS ends elsewhere");
    config.listen.tls = Some(made.files.clone());
    assert_eq!(states(&proxy(&config)), [State::Ok], "no proxy is needed");
    let at = |now: Time| states(&certificate(&config, now));
    assert_eq!(at(until - Span::from_hours(24 * 15)), [State::Ok]);
    assert_eq!(at(until - Span::from_hours(24 * 13)), [State::Warn]);
    assert_eq!(at(until), [State::Fail]);
    assert_eq!(at(Time::from_seconds(1_577_836_799)), [State::Fail], "before it holds");
    assert_eq!(at(Time::from_seconds(1_577_836_800)), [State::Ok]);
    made.renew("other.example.org", 2030);
    assert_eq!(at(until - Span::from_hours(24 * 15)), [State::Fail]);
    std::fs::remove_file(&made.files.key).unwrap();
    assert_eq!(at(until - Span::from_hours(24 * 15)), [State::Fail]);
}

#[test]
fn an_exit_code_tells_the_worst() {
    assert_eq!(Found { failed: 0, warned: 3 }.code(), 1);
    assert_eq!(Found { failed: 1, warned: 0 }.code(), 2);
}
