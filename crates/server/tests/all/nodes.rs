//! Two nodes on one PostgreSQL: what crosses from one to the other, and what happens when one of them, or the database,
//! goes away.

mod crossing;
mod failover;
mod killed;
mod news;
mod rolling;
mod service;

use poundlock::testing::TestApp;
use poundlock_store::testing::TestStore;

/// Two nodes with caches and connections of their own. Neither hears of the other until a test lets it.
pub(super) async fn two(store: &TestStore) -> [TestApp; 2] {
    let one = TestApp::alone(store, "the test has two nodes of its own").await;
    let two = one.beside(store.again().await).await;
    [one, two]
}
