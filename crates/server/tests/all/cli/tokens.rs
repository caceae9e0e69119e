//! `poundlock token verify`.

use super::{Place, members, write};

#[test]
fn bnd_01_a_token_is_explained_check_by_check() {
    let place = Place::new();
    let server = place.up();
    let up = server.up.clone();
    let (token, issuer) = (up["tokens"]["access_token"].as_str().unwrap(), up["issuer"].as_str().unwrap());
    write(&place.path("token"), &format!("{token}\n"));
    let told = place.run(&["token", "verify", "token", "--issuer", issuer]).ok();
    assert_eq!(told.lines().count(), 14);
    assert!(told.lines().all(|line| line.starts_with("ok")), "{told}");
    assert_eq!(place.feed(&["token", "verify", "-", "--issuer", issuer], token).code, 0);
    let told = place.run(&["token", "verify", "token", "--issuer", issuer, "--json"]).json();
    assert_eq!((members(&told), told["passes"].as_bool()), (vec!["checks", "passes", "type"], Some(true)));
    assert_eq!(members(&told["checks"][0]), ["detail", "name", "outcome", "reject"]);
    let other = place.run(&["token", "verify", "token", "--issuer", issuer, "--audience", "orders"]);
    assert_eq!(other.code, 1);
    let failed = other.out.lines().find(|line| line.starts_with("FAILED")).unwrap();
    assert!(failed.contains("audience") && failed.contains("\"orders\"") && failed.contains("\"api\""), "{failed}");
    assert!(other.out.contains("not reached"), "{}", other.out);
    // Keys from a file need no server, and a token chooses neither keys nor issuer.
    let keys = place.run(&["token", "verify", "token"]);
    assert_eq!(keys.code, 3, "the default issuer has another port: {}", keys.err);
    let bare = place.run(&["token", "verify", "token", "--issuer", issuer, "--jwks", "password"]);
    assert!(bare.code == 1 && bare.err.contains("key set"), "{}", bare.err);
    server.stop();
    let gone = place.run(&["token", "verify", "token", "--issuer", issuer]);
    assert!(gone.code == 3 && gone.err.contains(issuer), "{}", gone.err);
}

#[test]
fn a_token_never_steers_the_terminal() {
    let place = Place::new();
    let keys = include_str!("../../../../verify/tests/vectors/example/jwks.json");
    write(&place.path("keys.json"), keys);
    let call = ["token", "verify", "-", "--issuer", "https://login.example", "--jwks", "keys.json"];
    let gave = place.feed(&call, "\u{1b}[2J.x.y");
    assert_eq!(gave.code, 1);
    assert!(!gave.out.contains('\u{1b}') && gave.out.starts_with("FAILED  shape"), "{}", gave.out);
    let example = include_str!("../../../../verify/tests/vectors/example/token.jwt");
    let call = [&call[..], &["--audience", "https://api.example"]].concat();
    let told = place.feed(&call, example);
    assert!(told.out.contains("ok      signature"), "{} {}", told.out, told.err);
    assert_eq!(place.feed(&[&call[..], &["--type", "statuslist+jwt"]].concat(), example).code, 2);
}
