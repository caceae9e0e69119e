//! The policy against everything that evidence could say, also what no check can make today.

use proptest::prelude::*;

use super::*;
use crate::evidence::tests::{NOW, evidence_of, factor, user};
use crate::time::Span;

/// A grant for tests of what rests on one.
pub(crate) fn grant_of(user: UserId, second: Means, at: Time) -> Grant {
    grant(evidence_of(user, &[(Means::Password, at), (second, at)])).unwrap()
}

fn totp() -> Means {
    Means::Totp(factor(1))
}

fn key(verified: bool, attested: bool) -> Means {
    Means::Passkey(factor(4), Signed { verified, attested, held: false })
}

/// WAN-08, WAN-28: a verified passkey is a login; one that is only held needs a password; hardware is what was attested.
#[test]
fn wan_08_wan_28_mfa_20_what_a_passkey_is_worth() {
    let worth = |means: &[Means]| {
        let proved: Vec<_> = means.iter().map(|means| (*means, NOW)).collect();
        let granted = grant(evidence_of(user(1), &proved)).unwrap();
        assert_eq!((granted.factor(), granted.mfa_time()), (Some(factor(4)), NOW));
        let amr: Vec<&str> = granted.event().amr().iter().map(|amr| amr.as_str()).collect();
        (granted.event().acr(), amr.join(" "))
    };
    assert_eq!(worth(&[key(true, false)]), (Acr::Phr, "mfa swk user".to_owned()));
    assert_eq!(worth(&[key(true, true)]), (Acr::Phrh, "mfa hwk user".to_owned()));
    assert_eq!(worth(&[Means::Password, key(false, false)]), (Acr::Phr, "pwd mfa swk".to_owned()));
    assert_eq!(worth(&[Means::Password, key(false, true)]), (Acr::Phrh, "pwd mfa hwk".to_owned()));
    assert_eq!(worth(&[Means::Password, key(true, false)]), (Acr::Phr, "pwd mfa swk user".to_owned()));
}

/// DESIGN §11: what a recovery has enrolled gives at most `aal2`, and changes nothing.
#[test]
fn rcv_08_a_passkey_on_probation_is_worth_a_code() {
    let held = Means::Passkey(factor(4), Signed { verified: true, attested: true, held: true });
    for proved in [&[(held, NOW)][..], &[(Means::Password, NOW), (held, NOW)]] {
        let granted = grant(evidence_of(user(1), proved)).unwrap();
        assert_eq!((granted.event().acr(), granted.held()), (Acr::Aal2, true));
    }
}

#[test]
fn mfa_01_mfa_03_two_of_one_kind_give_nothing() {
    let refused: [&[Means]; 10] = [
        &[key(false, true)],
        &[key(false, true), totp()],
        &[totp(), key(false, false)],
        &[key(false, false), Means::RecoveryCode],
        &[],
        &[Means::Password],
        &[Means::Password, Means::Password],
        &[totp()],
        &[totp(), Means::RecoveryCode],
        &[totp(), Means::Totp(factor(2))],
    ];
    for means in refused {
        let proved: Vec<_> = means.iter().map(|means| (*means, NOW)).collect();
        assert!(grant(evidence_of(user(1), &proved)).is_none(), "{means:?}");
    }
}

#[test]
fn mfa_20_a_grant_says_what_was_proved() {
    let with_code = grant_of(user(1), totp(), NOW);
    assert_eq!((with_code.event().acr(), with_code.event().amr()), (Acr::Aal2, &[Amr::Pwd, Amr::Otp, Amr::Mfa][..]));
    assert_eq!((with_code.factor(), with_code.user(), with_code.user_version()), (Some(factor(1)), user(1), 3));
    let recovered = grant_of(user(1), Means::RecoveryCode, NOW);
    assert_eq!(
        (recovered.event().acr(), recovered.event().amr()),
        (Acr::Recovery, &[Amr::Pwd, Amr::Mfa, Amr::Rcv][..])
    );
    assert_eq!(recovered.factor(), None);
}

