//! Decides refresh rotation: which token gets a successor, which gets the same one again, and which ends its family
//! (RFC 9700 §4.14.2). Never touches storage, never reads a clock, and never makes a token for a family that has ended.
//!
//! One row is one family. It remembers two digests, of the present token and of the one before, and the present token
//! sealed under the secret of the one before. So an answer that was lost can be given again, the same, to whoever holds
//! the previous token, and the row alone gives nobody a token. Everything older than that is a copy in a second hand.
//!
//! A decision is about the row as it was read. What it writes carries the values that the row must still have; when the
//! store answers that they changed, load and decide again, and never send a token whose batch did not commit.
//!
//! **Architecture Invariant:** theft stays theft. A token that is judged stolen is judged so on every later row of its
//! family too, so ending a family needs no guard but `ended IS NULL`.

mod decision;
mod family;
mod token;

#[cfg(test)]
mod tests;

pub use decision::{Decision, Facts, Refusal, Retry, Rotation, TheftKind};
pub use family::{Ending, Family, FamilyRow, Granted, Start};
pub use token::{BadToken, Presented, RefreshToken};

use crate::seal::{Place, open_with_secret, seal_to_secret};
use crate::secret::{Rng, Secret};
use crate::time::{Span, Time};

/// How long after a rotation the previous bearer token still gets the same successor.
pub const RETRY_WINDOW: Span = Span::from_seconds(60);

/// How often it gets it inside that window.
pub const RETRIES_MAX: u32 = 3;

/// How long a caller over [`RETRIES_MAX`] is told to wait. Short on purpose: a client that was told to wait for the end
/// of the window would come back as a thief. Meanwhile the sibling that did get the answer can share it.
pub const SLOW_WAIT: Span = Span::from_seconds(1);

/// Decides what a shown token gets.
///
/// What is dead by itself (ended, expired, idle) is refused before the token is judged, so a theft is told once. A wrong
/// client or an unproven key is refused before it too: whoever found an old token in a log, but is not its client,
/// cannot end the session with it. A disabled user comes after: a copy in two hands must not survive his return.
pub fn decide(family: &Family, token: &RefreshToken, facts: &Facts, rng: &dyn Rng) -> Decision {
    judge(family, token, facts, facts.now, rng)
}

/// Decides what a re-proof of the second factor gets, once it is complete: the rotation that the stale token was
/// refused, or the same successor if a parallel caller was first. `facts.mfa_time` is the moment of the new proof.
///
/// Nothing is shown here but the copy that we kept, so nothing here can be theft: a token that its owner's other window
/// has meanwhile used up is [`Refusal::Superseded`]. Idleness and the retry window are measured when it was shown.
pub fn rotate_after_reproof(family: &Family, presented: &Presented, facts: &Facts, rng: &dyn Rng) -> Decision {
    match judge(family, &presented.token, facts, presented.at, rng) {
        Decision::Theft(_) => Decision::Refuse(Refusal::Superseded),
        decision => decision,
    }
}

fn judge(family: &Family, token: &RefreshToken, facts: &Facts, shown_at: Time, rng: &dyn Rng) -> Decision {
    if let Some(refusal) = refuse_at_the_door(family, token, facts, shown_at) {
        return Decision::Refuse(refusal);
    }
    match standing(family, token) {
        Standing::Beyond => Decision::Refuse(Refusal::Unknown),
        Standing::Stolen(kind) => Decision::Theft(kind),
        Standing::Previous => repeat(family, token, facts, shown_at),
        Standing::Current => hold_back(facts).unwrap_or_else(|| rotate(family, token, facts, rng)),
    }
}

/// What refuses every token of a family alike, whatever its generation.
fn refuse_at_the_door(family: &Family, token: &RefreshToken, facts: &Facts, shown_at: Time) -> Option<Refusal> {
    let row = &family.row;
    if token.family() != row.id {
        return Some(Refusal::Unknown);
    }
    if row.ended.is_some() || !facts.session_live {
        return Some(Refusal::Ended);
    }
    if facts.now >= facts.expires {
        return Some(Refusal::Expired);
    }
    if shown_at >= facts.idle_until {
        return Some(Refusal::Idle);
    }
    if !facts.client_ok {
        return Some(Refusal::WrongClient);
    }
    (row.binding.is_some() && !facts.sender_constrained).then_some(Refusal::KeyNotProven)
}

