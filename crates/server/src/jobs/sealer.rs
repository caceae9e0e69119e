//! Writes counted refusals, links records into chains, and signs checkpoints of all chains.
//!
//! Records are linked as they become visible, those of one run by their ids; a link and its mark are one batch, and a
//! chain goes on from its stored head, so a crash at any point costs nothing. Links go into this node's own chain only,
//! also those of a node that fell silent: one that comes back never finds its numbers taken.

use anyhow::bail;
use poundlock_core::audit::{Chain, Checkpoint, Head, NodeName, Record};
use poundlock_core::time::{Span, Time};
use poundlock_store::{Batch, CommitError, audit, chain, checkpoint};

use crate::app::{App, SharedApp};

/// How long a node may go unseen before another seals what it left.
const SILENT: Span = Span::from_minutes(1);

/// How far checkpoints lie apart.
const APART: Span = Span::from_minutes(1);

/// Records linked in one batch.
const BATCH_RECORDS: i64 = 200;

/// How often a race is run again. Each loss means that another node has moved on.
const RACES_MAX: usize = 16;

/// One run, every second.
pub(crate) async fn seal(app: SharedApp) -> anyhow::Result<()> {
    let now = app.time.now().ok();
    if let Some(now) = now {
        write_counted(&app, Some(now)).await?;
    }
    let own = &app.journal.node;
    link_tail(&app, own).await?;
    let Some(now) = now else { return Ok(()) };
    for node in chain::silent(&app.store, now - SILENT).await? {
        if node != *own {
            tracing::info!(%node, "sealing what a silent node left");
            link_tail(&app, &node).await?;
        }
    }
    Ok(())
}

/// Says that this node is alive, every 15 seconds.
pub(crate) async fn seen(app: SharedApp) -> anyhow::Result<()> {
    let Ok(now) = app.time.now() else { return Ok(()) };
    let mut batch = Batch::new();
    chain::seen(&mut batch, &app.journal.node, now);
    app.store.commit(batch).await?;
    Ok(())
}

/// Signs a checkpoint when the last one, of whatever node, is a minute old. Asked every second.
pub(crate) async fn checkpoint(app: SharedApp) -> anyhow::Result<()> {
    sign(&app, APART).await.map(drop)
}

/// The end of this node's work: everything is written, linked, and named by a checkpoint, unless the last one names it.
pub(crate) async fn finish(app: &App) -> anyhow::Result<()> {
    write_counted(app, None).await?;
    link_tail(app, &app.journal.node).await?;
    sign(app, Span::ZERO).await.map(drop)
}

/// Writes the counted refusals of the windows that are over, or all of them. What the store does not take is kept.
async fn write_counted(app: &App, now: Option<Time>) -> anyhow::Result<()> {
    let mut counted = app.journal.take_counted(now).into_iter();
    while let Some(record) = counted.next() {
        let mut batch = Batch::new();
        audit::record(&mut batch, &record);
        match app.store.commit(batch).await {
            // In the store already: an earlier commit of it was lost on its way back.
            Ok(_) | Err(CommitError::Conflict { .. }) => {}
            Err(error) => {
                let left: Vec<Record> = std::iter::once(record).chain(counted).collect();
                app.journal.put_back(left);
                return Err(error.into());
            }
        }
    }
    Ok(())
}

/// Links what `node` left, into this node's chain.
async fn link_tail(app: &App, node: &NodeName) -> anyhow::Result<()> {
    let mut lost = 0;
    loop {
        let tail = chain::unsealed(&app.store, node, BATCH_RECORDS).await?;
        if tail.is_empty() {
            return Ok(());
        }
        let mut own = Chain::continue_from(chain::head(&app.store, &app.journal.node).await?);
        let mut batch = Batch::new();
        for record in &tail {
            chain::link(&mut batch, &own.link_stored(record.id, &record.body));
        }
        match app.store.commit(batch).await {
            Ok(_) => {}
            Err(CommitError::Conflict { .. }) if lost < RACES_MAX => lost += 1,
            Err(CommitError::Conflict { .. }) => {
                bail!("the records of node {node} cannot be linked: others are faster")
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether a checkpoint names these very ends.
fn names_all(checkpoint: &Checkpoint, heads: &[Head]) -> bool {
    checkpoint.heads().len() == heads.len() && heads.iter().all(|head| checkpoint.heads().contains(head))
}

/// Signs where all chains end, unless the last checkpoint is younger than `apart`. A node that loses the race for a
/// number looks again: the other's may not name what this one has just linked.
async fn sign(app: &App, apart: Span) -> anyhow::Result<Option<Checkpoint>> {
    for _ in 0..RACES_MAX {
        let Ok(now) = app.time.now() else { return Ok(None) };
        let (last, heads) = app
            .store
            .read(move |r| {
                Box::pin(async move {
                    let last = checkpoint::last(r).await?;
                    let fresh = last.as_ref().is_some_and(|last| (Span::ZERO..apart).contains(&(now - last.at())));
                    // One snapshot for both: a checkpoint never names less than the one before it.
                    let heads = if fresh { None } else { Some(chain::heads(r).await?) };
                    Ok((last, heads))
                })
            })
            .await?;
        let Some(heads) = heads.filter(|heads| !heads.is_empty()) else { return Ok(None) };
        if apart == Span::ZERO && last.as_ref().is_some_and(|last| names_all(last, &heads)) {
            return Ok(None);
        }
        let next = Checkpoint::after(last.as_ref(), now, heads, &app.journal.key);
        let mut batch = Batch::new();
        checkpoint::insert(&mut batch, &next);
        match app.store.commit(batch).await {
            Ok(_) => {
                // The line that must leave the host: whoever keeps it sees a log that is cut or written anew.
                tracing::info!(target: "poundlock::checkpoint", checkpoint = %next.canonical(), "audit checkpoint");
                return Ok(Some(next));
            }
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    bail!("no checkpoint could be signed: others are faster")
}
