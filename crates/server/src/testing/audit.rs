//! What tests of the audit log do: run its jobs once, on one node or another, and read the log as an operator does.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request};
use http_body_util::BodyExt;
use poundlock_core::audit::{Event, Record};
use poundlock_store::{Store, audit};
use tower::ServiceExt;

use super::TestApp;
use crate::app::SharedApp;
use crate::jobs::sealer;

impl TestApp {
    /// The same node after a crash: its memory is gone, its name is kept.
    pub async fn restarted(&self) -> Self {
        let node = self.app.journal.node.clone();
        Self::start(self.app.store.clone(), Arc::clone(&self.hands), |set| set.node = Some(node)).await
    }

    /// Another node that reaches the same store by connections of its own.
    pub async fn beside(&self, store: Store) -> Self {
        Self::start(store, Arc::clone(&self.hands), |_| {}).await
    }

    /// The node's name.
    #[must_use]
    pub fn node(&self) -> &str {
        self.app.journal.node.as_str()
    }

    /// Runs the sealer once.
    pub async fn seal(&self) {
        for node in self.nodes() {
            sealer::seal(SharedApp::clone(node)).await.unwrap();
        }
    }

    /// Runs the sealer once, and tells whether it got through.
    pub async fn try_seal(&self) -> bool {
        sealer::seal(SharedApp::clone(&self.app)).await.is_ok()
    }

    /// Signs a checkpoint if one is due.
    pub async fn checkpoint(&self) {
        sealer::checkpoint(SharedApp::clone(&self.app)).await.unwrap();
    }

    /// Says that the node is alive.
    pub async fn seen(&self) {
        for node in self.nodes() {
            sealer::seen(SharedApp::clone(node)).await.unwrap();
        }
    }

    /// What the audit log gets when the server stops.
    pub async fn finish(&self) {
        for node in self.nodes() {
            sealer::finish(node).await.unwrap();
        }
    }

    /// Every record in the store, oldest first.
    pub async fn records(&self) -> Vec<Record> {
        let mut rows = audit::tail(&self.app.store, 100_000).await.unwrap();
        rows.reverse();
        rows.iter().map(|row| Record::parse(std::str::from_utf8(&row.body).unwrap()).unwrap()).collect()
    }

    /// The events of all records, oldest first.
    pub async fn events(&self) -> Vec<Event> {
        self.records().await.iter().map(Record::event).collect()
    }

    /// An export, as the admin socket streams it; `None` when it broke off.
    pub async fn export(&self) -> Option<String> {
        let request = Request::builder().method(Method::GET).uri("/v1/admin/audit/export");
        self.settle().await;
        let response = self.admin_by_turns().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert!(response.status().is_success(), "{}", response.status());
        let bytes = response.into_body().collect().await.ok()?.to_bytes();
        Some(String::from_utf8(bytes.to_vec()).unwrap())
    }
}
