//! Pairs of files made for the occasion: sound, wrong, renewed, open to others, at their end.

use std::os::unix::fs::PermissionsExt;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tempfile::TempDir;

use super::*;

const ISSUER: &str = "https://login.example.org";

/// A certificate and its key in a folder of their own.
pub(crate) struct Made {
    _folder: TempDir,
    pub(crate) files: TlsFiles,
}

impl Made {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let (certificate, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
        let made = Self { _folder: folder, files: TlsFiles { certificate, key } };
        made.renew("login.example.org", 2030);
        made
    }

    /// Writes a new pair over the old one, for this host until the first day of this year.
    pub(crate) fn renew(&self, host: &str, until: i32) {
        let (certificate, key) = pem(host, until);
        self.put(&certificate, &key);
    }

    fn put(&self, certificate: &str, key: &str) {
        std::fs::write(&self.files.certificate, certificate).unwrap();
        std::fs::write(&self.files.key, key).unwrap();
        self.open_key(0o600);
    }

    fn open_key(&self, mode: u32) {
        std::fs::set_permissions(&self.files.key, std::fs::Permissions::from_mode(mode)).unwrap();
    }
}

fn pem(host: &str, until: i32) -> (String, String) {
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn refusal(made: &Made) -> String {
    format!("{:#}", Pair::read(&made.files).unwrap_err())
}

#[test]
fn ops_01_a_pair_is_read_with_its_end_and_its_host() {
    let pair = Pair::read(&Made::new().files).unwrap();
    assert_eq!(moment(pair.until()), "2030-01-01T00:00:00Z");
    assert!(pair.names("login.example.org") && !pair.names("example.org") && !pair.names(""));
    assert!(!format!("{pair:?}").contains("key"));
}

#[test]
fn a_pair_that_is_none_says_which_file_is_wrong() {
    let made = Made::new();
    let (other, key) = pem("login.example.org", 2030);
    let certificate = std::fs::read_to_string(&made.files.certificate).unwrap();
    made.put(&other, &std::fs::read_to_string(&made.files.key).unwrap());
    assert!(refusal(&made).contains("is not the key of"), "{}", refusal(&made));
    made.put("", &key);
    assert!(refusal(&made).contains("no PEM certificate"), "{}", refusal(&made));
    made.put(&certificate, "");
    assert!(refusal(&made).contains("no PEM private key"), "{}", refusal(&made));
    made.put("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &key);
    assert!(refusal(&made).contains("cannot be read"), "{}", refusal(&made));
    std::fs::remove_file(&made.files.certificate).unwrap();
    assert!(refusal(&made).contains("cannot read") && refusal(&made).contains("chain.pem"), "{}", refusal(&made));
}

#[test]
fn ops_02_a_key_that_others_can_read_is_not_used() {
    let made = Made::new();
    for open in [0o644, 0o604, 0o660, 0o601] {
        made.open_key(open);
        assert!(refusal(&made).contains("chmod 640"), "{open:o}");
    }
    for closed in [0o600, 0o400, 0o640, 0o440] {
        made.open_key(closed);
        Pair::read(&made.files).unwrap();
    }
}

#[test]
fn ops_01_a_renewal_is_taken_and_what_is_not_sound_never() {
    let made = Made::new();
    let certificates = Certificates::load(&made.files, ISSUER).unwrap();
    let first = certificates.until();
    assert_eq!(certificates.look(None), Found::Same);
    std::fs::write(&made.files.certificate, pem("login.example.org", 2031).0).unwrap();
    assert_eq!((certificates.look(None), certificates.until()), (Found::Refused, first), "the key is another's");
    std::fs::write(&made.files.certificate, "").unwrap();
    assert_eq!((certificates.look(None), certificates.until()), (Found::Refused, first));
    std::fs::remove_file(&made.files.key).unwrap();
    assert_eq!((certificates.look(None), certificates.until()), (Found::Refused, first));
    made.renew("login.example.org", 2032);
    made.open_key(0o644);
    assert_eq!((certificates.look(None), certificates.until()), (Found::Refused, first));
    made.open_key(0o600);
    assert_eq!(certificates.look(None), Found::Renewed);
    assert_eq!(moment(certificates.until()), "2032-01-01T00:00:00Z");
    assert_eq!(certificates.look(None), Found::Same);
}

#[test]
fn the_end_is_told_once_a_day() {
    let made = Made::new();
    let certificates = Certificates::load(&made.files, ISSUER).unwrap();
    let told_at = |now: Time| {
        certificates.look(Some(now));
        certificates.told.lock().unwrap().ends_soon_at
    };
    let until = certificates.until();
    assert_eq!(told_at(until - Span::from_hours(15 * 24)), None);
    let first = until - Span::from_hours(10 * 24);
    assert_eq!(told_at(first), Some(first));
    assert_eq!(told_at(first + Span::from_hours(23)), Some(first));
    assert_eq!(told_at(until + Span::from_hours(1)), Some(until + Span::from_hours(1)), "and after it as well");
    made.renew("login.example.org", 2040);
    assert_eq!(told_at(until), None);
}

#[test]
fn the_host_of_an_issuer_has_no_port_and_no_brackets() {
    for (issuer, host) in [
        ("https://login.example.org", "login.example.org"),
        ("https://login.example.org:8443/a", "login.example.org"),
        ("https://[::1]:8443", "::1"),
        ("", ""),
    ] {
        assert_eq!(host_of(issuer), host);
    }
}