/// OTP-12: a code can be typed into a false page. RCV-08: so can a recovery code. PWD-20: so can a password.
#[test]
fn otp_12_rcv_08_pwd_20_nothing_typed_is_phishing_resistant() {
    for (second, amr) in [(totp(), crate::totp::AMR), (Means::RecoveryCode, crate::recovery::AMR)] {
        let event = grant_of(user(1), second, NOW).event().clone();
        assert!(event.acr() < Acr::Phr);
        assert!(event.amr().iter().any(|said| said.as_str() == amr));
        assert!(!event.amr().iter().any(|said| matches!(said, Amr::Hwk | Amr::Swk | Amr::User)));
    }
}

/// RCV-08: a recovery code is below a real second factor, also when one was proved beside it.
#[test]
fn rcv_08_a_recovery_code_lowers_and_never_lifts() {
    let beside = [(Means::Password, NOW), (Means::RecoveryCode, NOW), (totp(), NOW)];
    let granted = grant(evidence_of(user(1), &beside)).unwrap();
    assert_eq!(granted.event().acr(), Acr::Recovery);
    assert!(Acr::Recovery < Acr::Aal2);
}

#[test]
fn the_event_is_as_old_as_its_oldest_proof() {
    let (early, late) = (NOW, NOW + Span::from_minutes(9));
    let granted = grant(evidence_of(user(1), &[(Means::Password, early), (totp(), late)])).unwrap();
    assert_eq!((granted.event().auth_time(), granted.mfa_time()), (early, late));
}

fn any_means() -> impl Strategy<Value = Means> {
    let signed = any::<(bool, bool, bool)>()
        .prop_map(|(verified, attested, held)| Means::Passkey(factor(4), Signed { verified, attested, held }));
    prop_oneof![
        Just(Means::Password),
        (1..4_u64).prop_map(|n| Means::Totp(factor(n))),
        Just(Means::RecoveryCode),
        signed
    ]
}

proptest! {
    /// MFA-20, STP-10: whatever was proved, the grant needs both kinds and says nothing that was not among it.
    #[test]
    fn mfa_01_mfa_20_no_grant_is_stronger_than_its_proofs(
        proved in prop::collection::vec((any_means(), 0..600_i64), 0..5),
    ) {
        let proved: Vec<_> = proved.into_iter().map(|(means, s)| (means, NOW + Span::from_seconds(s))).collect();
        let has = |wanted: fn(&Means) -> bool| proved.iter().any(|(means, _)| wanted(means));
        let (known, held) = (has(|m| *m == Means::Password), has(|m| *m != Means::Password));
        let verified = has(|m| matches!(m, Means::Passkey(_, Signed { verified: true, .. })));
        let Some(granted) = grant(evidence_of(user(1), &proved)) else {
            prop_assert!(!(known && held || verified));
            return Ok(());
        };
        prop_assert!(known && held || verified);
        let event = granted.event();
        let recovered = has(|m| *m == Means::RecoveryCode);
        prop_assert_eq!(event.acr() == Acr::Recovery, recovered);
        let keyed = |wanted: fn(&Signed) -> bool| {
            proved.iter().any(|(means, _)| matches!(means, Means::Passkey(_, signed) if wanted(signed)))
        };
        prop_assert!(event.acr() <= Acr::Aal2 || keyed(|signed| !signed.held));
        prop_assert!(event.acr() < Acr::Phrh || keyed(|signed| !signed.held && signed.attested));
        prop_assert!(!event.amr().contains(&Amr::Hwk) || keyed(|signed| signed.attested));
        prop_assert!(!event.amr().contains(&Amr::User) || keyed(|signed| signed.verified));
        prop_assert_eq!(event.amr().contains(&Amr::Rcv), recovered);
        prop_assert!(!event.amr().contains(&Amr::Otp) || has(|m| matches!(m, Means::Totp(_))));
        prop_assert_eq!(event.auth_time(), proved.iter().map(|(_, at)| *at).min().unwrap());
        prop_assert!(proved.iter().any(|(means, at)| *means != Means::Password && *at == granted.mfa_time()));
    }
}
