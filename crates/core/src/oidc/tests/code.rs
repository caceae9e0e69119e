//! Codes: once, for a minute, for one client, address and verifier (OAE-04, T-28).

use super::{BACK, CHALLENGE, NOW, VERIFIER, client};
use crate::client::ClientKind;
use crate::id::{FamilyId, SessionId, UserId};
use crate::oidc::Params;
use crate::oidc::authorize::{Asked, check};
use crate::oidc::code::{Code, CodeRefusal, CodeRow, LIFE, Redeemed, Shown, redeem};
use crate::oidc::consent;
use crate::oidc::pkce::Challenge;
use crate::seal::Keyring;
use crate::secret::Secret;
use crate::session::tests::ring;
use crate::testing::SeededRng;
use crate::time::Span;

fn asked(pkce: bool) -> Asked {
    let client = client(ClientKind::Confidential, |spec| spec.pkce_optional = true);
    let challenge = format!("&code_challenge={CHALLENGE}&code_challenge_method=S256");
    let text = format!(
        "client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&response_type=code&scope=openid&nonce=n{}",
        if pkce { &challenge } else { "" }
    );
    let params = Params::parse(&text).unwrap();
    check(&params, |_| Some(&client), NOW).unwrap()
}

fn session(seed: u64) -> SessionId {
    SessionId::new(NOW, &SeededRng::new(seed))
}

fn issue(pkce: bool) -> (Keyring, Code, CodeRow) {
    let ring = ring(1);
    let (code, row) = Code::issue(&asked(pkce), session(1), NOW, &ring, &SeededRng::new(2));
    (ring, code, row)
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn shown(verifier: Option<&Secret<String>>) -> Shown<'_> {
    Shown { client: "app", redirect_uri: Some(BACK), verifier, now: NOW }
}