enum Standing {
    Current,
    Previous,
    Beyond,
    Stolen(TheftKind),
}

fn standing(family: &Family, token: &RefreshToken) -> Standing {
    let row = &family.row;
    let digest = token.digest();
    if token.generation() > row.generation {
        // The store was rolled back under us. Its honest holder knows more than we do: nothing to end.
        return Standing::Beyond;
    }
    if token.generation() == row.generation {
        // Our tag, our generation, another secret: a rolled-back store has minted this generation twice, for two
        // holders of the token before (or an uncommitted token leaked). No honest client holds both: two hands.
        return if digest.matches(&row.current) { Standing::Current } else { Standing::Stolen(TheftKind::Diverged) };
    }
    if token.generation().checked_add(1) != Some(row.generation) {
        return Standing::Stolen(TheftKind::OldGeneration);
    }
    match &row.previous {
        Some(previous) if digest.matches(previous) => Standing::Previous,
        _ => Standing::Stolen(TheftKind::Diverged),
    }
}

/// What keeps a good token from getting anything now, without harm to it.
fn hold_back(facts: &Facts) -> Option<Decision> {
    if !facts.user_active {
        return Some(Decision::Refuse(Refusal::UserInactive));
    }
    (facts.now - facts.mfa_time > facts.mfa_max_age).then_some(Decision::ReproveFactor)
}

/// The previous token again. That the row still has its generation says that the successor was never used: its first
/// use overwrites both.
fn repeat(family: &Family, token: &RefreshToken, facts: &Facts, shown_at: Time) -> Decision {
    let row = &family.row;
    let Some(sealed) = row.successor.as_deref() else { return Decision::Theft(TheftKind::SuccessorGone) };
    // A clock that stepped back counts as inside: time can only shorten the window by passing.
    let inside = row.rotated_at.is_some_and(|rotated_at| shown_at - rotated_at <= RETRY_WINDOW);
    // The row's binding and not the request's word: a thief can bring a key of his own to an unbound family.
    let bound = row.binding.is_some() && facts.sender_constrained;
    if !inside && !bound {
        return Decision::Theft(TheftKind::WindowPast);
    }
    if row.retries >= RETRIES_MAX && !bound {
        return Decision::Slow { retry_after: SLOW_WAIT };
    }
    // Before the successor: a bound client could else live on repeats and never prove its factor again.
    if let Some(decision) = hold_back(facts) {
        return decision;
    }
    let Some(successor) = open_successor(family, token, sealed) else { return Decision::Refuse(Refusal::Damaged) };
    let elsewhere = row.rotated_source.zip(facts.source).is_some_and(|(then, now)| !then.matches(&now));
    Decision::Retry(Retry {
        successor,
        alert_second_source: inside && elsewhere,
        family: row.id,
        session: row.session,
        expected_generation: row.generation,
        retries_below: if bound { u32::MAX } else { RETRIES_MAX },
    })
}

/// `None` unless it is the very token that the row knows as its present one: a seal swapped in SQL gives no second
/// child.
fn open_successor(family: &Family, token: &RefreshToken, sealed: &[u8]) -> Option<RefreshToken> {
    let row = &family.row;
    let opened = open_with_secret(token.secret(), successor_place(family, row.generation), sealed).ok()?;
    let secret = opened.reveal().as_slice().try_into().map(Secret::new).ok()?;
    let successor = RefreshToken::new(row.id, row.generation, secret);
    successor.digest().matches(&row.current).then_some(successor)
}

fn rotate(family: &Family, token: &RefreshToken, facts: &Facts, rng: &dyn Rng) -> Decision {
    let row = &family.row;
    let Some(generation) = row.generation.checked_add(1) else { return Decision::Refuse(Refusal::Exhausted) };
    let next = RefreshToken::new(row.id, generation, Secret::random(rng));
    let place = successor_place(family, generation);
    Decision::Rotate(Rotation {
        family: row.id,
        session: row.session,
        expected_generation: row.generation,
        generation,
        current: next.digest(),
        previous: row.current,
        successor: seal_to_secret(token.secret(), place, next.secret().reveal(), rng),
        rotated_at: facts.now,
        retries: 0,
        rotated_source: facts.source,
        idle_until: (facts.now + facts.idle).min(facts.expires),
        next,
    })
}

fn successor_place(family: &Family, generation: u32) -> Place<'_> {
    Place { kind: "refresh_successor", id: family.row.id.as_bytes(), version: i64::from(generation) }
}
