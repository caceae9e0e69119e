//! Reads the audit log for administrators, and prunes it. Opens the personal part of a record where its owner's key
//! still exists; never changes a record.

mod export;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use poundlock_core::audit::{Checkpoint, Event, Head, Key, Month, Owner, Personal, PersonalKey, PublicKey, Record};
use poundlock_core::id::RecordId;
use poundlock_core::time::{Span, Time};
use poundlock_store::audit::StoredRecord;
use poundlock_store::{Batch, audit, chain, checkpoint, user};

pub(crate) use self::export::{export, verify};
use super::super::{Answer, Fault, Refused, commit};
use crate::app::App;
use crate::journal::{Note, Origin};

/// Unlinked records that the state of the log names.
const UNLINKED_SHOWN: i64 = 20;

/// How long a record may go unlinked: a silent node's tail is sealed after a minute.
const UNLINKED_MOST: Span = Span::from_minutes(2);

/// A record with what can be read of it.
pub(crate) struct Told {
    pub(crate) id: RecordId,
    /// `None` when what is stored is no record any more.
    pub(crate) record: Option<Record>,
    pub(crate) personal: Part,
}

/// The personal part of a record.
pub(crate) enum Part {
    /// It has none.
    None,
    Open(Personal),
    /// Its key was destroyed, with the user or with the month.
    Gone,
}

/// How the log stands.
pub(crate) struct State {
    pub(crate) key: PublicKey,
    pub(crate) chains: Vec<Head>,
    pub(crate) last: Option<Checkpoint>,
    pub(crate) cut: Option<Checkpoint>,
    pub(crate) unlinked: i64,
    /// The oldest of them, and whether each has waited longer than any sealer takes.
    pub(crate) oldest: Vec<(Told, bool)>,
}

/// What a prune removed.
#[derive(Debug)]
pub(crate) struct Pruned {
    pub(crate) records: u64,
    pub(crate) checkpoint: u64,
    pub(crate) begins_at: Time,
}

/// The newest records, oldest first.
pub(crate) async fn tail(app: &App, limit: i64) -> Answer<Vec<Told>> {
    let mut rows = audit::tail(&app.store, limit).await?;
    rows.reverse();
    let mut keys = Keys::default();
    let mut told = Vec::new();
    for row in &rows {
        told.push(keys.open(app, row).await?);
    }
    Ok(told)
}

/// One record, also one that is still being counted.
pub(crate) async fn one(app: &App, reference: RecordId) -> Answer<Option<Told>> {
    let mut keys = Keys::default();
    if let Some(row) = audit::by_id(&app.store, reference).await? {
        return keys.open(app, &row).await.map(Some);
    }
    let Some(held) = app.journal.held(reference) else { return Ok(None) };
    let row = StoredRecord { id: reference, body: held.canonical().into_bytes() };
    keys.open(app, &row).await.map(Some)
}

/// How the log stands now.
pub(crate) async fn state(app: &App, origin: &Origin) -> Answer<State> {
    let now = super::super::now(app, origin)?;
    let (last, cut, chains, unlinked) = app
        .store
        .read(move |r| {
            Box::pin(async move {
                let (last, cut) = (checkpoint::last(r).await?, checkpoint::cut(r).await?);
                Ok((last, cut, chain::heads(r).await?, chain::unlinked_count(r).await?))
            })
        })
        .await?;
    let (mut keys, mut oldest) = (Keys::default(), Vec::new());
    for row in chain::unlinked(&app.store, UNLINKED_SHOWN).await? {
        let told = keys.open(app, &row).await?;
        let late = told.record.as_ref().is_none_or(|record| now - record.at() > UNLINKED_MOST);
        oldest.push((told, late));
    }
    Ok(State { key: app.journal.key.public(), chains, last, cut, unlinked, oldest })
}

/// Removes what was recorded before `before`, back from a checkpoint: a cut anywhere else could not be told from a
/// theft. The keys of months that ended before it are destroyed with it.
pub(crate) async fn prune(app: &App, before: Time, origin: &Origin) -> Answer<Pruned> {
    let now = super::super::now(app, origin)?;
    if before > now {
        return Err(Refused::Unusable("That moment has not come yet.".to_owned()));
    }
    let Some(cut) = checkpoint::before(&app.store, before).await? else {
        return Err(Refused::Unusable(
            "No checkpoint is older than that, and only at one can the log be cut.".to_owned(),
        ));
    };
    let old = app.store.read(move |r| Box::pin(checkpoint::cut(r))).await?;
    if old.as_ref().is_some_and(|old| old.number() >= cut.number()) {
        return Err(Refused::Unusable("The log begins there already.".to_owned()));
    }
    let records = covered(&cut).saturating_sub(old.as_ref().map_or(0, covered));
    let mut batch = Batch::new();
    checkpoint::prune(&mut batch, &cut);
    for head in cut.heads() {
        chain::prune(&mut batch, head);
    }
    audit::forget_months(&mut batch, &Month::of(before).to_string());
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let record = Note::new(app, origin, now).record(Event::AuditPruned);
    audit::record(&mut batch, &record.with(Key::Target, number(cut.number())).with(Key::Ended, number(records)));
    match commit(app, batch).await? {
        Some(_) => Ok(Pruned { records, checkpoint: cut.number(), begins_at: cut.at() }),
        None => Err(Refused::Unusable("The log was pruned by somebody else at this moment.".to_owned())),
    }
}

/// How many records a checkpoint covers, over all chains and from their beginning.
fn covered(checkpoint: &Checkpoint) -> u64 {
    checkpoint.heads().iter().map(|head| head.seq).sum()
}

/// The keys that one answer needs, each read once.
#[derive(Default)]
struct Keys(HashMap<Owner, Option<PersonalKey>>);

impl Keys {
    async fn open(&mut self, app: &App, row: &StoredRecord) -> Answer<Told> {
        let record = std::str::from_utf8(&row.body).ok().and_then(|text| Record::parse(text).ok());
        let personal = match &record {
            Some(record) => self.part(app, record).await?,
            None => Part::None,
        };
        Ok(Told { id: row.id, record, personal })
    }

    async fn part(&mut self, app: &App, record: &Record) -> Answer<Part> {
        if !record.has_personal() {
            return Ok(Part::None);
        }
        let owner = record.owner();
        let key = match self.0.entry(owner) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(read(app, owner).await?),
        };
        let opened = key.as_ref().map(|key| record.open_personal(key));
        Ok(match opened {
            Some(Ok(Some(personal))) => Part::Open(personal),
            Some(Ok(None)) => Part::None,
            Some(Err(_)) | None => Part::Gone,
        })
    }
}

/// The key of an owner; `None` when it was destroyed or does not open.
async fn read(app: &App, owner: Owner) -> Result<Option<PersonalKey>, Fault> {
    let stored = match owner {
        Owner::User(id) => user::by_id(&app.store, id).await?.map(|account| account.user.personal_key),
        Owner::Month(month) => audit::month_key(&app.store, &month.to_string()).await?,
    };
    Ok(stored.and_then(|stored| PersonalKey::from_stored(&stored, owner, &app.ring).ok()))
}
