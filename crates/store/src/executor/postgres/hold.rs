//! Who may have the database open: an advisory lock, shared by every session that could write for a node, and exclusive
//! for a move or a restore. It ends with its session. The server gives it to any role that may connect, which no look at
//! `pg_stat_activity` is good for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use deadpool_postgres::{ClientWrapper, HookError, PoolError};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::connect::{Held, unavailable};
use crate::error::StoreError;
use crate::executor::sqlite::hold::{PAUSE, TRIES, taken};
use crate::options::Hold;
use crate::setting::MOVED;

/// Names the lock of whoever serves among the advisory locks of the database ("poundsrv" in ASCII).
pub(crate) const LOCK: i64 = 0x706f_756e_6473_7276;

/// The sessions of one pool, and what each of them holds. A session without it writes nothing, so that one which the
/// server has ended, and whose node has not noticed yet, is no hole.
#[derive(Clone)]
pub(super) struct Sessions(Arc<State>);

struct State {
    hold: Hold,
    /// The store was opened; from now on sessions replace others that were lost.
    is_open: AtomicBool,
    /// The only session of whoever is alone was made.
    is_made: AtomicBool,
}

impl Sessions {
    pub(super) fn new(hold: Hold) -> Self {
        Self(Arc::new(State { hold, is_open: AtomicBool::new(false), is_made: AtomicBool::new(false) }))
    }

    /// How many there may be.
    pub(super) fn most(&self, wanted: usize) -> usize {
        if self.0.hold == Hold::Alone { 1 } else { wanted }
    }

    /// Makes a new session one of these, or refuses it.
    pub(super) async fn admit(&self, client: &ClientWrapper) -> Result<(), HookError> {
        let State { hold, is_open, is_made } = &*self.0;
        if *hold == Hold::Alone && is_made.load(Ordering::SeqCst) {
            // Another would be alone now; in between somebody may have served.
            return Err(HookError::message("the session that held the store for itself was lost"));
        }
        if !holds(client, *hold).await.map_err(HookError::Backend)? {
            return Err(HookError::message(taken(*hold)));
        }
        is_made.store(true, Ordering::SeqCst);
        // At its start a node asks by itself, and says more. Later it could have slept through a whole move.
        if *hold == Hold::Shared && is_open.load(Ordering::SeqCst) && was_moved(client).await? {
            return Err(HookError::message("it was moved to another place"));
        }
        Ok(())
    }

    /// The first session. Who ends at this moment is waited for.
    pub(super) async fn first(&self, pool: &deadpool_postgres::Pool) -> Result<Held, StoreError> {
        for _ in 1..TRIES {
            match pool.get().await {
                Err(PoolError::PostCreateHook(HookError::Message(_))) => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(unavailable(&error)),
                Ok(object) => {
                    self.0.is_open.store(true, Ordering::SeqCst);
                    return Ok(Held::new(object));
                }
            }
        }
        Err(StoreError::Refused(taken(self.0.hold).to_owned()))
    }
}

/// Takes the lock for as long as the session lasts, without waiting.
pub(super) async fn holds(client: &Client, hold: Hold) -> Result<bool, tokio_postgres::Error> {
    let take = match hold {
        Hold::Unheld => return Ok(true),
        Hold::Shared => "pg_try_advisory_lock_shared",
        Hold::Alone => "pg_try_advisory_lock",
    };
    let answer = client.simple_query(&format!("SELECT {take}({LOCK})")).await?;
    Ok(answer.iter().any(|message| matches!(message, SimpleQueryMessage::Row(row) if row.get(0) == Some("t"))))
}

async fn was_moved(client: &Client) -> Result<bool, HookError> {
    match client.simple_query(&format!("SELECT 1 FROM setting WHERE name = '{MOVED}'")).await {
        Ok(answer) => Ok(answer.iter().any(|message| matches!(message, SimpleQueryMessage::Row(_)))),
        // Of another schema, or none yet.
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(false),
        Err(error) => Err(HookError::Backend(error)),
    }
}
