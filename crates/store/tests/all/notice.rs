//! News reaches every listener, after its batch and only with it.

use poundlock_store::{Batch, CommitError, Expect, Notice, on_both, params};

use crate::batch::account;
use crate::schema::{ADD, COUNT, LIST};
use crate::soon;

pub(crate) fn message(topic: &str, payload: &str) -> Notice {
    Notice::Message { topic: topic.to_owned(), payload: payload.to_owned() }
}

/// A batch that does nothing but tell.
pub(crate) fn tell(payload: &str) -> Batch {
    let mut batch = Batch::new();
    batch.notify("test", payload);
    batch
}

on_both! {
    schema = LIST;

    async fn a_notice_follows_its_commit(store) {
        let mut listener = store.listen();
        let mut batch = account(1);
        batch.notify("revoked", "ses_1:x");
        batch.notify("keys", "");
        assert_eq!(store.commit(batch).await.unwrap().rows.len(), 1, "a notice is no statement");
        assert_eq!(soon(Notice::next(&mut listener)).await, Some(message("revoked", "ses_1:x")));
        assert_eq!(soon(Notice::next(&mut listener)).await, Some(message("keys", "")));
        assert_eq!(store.query_opt(&COUNT, params![]).await.unwrap().unwrap().int(0), Ok(1));
    }

    async fn a_batch_that_fails_tells_nothing(store) {
        let mut listener = store.listen();
        let mut batch = account(1);
        batch.notify("test", "false");
        batch.push(&ADD, params![9_i64, 1_i64], Expect::Rows(1));
        assert_eq!(store.commit(batch).await.unwrap_err(), CommitError::Conflict { statement: 1 });
        store.commit(tell("true")).await.unwrap();
        assert_eq!(soon(Notice::next(&mut listener)).await, Some(message("test", "true")));
    }

    async fn every_listener_hears(store) {
        let mut listeners: Vec<_> = (0..3).map(|_| store.listen()).collect();
        store.commit(tell("all")).await.unwrap();
        for listener in &mut listeners {
            assert_eq!(soon(Notice::next(listener)).await, Some(message("test", "all")));
        }
    }

    async fn a_notice_that_one_engine_cannot_carry_is_refused(store) {
        assert!(matches!(store.commit(tell(&"x".repeat(7_897))).await, Err(CommitError::Fault(_))));
        store.commit(tell(&"x".repeat(7_896))).await.unwrap();
    }
}
