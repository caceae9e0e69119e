//! A rotation that an operator asks for, out of its turn. A key still signs only once others have had time to learn it,
//! unless they say otherwise.

use super::schedule::PUBLISH_AHEAD_MIN;
use super::{Action, KeyRow, Life};
use crate::jws::Alg;
use crate::time::Time;

/// What a rotation asked for now leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// These actions, and another key signs.
    Now(Vec<Action>),
    /// These actions, if any; the next key may sign from `at` on.
    Later {
        /// What to do meanwhile: make the next key, or nothing.
        actions: Vec<Action>,
        /// When a rotation passes.
        at: Time,
    },
}

/// No key of this algorithm signs, so none can be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no key of this algorithm is in use: no audience asks for it")]
pub struct NotInUse;

/// Decides a rotation of `alg` that was asked for now. `force` does not wait until others have learnt the next key:
/// services that keep an old key set for longer than it says then refuse good tokens for a while.
///
/// # Errors
/// [`NotInUse`] when no key of `alg` signs.
pub fn rotate(rows: &[KeyRow], alg: Alg, force: bool, now: Time) -> Result<Rotation, NotInUse> {
    let of_alg = || rows.iter().filter(|row| row.alg == alg);
    let retire: Vec<Action> = of_alg()
        .filter(|row| matches!(row.life(), Ok(Life::Current { .. })))
        .map(|row| Action::Retire(row.kid.clone()))
        .collect();
    if retire.is_empty() {
        return Err(NotInUse);
    }
    let next = of_alg().filter_map(|row| match row.life() {
        Ok(Life::Next { made_at }) => Some((made_at, &row.kid)),
        _ => None,
    });
    let replace_by = |action| Rotation::Now([retire.as_slice(), &[action]].concat());
    Ok(match next.min() {
        Some((made_at, kid)) if force || made_at + PUBLISH_AHEAD_MIN <= now => replace_by(Action::Promote(kid.clone())),
        Some((made_at, _)) => Rotation::Later { actions: Vec::new(), at: made_at + PUBLISH_AHEAD_MIN },
        None if force => replace_by(Action::MakeCurrent(alg)),
        None => Rotation::Later { actions: vec![Action::MakeNext(alg)], at: now + PUBLISH_AHEAD_MIN },
    })
}
