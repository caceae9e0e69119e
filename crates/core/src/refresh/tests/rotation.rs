//! What a rotation, a repeat and a completed re-proof write and hand out.

use super::super::{Facts, Presented, RETRIES_MAX, Refusal, rotate_after_reproof};
use super::{Bench, Decision, RefreshToken, Rotation, START, TheftKind, good, login};
use crate::time::{Span, Time};

fn later(seconds: i64) -> Time {
    START + Span::from_seconds(seconds)
}

fn rotation(bench: &Bench, token: &RefreshToken, facts: &Facts) -> Rotation {
    match bench.decide(token, facts) {
        Decision::Rotate(rotation) => rotation,
        other => panic!("{other:?}"),
    }
}

fn complete(bench: &Bench, presented: &Presented, facts: &Facts) -> Decision {
    let stored = presented.to_stored(&bench.ring, &login(1), &bench.rng);
    let presented = Presented::from_stored(&bench.ring, &login(1), &stored).unwrap();
    rotate_after_reproof(&bench.family(), &presented, facts, &bench.rng)
}

#[test]
fn rft_01_a_rotation_writes_every_column_it_must() {
    let (bench, first) = Bench::new(60, None);
    let facts = good(later(5));
    let rotation = rotation(&bench, &first, &facts);
    assert_eq!((rotation.family, rotation.session), (bench.row.id, bench.row.session));
    assert_eq!((rotation.expected_generation, rotation.generation, rotation.retries), (1, 2, 0));
    assert_eq!((rotation.previous, rotation.current), (bench.row.current, rotation.next.digest()));
    assert_ne!(rotation.current, rotation.previous);
    assert_eq!((rotation.rotated_at, rotation.rotated_source), (facts.now, facts.source));
    assert_eq!((rotation.next.family(), rotation.next.generation()), (bench.row.id, 2));
}

#[test]
fn rft_04_idle_moves_with_use_and_never_past_the_absolute_limit() {
    let (bench, first) = Bench::new(61, None);
    let mut facts = good(later(5));
    assert_eq!(rotation(&bench, &first, &facts).idle_until, facts.now + facts.idle);
    facts.expires = facts.now + Span::from_minutes(3);
    assert_eq!(rotation(&bench, &first, &facts).idle_until, facts.expires);
    facts.idle = Span::from_millis(i64::MAX);
    assert_eq!(rotation(&bench, &first, &facts).idle_until, facts.expires);
}

#[test]
fn c_12_a_lost_answer_is_given_again_three_times_and_no_more() {
    let (mut bench, first) = Bench::new(62, None);
    let second = bench.rotated(&first, later(5));
    for seconds in 6..6 + i64::from(RETRIES_MAX) {
        let Decision::Retry(retry) = bench.decide(&first, &good(later(seconds))) else { panic!("repeat {seconds}") };
        assert_eq!(retry.successor.text(&bench.ring).reveal(), second.text(&bench.ring).reveal());
        assert!(bench.commit_retry(&retry));
        bench.restart();
    }
    let before = bench.row.clone();
    let Decision::Slow { retry_after } = bench.decide(&first, &good(later(10))) else { panic!("slow") };
    assert!(retry_after > Span::ZERO && retry_after < Span::from_seconds(60));
    assert_eq!(bench.row, before);
    assert!(matches!(bench.decide(&second, &good(later(11))), Decision::Rotate(_)), "nothing died");
}

#[test]
fn rft_02_the_first_use_of_a_successor_ends_the_repeats_of_its_parent() {
    let (mut bench, first) = Bench::new(63, None);
    let second = bench.rotated(&first, later(5));
    let third = bench.rotated(&second, later(6));
    let decision = bench.decide(&first, &good(later(7)));
    assert!(matches!(decision, Decision::Theft(TheftKind::OldGeneration)));
    let Decision::Retry(retry) = bench.decide(&second, &good(later(7))) else { panic!("repeat") };
    assert_eq!(retry.successor.digest(), third.digest());
}

