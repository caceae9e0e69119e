//! `poundlock session` and `poundlock device`.

use super::{Place, members};

#[test]
fn sessions_and_devices_are_listed_and_ended() {
    let place = Place::new();
    let server = place.up();
    let listed = place.run(&["session", "list", "ada", "--json"]).json();
    assert_eq!(members(&listed), ["name", "sessions", "user"]);
    let one = &listed["sessions"][0];
    assert_eq!(members(one), ["client", "device", "expires_at", "idle_until", "opened_at", "session", "used_at"]);
    assert_eq!(one["session"], server.up["tokens"]["session"]);
    assert!(place.run(&["session", "list", "ada"]).ok().starts_with("SESSION"));
    let id = one["session"].as_str().unwrap();
    place.run(&["session", "end", id]).ok();
    assert!(place.run(&["session", "end", id]).failed(1).contains("ended already"));
    assert_eq!(place.run(&["session", "list", "ada"]).ok(), "No session is live.\n");
    place.run(&["session", "end-all", "ada"]).ok();
    assert_eq!(place.run(&["session", "end-all"]).code, 2);
    assert!(place.run(&["session", "end-all", "--everyone"]).failed(2).contains("--yes"));
    place.run(&["session", "end-all", "--everyone", "--yes"]).ok();
    let devices = place.run(&["device", "list", "ada", "--json"]).json();
    assert_eq!(members(&devices["devices"][0]), ["fails", "id", "made_at", "revoked_at", "used_at"]);
    let device = devices["devices"][0]["id"].as_str().unwrap();
    place.run(&["device", "revoke", "ada", device]).ok();
    assert!(place.run(&["device", "revoke", "ada", device]).failed(1).contains("no known device"));
    assert!(place.run(&["device", "list", "ada"]).ok().contains(device));
}
