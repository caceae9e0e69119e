//! A notify socket of our own hears what systemd would hear.

use std::collections::HashMap;
use std::ffi::OsString;

use super::*;

fn notifier(variables: &[(&str, &str)]) -> Notifier {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    Notifier::of(|name| variables.get(name).map(|value| OsString::from(*value)))
}

fn heard(socket: &UnixDatagram) -> String {
    let mut bytes = [0; 200];
    let got = socket.recv(&mut bytes).unwrap();
    String::from_utf8(bytes[..got].to_vec()).unwrap()
}

#[test]
fn each_state_is_one_message_to_a_path_or_to_an_abstract_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let name = format!("poundlock-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    for (socket, to) in [
        (UnixDatagram::bind(&path).unwrap(), path.to_str().unwrap().to_owned()),
        (UnixDatagram::bind_addr(&address).unwrap(), format!("@{name}")),
    ] {
        let notifier = notifier(&[("NOTIFY_SOCKET", &to)]);
        notifier.ready();
        notifier.reloading();
        notifier.alive();
        notifier.stopping();
        assert_eq!(heard(&socket), "READY=1", "{to}");
        let reloading = heard(&socket);
        let (state, at) = reloading.split_once("\nMONOTONIC_USEC=").unwrap();
        assert!(state == "RELOADING=1" && at.parse::<u64>().unwrap() > 0, "{reloading}");
        assert_eq!((heard(&socket), heard(&socket)), ("WATCHDOG=1".to_owned(), "STOPPING=1".to_owned()), "{to}");
    }
}

#[test]
fn nobody_to_tell_is_no_fault() {
    let gone = notifier(&[("NOTIFY_SOCKET", "/nowhere/notify"), ("WATCHDOG_USEC", "x")]);
    gone.ready();
    Notifier::default().ready();
    assert_eq!((gone.watchdog(), Notifier::default().watchdog()), (None, None));
}

#[test]
fn the_watchdog_is_fed_twice_in_its_time_and_only_if_it_is_ours() {
    let own = std::process::id().to_string();
    let with = |pid: &str| notifier(&[("NOTIFY_SOCKET", "/n"), ("WATCHDOG_USEC", "3000000"), ("WATCHDOG_PID", pid)]);
    assert_eq!(with(&own).watchdog(), Some(Duration::from_millis(1500)));
    assert_eq!(with("1").watchdog(), None);
    assert_eq!(notifier(&[("WATCHDOG_USEC", "3000000")]).watchdog(), None, "there is nobody to tell");
}
