//! Load, decide, save: the story of each request, between `http` (which parses and answers) and `core` (which decides).
//! A flow holds no rule of its own; it is used by `http` alone.

pub(crate) mod account;
pub(crate) mod admin;
pub(crate) mod browser;
pub(crate) mod enrol;
pub(crate) mod factor;
pub(crate) mod invite;
pub(crate) mod login;
pub(crate) mod oidc;
pub(crate) mod refresh;
pub(crate) mod session;
pub(crate) mod step_up;
pub(crate) mod under_way;

use poundlock_core::audit::{Event, Key, Lane, Offered, Record};
pub(crate) use poundlock_core::denial::Denial;
use poundlock_core::id::UserId;
pub(crate) use poundlock_core::login::Channel;
use poundlock_core::password::Weakness;
use poundlock_core::time::Time;
use poundlock_store::{Batch, CommitError, Committed, StoreError, audit, user};
use tracing::Instrument;

use self::under_way::UnderWay;
use crate::app::App;
use crate::journal::{Note, Noted, Origin};

/// What a flow answers.
pub(crate) type Answer<T> = Result<T, Refused>;

/// Why a flow gave nothing.
#[derive(Debug)]
pub(crate) enum Refused {
    /// A decision. `reference` names the record of it.
    Denied { denial: Denial, reference: String, login: Option<Box<Handle>> },
    /// What was sent cannot be used; says what to change.
    Unusable(String),
    /// A new password that may not be set.
    Weak(Weakness),
    /// An administrator named something that is not there; says what.
    Missing(String),
    /// What an administrator asked for does not fit what is there now; says why.
    Conflicting(String),
    /// The server could not decide.
    Fault(Fault),
}

/// A login that a refusal points to: the way out of it.
#[derive(Debug)]
pub(crate) struct Handle {
    pub(crate) login: poundlock_core::secret::Secret<String>,
    pub(crate) factors: Vec<&'static str>,
    pub(crate) expires_in: i64,
}

/// What went wrong on our side. The text is for the operator.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Read(#[from] StoreError),
    #[error(transparent)]
    Commit(CommitError),
    #[error("a stored value does not open: {0}")]
    Seal(&'static str),
    #[error("{0}")]
    Other(String),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Fault(Fault::Read(error))
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Commits a batch that may lose a race: `None` when it did, and then nothing of it happened.
pub(crate) async fn commit(app: &App, batch: Batch) -> Result<Option<Committed>, Fault> {
    match app.store.commit(batch).await {
        Ok(committed) => Ok(Some(committed)),
        Err(CommitError::Conflict { .. }) => Ok(None),
        Err(error) => Err(Fault::Commit(error)),
    }
}

/// How many logins a session may have under way that cost no attempt to begin.
pub(crate) const UNSPENT_LOGINS_MAX: i64 = 64;

/// A batch that takes the account's row first, guarding that it is open and unchanged. All batches lock in this order
/// (account, session, family), so that PostgreSQL finds no deadlock among them.
pub(crate) fn account_first(user: UserId, version: i64, rest: Batch) -> Batch {
    let mut batch = Batch::new();
    user::stands(&mut batch, user, version);
    batch.append(rest);
    batch
}

/// Refuses: writes why, with whatever else the refusal does, and then says so. A refusal that cannot be recorded is a
/// fault, not a quieter refusal (AUD-07).
pub(crate) async fn refuse(app: &App, mut batch: Batch, noted: Noted, denial: Denial, target: &[u8]) -> Refused {
    let (record, source) = noted.into_parts();
    let now = record.at();
    let record = match denial {
        Denial::Delayed(wait) | Denial::Source(wait) | Denial::Busy(wait) | Denial::RefreshTooOften(wait) => {
            record.with(Key::RetryAfterMillis, wait.millis())
        }
        _ => record,
    };
    app.metrics.denied(record.event(), denial);
    let reference = match offer(app, record.because(denial.code()), &source, target, now) {
        Offered::Write(record) => {
            audit::record(&mut batch, &record);
            record.id()
        }
        Offered::Counted(reference) => reference,
    };
    match app.store.commit(batch).await {
        Ok(_) => Refused::Denied { denial, reference: reference.to_string(), login: None },
        Err(error) => Refused::Fault(Fault::Commit(error)),
    }
}

fn offer(app: &App, record: Record, source: &str, target: &[u8], now: Time) -> Offered {
    let mut collapser = app.journal.collapser.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    collapser.offer(record, source, target, now)
}

/// Refuses what leaves no record of its own: nothing was read, checked or changed. The reference is the request's id,
/// which the log has.
pub(crate) fn refuse_unrecorded(origin: &Origin, denial: Denial) -> Refused {
    Refused::Denied { denial, reference: origin.request.clone(), login: None }
}

/// Now, or a refusal while the clock cannot be trusted.
pub(crate) fn now(app: &App, origin: &Origin) -> Answer<Time> {
    app.time.now().map_err(|denial| refuse_unrecorded(origin, denial))
}

/// Runs a flow to its end, even when the client hangs up: a spent attempt must get its outcome written. `under_way` is
/// what the end of the server waits for.
pub(crate) async fn to_the_end<T: Send + 'static>(
    under_way: UnderWay,
    flow: impl Future<Output = Answer<T>> + Send + 'static,
) -> Answer<T> {
    let flow = async move {
        let answer = flow.await;
        drop(under_way);
        answer
    };
    match tokio::spawn(flow.instrument(tracing::info_span!("flow"))).await {
        Ok(answer) => answer,
        Err(error) => Err(Refused::Fault(Fault::Other(format!("a flow did not end: {error}")))),
    }
}

/// A verdict as metrics count it.
const fn word_of(verdict: &poundlock_core::guard::Verdict) -> &'static str {
    use poundlock_core::guard::Verdict;
    match verdict {
        Verdict::Go => "go",
        Verdict::Delay(_) => "delayed",
        Verdict::Refused(_) => "blocked",
    }
}

/// Refuses a source that asks too often. Known devices are not asked (DESIGN §9).
pub(crate) async fn admit_source(app: &App, note: &Note<'_>, origin: &Origin) -> Answer<()> {
    use poundlock_core::guard::Verdict;
    let unlimited = app.config.guard.sources.loopback_unlimited
        && origin.source().address().is_some_and(|address| address.is_loopback());
    if unlimited {
        return Ok(());
    }
    let verdict = {
        let mut sources = app.sources.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        sources.admit(origin.source(), note.now())
    };
    app.metrics.verdict("source", "source", word_of(&verdict));
    match verdict {
        Verdict::Go => Ok(()),
        Verdict::Delay(wait) => {
            let record = note.record(Event::LoginDelayed).with(Key::Rule, "source").with(Key::Lane, Lane::Source);
            Err(refuse(app, Batch::new(), record, Denial::Source(wait), b"source").await)
        }
        Verdict::Refused(_) => {
            let record = note.record(Event::LoginBlocked).with(Key::Rule, "source").with(Key::Lane, Lane::Source);
            Err(refuse(app, Batch::new(), record, Denial::Blocked, b"source").await)
        }
    }
}
