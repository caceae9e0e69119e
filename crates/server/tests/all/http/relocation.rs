//! A move keeps everything alive, and leaves one place to be served.

use poundlock_core::audit::Event;
use poundlock_store::on_both;
use poundlock_store::testing::TestStore;

use super::restore::{World, account, empty_like, refresh};
use crate::attempt::ACCOUNT;

/// An empty place of the other engine.
async fn other(store: &TestStore) -> TestStore {
    let place =
        if store.is_postgres() { TestStore::sqlite_with(&[]).await } else { TestStore::postgres_with(&[]).await };
    place.close().await;
    place
}

on_both! {
    async fn sessions_and_refresh_tokens_go_on_at_the_other_engine(store) {
        let world = World::on(&store).await;
        let tokens = world.app.log_in(&world.ada, Some(ACCOUNT)).await;
        store.close().await;
        let place = other(&store).await;
        let sums = world.app.relocate(store.url(), place.url(), false).await.unwrap();
        assert!(sums.iter().any(|sum| sum.table == "session" && sum.rows == 2), "{sums:?}");
        let app = world.app.elsewhere(&place.again().await).await.unwrap();
        account(&app, &tokens).await.ok();
        refresh(&app, &tokens).await.ok();
        app.log_in(&world.ada, None).await;
        assert!(app.newest_records(30).await.iter().any(|record| record.event() == Event::StoreMoved));
    }

    async fn what_was_moved_is_not_served_again(store) {
        let world = World::on(&store).await;
        store.close().await;
        let place = other(&store).await;
        world.app.relocate(store.url(), place.url(), false).await.unwrap();
        let why = format!("{:#}", world.app.elsewhere(&store.again().await).await.err().unwrap());
        assert!(why.contains("was moved to") && why.contains("poundlock move"), "{why}");
        let again = empty_like(&store).await;
        again.close().await;
        store_closed(&store).await;
        let why = world.app.relocate(store.url(), again.url(), false).await.unwrap_err().to_string();
        assert!(why.contains("--force"), "{why}");
        world.app.relocate(store.url(), again.url(), true).await.unwrap();
        world.app.elsewhere(&again.again().await).await.unwrap();
    }

    async fn there_and_back_again_nothing_is_lost(store) {
        let world = World::on(&store).await;
        let tokens = world.app.log_in(&world.ada, Some(ACCOUNT)).await;
        store.close().await;
        let (there, back) = (other(&store).await, empty_like(&store).await);
        back.close().await;
        let first = world.app.relocate(store.url(), there.url(), false).await.unwrap();
        let second = world.app.relocate(there.url(), back.url(), false).await.unwrap();
        let alike = first.iter().zip(&second).filter(|(one, other)| one == other).count();
        // The record of the second move alone is new.
        assert_eq!(alike, first.len() - 1);
        let app = world.app.elsewhere(&back.again().await).await.unwrap();
        account(&app, &tokens).await.ok();
    }

    async fn a_place_that_holds_a_store_is_never_moved_over(store) {
        let world = World::on(&store).await;
        let place = empty_like(&store).await;
        world.app.elsewhere(&place).await.unwrap();
        place.close().await;
        store.close().await;
        let why = world.app.relocate(store.url(), place.url(), false).await.unwrap_err().to_string();
        assert!(why.contains("holds a store already"), "{why}");
        world.app.elsewhere(&store.again().await).await.unwrap();
    }
}

/// Lets go of what a refused start has opened.
async fn store_closed(store: &TestStore) {
    store.again().await.close().await;
}
