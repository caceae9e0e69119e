//! When keys are made, begin to sign, cease, and go. Pure arithmetic on rows: whoever runs the plan, and however late,
//! each wanted algorithm keeps one signing key that verifiers have had time to learn (KEY-06).

use super::{KeyRow, KeyState, Life};
use crate::jws::Alg;
use crate::time::{Span, Time};
use crate::token::ACCESS_LIFE_MAX;

/// How long others may keep the key set (`Cache-Control: max-age`). A revoked key is refused everywhere within this
/// time (KEY-07).
pub const JWKS_MAX_AGE: Span = Span::from_seconds(60);

/// What a verifier's clock may be off by, and then the time in which a node still signs with a key that another node
/// has just retired.
const SLACK: Span = Span::from_minutes(5);
/// Caches of other makers keep a key set for longer than they are told to.
pub(super) const PUBLISH_AHEAD_MIN: Span = Span::from_minutes(10);

/// The times of a key's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub(super) publish_ahead: Span,
    rotate_every: Span,
    keep_after: Span,
}

/// A schedule under which good tokens would be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSchedule {
    /// Too short for caches to learn the key.
    #[error("keys must be published at least 10 minutes before they sign")]
    PublishAhead,
    /// The next key would have to be made before the last one signs.
    #[error("keys must sign for at least twice as long as they are published before")]
    RotateEvery,
    /// Tokens would outlive the key that proves them.
    #[error("retired keys must stay published for at least 65 minutes, the longest life of a token and some slack")]
    KeepAfter,
}

/// One thing to do. The actions of a plan are done in its order, in one transaction where they are of one algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make a key that waits: [`KeyRow::make_next`].
    MakeNext(Alg),
    /// Make a key that signs at once: [`KeyRow::make_current`].
    MakeCurrent(Alg),
    /// [`KeyRow::promoted`] for the key with this id.
    Promote(String),
    /// [`KeyRow::retired`] for the key with this id.
    Retire(String),
    /// [`KeyRow::removed`] for the key with this id.
    Remove(String),
}

/// Why a key was not revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevokeRefusal {
    /// There is no key of this id.
    #[error("there is no signing key of this id")]
    Unknown,
    /// It is out of the key set already.
    #[error("this signing key is gone already")]
    Gone,
}

impl Default for Schedule {
    /// Published a day ahead, signing for 30 days, kept for a day.
    fn default() -> Self {
        let day = Span::from_hours(24);
        Self { publish_ahead: day, rotate_every: Span::from_hours(30 * 24), keep_after: day }
    }
}

impl Schedule {
    /// A schedule of one's own.
    ///
    /// # Errors
    /// [`BadSchedule`] when some good token could find its key unpublished.
    pub fn new(publish_ahead: Span, rotate_every: Span, keep_after: Span) -> Result<Self, BadSchedule> {
        if publish_ahead < PUBLISH_AHEAD_MIN {
            return Err(BadSchedule::PublishAhead);
        }
        if rotate_every.millis() / 2 < publish_ahead.millis() {
            return Err(BadSchedule::RotateEvery);
        }
        if keep_after.millis() < ACCESS_LIFE_MAX.millis() + SLACK.millis() {
            return Err(BadSchedule::KeepAfter);
        }
        Ok(Self { publish_ahead, rotate_every, keep_after })
    }

    fn wants_next(&self, current_since: Time, now: Time) -> bool {
        current_since + self.rotate_every - self.publish_ahead <= now
    }

    fn is_due(&self, current_since: Time, now: Time) -> bool {
        current_since + self.rotate_every <= now
    }

    fn is_known(&self, made_at: Time, now: Time) -> bool {
        made_at + self.publish_ahead <= now
    }
}

