//! Proxies in front: HAProxy as it is, curl as a proxy of an old kind, and a Unix socket (THR-07, T-20).

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use super::{HOST, Site, told};
use crate::running::Running;

const KEYS: &str = "https://login.example.org/.well-known/jwks.json";

/// HAProxy with a configuration. Ends the test where it is not installed; `cargo xtask test` installs it.
fn haproxy(site: &Site, config: &str) -> (Running, u16) {
    let program = ["/usr/sbin/haproxy", "/usr/bin/haproxy"].into_iter().find(|path| std::fs::exists(path).unwrap());
    let program = program.expect("haproxy is not installed: run `cargo xtask test`, or apt-get install haproxy");
    // The port is free when it is found, and HAProxy is started at once.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let pem = ["chain.pem", "key.pem"].map(|name| std::fs::read_to_string(site.path(name)).unwrap()).concat();
    std::fs::write(site.path("both.pem"), pem).unwrap();
    let config = config.replace("PORT", &port.to_string()).replace("DIR", site.folder.path().to_str().unwrap());
    let text = format!("defaults\n  timeout connect 10s\n  timeout client 20s\n  timeout server 20s\n{config}");
    std::fs::write(site.path("haproxy.cfg"), &text).unwrap();
    let mut command = Command::new(program);
    let child = command.arg("-db").arg("-f").arg(site.path("haproxy.cfg")).stdout(Stdio::null()).spawn().unwrap();
    let mut it = Running(child);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(it.lives(), "haproxy does not take this: {text}");
        std::thread::yield_now();
    }
    (it, port)
}

#[test]
fn thr_07_haproxy_introduces_clients_by_version_2() {
    let tls = "[listen.tls]\ncertificate = \"DIR/chain.pem\"\nkey = \"DIR/key.pem\"";
    let passing = format!("address = \"127.0.0.1:0\"\nproxy_protocol = true\nbehind = [\"127.0.0.1\"]\n{tls}");
    let site = Site::new(&passing);
    let server = site.serve();
    let passed = |options: &str| {
        format!(
            "frontend f\n  mode tcp\n  bind 127.0.0.1:PORT\n  default_backend b\n\
             backend b\n  mode tcp\n  server s 127.0.0.1:{} {options}\n",
            server.port()
        )
    };
    let (_haproxy, port) = haproxy(&site, &passed("send-proxy-v2"));
    let to = format!("{HOST}::127.0.0.1:{port}");
    let (good, said) = told(&site.curl(&["--http2", "--connect-to", &to, KEYS]));
    assert!(good && said.contains("2 200"), "{said}");
    for (wrong, why) in [("send-proxy", "version 1"), ("", "sends no PROXY header")] {
        let (_old, port) = haproxy(&site, &passed(wrong));
        let to = format!("{HOST}::127.0.0.1:{port}");
        assert!(!told(&site.curl(&["--connect-to", &to, KEYS])).0, "{wrong:?}");
        if wrong == "send-proxy" {
            server.hear(why);
        }
    }
}

#[test]
fn t_20_haproxy_that_ends_tls_must_vouch_for_it() {
    let site = Site::new("address = \"127.0.0.1:0\"\nproxy_protocol = true\nbehind = [\"127.0.0.1\"]");
    let server = site.serve();
    // A client address other than loopback, as a proxy on another machine would pass it on.
    let ending = |options: &str| {
        format!(
            "frontend f\n  mode tcp\n  bind 127.0.0.1:PORT ssl crt DIR/both.pem\n  default_backend b\n\
             backend b\n  mode tcp\n  server s 127.0.0.1:{} {options}\n",
            server.port()
        )
    };
    for (options, status) in [("send-proxy-v2-ssl", "200"), ("send-proxy-v2", "403")] {
        let (_haproxy, port) = haproxy(&site, &ending(options));
        let to = format!("{HOST}::127.0.0.1:{port}");
        let (good, said) = told(&site.curl(&["--connect-to", &to, KEYS]));
        assert!(good && said.contains(status), "{options}: {said}");
    }
}

#[test]
fn thr_07_curl_speaks_version_1_and_is_refused() {
    let site = Site::new("address = \"127.0.0.1:0\"\nproxy_protocol = true\nbehind = [\"127.0.0.1\"]");
    let server = site.serve();
    let url = format!("http://127.0.0.1:{}/health/live", server.port());
    assert!(!told(&site.curl(&["--haproxy-protocol", &url])).0);
    server.hear("version 1 of the PROXY protocol");
    assert!(!told(&site.curl(&[&url])).0, "and without a header as well");
    server.stop();
}

#[test]
fn thr_08_a_unix_socket_serves_its_proxy_and_goes_at_the_end() {
    let site = Site::new("socket = \"DIR/http.sock\"\nsocket_mode = \"0660\"");
    let server = site.serve();
    let socket = site.path("http.sock");
    assert_eq!(server.place, socket.to_str().unwrap());
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o660);
    let over = |headers: &[&str]| {
        let mut arguments =
            vec!["--unix-socket", socket.to_str().unwrap(), "http://login.example.org/.well-known/jwks.json"];
        for header in headers {
            arguments.extend(["-H", header]);
        }
        told(&site.curl(&arguments))
    };
    assert!(over(&["X-Forwarded-Proto: https"]).1.contains("1.1 200"), "{:?}", over(&[]));
    assert!(over(&[]).1.contains("not_https"), "{:?}", over(&[]));
    server.stop();
    assert!(!socket.exists());
}

#[test]
fn what_lies_in_the_place_of_the_socket_is_not_removed() {
    let site = Site::new("socket = \"DIR/http.sock\"");
    std::fs::File::create(site.path("http.sock")).unwrap().write_all(b"precious").unwrap();
    let output = site.command("serve").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("is no socket") && said.contains("listen.socket"), "{said}");
    assert_eq!(std::fs::read_to_string(site.path("http.sock")).unwrap(), "precious");
}
