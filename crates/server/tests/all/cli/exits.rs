//! Exit codes, and what is said when nobody answers.

use std::os::unix::fs::DirBuilderExt;

use rustix::fs::{FlockOperation, flock};

use super::{Place, write};

#[test]
fn nobody_there_is_3() {
    let place = Place::new();
    let said = place.run(&["user", "list"]).failed(3);
    assert!(said.contains("no server runs") && said.contains("poundlock up"), "{said}");
    assert!(!place.data().exists(), "a look at nothing made a folder");
    let said = place.run(&["login", "http://127.0.0.1:1", "--name", "ada", "--password-file", "password"]).failed(3);
    assert!(said.contains("no answer from http://127.0.0.1:1"), "{said}");
}

#[test]
fn a_held_folder_without_an_answer_is_3_and_says_so() {
    let (place, _) = Place::set_up();
    let lock = std::fs::File::create(place.data().join("lock")).unwrap();
    flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
    let said = place.run(&["key", "list"]).failed(3);
    assert!(said.contains("does not answer") && said.contains("admin.sock"), "{said}");
    drop(lock);
    place.run(&["key", "list"]).ok();
}

#[test]
fn a_folder_without_a_master_key_is_1() {
    let place = Place::new();
    std::fs::DirBuilder::new().mode(0o700).create(place.data()).unwrap();
    let said = place.run(&["user", "list"]).failed(1);
    assert!(said.contains("no master key"), "{said}");
}

#[test]
fn a_wrong_call_is_2() {
    let place = Place::new();
    for wrong in [&["user"][..], &["user", "frobnicate"], &["user", "show"], &["key", "rotate", "HS256"], &[]] {
        assert_eq!(place.run(wrong).code, 2, "{wrong:?}");
    }
    let long = format!("{}/admin.sock", "x".repeat(100));
    let said = place.run(&["user", "list", "--admin-socket", &long]).failed(2);
    assert!(said.contains("111 bytes") && said.contains("100") && said.contains("--admin-socket"), "{said}");
    let said = place.run(&["serve", "--admin-socket", &long]).err;
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn health_asks_and_never_takes_the_servers_place() {
    let place = Place::new();
    place.run(&["health"]).failed(3);
    assert!(!place.data().exists(), "a look at nothing made a folder");
    let (place, _) = Place::set_up();
    // Set up and ended: there is a store and a key, and still nobody to ask.
    let said = place.run(&["health"]).failed(3);
    assert!(said.contains("no server answers on") && said.contains("admin.sock"), "{said}");
    let serving = place.up();
    assert_eq!(place.run(&["health"]).ok().trim(), "ready");
    assert!(place.run(&["health", "--json"]).ok().contains(r#""status":"ready""#));
    serving.stop();
    place.run(&["health"]).failed(3);
}

#[test]
fn every_help_page_tells_the_exit_codes() {
    let place = Place::new();
    for page in ["health", "user", "client", "audience", "session", "device", "invite", "key", "config", "token"] {
        let help = place.run(&[page, "--help"]).ok();
        assert!(help.contains("Exit codes:") && help.contains("3  no server answers"), "{page}: {help}");
    }
    assert!(place.run(&["--help"]).ok().contains("Exit codes:"));
}

#[test]
fn two_servers_do_not_share_a_folder_and_a_socket_may_lie_elsewhere() {
    let place = Place::new();
    let server = place.up();
    let said = place.run(&["serve"]);
    assert!(said.code == 1 && said.err.contains("another server runs"), "{}", said.err);
    server.stop();
    write(&place.path("c.toml"), &format!("[admin]\nsocket = {:?}\n", place.path("elsewhere.sock")));
    let config = place.path("c.toml").to_str().unwrap().to_owned();
    place.run(&["--config", &config, "user", "list"]).ok();
}