#[test]
fn rft_03_t_15_of_64_at_once_one_mints_and_all_get_the_same() {
    let (mut bench, first) = Bench::new(64, Some("thumb"));
    let facts = Facts { sender_constrained: true, ..good(later(5)) };
    let rotations: Vec<_> = (0..64).map(|_| rotation(&bench, &first, &facts)).collect();
    let mut children = Vec::new();
    for rotation in &rotations {
        if bench.commit_rotation(rotation) {
            children.push(rotation.current);
        } else {
            let Decision::Retry(retry) = bench.decide(&first, &facts) else { panic!("the loser repeats") };
            assert!(bench.commit_retry(&retry));
            children.push(retry.successor.digest());
        }
    }
    assert_eq!(children.len(), 64);
    assert!(children.iter().all(|child| *child == bench.row.current));
    assert_eq!((bench.row.generation, bench.row.retries), (2, 63));
}

#[test]
fn rft_03_64_bearers_at_once_share_one_child_and_nobody_dies() {
    let (mut bench, first) = Bench::new(65, None);
    let facts = good(later(5));
    let winner = bench.rotated(&first, facts.now);
    let repeats: Vec<_> = (0..63).map(|_| bench.decide(&first, &facts)).collect();
    let committed = repeats
        .iter()
        .filter(|decision| match decision {
            Decision::Retry(retry) => {
                assert_eq!(retry.successor.digest(), winner.digest());
                bench.commit_retry(retry)
            }
            other => panic!("{other:?}"),
        })
        .count();
    assert_eq!(committed, 3, "the guard counts repeats that were decided on one snapshot");
    assert!(matches!(bench.decide(&first, &facts), Decision::Slow { .. }));
    assert!(bench.row.ended.is_none());
}

#[test]
fn rft_10_two_rotations_in_one_millisecond_stay_apart() {
    let (mut bench, first) = Bench::new(66, None);
    let second = bench.rotated(&first, later(5));
    let third = bench.rotated(&second, later(5));
    assert_eq!(third.generation(), 3);
    let digests = [first.digest(), second.digest(), third.digest()];
    assert!(digests[0] != digests[1] && digests[1] != digests[2] && digests[0] != digests[2]);
    assert!(matches!(bench.decide(&first, &good(later(5))), Decision::Theft(TheftKind::OldGeneration)));
    assert!(matches!(bench.decide(&second, &good(later(5))), Decision::Retry(_)));
    assert!(matches!(bench.decide(&third, &good(later(5))), Decision::Rotate(_)));
}

#[test]
fn rft_13_t_15_a_rotation_or_repeat_decided_before_a_revoke_does_not_commit_after_it() {
    let (mut bench, first) = Bench::new(67, None);
    let second = bench.rotated(&first, later(5));
    let facts = good(later(6));
    let rotation = rotation(&bench, &second, &facts);
    let Decision::Retry(retry) = bench.decide(&first, &facts) else { panic!("repeat") };
    bench.commit_end(later(6), "logout");
    assert!(!bench.commit_rotation(&rotation));
    assert!(!bench.commit_retry(&retry));
    for token in [&first, &second, &rotation.next] {
        assert!(matches!(bench.decide(token, &facts), Decision::Refuse(Refusal::Ended)));
    }
}

#[test]
fn rft_03_a_token_whose_batch_lost_is_nobodys() {
    let (mut bench, first) = Bench::new(68, None);
    let facts = good(later(5));
    let (winner, loser) = (rotation(&bench, &first, &facts), rotation(&bench, &first, &facts));
    assert!(bench.commit_rotation(&winner));
    assert!(!bench.commit_rotation(&loser));
    assert!(matches!(bench.decide(&loser.next, &facts), Decision::Theft(TheftKind::Diverged)));
}

#[test]
fn a_store_rolled_back_by_hand_does_not_kill_its_honest_client() {
    let (mut bench, first) = Bench::new(69, None);
    let copy = bench.row.clone();
    let second = bench.rotated(&first, later(5));
    let third = bench.rotated(&second, later(6));
    bench.row = copy;
    for token in [&second, &third] {
        assert!(matches!(bench.decide(token, &good(later(7))), Decision::Refuse(Refusal::Unknown)));
    }
    // But a thief with the older copy mints the generation again: then two hands hold it.
    bench.rotated(&first, later(8));
    assert!(matches!(bench.decide(&second, &good(later(9))), Decision::Theft(TheftKind::Diverged)));
}

#[test]
fn a_swapped_successor_gives_no_second_child() {
    let (mut bench, first) = Bench::new(70, None);
    let facts = good(later(5));
    let (winner, loser) = (rotation(&bench, &first, &facts), rotation(&bench, &first, &facts));
    assert!(bench.commit_rotation(&winner));
    bench.row.successor = Some(loser.successor);
    assert!(matches!(bench.decide(&first, &facts), Decision::Refuse(Refusal::Damaged)));
}

