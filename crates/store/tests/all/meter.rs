//! What the store counts about itself is what happened, on both engines.

use poundlock_core::audit::{Event, NodeName, Record};
use poundlock_core::id::RecordId;
use poundlock_core::testing::SeededRng;
use poundlock_core::time::Time;
use poundlock_store::{Batch, Ended, Expect, Statement, audit, chain, on_both, params};

static NOBODY: Statement = Statement::new("DELETE FROM login WHERE id = ?1");

fn node() -> NodeName {
    NodeName::parse("node-a").unwrap()
}

/// A batch with the record of one event.
fn recording(event: Event, number: i64) -> Batch {
    let now = Time::from_millis(1_800_000_000_000 + number);
    let mut batch = Batch::new();
    audit::record(&mut batch, &Record::new(RecordId::new(now, &SeededRng::new(7)), now, &node(), event));
    batch
}

on_both! {
    async fn ends_and_records_are_counted_as_they_are(store) {
        let meter = store.meter();
        let before = meter.commit_micros().count;
        store.commit(recording(Event::RefreshTheft, 1)).await.unwrap();
        let mut lost = Batch::new();
        lost.append(recording(Event::RefreshTheft, 2));
        lost.append(recording(Event::LoginCompleted, 3));
        lost.push(&NOBODY, params![b"sixteen bytes ab"], Expect::Rows(1));
        store.commit(lost).await.unwrap_err();
        store.commit(Batch::new()).await.unwrap();
        assert_eq!((meter.ended(Ended::Done), meter.ended(Ended::Conflict), meter.ended(Ended::Unknown)), (1, 1, 0));
        assert_eq!(meter.commit_micros().count - before, 2, "an empty batch is no commit");
        assert_eq!((meter.recorded(Event::RefreshTheft), meter.recorded(Event::LoginCompleted)), (1, 0));
        assert_eq!(meter.batches_per_commit().count, if store.is_postgres() { 0 } else { 2 });
        assert_eq!(store.pool().is_some(), store.is_postgres());
        assert!(store.pool().is_none_or(|(used, most)| used <= most && most > 0));
        // What is told of the tail is what the sealer would find.
        assert_eq!(chain::tail(&store, &node()).await.unwrap(), 1);
        assert_eq!(chain::unsealed(&store, &node(), 10).await.unwrap().len(), 1);
    }
}
