//! How long a signed list is kept, and that none is kept which a notice has made old.

use poundlock_store::testing::TestStore;

use super::*;
use crate::testing::{BEGIN, TestApp};

fn made(kid: &str, token: &str) -> Arc<Served> {
    Arc::new(Served { token: token.to_owned(), etag: String::new(), signed_at: BEGIN, kid: kid.to_owned() })
}

/// Lists 1 and 2, signed by the key `k` at [`BEGIN`].
fn two() -> StatusLists {
    let lists = StatusLists::default();
    for list in [1, 2] {
        lists.keep(list, &made("k", &list.to_string()), 0);
    }
    lists
}

fn kept(lists: &StatusLists) -> Vec<i64> {
    (0..4).filter(|list| lists.cached(*list, "k", BEGIN).is_some()).collect()
}

#[test]
fn tok_16_a_list_is_kept_for_its_ttl_and_under_its_key() {
    let lists = two();
    assert_eq!(lists.cached(2, "k", BEGIN + Span::from_millis(9_999)).unwrap().token, "2");
    assert!(lists.cached(2, "k", BEGIN + TTL).is_none(), "a strict service would take it for stale");
    assert!(lists.cached(2, "other", BEGIN).is_none(), "key_07: a revoked key takes its lists along");
    assert!(lists.cached(3, "k", BEGIN).is_none());
}

#[test]
fn a_notice_makes_its_own_list_old_and_one_that_does_not_read_all_of_them() {
    for (payload, left) in
        [("1", vec![2]), ("2", vec![1]), ("3", vec![1, 2]), ("all", vec![]), ("", vec![]), ("1 ", vec![])]
    {
        let lists = two();
        lists.forget(payload);
        assert_eq!(kept(&lists), left, "{payload:?}");
    }
}

#[test]
fn a_list_that_was_read_before_a_notice_is_not_kept_after_it() {
    // A sign-out between the reading and the keeping: else its session would be shown as alive for the whole ttl.
    let lists = two();
    let epoch = lists.epoch.load(Ordering::SeqCst);
    lists.forget("1");
    lists.keep(1, &made("k", "old"), epoch);
    assert_eq!(kept(&lists), [2]);
    lists.keep(1, &made("k", "new"), lists.epoch.load(Ordering::SeqCst));
    assert_eq!(lists.cached(1, "k", BEGIN).unwrap().token, "new");
}

#[tokio::test]
async fn a_list_is_signed_once_until_it_is_old_or_forgotten() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    app.take_places(1).await;
    let shared = app.shared();
    let now = app.now();
    let served = async |at| serve(shared, 1, at).await.unwrap().unwrap();
    let first = served(now).await;
    assert!(Arc::ptr_eq(&first, &served(now + Span::from_seconds(9)).await), "the same bytes");
    let second = served(now + TTL).await;
    assert_ne!(first.token, second.token);
    shared.status.forget("1");
    assert!(!Arc::ptr_eq(&second, &served(now + TTL).await));
    for none in [0, 2, -1, i64::MAX] {
        assert!(serve(shared, none, now).await.unwrap().is_none(), "{none}");
    }
    assert_eq!(uri("https://login.example.org", 7), "https://login.example.org/status/7");
}

#[tokio::test]
async fn tok_15_what_is_left_of_a_block_is_not_given_out_once_its_list_is_shut() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    let before = app.take_places(2).await;
    assert_eq!((before[0].0, before[1].0), (1, 1));
    app.advance(Span::from_hours(24 * 2));
    // The clock is read once a request; here nothing asks but this.
    app.shared().time.now().unwrap();
    assert_eq!(app.take_places(1).await[0].0, 2, "a new day, a new list");
}