#[test]
fn a_stale_factor_consumes_nothing_and_its_re_proof_rotates() {
    let (mut bench, first) = Bench::new(71, None);
    let stale = Facts { mfa_time: later(5) - Span::from_hours(13), ..good(later(5)) };
    let before = bench.row.clone();
    assert!(matches!(bench.decide(&first, &stale), Decision::ReproveFactor));
    assert_eq!(bench.row, before);
    let presented = Presented { token: first.clone(), at: later(5) };
    // Completing without a fresh proof gives nothing either.
    let still = Facts { mfa_time: stale.mfa_time, ..good(later(200)) };
    assert!(matches!(complete(&bench, &presented, &still), Decision::ReproveFactor));
    let Decision::Rotate(rotation) = complete(&bench, &presented, &good(later(200))) else { panic!("rotates") };
    assert_eq!((rotation.generation, rotation.rotated_at), (2, later(200)));
    assert!(bench.commit_rotation(&rotation));
    // The answer is lost: the client still holds the first token.
    let Decision::Retry(retry) = bench.decide(&first, &good(later(230))) else { panic!("repeats") };
    assert_eq!(retry.successor.digest(), rotation.current);
}

#[test]
fn a_re_proof_of_a_previous_token_counts_from_when_it_was_shown() {
    let (mut bench, first) = Bench::new(72, None);
    let second = bench.rotated(&first, later(5));
    let slow_person = good(later(400));
    let shown_inside = Presented { token: first.clone(), at: later(30) };
    let Decision::Retry(retry) = complete(&bench, &shown_inside, &slow_person) else { panic!("repeats") };
    assert_eq!(retry.successor.digest(), second.digest());
    let shown_late = Presented { token: first, at: later(66) };
    let decision = complete(&bench, &shown_late, &slow_person);
    assert!(matches!(decision, Decision::Refuse(Refusal::Superseded)));
}

#[test]
fn rft_03_two_windows_that_re_prove_share_one_child_and_never_kill() {
    let (mut bench, first) = Bench::new(73, None);
    let presented = Presented { token: first.clone(), at: later(5) };
    let Decision::Rotate(one) = complete(&bench, &presented, &good(later(100))) else { panic!("rotates") };
    assert!(bench.commit_rotation(&one));
    let Decision::Retry(two) = complete(&bench, &presented, &good(later(300))) else { panic!("repeats") };
    assert_eq!(two.successor.digest(), one.current);
    bench.rotated(&one.next, later(301));
    let third_window = complete(&bench, &presented, &good(later(302)));
    assert!(matches!(third_window, Decision::Refuse(Refusal::Superseded)));
}

#[test]
fn rft_07_t_34_a_re_proof_does_not_outrun_an_end_or_a_limit() {
    let (mut bench, first) = Bench::new(74, None);
    let presented = Presented { token: first, at: later(5) };
    let facts = good(later(100));
    let refusal = |facts: &Facts| match complete(&bench, &presented, facts) {
        Decision::Refuse(refusal) => Some(refusal),
        _ => None,
    };
    assert_eq!(refusal(&Facts { session_live: false, ..facts }), Some(Refusal::Ended));
    assert_eq!(refusal(&Facts { user_active: false, ..facts }), Some(Refusal::UserInactive));
    assert_eq!(refusal(&Facts { client_ok: false, ..facts }), Some(Refusal::WrongClient));
    assert_eq!(refusal(&Facts { expires: later(100), ..facts }), Some(Refusal::Expired));
    assert_eq!(refusal(&Facts { idle_until: later(5), ..facts }), Some(Refusal::Idle));
    assert_eq!(refusal(&Facts { idle_until: later(6), ..facts }), None, "showing it was the activity");
    bench.commit_end(later(50), "disabled");
    assert!(matches!(complete(&bench, &presented, &facts), Decision::Refuse(Refusal::Ended)));
}

#[test]
fn a_re_proof_serves_its_own_family_only() {
    let (bench, first) = Bench::new(75, None);
    let (other, _) = Bench::new(76, None);
    let presented = Presented { token: first, at: later(5) };
    let decision = rotate_after_reproof(&other.family(), &presented, &good(later(6)), &bench.rng);
    assert!(matches!(decision, Decision::Refuse(Refusal::Unknown)));
}
