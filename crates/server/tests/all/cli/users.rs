//! `poundlock user` and `poundlock invite`.

use super::{Place, members};

/// Runs the same commands on a folder, and says what they gave.
fn walk(place: &Place, name: &str) -> Vec<String> {
    let invited = place.run(&["user", "invite", name, "--group", "staff", "--json"]).json();
    assert_eq!(members(&invited), ["expires_at", "id", "invite", "name"]);
    let id = invited["id"].as_str().unwrap().to_owned();
    let listed = place.run(&["invite", "list"]).ok();
    assert!(listed.starts_with("INVITE") && listed.contains(name) && !listed.contains("pli_"), "{listed}");
    vec![
        place.run(&["invite", "withdraw", &id]).ok().replace(&id, "ID"),
        place.run(&["user", "group", "add", "ada", "staff"]).ok(),
        place.run(&["user", "group", "remove", "ADA", "staff"]).ok(),
        place.run(&["user", "unlock", "ada"]).ok(),
        place.run(&["user", "disable", "ada"]).failed(1).split(" (reference").next().unwrap().to_owned(),
        place.run(&["user", "show", "nobody"]).failed(1).split(" (reference").next().unwrap().to_owned(),
    ]
}

#[test]
fn a_command_does_the_same_with_a_server_and_without() {
    let place = Place::new();
    let server = place.up();
    let with = walk(&place, "bob");
    assert_eq!(with[1], "ada is in staff now.\n");
    assert!(with[4].contains("last one"), "{}", with[4]);
    server.stop();
    assert_eq!(walk(&place, "bob"), with);
    place.up();
}

#[test]
fn a_listing_is_aligned_for_people_and_stable_as_json() {
    let (place, _) = Place::set_up();
    let listed = place.run(&["user", "list", "--json"]).json();
    assert_eq!(members(&listed), ["users"]);
    let user = &listed["users"][0];
    let names = ["display_name", "groups", "id", "last_login_at", "made_at", "name", "state", "sub"];
    assert_eq!(members(user), names);
    let table = place.run(&["user", "list"]).ok();
    let lines: Vec<&str> = table.lines().collect();
    let column = lines[0].find("GROUPS").unwrap();
    assert_eq!((lines.len(), &lines[1][column..column + 6]), (2, "admins"));
    let shown = place.run(&["user", "show", "ada", "--json"]).json();
    assert_eq!(members(&shown).len(), names.len() + 3);
    assert_eq!(members(&shown["attempts"][0]), ["factor", "lane", "limit", "next_at", "tried"]);
    let text = place.run(&["user", "show", "ada"]).ok();
    assert!(text.contains("Recovery codes  10") && text.contains("totp"), "{text}");
    assert_eq!(members(&place.run(&["invite", "list", "--json"]).json()), ["invites"]);
    assert_eq!(place.run(&["invite", "list"]).ok(), "No invite or ticket is open.\n");
}

#[test]
fn a_secret_stands_alone_on_standard_output_and_a_loss_needs_a_reason_and_a_yes() {
    let (place, _) = Place::set_up();
    let invited = place.run(&["user", "invite", "bob", "--hours", "1", "--display-name", "Bob B."]);
    assert!(invited.err.contains("bob") && !invited.err.contains("pli_"), "{}", invited.err);
    let secret = invited.ok();
    assert!(secret.starts_with("pli_") && secret.lines().count() == 1, "{secret}");
    let ticket = place.run(&["user", "ticket", "ada", "--json"]).json();
    assert_eq!(members(&ticket), ["expires_at", "id", "name", "ticket"]);
    assert!(place.run(&["user", "reset-factor", "ada", "--yes"]).failed(2).contains("--reason"));
    assert!(place.run(&["user", "reset-factor", "ada", "--reason", "lost"]).failed(2).contains("--yes"));
    assert!(place.run(&["user", "delete", "ada"]).failed(2).contains("--yes"));
    assert!(place.run(&["user", "delete", "ada", "--yes"]).failed(1).contains("last one"));
    assert!(place.run(&["user", "invite", "eve", "--hours", "169"]).failed(2).contains("168"));
    assert!(place.run(&["user", "invite", "two words"]).failed(1).contains("no spaces"));
}
