//! Ports and sockets on a real machine: where they may be made, and whom they let in.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_socket_is_its_owners_alone_and_takes_the_place_of_a_dead_one() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("admin.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    let listener = bind_socket(&path, 0o600, ADMIN_SOCKET).unwrap();
    assert_eq!(mode(&path), 0o600);
    assert!(bind_socket(&path, 0o600, ADMIN_SOCKET).unwrap_err().to_string().contains("another server"));
    drop(listener);
    bind_socket(&path, 0o600, ADMIN_SOCKET).unwrap();
}

#[tokio::test]
async fn a_socket_in_no_folder_is_told_by_name() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("no/admin.sock");
    let why = bind_socket(&path, 0o600, ADMIN_SOCKET).unwrap_err().to_string();
    assert!(why.contains("cannot make the socket") && why.contains("no/admin.sock"), "{why}");
}

#[test]
fn a_path_is_measured_in_bytes() {
    let path = |bytes: usize| PathBuf::from(format!("/{}", "a".repeat(bytes - 1)));
    refuse_long_socket(&path(100)).unwrap();
    let error = refuse_long_socket(&path(101)).unwrap_err();
    assert!(error.is::<WrongCall>() && error.to_string().contains("101 bytes"), "{error}");
    let accents = PathBuf::from("/".to_owned() + &"é".repeat(50));
    assert_eq!((accents.as_os_str().as_bytes().len(), refuse_long_socket(&accents).is_err()), (101, true));
}

#[tokio::test]
async fn localhost_is_both_families_and_another_address_is_itself_alone() {
    for (asked, both) in [("127.0.0.1:0", true), ("[::1]:0", true), ("127.0.0.2:0", false)] {
        let listeners = bind(asked.parse().unwrap()).await.unwrap();
        let addresses: Vec<_> = listeners.iter().map(|listener| listener.local_addr().unwrap()).collect();
        assert_eq!(addresses.len(), 1 + usize::from(both), "{addresses:?}");
        assert!(addresses.iter().all(|address| address.ip().is_loopback()), "{addresses:?}");
        assert!(addresses.iter().all(|address| address.port() == addresses[0].port()), "{addresses:?}");
        assert!(!both || addresses[0].is_ipv4() != addresses[1].is_ipv4(), "{addresses:?}");
    }
}

#[tokio::test]
async fn an_address_in_use_is_told_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let _held = TcpListener::bind(taken).await.unwrap();
    let why = bind(taken).await.unwrap_err().to_string();
    assert!(why.contains(&taken.to_string()) && why.contains("--listen"), "{why}");
}

#[test]
fn only_the_socket_of_a_dead_server_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    assert!(clear_dead_socket(&path, ADMIN_SOCKET).is_ok(), "nothing is there");
    let live = std::os::unix::net::UnixListener::bind(&path).unwrap();
    assert!(clear_dead_socket(&path, ADMIN_SOCKET).unwrap_err().to_string().contains("another server"));
    drop(live);
    clear_dead_socket(&path, ADMIN_SOCKET).unwrap();
    assert!(!path.exists());
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("precious"), folder.path().join("link"));
    std::fs::write(&file, "data").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for path in [&file, &link] {
        assert!(clear_dead_socket(path, ADMIN_SOCKET).unwrap_err().to_string().contains("no socket"));
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "data");
}

fn open_folder(folder: &TempDir, mode: u32) {
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn ops_02_a_socket_lies_where_nobody_can_put_another() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("http.sock");
    for (mode, own, group) in [
        (0o700, true, true),
        (0o755, true, true),
        (0o770, false, true),
        (0o775, false, true),
        (0o777, false, false),
        (0o1777, false, false),
        (0o702, false, false),
    ] {
        open_folder(&folder, mode);
        assert_eq!(refuse_open_folder(&path, 0o600).is_ok(), own, "{mode:o}");
        assert_eq!(refuse_open_folder(&path, 0o660).is_ok(), group, "{mode:o}");
    }
    assert!(refuse_open_folder(&path, 0o600).unwrap_err().to_string().contains("chmod 750"));
    let why = refuse_open_folder(Path::new("/no/such/folder/s"), 0o600).unwrap_err().to_string();
    assert!(why.contains("cannot look at /no/such/folder"), "{why}");
}

#[tokio::test]
async fn ops_02_the_public_socket_is_its_owners_alone_unless_a_mode_is_named() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("http.sock");
    let listen = |mode: Option<&str>| {
        let mut config = Config::default();
        (config.listen.socket, config.listen.socket_mode) = (Some(path.clone()), mode.map(str::to_owned));
        async move { listeners(&mut config, Passed::default()).await.map(drop).map_err(|error| error.to_string()) }
    };
    listen(None).await.unwrap();
    assert_eq!(mode(&path), 0o600);
    listen(Some("0660")).await.unwrap();
    assert_eq!(mode(&path), 0o660);
    open_folder(&folder, 0o770);
    assert!(listen(None).await.unwrap_err().contains("another socket in its place"));
    listen(Some("0660")).await.unwrap();
}

#[tokio::test]
async fn ops_02_a_passed_socket_is_as_closed_as_the_mode_says() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("passed.sock");
    let listener = UnixListener::bind(&path).unwrap();
    for (mode, own, group) in
        [(0o600, true, true), (0o755, true, true), (0o660, false, true), (0o666, false, false), (0o602, false, false)]
    {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(refuse_open_socket(&listener, 0o600).is_ok(), own, "{mode:o}");
        assert_eq!(refuse_open_socket(&listener, 0o660).is_ok(), group, "{mode:o}");
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    open_folder(&folder, 0o777);
    assert!(refuse_open_socket(&listener, 0o600).unwrap_err().to_string().contains("in its place"));
}
