//! Evidence grows by proofs of its own user only, and reads back as it was sealed.

use super::*;
use crate::testing::SeededRng;
use crate::time::Span;

pub(crate) const NOW: Time = Time::from_seconds(1_900_000_000);

/// Evidence of anything at all: what the policy must judge, beyond what the checks can make.
pub(crate) fn evidence_of(user: UserId, proved: &[(Means, Time)]) -> Evidence {
    let proved = proved.iter().map(|(means, at)| Proved { means: *means, at: *at }).collect();
    Evidence::from_stored(StoredEvidence { user, user_version: 3, proved })
}

pub(crate) fn user(seed: u64) -> UserId {
    UserId::new(NOW, &SeededRng::new(seed))
}

pub(crate) fn factor(seed: u64) -> FactorId {
    FactorId::new(NOW, &SeededRng::new(seed))
}

#[test]
fn mfa_01_a_proof_of_another_user_ends_the_evidence() {
    for means in [Means::Totp(factor(1)), Means::RecoveryCode, Means::Password] {
        let begun = evidence_of(user(1), &[(Means::Password, NOW)]);
        assert!(begun.and(user(2), Proved { means, at: NOW }).is_none(), "{means:?}");
        let begun = evidence_of(user(1), &[(Means::Password, NOW)]);
        assert_eq!(begun.and(user(1), Proved { means, at: NOW }).unwrap().proved().len(), 2);
    }
}

#[test]
fn mfa_03_a_recovery_code_is_something_held_and_no_second_thing_known() {
    assert_eq!(Means::Password.kinds(), [Kind::Knowledge]);
    assert_eq!(Means::Totp(factor(1)).kinds(), [Kind::Possession]);
    assert_eq!(Means::RecoveryCode.kinds(), [Kind::Possession]);
}

#[test]
fn wan_08_mfa_10_only_a_verified_passkey_is_of_two_kinds() {
    let signed = |verified| Means::Passkey(factor(1), Signed { verified, attested: true, held: false });
    assert_eq!(signed(true).kinds(), [Kind::Possession, Kind::Verification]);
    assert_eq!(signed(false).kinds(), [Kind::Possession]);
}

#[test]
fn evidence_reads_back_as_it_was() {
    let later = NOW + Span::from_minutes(1);
    let evidence = evidence_of(user(1), &[(Means::Password, NOW), (Means::Totp(factor(2)), later)]);
    let text = serde_json::to_string(&evidence.stored()).unwrap();
    let read = Evidence::from_stored(serde_json::from_str(&text).unwrap());
    assert_eq!((read.user(), read.user_version()), (user(1), 3));
    assert_eq!(read.proved(), evidence.proved());
}

#[test]
fn a_means_that_is_not_known_here_is_not_read() {
    let text = serde_json::to_string(&evidence_of(user(1), &[(Means::Password, NOW)]).stored()).unwrap();
    assert!(serde_json::from_str::<StoredEvidence>(&text).is_ok());
    assert!(serde_json::from_str::<StoredEvidence>(&text.replace("\"password\"", "\"trusted_device\"")).is_err());
}
