//! A parent that passes sockets and listens to a notify socket, as systemd does.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use super::{PATIENCE, Server, Site, told};

/// Listens where the first argument says, passes that on as descriptor 3, and becomes the program that follows.
const PARENT: &str = r#"
import os, socket, sys
at = sys.argv[1]
if at.startswith("/"):
    s = socket.socket(socket.AF_UNIX); s.bind(at); os.chmod(at, int(sys.argv[2], 8))
else:
    s = socket.socket(); s.bind((at, 0)); print(s.getsockname()[1], file=sys.stderr, flush=True)
s.listen(64)
if s.fileno() != 3:
    os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ["LISTEN_FDS"] = "1"
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[3], sys.argv[3:])
"#;

fn parent(site: &Site, at: &str, mode: &str) -> Command {
    let mut command = Command::new("python3");
    command.args(["-c", PARENT, at, mode, env!("CARGO_BIN_EXE_poundlock")]).args(site.arguments("serve"));
    site.settle(&mut command);
    command
}

/// The next message that is not the watchdog's.
fn heard(notify: &UnixDatagram) -> String {
    let mut bytes = [0; 200];
    loop {
        let got = notify.recv(&mut bytes).unwrap();
        let text = String::from_utf8(bytes[..got].to_vec()).unwrap();
        if text != "WATCHDOG=1" {
            return text;
        }
    }
}

#[test]
fn a_passed_socket_is_served_and_systemd_is_told() {
    let site = Site::new("behind = [\"127.0.0.1\"]");
    let notify = UnixDatagram::bind(site.path("notify")).unwrap();
    notify.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = parent(&site, "127.0.0.1", "0");
    command.env("NOTIFY_SOCKET", site.path("notify")).env("WATCHDOG_USEC", "100000");
    let server = Server::start(command);
    assert_eq!(heard(&notify), "READY=1");
    let url = format!("http://127.0.0.1:{}/health/live", server.port());
    assert!(told(&site.curl(&[&url])).1.contains("1.1 200"));
    let mut bytes = [0; 100];
    let got = notify.recv(&mut bytes).unwrap();
    assert_eq!(&bytes[..got], b"WATCHDOG=1");
    server.signal(Signal::HUP);
    assert!(heard(&notify).starts_with("RELOADING=1\nMONOTONIC_USEC="));
    assert_eq!(heard(&notify), "READY=1");
    server.signal(Signal::TERM);
    assert_eq!(heard(&notify), "STOPPING=1");
    server.stop();
}

#[test]
fn ops_02_a_passed_socket_must_be_as_safe_as_one_of_our_own() {
    let site = Site::new("");
    let refused = |at: &str, mode: &str| {
        let output = parent(&site, at, mode).stdout(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        BufReader::new(&output.stderr[..]).lines().last().unwrap().unwrap()
    };
    let socket = site.path("passed.sock");
    assert!(refused(socket.to_str().unwrap(), "666").contains("SocketMode=0660"));
    std::fs::remove_file(&socket).unwrap();
    assert!(
        refused(socket.to_str().unwrap(), "660").contains("listen.socket_mode"),
        "its group is not believed unasked"
    );
    std::fs::remove_file(&socket).unwrap();
    site.configure("socket_mode = \"0660\"");
    let server = Server::start(parent(&site, socket.to_str().unwrap(), "660"));
    assert_eq!(server.place, socket.to_str().unwrap());
    server.stop();
    assert!(socket.exists(), "it is systemd's");
    let mut admin = parent(&site, "127.0.0.1", "0");
    let said = admin.env("LISTEN_FDNAMES", "admin").output().unwrap();
    assert!(String::from_utf8_lossy(&said.stderr).contains("the admin socket is made by the server itself"));
}
