//! `poundlock key`.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::{Place, members, write};

fn kid(place: &Place, state: &str) -> String {
    let listed = place.run(&["key", "list", "--json"]).json();
    let key = listed["keys"].as_array().unwrap().iter().find(|key| key["state"] == state).unwrap();
    key["kid"].as_str().unwrap().to_owned()
}

#[test]
fn keys_are_listed_rotated_and_revoked() {
    let (place, _) = Place::set_up();
    let listed = place.run(&["key", "list", "--json"]).json();
    assert_eq!(members(&listed), ["keys", "master_key"]);
    assert_eq!(members(&listed["keys"][0]), ["alg", "current_at", "gone_at", "kid", "made_at", "retired_at", "state"]);
    let first = kid(&place, "current");
    assert!(place.run(&["key", "rotate", "ES256"]).ok().contains("Services know it from"));
    let again = place.run(&["key", "rotate", "ES256", "--json"]).json();
    assert_eq!((members(&again), again["rotated"].as_bool()), (vec!["possible_from", "rotated"], Some(false)));
    assert!(place.run(&["key", "rotate", "ES256", "--force"]).ok().contains("signs now"));
    assert_eq!(kid(&place, "retired"), first);
    assert!(place.run(&["key", "revoke", &first]).failed(2).contains("--yes"));
    place.run(&["key", "revoke", &first, "--yes"]).ok();
    assert_eq!(kid(&place, "gone"), first);
    assert!(place.run(&["key", "revoke", &first, "--yes"]).failed(1).contains("gone already"));
    assert!(place.run(&["key", "rotate", "RS256"]).failed(1).contains("no audience asks"));
    assert!(place.run(&["key", "list"]).ok().starts_with("KEY"));
}

#[test]
fn car_03_the_master_key_turns_under_a_running_server() {
    let place = Place::new();
    let server = place.up();
    let made = place.run(&["key", "master", "new", "new.key", "--json"]).json();
    assert_eq!(members(&made), ["master_key"]);
    let file = place.path("new.key");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(place.run(&["key", "master", "new", "new.key"]).failed(1).contains("new.key"));
    let key = std::fs::read_to_string(&file).unwrap();
    let told = place.run(&["key", "master", "rotate", "--new-key-file", "new.key"]);
    assert!(!told.out.contains(key.trim()) && !told.err.contains(key.trim()));
    assert!(told.ok().contains(made["master_key"].as_str().unwrap()));
    place.run(&["user", "list"]).ok();
    let issuer = server.stop()["issuer"].clone();
    // The old key opens nothing now; the new one, where the old one was, opens all.
    let said = place.run(&["user", "list"]).failed(1);
    assert!(said.contains("does not open this store"), "{said}");
    assert!(place.run(&["serve", "--listen", "127.0.0.1:0"]).err.contains("does not open this store"));
    std::fs::rename(&file, place.data().join("master.key")).unwrap();
    let again = place.up();
    assert_eq!(members(&again.up), ["issuer"], "set up already at {issuer}");
    place.run(&["user", "list"]).ok();
}

#[test]
fn car_04_a_key_file_that_others_read_is_refused() {
    let (place, _) = Place::set_up();
    place.run(&["key", "master", "new", "loose.key"]).ok();
    std::fs::set_permissions(place.path("loose.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = place.run(&["key", "master", "rotate", "--new-key-file", "loose.key"]).failed(1);
    assert!(said.contains("chmod 600"), "{said}");
    write(&place.path("short.key"), "abc\n");
    std::fs::set_permissions(place.path("short.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let said = place.run(&["key", "master", "rotate", "--new-key-file", "short.key"]).failed(1);
    assert!(said.contains("64 hexadecimal"), "{said}");
    let listed: Value = place.run(&["key", "list", "--json"]).json();
    assert!(listed["master_key"].is_string());
}
