//! What a restore ends, in one batch with its record. Every line here is a promise with a test of its own.

use std::collections::HashSet;

use poundlock_core::audit::{Event, Key, NodeName, Record, utc};
use poundlock_core::backup::{first_list, last_step};
use poundlock_core::id::RecordId;
use poundlock_core::keys::{Action, KeyState};
use poundlock_core::time::Time;
use poundlock_store::{
    Batch, audit, browser, chain, code, consent, device, factor, guard, invite, key, login, outbox, passkey, refresh,
    session, setting, status, step_up,
};

use super::target::Spent;
use super::{Ready, Wish};
use crate::boot::MARK;
use crate::config::Config;
use crate::jobs::keys as job;
use crate::registry::Registry;
use crate::rng::SystemRng;

/// Why a session ended, in its row.
const REASON: &str = "restored";

/// Ends what a restore must not bring back.
pub(super) async fn end_all(
    ready: &Ready,
    (config, node): (&Config, &NodeName),
    wish: Wish,
    spent: &Spent,
) -> anyhow::Result<()> {
    let (rng, now) = (SystemRng::new(), ready.now);
    let mut batch = Batch::new();
    session::end_all(&mut batch, now, REASON);
    refresh::end_all(&mut batch, now, REASON);
    login::end_all(&mut batch);
    invite::end_all(&mut batch);
    browser::end_all(&mut batch);
    code::end_all(&mut batch);
    consent::end_all(&mut batch);
    step_up::end_all(&mut batch);
    // The marks of answered challenges are those of the backup: no challenge of before it counts.
    passkey::void_challenges(&mut batch, now);
    outbox::end_all(&mut batch);
    factor::spend_all_steps(&mut batch, last_step(now));
    end_codes(&mut batch, ready, wish, spent).await?;
    keep_spent(&mut batch, ready, spent).await?;
    new_keys(&mut batch, ready, (config, node), &rng).await?;
    audit::record(&mut batch, &record(ready, wish, (node, &rng)));
    chain::seen(&mut batch, node, now);
    ready.store.commit(batch).await?;
    Ok(())
}

fn record(ready: &Ready, wish: Wish, (node, rng): (&NodeName, &SystemRng)) -> Record {
    Record::new(RecordId::new(ready.now, rng), ready.now, node, Event::StoreRestored)
        .with(Key::Actor, "command_line")
        .with(Key::Old, utc(ready.manifest.made_at()))
        .with(Key::Rule, if wish.keep_codes { "codes_kept" } else { "codes_void" })
}

/// Recovery codes of the backup may have been used since, and nobody can tell which: all are void. Where they are kept,
/// those that the replaced store knows as used or replaced are void at least.
async fn end_codes(batch: &mut Batch, ready: &Ready, wish: Wish, spent: &Spent) -> anyhow::Result<()> {
    if !wish.keep_codes {
        factor::void_all_codes(batch);
        return Ok(());
    }
    let Some(alive) = &spent.unused_codes else { return Ok(()) };
    let alive: HashSet<_> = alive.iter().collect();
    for code in factor::unused_codes(&ready.store).await?.iter().filter(|code| !alive.contains(code)) {
        factor::void_code(batch, code);
    }
    Ok(())
}

/// What the replaced store counted, revoked and gave out since the backup stays counted, revoked and given out.
async fn keep_spent(batch: &mut Batch, ready: &Ready, spent: &Spent) -> anyhow::Result<()> {
    for (counter, row) in &spent.counters {
        guard::raise(batch, counter, row);
    }
    for (id, at) in &spent.revoked {
        device::revoke_again(batch, *id, *at);
    }
    if spent.mark > ready.now {
        anyhow::bail!("the clock stands before a moment that the store in place has seen: set the clock first");
    }
    setting::put(batch, MARK, &ready.now.millis().to_be_bytes());
    let known = status::lists(&ready.store).await?.iter().map(|list| list.list).max().unwrap_or(0);
    status::open(batch, first_list(known.max(spent.newest_list)), ready.now);
    Ok(())
}

/// Tokens of before the restore die with the keys that signed them: they name sessions which the restored store may not
/// know, so nobody could end them.
async fn new_keys(
    batch: &mut Batch,
    ready: &Ready,
    (config, node): (&Config, &NodeName),
    rng: &SystemRng,
) -> anyhow::Result<()> {
    let rows = key::signing_keys(&ready.store).await?;
    let gone = rows.iter().filter(|row| row.state != KeyState::Gone).map(|row| Action::Remove(row.kid.clone()));
    let mut actions: Vec<Action> = gone.collect();
    let registry = Registry::load(&ready.store, &config.issuer()).await?;
    actions.extend(registry.algs().into_iter().map(Action::MakeCurrent));
    let (keys, told) = job::batch(&rows, &actions, &ready.ring, ready.now, rng)?;
    batch.append(keys);
    record_keys(batch, &told, (node, ready.now), rng);
    Ok(())
}

fn record_keys(batch: &mut Batch, told: &[job::Told], (node, now): (&NodeName, Time), rng: &SystemRng) {
    for told in told {
        let record = Record::new(RecordId::new(now, rng), now, node, told.event);
        audit::record(batch, &told.fill(record.with(Key::Rule, "restore")));
    }
}
