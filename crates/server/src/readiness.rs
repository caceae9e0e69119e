//! Whether the server can be asked anything, and what is in the way: one answer for `/health/ready` and for the metrics.
//! Must cost little however many ask: anyone may, as often as they like.

use std::sync::atomic::{AtomicU64, Ordering};

use poundlock_store::setting;
use tokio::sync::Mutex;

use crate::app::App;
use crate::jobs::watch::{self, Wrong, answer};

/// What is wrong with a store that cannot even be read.
const SILENT: Wrong =
    Some(("does not answer", "See that the database runs and can be reached from here. The server goes on by itself."));

/// What stands in the way of being asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Readiness {
    pub(crate) store: Wrong,
    pub(crate) clock: Wrong,
    /// Somebody has told the server to end.
    pub(crate) stopping: bool,
}

impl Readiness {
    /// Nothing is in the way.
    pub(crate) const fn is_ready(&self) -> bool {
        self.store.is_none() && self.clock.is_none() && !self.stopping
    }
}

/// The last look, shared by all who asked before it began: two looks answer any number of callers, and no more than one
/// is under way.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    begun: AtomicU64,
    last: Mutex<(u64, Readiness)>,
}

/// How things stand: seen by a look that began after this was called.
pub(crate) async fn readiness(app: &App) -> Readiness {
    let before = app.looks.begun.load(Ordering::SeqCst);
    let mut last = app.looks.last.lock().await;
    if last.0 <= before {
        let number = app.looks.begun.fetch_add(1, Ordering::SeqCst) + 1;
        *last = (number, look(app).await);
    }
    last.1
}

/// A read that costs the same however many users there are. Whether the store can be written is found out by the watch.
async fn look(app: &App) -> Readiness {
    let (database, read) =
        tokio::join!(answer(app.store.database_time()), answer(setting::read(&app.store, "key.check")));
    Readiness {
        store: if read.is_some() { app.watched.store() } else { SILENT },
        clock: watch::clock(app, database.flatten()),
        stopping: app.stopping.load(Ordering::SeqCst),
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use poundlock_store::testing::TestStore;

    use super::*;
    use crate::testing::TestApp;

    #[tokio::test]
    async fn ops_05_many_who_ask_at_once_share_few_looks() {
        let store = TestStore::sqlite().await;
        let app = TestApp::on(&store).await;
        let shared = app.shared();
        let held = shared.looks.last.lock().await;
        let mut asking: Vec<_> = (0..64).map(|_| Box::pin(readiness(shared))).collect();
        for one in &mut asking {
            assert!(one.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        drop(held);
        for one in asking {
            assert!(one.await.is_ready());
        }
        assert_eq!(shared.looks.begun.load(Ordering::SeqCst), 1);
        assert!(readiness(shared).await.is_ready());
        assert_eq!(shared.looks.begun.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn ops_05_who_asks_later_is_told_what_is_so_then() {
        let store = TestStore::sqlite().await;
        let app = TestApp::on(&store).await;
        let shared = app.shared();
        assert!(readiness(shared).await.is_ready());
        shared.stopping.store(true, Ordering::SeqCst);
        let told = readiness(shared).await;
        assert!(told.stopping && !told.is_ready(), "{told:?}");
    }
}
