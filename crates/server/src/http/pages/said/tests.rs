//! What travels in the cookie comes out as it went in, and nothing else does.

use super::*;

#[test]
fn what_is_said_comes_back_as_it_was() {
    let reference = "ref_01a3185cc5317ef3ab2330e2d347532c".to_owned();
    let weak =
        [Weakness::TooShort { min: 12 }, Weakness::TooLong, Weakness::Common, Weakness::Context(ContextWord::Name)];
    let troubles = PLAIN.iter().map(|(_, what)| *what).chain(weak.map(What::Weak));
    let waits = [What::Wait(Span::from_seconds(90)), What::Busy(Span::from_seconds(2))];
    for what in troubles.chain(waits) {
        let said = Said::trouble("/sign-in?request=x", Trouble { what, reference: reference.clone() }, "ada ä");
        assert_eq!(Said::parse(&said.text()), Some(said));
    }
    for notice in Notice::ALL {
        let said = Said::notice("/account", notice);
        assert_eq!(Said::parse(&said.text()).and_then(|said| said.as_notice()), Some(notice));
    }
}

#[test]
fn what_nobody_here_says_is_nothing() {
    let text = |parts: [&str; 4]| parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    assert!(Said::parse(&text(["/", "code", "ref_1", ""])).is_some());
    for bad in [
        text(["/", "<b>", "ref_1", ""]),
        text(["/", "code", "<b>", ""]),
        text(["/", "code", &"a".repeat(41), ""]),
        text(["/", "notice-9999", "", ""]),
        text(["/", "wait--1", "", ""]),
        text(["/", "wait-99999999999", "", ""]),
        "a.b".to_owned(),
        String::new(),
        "!.!.!.!".to_owned(),
    ] {
        assert_eq!(Said::parse(&bad), None, "{bad}");
    }
    assert_eq!(
        Said::trouble("/", Trouble { what: What::Code, reference: String::new() }, &"x".repeat(300)).typed(),
        ""
    );
}

#[test]
fn only_what_a_form_can_answer_is_said_on_it() {
    let denied = |denial| Refused::Denied { denial, reference: String::new(), login: None };
    for denial in [Denial::Credentials, Denial::Code, Denial::Blocked, Denial::Delayed(Span::from_seconds(1))] {
        let said = Said::of(&denied(denial), "req_1", "/sign-in", "ada").unwrap();
        assert_eq!(said.as_trouble().unwrap().reference, "req_1", "where nothing was recorded, the request's id");
    }
    for denial in [Denial::Gone, Denial::WrongStep, Denial::SessionEnded, Denial::NotAllowed] {
        assert_eq!(Said::of(&denied(denial), "req_1", "/sign-in", ""), None);
    }
    let said = Said::of(&denied(Denial::Code), "req_1", "/", "").unwrap();
    let told = for_recovery(&denied(Denial::Code), said).as_trouble().unwrap();
    assert_eq!(told.what, What::RecoveryCode);
}