fn refusal(redeemed: Redeemed) -> CodeRefusal {
    match redeemed {
        Redeemed::Refuse(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn oae_04_a_code_gives_what_was_asked_for_within_its_minute() {
    let (ring, code, row) = issue(true);
    let verifier = secret(VERIFIER);
    let Redeemed::Tokens(facts) = redeem(&ring, &row, shown(Some(&verifier))).unwrap() else { panic!() };
    assert_eq!((facts.client.as_str(), facts.scope.as_str(), facts.nonce.as_deref()), ("app", "openid", Some("n")));
    let at = |now| redeem(&ring, &row, Shown { now, ..shown(Some(&verifier)) }).unwrap();
    assert!(matches!(at(NOW + LIFE - Span::from_millis(1)), Redeemed::Tokens(_)));
    assert_eq!(refusal(at(NOW + LIFE)), CodeRefusal::Expired);
    assert_eq!(Code::parse(&code.text()).unwrap().digest(), row.digest);
    assert!(LIFE <= Span::from_seconds(60));
}

#[test]
fn t_26_a_code_has_a_form_of_its_own() {
    let (_, code, row) = issue(true);
    let text = code.text();
    let text = text.reveal();
    assert!(text.starts_with("plc_") && text.len() == 4 + 43);
    for other in ["", "plc_", "plr_x", &text[4..], &format!("{text}A"), &text.replace("plc_", "pll_")] {
        assert!(Code::parse(&secret(other)).is_none(), "{other}");
    }
    assert!(!format!("{row:?}").contains(&text[4..]));
}

#[test]
fn t_28_verifier_and_challenge_come_together_or_not_at_all() {
    let (ring, _, row) = issue(true);
    let wrong = |text: &str| refusal(redeem(&ring, &row, shown(Some(&secret(text)))).unwrap());
    let (padded, small) = (format!("{VERIFIER} "), VERIFIER.to_lowercase());
    for text in ["", "short", CHALLENGE, &VERIFIER[..42], &padded, &small, &"a".repeat(43), &"a".repeat(129)] {
        assert_eq!(wrong(text), CodeRefusal::WrongVerifier, "{text}");
    }
    assert_eq!(refusal(redeem(&ring, &row, shown(None)).unwrap()), CodeRefusal::WrongVerifier);
    let (ring, _, row) = issue(false);
    let verifier = secret(VERIFIER);
    let downgraded = redeem(&ring, &row, shown(Some(&verifier))).unwrap();
    assert_eq!(refusal(downgraded), CodeRefusal::WrongVerifier, "none was announced");
    assert!(matches!(redeem(&ring, &row, shown(None)).unwrap(), Redeemed::Tokens(_)));
}

#[test]
fn oae_03_the_vector_of_rfc_7636_holds_and_verifiers_have_a_form() {
    assert!(Challenge::parse(CHALLENGE).unwrap().is_met_by(&secret(VERIFIER)));
    let digest = |text: &str| poundlock_verify::b64::encode(crate::secret::Digest::of(text.as_bytes()).as_bytes());
    let meets = |text: &str| Challenge::parse(&digest(text)).unwrap().is_met_by(&secret(text));
    for (length, holds) in [(42, false), (43, true), (128, true), (129, false)] {
        assert_eq!(meets(&"v".repeat(length)), holds, "{length}");
    }
    for odd in [" ", "\u{e9}", "+", "/", "="] {
        assert!(!meets(&format!("{}{odd}", "v".repeat(43))), "{odd}");
    }
}

#[test]
fn oae_04_codes_cross_neither_clients_nor_addresses() {
    let (ring, _, row) = issue(true);
    let verifier = secret(VERIFIER);
    let with = |client: &'static str, redirect_uri: Option<&'static str>| {
        refusal(redeem(&ring, &row, Shown { client, redirect_uri, ..shown(Some(&verifier)) }).unwrap())
    };
    assert_eq!(with("other", Some(BACK)), CodeRefusal::WrongClient);
    assert_eq!(with("app", None), CodeRefusal::WrongRedirect);
    assert_eq!(with("app", Some("https://app.example/cb/")), CodeRefusal::WrongRedirect);
}

#[test]
fn oae_04_only_who_knows_everything_can_end_what_a_code_became() {
    let (ring, _, mut row) = issue(true);
    let family = FamilyId::new(NOW, &SeededRng::new(7));
    row.family = Some(family);
    let verifier = secret(VERIFIER);
    let replay = |shown| redeem(&ring, &row, shown).unwrap();
    assert!(matches!(replay(shown(Some(&verifier))), Redeemed::Replay(found) if found == family));
    let late = Shown { now: NOW + Span::from_hours(2), ..shown(Some(&verifier)) };
    assert!(matches!(replay(late), Redeemed::Replay(_)), "also when it is long over");
    assert_eq!(refusal(replay(shown(None))), CodeRefusal::WrongVerifier);
    let foreign = Shown { client: "other", ..shown(Some(&verifier)) };
    assert_eq!(refusal(replay(foreign)), CodeRefusal::WrongClient);
}

#[test]
fn a_row_that_was_changed_does_not_open() {
    let (ring, _, row) = issue(true);
    let verifier = secret(VERIFIER);
    let open = |row: &CodeRow| redeem(&ring, row, shown(Some(&verifier)));
    assert!(open(&CodeRow { session: session(9), ..row.clone() }).is_err(), "pointed at another session");
    let (_, other) = Code::issue(&asked(true), session(1), NOW, &ring, &SeededRng::new(3));
    assert!(open(&CodeRow { sealed: other.sealed, ..row.clone() }).is_err(), "with the seal of another");
    let longer = CodeRow { expires_at: NOW + Span::from_hours(9), ..row };
    let late = redeem(&ring, &longer, Shown { now: NOW + LIFE, ..shown(Some(&verifier)) }).unwrap();
    assert_eq!(refusal(late), CodeRefusal::Expired, "the column moves nothing");
}

#[test]
fn oae_17_a_question_for_consent_is_answered_by_whom_it_was_put_to() {
    let (ring, rng) = (ring(1), SeededRng::new(4));
    let asked = asked(true);
    let text = consent::ask(&asked, session(1), NOW, &ring, &rng);
    assert_eq!(consent::answered(&text, session(1), NOW, &ring), Some(asked.clone()));
    assert_eq!(consent::answered(&text, session(2), NOW, &ring), None, "another session");
    assert_eq!(consent::answered(&text, session(1), NOW + consent::QUESTION_LIFE, &ring), None);
    let request = asked.seal(&ring, &rng).unwrap();
    assert_eq!(consent::answered(&request, session(1), NOW, &ring), None, "t_26: a request is no answer");
    assert!(Asked::open(&text, NOW, &ring).is_none());
    let user = UserId::new(NOW, &rng);
    let first = consent::with(None, &asked, user, NOW);
    assert!(first.covers(&asked));
    let before = consent::ConsentRow { scope: "profile".to_owned(), audiences: "orders".to_owned(), ..first };
    assert!(!before.covers(&asked));
    let grown = consent::with(Some(&before), &asked, user, NOW);
    assert_eq!((grown.scope.as_str(), grown.audiences.as_str()), ("profile openid", "orders api"));
    assert_eq!(consent::with(Some(&grown), &asked, user, NOW), grown);
}
