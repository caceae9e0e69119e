//! Two nodes as one server: each has its own caches, hash pool and connections; requests go to them by turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use poundlock_core::seal::MasterKey;
use poundlock_store::{Batch, Notice};
use tokio::sync::{Mutex, broadcast};

use super::TestApp;
use crate::app::SharedApp;

/// The topic by which a test knows that it has heard everything said before.
const SETTLED: &str = "settled";

/// The second node, and whose turn it is.
pub(super) struct Pair {
    second: TestApp,
    turn: AtomicUsize,
    ears: Mutex<[broadcast::Receiver<Notice>; 2]>,
}

impl Pair {
    /// The second node of a server, where tests run on two.
    pub(super) async fn of(first: &TestApp, settings: super::Settings, master: MasterKey) -> Option<Arc<Self>> {
        let store = poundlock_store::testing::second_node(&first.app.store).await?;
        let hands = Arc::clone(&first.hands);
        let second = TestApp::start_with(store, hands, |set| *set = settings, master).await.unwrap();
        let ears = Mutex::new([first.app.store.listen(), second.app.store.listen()]);
        Some(Arc::new(Self { second, turn: AtomicUsize::new(0), ears }))
    }
}

impl TestApp {
    /// Every node.
    pub(super) fn nodes(&self) -> Vec<&SharedApp> {
        let second = self.pair.as_ref().map(|pair| &pair.second.app);
        std::iter::once(&self.app).chain(second).collect()
    }

    /// The node whose turn it is.
    fn turn(&self) -> &Self {
        match &self.pair {
            Some(pair) if pair.turn.fetch_add(1, Ordering::SeqCst) % 2 == 1 => &pair.second,
            _ => self,
        }
    }

    /// The public router of the node whose turn it is.
    pub(super) fn public_by_turns(&self) -> Router {
        self.turn().public.clone()
    }

    /// The admin router of the node whose turn it is.
    pub(super) fn admin_by_turns(&self) -> Router {
        self.turn().admin.clone()
    }

    /// Waits until both nodes have heard what either has said: what a person who sends two requests does not notice,
    /// and a test would. Callers that come at once do not wait for one another.
    pub(super) async fn settle(&self) {
        let Some(pair) = &self.pair else { return };
        let Ok(mut ears) = pair.ears.try_lock() else { return };
        let mut batch = Batch::new();
        batch.notify(SETTLED, "");
        // A test that broke its store hears nothing.
        if self.app.store.commit(batch).await.is_err() {
            return;
        }
        for (ear, node) in ears.iter_mut().zip([&self.app, &pair.second.app]) {
            loop {
                match Notice::next(ear).await {
                    Some(Notice::Message { topic, .. }) if topic == SETTLED => break,
                    // What cannot be taken over now is for the node's own job to say.
                    Some(notice) => drop(crate::jobs::notices::hear(node, &notice).await),
                    None => return,
                }
            }
        }
    }
}
