//! What the generator says about lines in every state, and which notes it refuses.

use super::*;

const DOCUMENT: &str = "- OTP-05 | MUST | Once. | x\n- OTP-06 | MUST | One of many. | x\n\
                        - OTP-07 | MUST | Digits. | x\n- WAN-01 | MUST | Random. | x\n- T-09 TOTP reuse | y | z\n";

fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

fn known() -> Vec<Id> {
    requirement::read(DOCUMENT).unwrap().into_iter().map(|one| one.id).collect()
}

fn made(notes_text: &str) -> String {
    let notes = notes(notes_text, &known()).unwrap();
    let evidence = Evidence::from([(id("OTP-05"), [String::from("a.rs: otp_05_once")].into())]);
    report(&requirement::read(DOCUMENT).unwrap(), &notes, &evidence)
}

#[test]
fn every_state_has_its_words() {
    let text = made("[open]\nWAN = \"4: passkeys\"\n[not-applicable]\n\"OTP-07\" = \"no digits here\"\n");
    assert!(text.contains("| OTP-05 | Once. | met: `a.rs: otp_05_once` |"), "{text}");
    assert!(text.contains("| OTP-06 | One of many. | **unproved** |"));
    assert!(text.contains("| OTP-07 | Digits. | not applicable: no digits here |"));
    assert!(text.contains("| WAN-01 | Random. | open: issue 4: passkeys |"));
    assert!(text.contains("1 met, 1 not applicable, 1 open, 2 unproved."));
}

#[test]
fn an_open_line_shows_what_is_proved_already() {
    let text = made("[open]\n\"OTP-05..06\" = \"4: pages\"\n");
    assert!(text.contains("| OTP-05 | Once. | open: issue 4: pages; in part: `a.rs: otp_05_once` |"), "{text}");
    assert!(text.contains("| OTP-06 | One of many. | open: issue 4: pages |"));
}

#[test]
fn notes_that_name_nothing_or_the_same_twice_are_refused() {
    for (text, part) in [
        ("[open]\n\"OTP-99\" = \"x\"\n", "names no requirement"),
        ("[open]\n\"OTP-06..09\" = \"x\"\n", "names no requirement"),
        ("[open]\n\"OTP-05\" = \"\"\n", "needs a sentence"),
        ("[open]\nOTP = \"x\"\n\"OTP-05\" = \"y\"\n", "twice"),
        ("[open]\nOTP = \"x\"\n[not-applicable]\n\"OTP-05\" = \"y\"\n", "both"),
        ("[later]\nOTP = \"x\"\n", "no table"),
    ] {
        let fault = notes(text, &known()).unwrap_err();
        assert!(fault.to_string().contains(part), "{text}: {fault}");
    }
}

#[test]
fn an_area_stands_for_all_its_lines() {
    let found = notes("[open]\nOTP = \"x\"\n", &known()).unwrap();
    assert_eq!(found.open.keys().copied().collect::<Vec<_>>(), [id("OTP-05"), id("OTP-06"), id("OTP-07")]);
}

#[test]
fn long_demands_are_cut_between_words() {
    let long = "word ".repeat(40);
    let cut = short(&long);
    assert!(cut.ends_with("word …") && cut.chars().count() < 95, "{cut}");
    assert_eq!(short("a | b"), "a / b");
}
