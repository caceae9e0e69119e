//! What single views show: order, pictures, what is left out.

use poundlock_core::secret::Secret;
use poundlock_core::step_up::Action;
use poundlock_core::time::Span;

use super::{
    Back, Consent, EnrolTotp, Error, InviteAccept, InviteKind, Learns, Purpose, RecoveryCodes, SecondFactor, SignIn,
    Way,
};
use crate::page::{Brand, Frame, Html, Language, Trouble, What};

fn rendered(render: impl Fn(&Frame<'_>) -> Html) -> String {
    let brand = Brand::default();
    render(&Frame { brand: &brand, language: Language::English, csrf: "token", path: "/" }).0
}

fn trouble(what: What) -> Option<Trouble> {
    Some(Trouble { what, reference: String::new() })
}

fn second(ways: &[Way], trouble: Option<Trouble>) -> SecondFactor {
    SecondFactor {
        at: "/sign-in/1".to_owned(),
        name: "maria".to_owned(),
        ways: ways.to_vec(),
        purpose: Purpose::SignIn,
        hidden: Vec::new(),
        trouble,
    }
}

/// WAN-26: what cannot be phished is offered first, in whatever order the account lists it.
#[test]
fn wan_26_the_strongest_factor_stands_open_and_the_others_are_one_step_away() {
    let view = second(&[Way::RecoveryCode, Way::Totp, Way::Passkey], None);
    assert_eq!((view.first(), view.others()), (Some(Way::Passkey), vec![Way::Totp, Way::RecoveryCode]));
    let html = rendered(|f| view.render(f));
    let at = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text}"));
    let ways = [
        "action=\"/sign-in/1/passkey\"",
        "<details",
        "action=\"/sign-in/1/totp\"",
        "action=\"/sign-in/1/recovery-code\"",
    ];
    assert!(ways.windows(2).all(|pair| at(pair[0]) < at(pair[1])));
    assert_eq!(html.matches("<details").count(), 2);
}

#[test]
fn the_factor_that_was_just_tried_stays_open() {
    let ways = [Way::Passkey, Way::Totp, Way::RecoveryCode];
    assert_eq!(second(&ways, trouble(What::Code)).first(), Some(Way::Totp));
    assert_eq!(second(&ways, trouble(What::RecoveryCode)).first(), Some(Way::RecoveryCode));
    assert_eq!(second(&ways, trouble(What::Passkey)).first(), Some(Way::Passkey));
    assert_eq!(second(&[Way::Passkey], trouble(What::Code)).first(), Some(Way::Passkey));
    assert_eq!(second(&[], None).first(), None);
}

#[test]
fn the_cursor_waits_in_the_code_only_where_it_stands_open_first() {
    let focused = |ways: &[Way], trouble| {
        let view = second(ways, trouble);
        rendered(|f| view.render(f)).matches(" autofocus").count()
    };
    let view = second(&[Way::Totp, Way::RecoveryCode], None);
    assert!(rendered(|f| view.render(f)).contains("aria-describedby=\"code-hint\" autofocus>"));
    assert_eq!(focused(&[Way::Totp, Way::RecoveryCode], None), 1);
    assert_eq!(focused(&[Way::Passkey, Way::Totp], None), 0, "the key is first");
    let tried = focused(&[Way::Totp, Way::RecoveryCode], trouble(What::RecoveryCode));
    assert_eq!(tried, 1, "in the field with the trouble");
}

/// STP-06: whoever confirms sees for what.
#[test]
fn stp_06_a_second_factor_for_a_change_names_the_change() {
    let purpose = Purpose::Change(Action::RemoveFactor, Some("Pixel 9".to_owned()));
    let html = rendered(|f| SecondFactor { purpose: purpose.clone(), ..second(&[Way::Totp], None) }.render(f));
    assert!(html.contains("You are about to remove") && html.contains("Pixel 9") && html.contains("href=\"/account\""));
    let plain = rendered(|f| second(&[Way::Totp], None).render(f));
    assert!(!plain.contains("You are about to") && plain.contains("href=\"/sign-in\""));
}

#[test]
fn a_recovery_code_comes_along_only_when_strangers_have_spent_their_budget() {
    let view = |trouble| SignIn { trouble, ..SignIn::default() };
    let has = |trouble: Option<Trouble>| rendered(|f| view(trouble.clone()).render(f)).contains("id=\"recovery_code\"");
    assert!(!has(None) && !has(trouble(What::Credentials)) && !has(trouble(What::Wait(Span::from_seconds(9)))));
    assert!(has(trouble(What::Blocked)) && has(trouble(What::RecoveryCode)));
    assert!(rendered(|f| SignIn { recovery: true, ..SignIn::default() }.render(f)).contains("id=\"recovery_code\""));
}

#[test]
fn passkeys_are_offered_only_where_there_are_any() {
    let html = |passkeys| rendered(|f| SignIn { passkeys, ..SignIn::default() }.render(f));
    assert!(html(true).contains("passkey.") && html(true).contains("webauthn"));
    assert!(!html(false).contains("passkey") && !html(false).contains("webauthn"));
}

fn totp() -> EnrolTotp {
    EnrolTotp {
        at: "/sign-in/1".to_owned(),
        secret: Secret::new("JBSWY3DPEHPK3PXP".to_owned()),
        uri: Secret::new("otpauth://totp/x:maria?secret=JBSWY3DPEHPK3PXP&issuer=x".to_owned()),
        label: String::new(),
        hidden: Vec::new(),
        first: true,
        other: None,
        trouble: None,
    }
}