/// What to do now, so that each wanted algorithm has exactly one signing key, and no key goes too early. Rows whose
/// state and dates disagree are left alone; opening them tells.
#[must_use]
pub fn plan(rows: &[KeyRow], wanted: &[Alg], schedule: &Schedule, now: Time) -> Vec<Action> {
    let mut actions = Vec::new();
    for alg in [Alg::Es256, Alg::EdDsa, Alg::Rs256] {
        let keys = OfAlg::of(rows, alg);
        let is_wanted = wanted.contains(&alg);
        keys.plan_signing(is_wanted, schedule, now, &mut actions, alg);
        for (since, kid) in &keys.retired {
            if *since + schedule.keep_after <= now {
                actions.push(Action::Remove((*kid).to_owned()));
            }
        }
    }
    actions
}

/// The way out when a private key has leaked: it leaves the key set at once, so every token under it dies within
/// [`JWKS_MAX_AGE`], and a fresh key signs at once. Fresh, since whoever read one private key may have read the next.
///
/// # Errors
/// [`RevokeRefusal`] when there is nothing to revoke.
pub fn revoke(rows: &[KeyRow], kid: &str) -> Result<Vec<Action>, RevokeRefusal> {
    let row = rows.iter().find(|row| row.kid == kid).ok_or(RevokeRefusal::Unknown)?;
    let mut actions = vec![Action::Remove(kid.to_owned())];
    match row.state {
        KeyState::Gone => return Err(RevokeRefusal::Gone),
        KeyState::Current => actions.push(Action::MakeCurrent(row.alg)),
        // A waiting key is replaced by the next plan, a retired one by nothing.
        KeyState::Next | KeyState::Retired => {}
    }
    Ok(actions)
}

/// The keys of one algorithm by state, each list in the order of its date.
#[derive(Default)]
struct OfAlg<'a> {
    next: Vec<(Time, &'a str)>,
    current: Vec<(Time, &'a str)>,
    retired: Vec<(Time, &'a str)>,
}

impl<'a> OfAlg<'a> {
    fn of(rows: &'a [KeyRow], alg: Alg) -> Self {
        let mut keys = Self::default();
        for row in rows.iter().filter(|row| row.alg == alg) {
            match row.life() {
                Ok(Life::Next { made_at }) => keys.next.push((made_at, &row.kid)),
                Ok(Life::Current { since }) => keys.current.push((since, &row.kid)),
                Ok(Life::Retired { since }) => keys.retired.push((since, &row.kid)),
                Ok(Life::Gone) | Err(_) => {}
            }
        }
        keys.next.sort_unstable();
        keys.current.sort_unstable();
        keys
    }

    fn plan_signing(&self, wanted: bool, schedule: &Schedule, now: Time, actions: &mut Vec<Action>, alg: Alg) {
        let mut do_to = |action: fn(String) -> Action, kid: &str| actions.push(action(kid.to_owned()));
        let next = self.next.first();
        // More than one of a kind comes of two nodes that were first at once; the newest current one is in use.
        for (_, extra) in self.current.iter().rev().skip(1) {
            do_to(Action::Retire, extra);
        }
        for (_, extra) in self.next.iter().skip(1) {
            do_to(Action::Remove, extra);
        }
        match (self.current.last(), next, wanted) {
            (None, None, true) => actions.push(Action::MakeCurrent(alg)),
            // However young: of the keys that could sign, others are likelier to know this one than a new one.
            (None, Some((_, kid)), true) => do_to(Action::Promote, kid),
            (None, Some((_, kid)), false) => do_to(Action::Remove, kid),
            (Some((since, _)), None, true) if schedule.wants_next(*since, now) => {
                actions.push(Action::MakeNext(alg));
            }
            (Some((since, old)), Some((made_at, kid)), true)
                if schedule.is_due(*since, now) && schedule.is_known(*made_at, now) =>
            {
                do_to(Action::Retire, old);
                do_to(Action::Promote, kid);
            }
            // Not at once: while nodes run with two configurations, they would make and destroy keys in turn.
            (Some((since, old)), next, false) if schedule.is_due(*since, now) => {
                do_to(Action::Retire, old);
                if let Some((_, kid)) = next {
                    do_to(Action::Remove, kid);
                }
            }
            _ => {}
        }
    }
}
