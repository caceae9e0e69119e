//! Places in status lists, and the lists as they are served. Reserves in blocks; never gives a place twice.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use poundlock_core::jws::{Alg, SigningKey};
use poundlock_core::secret::Digest;
use poundlock_core::status::{self, BLOCK, Block, ENTRIES, LIST_LIFE, ended_bits, status_list_token};
use poundlock_core::time::{Span, Time};
use poundlock_store::{Batch, CommitError, StoreError, status as rows};

use crate::app::App;
use crate::clock::Stopwatch;
use crate::flow::Fault;

/// The topic of notices that a list has changed; the payload is its number, or `all`.
pub(crate) const TOPIC: &str = "status";

/// How long services keep a list before they ask again: the bound of revocation by polling (DESIGN §8).
const TTL: Span = Span::from_seconds(10);

/// How old a signed list may get before it is signed anew, whatever the notices say: no older than its own `ttl`, or a
/// strict service would ask again and again for a list that is stale already.
const SERVED_FOR: Span = TTL;

/// How often a block is asked for while other nodes take theirs.
const RESERVE_TRIES: usize = 8;

/// A status list as it is served: bytes made once, sent many times.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) token: String,
    pub(crate) etag: String,
    signed_at: Time,
    /// The key that signed it: revoked, it takes the list with it, or services would refuse every token for the list's
    /// bad signature.
    kid: String,
}

/// Places of a list that this process alone gives out, and when that list was opened.
#[derive(Debug)]
struct Reserved {
    places: Block,
    opened_at: Time,
}

/// The lists of this process.
#[derive(Debug, Default)]
pub(crate) struct StatusLists {
    block: tokio::sync::Mutex<Option<Reserved>>,
    served: RwLock<BTreeMap<i64, Arc<Served>>>,
    /// Moves with every notice, so that a list read before it is not kept after it.
    epoch: AtomicU64,
}

impl StatusLists {
    /// Forgets served lists that a notice names.
    pub(crate) fn forget(&self, payload: &str) {
        let mut served = self.served.write().unwrap_or_else(PoisonError::into_inner);
        self.epoch.fetch_add(1, Ordering::SeqCst);
        match payload.parse::<i64>() {
            Ok(list) => drop(served.remove(&list)),
            Err(_) => served.clear(),
        }
    }

    fn cached(&self, list: i64, kid: &str, now: Time) -> Option<Arc<Served>> {
        self.last_signed(list, kid).filter(|served| now - served.signed_at < SERVED_FOR)
    }

    fn last_signed(&self, list: i64, kid: &str) -> Option<Arc<Served>> {
        let served = self.served.read().unwrap_or_else(PoisonError::into_inner);
        served.get(&list).filter(|served| served.kid == kid).cloned()
    }

    fn keep(&self, list: i64, made: &Arc<Served>, epoch: u64) {
        let mut served = self.served.write().unwrap_or_else(PoisonError::into_inner);
        if self.epoch.load(Ordering::SeqCst) == epoch {
            served.insert(list, Arc::clone(made));
        }
    }
}

/// The address of a list: the `uri` in tokens and the `sub` of the list itself.
pub(crate) fn uri(issuer: &str, list: i64) -> String {
    format!("{issuer}/status/{list}")
}

/// Takes an unused place for a session whose tokens are dead by `last_exp`.
pub(crate) async fn take(app: &App, last_exp: Time) -> Result<(i64, i64), Fault> {
    let (mut held, now) = (app.status.block.lock().await, app.time.mark());
    // Left over from a list that is open no more, the places are lost: the list may be gone before the session is.
    let usable = held.as_mut().filter(|held| status::is_open(held.opened_at, 0, now));
    if let Some(place) = usable.and_then(|held| held.places.next()) {
        return Ok(place);
    }
    let mut fresh = reserve(app, last_exp, now).await?;
    let place = fresh.places.next().ok_or_else(|| Fault::Other("a reserved block is empty".to_owned()))?;
    *held = Some(fresh);
    Ok(place)
}

async fn reserve(app: &App, last_exp: Time, now: Time) -> Result<Reserved, Fault> {
    for _ in 0..RESERVE_TRIES {
        let lists = rows::lists(&app.store).await?;
        let newest = lists.iter().max_by_key(|list| list.list);
        let open =
            newest.filter(|list| status::is_open(list.opened_at, u32::try_from(list.next).unwrap_or(ENTRIES), now));
        let mut batch = Batch::new();
        let list = open.map_or_else(|| newest.map_or(1, |list| list.list + 1), |list| list.list);
        let opened_at = open.map_or(now, |list| list.opened_at);
        if open.is_none() {
            rows::open(&mut batch, list, now);
        }
        let at = rows::reserve(&mut batch, list, i64::from(BLOCK), i64::from(ENTRIES), last_exp);
        match app.store.commit(batch).await {
            Ok(committed) => {
                let row = committed.first(at).ok_or_else(|| Fault::Other("a reservation without a row".to_owned()))?;
                let end = u32::try_from(row.int(0)?).map_err(|_| Fault::Other("a list over its size".to_owned()))?;
                let places = Block::reserved(&app.ring, list, end.saturating_sub(BLOCK)..end);
                return Ok(Reserved { places, opened_at });
            }
            // Another node has opened the list, or filled it.
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(Fault::Commit(error)),
        }
    }
    Err(Fault::Other("no place in a status list could be reserved".to_owned()))
}

/// The signed list of this number; `None` when there is none.
pub(crate) async fn serve(app: &App, list: i64, now: Time) -> Result<Option<Arc<Served>>, Fault> {
    let keys = app.keys.load();
    let key = keys.set.signing(Alg::Es256).ok_or_else(|| Fault::Other("no ES256 key yet".to_owned()))?;
    if let Some(served) = app.status.cached(list, key.kid(), now) {
        return Ok(Some(served));
    }
    match sign(app, list, key, now).await {
        // Older than its `ttl`, and says so itself: whoever asks strictly still refuses, and nobody is told less than
        // what this node last knew. A list that news has come about is forgotten, and so never shown here.
        Err(Fault::Read(StoreError::Unavailable(why))) => match app.status.last_signed(list, key.kid()) {
            Some(served) if now - served.signed_at < LIST_LIFE => Ok(Some(served)),
            _ => Err(StoreError::Unavailable(why).into()),
        },
        signed => signed,
    }
}

/// Reads the list anew and signs it.
async fn sign(app: &App, list: i64, key: &SigningKey, now: Time) -> Result<Option<Arc<Served>>, Fault> {
    let (epoch, begun) = (app.status.epoch.load(Ordering::SeqCst), Stopwatch::start());
    if !rows::lists(&app.store).await?.iter().any(|row| row.list == list) {
        return Ok(None);
    }
    let bits = ended_bits(rows::ended(&app.store, list).await?).map_err(|bad| Fault::Other(bad.to_string()))?;
    let token = status_list_token(key, &uri(&app.issuer, list), &bits, TTL, now)
        .map_err(|error| Fault::Other(format!("signing a status list: {error}")))?;
    let digest = Digest::of(token.as_bytes());
    let etag = digest.as_bytes().iter().take(16).fold("\"".to_owned(), |tag, byte| format!("{tag}{byte:02x}")) + "\"";
    let made = Arc::new(Served { token, etag, signed_at: now, kid: key.kid().to_owned() });
    app.metrics.status_list(made.token.len(), begun.took());
    app.status.keep(list, &made, epoch);
    Ok(Some(made))
}