/// The picture has a dark square exactly where the code has one, and four light ones around it.
#[test]
fn the_picture_is_the_code() {
    let view = totp();
    let picture = view.picture().unwrap();
    let code = fast_qr::QRBuilder::new(view.link()).ecl(fast_qr::ECL::M).build().unwrap();
    assert_eq!(picture.side, code.size + 8);
    let mut dark = vec![vec![false; picture.side]; picture.side];
    for run in picture.path.split('M').skip(1) {
        let (place, rest) = run.split_once('h').unwrap();
        let (x, y) = place.split_once(' ').unwrap();
        let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
        let length: usize = rest.split('v').next().unwrap().parse().unwrap();
        assert_eq!(rest, format!("{length}v1h-{length}z"));
        dark[y][x..x + length].fill(true);
    }
    for (y, row) in dark.iter().enumerate() {
        for (x, dark) in row.iter().enumerate() {
            let inside = (4..code.size + 4).contains(&x) && (4..code.size + 4).contains(&y);
            assert_eq!(*dark, inside && code[y - 4][x - 4].value(), "{x} {y}");
        }
    }
}

/// OTP-13: picture, text and link tell one and the same seed.
#[test]
fn otp_13_the_seed_is_shown_as_picture_text_and_link() {
    let html = rendered(|f| totp().render(f));
    assert!(html.contains("<span>JBSW</span> <span>Y3DP</span> <span>EHPK</span> <span>3PXP</span>"));
    assert!(html.contains("href=\"otpauth://totp/x:maria?secret=JBSWY3DPEHPK3PXP&#38;issuer=x\""));
    assert!(html.contains("role=\"img\" aria-label=\"QR code"));
}

#[test]
fn what_is_too_long_for_a_picture_is_still_shown_as_text() {
    let uri = Secret::new(format!("otpauth://totp/{}", "x".repeat(4000)));
    let html = rendered(|f| EnrolTotp { uri: uri.clone(), ..totp() }.render(f));
    assert!(!html.contains("class=\"qr\"") && html.contains("<span>JBSW</span>"));
}

/// RCV-07: shown once, and only left when the reader says so.
#[test]
fn rcv_07_codes_must_be_saved_before_the_page_is_left() {
    let codes = vec![Secret::new("K7QH4M-2P9XW".to_owned()), Secret::new("AAAAAA-BBBBB".to_owned())];
    let view = RecoveryCodes {
        at: "/codes".to_owned(),
        name: "../maria".to_owned(),
        codes,
        first: true,
        hidden: Vec::new(),
        trouble: None,
    };
    let html = rendered(|f| view.render(f));
    assert!(html.contains("<li>K7QH4M-2P9XW</li><li>AAAAAA-BBBBB</li>"));
    assert!(html.contains("name=\"saved\" value=\"yes\" required"));
    assert!(html.contains("data-file=\"recovery-codes-maria.txt\""));
}

/// PWD-01, PWD-05: the one rule is told before anything is typed.
#[test]
fn pwd_05_the_password_rule_is_length_and_is_told_beforehand() {
    let view = |kind| InviteAccept { invite: "pli_x".to_owned(), kind, least: 12, trouble: None };
    let html = rendered(|f| view(InviteKind::New { name: None }).render(f)).replace(['\u{2068}', '\u{2069}'], "");
    assert!(html.contains("At least 12 characters.") && html.contains("no digits or signs are required"));
    assert!(html.contains("minlength=\"12\"") && html.contains("type=\"hidden\" name=\"invite\" value=\"pli_x\""));
    let ticket = rendered(|f| view(InviteKind::Ticket { name: Some("maria".to_owned()) }).render(f));
    assert!(
        !ticket.contains("new_password") && ticket.contains("current-password") && ticket.contains("value=\"maria\"")
    );
    assert!(rendered(|f| view(InviteKind::Unknown).render(f)).contains("<label for=\"invite\">"));
}

/// OAE-17: who asks, for what, for how long, and where the browser goes.
#[test]
fn oae_17_consent_names_the_app_what_it_learns_and_where_it_leads() {
    let view = Consent {
        at: "/consent/1".to_owned(),
        client: "Wiki".to_owned(),
        host: "wiki.example.org".to_owned(),
        name: "maria".to_owned(),
        learns: vec![Learns::Identity, Learns::Api("Ledger".to_owned())],
        lifetime: None,
        hidden: Vec::new(),
    };
    let html = rendered(|f| view.render(f)).replace(['\u{2068}', '\u{2069}'], "");
    for text in ["Allow Wiki?", "wiki.example.org", "know that it is you", "use Ledger for you", "as maria"] {
        assert!(html.contains(text), "{text}");
    }
    assert!(html.contains("This lasts until you withdraw it."));
    let ending = rendered(|f| Consent { lifetime: Some(Span::from_hours(720)), ..view.clone() }.render(f));
    assert!(ending.replace(['\u{2068}', '\u{2069}'], "").contains("This lasts 30 days."));
    assert!(html.contains("name=\"answer\" value=\"allow\"") && html.contains("name=\"answer\" value=\"deny\""));
}

#[test]
fn an_error_says_what_to_do_when_and_by_which_reference() {
    let error = |wait, back| Error { problem: "busy", reference: "req_1".to_owned(), wait, back };
    let html = rendered(|f| error(Some(Span::from_seconds(5)), Back::Account).render(f));
    let html = html.replace(['\u{2068}', '\u{2069}'], "");
    assert!(
        html.contains("Wait 5 seconds") && html.contains("<code>req_1</code>") && html.contains("href=\"/account\"")
    );
    let nowhere = rendered(|f| error(None, Back::Nowhere).render(f));
    assert!(!nowhere.contains("class=\"button\"") && !nowhere.contains("Wait"));
}
