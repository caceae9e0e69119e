//! The journal's keys: those of months, which seal the personal parts of records about nobody known, and the one that
//! signs checkpoints. Each is made once a store, whichever node comes first.

use std::collections::BTreeMap;

use anyhow::Context;
use poundlock_core::audit::{CheckpointKey, Month, Owner, PersonalKey};
use poundlock_core::seal::Keyring;
use poundlock_core::time::{Span, Time};
use poundlock_store::{Batch, CommitError, Store, audit, setting};

use crate::rng::SystemRng;

/// The setting that holds the checkpoint key, sealed.
const CHECKPOINT_KEY: &str = "audit.checkpoint_key";

/// How long before a month begins its key is there: no record of its first moments is sealed under the last one's.
const AHEAD: Span = Span::from_hours(24);

/// The keys of a month or two. Never empty.
pub(super) type Months = BTreeMap<Month, PersonalKey>;

/// Whether the keys of now and of tomorrow are there.
pub(super) fn cover(months: &Months, now: Time) -> bool {
    [now, now + AHEAD].iter().all(|time| months.contains_key(&Month::of(*time)))
}

/// The key of a moment's month. A clock that ran past every key uses the newest: its records cannot be opened, which is
/// better than leaving them unsealed.
pub(super) fn of(months: &Months, now: Time) -> PersonalKey {
    let key = months.get(&Month::of(now)).or_else(|| months.values().next_back());
    #[expect(clippy::expect_used, reason = "the map is made with the key of the present month in it")]
    key.cloned().expect("a journal has a key")
}

/// The keys of the months that now and tomorrow are in.
pub(super) async fn months(store: &Store, ring: &Keyring, now: Time, rng: &SystemRng) -> anyhow::Result<Months> {
    let mut months = Months::new();
    for time in [now, now + AHEAD] {
        let month = Month::of(time);
        months.insert(month, month_key(store, ring, month, rng).await?);
    }
    Ok(months)
}

/// The key of a month: read, or made and stored unless another node was first.
async fn month_key(store: &Store, ring: &Keyring, month: Month, rng: &SystemRng) -> anyhow::Result<PersonalKey> {
    let name = month.to_string();
    if audit::month_key(store, &name).await?.is_none() {
        let mut batch = Batch::new();
        audit::put_month_key(&mut batch, &name, &PersonalKey::random(rng).stored(Owner::Month(month), ring, rng));
        store.commit(batch).await?;
    }
    let stored = audit::month_key(store, &name).await?.unwrap_or_default();
    PersonalKey::from_stored(&stored, Owner::Month(month), ring)
        .with_context(|| format!("the key of audit month {month} does not open"))
}

/// The key that signs checkpoints: read, or made and stored unless another node was first.
pub(crate) async fn checkpoint_key(store: &Store, ring: &Keyring, rng: &SystemRng) -> anyhow::Result<CheckpointKey> {
    if setting::read(store, CHECKPOINT_KEY).await?.is_none() {
        let mut batch = Batch::new();
        setting::put_new(&mut batch, CHECKPOINT_KEY, &CheckpointKey::random(rng)?.stored(ring, rng));
        match store.commit(batch).await {
            Ok(_) | Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let stored = setting::read(store, CHECKPOINT_KEY).await?.unwrap_or_default();
    CheckpointKey::from_stored(&stored, ring).context("the key of audit checkpoints does not open")
}
