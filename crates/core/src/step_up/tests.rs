//! A right opens the one thing it was made for.

use super::*;
use crate::testing::SeededRng;

#[test]
fn a_secret_opens_one_action_on_one_target_in_one_session() {
    let rng = SeededRng::new(1);
    let (one, two) = (SessionId::new(Time::from_millis(1), &rng), SessionId::new(Time::from_millis(2), &rng));
    let secret = StepUpSecret(Secret::random(&rng));
    let digest = secret.digest_for(one, Action::RemoveFactor, "fac_1");
    assert!(digest.matches(&secret.digest_for(one, Action::RemoveFactor, "fac_1")));
    assert!(!digest.matches(&secret.digest_for(two, Action::RemoveFactor, "fac_1")));
    assert!(!digest.matches(&secret.digest_for(one, Action::AddFactor, "fac_1")));
    assert!(!digest.matches(&secret.digest_for(one, Action::RemoveFactor, "fac_2")));
    let read = StepUpSecret::parse(secret.text().reveal()).unwrap();
    assert!(digest.matches(&read.digest_for(one, Action::RemoveFactor, "fac_1")));
}

#[test]
fn an_unknown_action_is_no_action() {
    assert_eq!(Action::parse("factor.remove"), Some(Action::RemoveFactor));
    assert_eq!(Action::parse("factor.Remove"), None);
    assert!(StepUpSecret::parse("pll_AAAA").is_none());
}

/// STP-05, MFA-06: what is stored opens for the secret, session, action and target it was made for, and for nothing else.
#[test]
fn a_right_made_from_a_raise_is_for_what_was_raised() {
    let rng = SeededRng::new(2);
    let now = Time::from_seconds(1_900_000_000);
    let session = SessionId::new(now, &rng);
    let raised = || crate::session::tests::raised(session, crate::evidence::tests::user(1), now);
    let (secret, row) = make(raised(), now, &rng);
    assert_eq!((row.session, row.expires_at), (session, now + LIFE));
    assert!(LIFE <= Span::from_minutes(5));
    assert!(row.digest.matches(&secret.digest_for(session, Action::RemoveFactor, "fac_1")));
    for action in [Action::ChangePassword, Action::NewRecoveryCodes, Action::AddFactor] {
        assert!(!row.digest.matches(&secret.digest_for(session, action, "fac_1")), "{action:?}");
    }
    let (other, _) = make(raised(), now, &rng);
    assert!(!row.digest.matches(&other.digest_for(session, Action::RemoveFactor, "fac_1")));
}

#[test]
fn an_action_and_its_target_do_not_run_into_each_other() {
    let rng = SeededRng::new(3);
    let secret = Secret::random(&rng);
    let session = SessionId::new(Time::from_millis(1), &rng);
    let moved = digest(&secret, session, "factor.add", "x");
    assert_ne!(digest(&secret, session, "factor.ad", "dx"), moved);
    assert_ne!(digest(&secret, session, "factor.addx", ""), moved);
}

#[test]
fn t_26_a_step_up_secret_has_256_bits_and_one_spelling() {
    let text = StepUpSecret(Secret::random(&SeededRng::new(4))).text().reveal().clone();
    assert_eq!(text.len(), PREFIX.len() + 43);
    assert!(StepUpSecret::parse(&text).is_some());
    for other in [format!("{text}A"), format!("{text}="), format!(" {text}"), text.replace("plu_", "pli_")] {
        assert!(StepUpSecret::parse(&other).is_none(), "{other}");
    }
    // 43 characters carry two bits too many; a second spelling of the last would be a second secret in a log.
    let spare = format!("{}{}", &text[..text.len() - 1], if text.ends_with('B') { 'C' } else { 'B' });
    assert!(StepUpSecret::parse(&spare).is_none());
}

#[test]
fn every_action_reads_back_and_no_other_text_does() {
    for action in [Action::ChangePassword, Action::NewRecoveryCodes, Action::RemoveFactor, Action::AddFactor] {
        assert_eq!(Action::parse(action.as_str()), Some(action));
    }
    for text in ["", "password", "password.change ", "PASSWORD.CHANGE", "*"] {
        assert_eq!(Action::parse(text), None, "{text}");
    }
}
