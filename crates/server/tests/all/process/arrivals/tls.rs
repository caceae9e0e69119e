//! TLS as curl and OpenSSL see it (OPS-01).

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::process::Signal;
use tokio::task::JoinHandle;

use super::{HOST, Site, pem, told};

const KEYS: &str = "https://login.example.org/.well-known/jwks.json";
const TLS: &str = "address = \"127.0.0.1:0\"\n[listen.tls]\ncertificate = \"DIR/chain.pem\"\nkey = \"DIR/key.pem\"";

/// A handshake by OpenSSL with these arguments; what it tells of it.
fn handshake(port: &str, arguments: &[&str]) -> String {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &format!("127.0.0.1:{port}"), "-servername", HOST]).args(arguments);
    let output = command.stdin(Stdio::null()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn ops_01_only_tls_1_2_and_1_3_with_forward_secrecy_are_spoken() {
    let site = Site::new(TLS);
    let server = site.serve();
    for (arguments, agreed) in [
        (&["-tls1_3"][..], "TLSv1.3, Cipher is TLS_"),
        (&["-tls1_2"], "TLSv1.2, Cipher is ECDHE-"),
        (&["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"], "Cipher is ECDHE-ECDSA-CHACHA20-POLY1305"),
        (&["-alpn", "h2,http/1.1"], "ALPN protocol: h2"),
        (&["-alpn", "http/1.1"], "ALPN protocol: http/1.1"),
    ] {
        let said = handshake(server.port(), arguments);
        assert!(said.contains(agreed), "{arguments:?}: {said}");
    }
    // Security level 0 lets the judge itself offer what is old.
    for refused in [
        &["-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"][..],
        &["-tls1", "-cipher", "DEFAULT:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "AES128-GCM-SHA256:AES256-SHA:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA256:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"],
    ] {
        let said = handshake(server.port(), refused);
        assert!(said.contains("Cipher is (NONE)") && said.contains("alert"), "{refused:?}: {said}");
    }
    let said = handshake(server.port(), &["-alpn", "ftp"]);
    assert!(said.contains("alert no application protocol"), "what it speaks is not for us: {said}");
    server.stop();
}

#[test]
fn ops_01_https_is_served_by_both_versions_of_http_and_plain_http_not_at_all() {
    let site = Site::new(TLS);
    let server = site.serve();
    let to = server.connect_to();
    for (version, spoken) in [("--http2", "2 200"), ("--http1.1", "1.1 200")] {
        let (good, said) = told(&site.curl(&[version, "--connect-to", &to, KEYS]));
        assert!(good && said.contains(spoken) && said.contains("\"keys\""), "{said}");
        assert!(said.contains("max-age=31536000; includeSubDomains"), "ses_10: {said}");
    }
    assert!(!told(&site.curl(&["--connect-to", &to, "http://login.example.org:80/health/live"])).0, "plain");
    let (good, said) = told(&site.curl(&["--connect-to", "::127.0.0.1:1", "--insecure", KEYS]));
    assert!(!good, "{said}");
    server.stop();
}

#[test]
fn ops_01_a_renewed_certificate_is_shown_while_connections_live() {
    let site = Site::new(TLS);
    let server = site.serve();
    let (to, before) = (server.connect_to(), site.path("chain.pem"));
    let mut live = Command::new("openssl")
        .args(["s_client", "-quiet", "-connect", &format!("127.0.0.1:{}", server.port()), "-servername", HOST])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut ask, mut answer) = (live.stdin.take().unwrap(), live.stdout.take().unwrap());
    let mut alive = || {
        write!(ask, "GET /health/live HTTP/1.1\r\nhost: {HOST}\r\n\r\n").unwrap();
        let (mut said, mut bytes) = (String::new(), [0; 2048]);
        while !said.contains("\"live\"") {
            let got = answer.read(&mut bytes).unwrap();
            assert!(got > 0, "the connection ended: {said}");
            said += &String::from_utf8_lossy(&bytes[..got]);
        }
    };
    alive();
    std::fs::copy(&before, site.path("old.pem")).unwrap();
    // A file that is half there: the old pair stays.
    std::fs::write(site.path("chain.pem"), "-----BEGIN CERTIFICATE-----\n").unwrap();
    server.signal(Signal::HUP);
    server.hear("the new certificate cannot be used, and the old one stays");
    let (good, said) =
        told(&site.curl(&["--cacert", site.path("old.pem").to_str().unwrap(), "--connect-to", &to, KEYS]));
    assert!(good, "{said}");
    // No signal: the files are looked at.
    site.certify(2041);
    server.hear("a new certificate is in use, which holds until 2041-01-01");
    let (good, said) = told(&site.curl(&["--connect-to", &to, KEYS]));
    assert!(good, "{said}");
    assert!(!told(&site.curl(&["--cacert", site.path("old.pem").to_str().unwrap(), "--connect-to", &to, KEYS])).0);
    alive();
    drop(ask);
    live.kill().unwrap();
    live.wait().unwrap();
    server.stop();
}

#[test]
fn ops_06_the_end_of_the_certificate_is_a_metric_that_follows_a_renewal() {
    let site = Site::new(&format!("{TLS}\n[metrics]\nlisten = \"127.0.0.1:0\""));
    let server = site.serve();
    let url = server.hear("showing metrics on ").rsplit_once("showing metrics on ").unwrap().1.to_owned();
    let until = |seconds: i64| {
        let line = format!("\npoundlock_tls_certificate_expiry_timestamp_seconds {seconds}\n");
        // The log tells of a certificate while it is taken, and the metric when that is done.
        let shown = (0..100).any(|_| told(&site.curl(&[&url])).1.contains(&line));
        assert!(shown, "{}", told(&site.curl(&[&url])).1);
    };
    until(2_208_988_800);
    site.certify(2041);
    server.signal(Signal::HUP);
    server.hear("a new certificate is in use, which holds until 2041-01-01");
    until(2_240_611_200);
    server.stop();
}

/// Asks on new connections and on one that lives, until told to stop. Counts the answers.
async fn asks(clients: Vec<reqwest::Client>, url: String, stop: Arc<AtomicBool>, count: Arc<AtomicU64>) {
    while !stop.load(Ordering::SeqCst) {
        for client in &clients {
            let answer = client
                .get(&url)
                .header("host", HOST)
                .send()
                .await
                .unwrap_or_else(|error| panic!("after {count:?}: {error:?}"));
            assert_eq!(answer.status(), 200);
            assert!(answer.text().await.unwrap().contains("\"keys\""));
            count.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_01_renewals_under_load_fail_no_request() {
    let site = Site::new(TLS);
    let server = site.serve();
    let address = format!("127.0.0.1:{}", server.port()).parse().unwrap();
    let pairs: Vec<_> = (2050..2058).map(pem).collect();
    let own = std::fs::read_to_string(site.path("chain.pem")).unwrap();
    let trusted = || pairs.iter().map(|(pem, _)| pem).chain([&own]);
    let client = |kept: usize| {
        let builder = reqwest::Client::builder().no_proxy().resolve(HOST, address).pool_max_idle_per_host(kept);
        let certificates = trusted().map(|pem| reqwest::Certificate::from_pem(pem.as_bytes()).unwrap());
        builder.http1_only().tls_certs_only(certificates).build().unwrap()
    };
    let (stop, url) =
        (Arc::new(AtomicBool::new(false)), format!("https://{HOST}:{}/.well-known/jwks.json", server.port()));
    let answers = Arc::new(AtomicU64::new(0));
    let load = || tokio::spawn(asks(vec![client(0), client(1)], url.clone(), Arc::clone(&stop), Arc::clone(&answers)));
    let loads: Vec<_> = (0..4).map(|_| load()).collect();
    let more = async || {
        let before = answers.load(Ordering::SeqCst);
        while answers.load(Ordering::SeqCst) < before + 16 && !loads.iter().any(JoinHandle::is_finished) {
            tokio::task::yield_now().await;
        }
    };
    for (at, (certificate, key)) in (2050..).zip(&pairs) {
        site.put(certificate, key);
        server.signal(Signal::HUP);
        server.hear(&format!("which holds until {at}-01-01"));
        more().await;
    }
    // Whoever asks now is shown the last one.
    let (good, said) = told(&site.curl(&["--connect-to", &server.connect_to(), KEYS]));
    assert!(good, "{said}");
    stop.store(true, Ordering::SeqCst);
    assert!(answers.load(Ordering::SeqCst) >= 8 * 16, "{answers:?}");
    for load in loads {
        load.await.unwrap();
    }
    server.stop();
}

#[test]
fn ops_02_what_is_wrong_with_the_files_is_one_sentence() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new(TLS);
    let refused = || {
        let output = site.command("serve").output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let key = site.path("key.pem");
    let whole = std::fs::read_to_string(&key).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(refused().contains("chmod 640"), "{}", refused());
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    site.certify(2042);
    std::fs::write(&key, whole).unwrap();
    assert!(refused().contains("is not the key of"), "{}", refused());
    site.certify(2021);
    let server = site.serve();
    server.hear("the certificate ended on 2021-01-01");
}

#[test]
fn up_makes_the_first_administrator_behind_tls() {
    let site = Site::new(TLS);
    let server = super::Server::start(site.command("up"));
    let (good, said) = told(&site.curl(&["--connect-to", &server.connect_to(), KEYS]));
    assert!(good, "{said}");
    server.stop();
    assert!(!site.path("data").join("up.sock").exists());
}
