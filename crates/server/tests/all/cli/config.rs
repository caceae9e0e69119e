//! `poundlock config`.

use super::{Place, members, write};

#[test]
fn the_example_checks_and_every_setting_of_it_is_shown() {
    let place = Place::new();
    let example = place.run(&["config", "example"]).ok();
    write(&place.path("example.toml"), &example);
    let told = place.run(&["config", "check", "--config", "example.toml"]).ok();
    assert!(told.starts_with("The configuration is sound.") && told.contains("http://localhost:8080"), "{told}");
    let told = place.run(&["config", "check", "--json"]).json();
    assert_eq!(members(&told), ["admin_socket", "data", "issuer", "listen", "master_key", "store"]);
    assert!(!place.data().exists(), "a check makes nothing");
}

#[test]
fn ops_02_what_is_unsafe_or_misspelt_is_refused_and_no_password_is_shown() {
    let place = Place::new();
    write(&place.path("bad.toml"), "issuer = \"http://login.example.org\"\n");
    assert!(place.run(&["config", "check", "--config", "bad.toml"]).failed(1).contains("plain http"));
    write(&place.path("bad.toml"), "[listen]\nadress = \"127.0.0.1:1\"\n");
    assert!(place.run(&["config", "check", "--config", "bad.toml"]).failed(1).contains("adress"));
    write(&place.path("pg.toml"), "[store]\nurl = \"postgres://u:hunter2@db.example/p\"\n");
    let told = place.run(&["config", "check", "--config", "pg.toml"]).ok();
    assert!(told.contains("postgres") && !told.contains("hunter2"), "{told}");
    let long = format!("{}/admin.sock", "x".repeat(100));
    assert!(place.run(&["config", "check", "--admin-socket", &long]).failed(2).contains("111 bytes"));
}
