//! Status lists show every ended session as long as a token of it may live, and no place is given twice (TOK-15).

use std::collections::BTreeSet;

use poundlock_core::id::{SessionId, UserId};
use poundlock_core::session::SessionRow;
use poundlock_core::time::Span;
use poundlock_store::{Batch, CommitError, Store, on_both, session, status};

use super::{NOW, at_once, factor_id, list_one, made, passed, session_row, stored_session, stored_user, write};

/// One way to end the session `row`, which has the neighbour `kept`, and whether the neighbour ends too.
type End = (&'static str, bool, fn(&mut Batch, &SessionRow, SessionId));

const ENDS: [End; 5] = [
    ("end", false, |b, row, _| session::end(b, row.id, NOW, "why")),
    ("end_of_user", true, |b, row, _| session::end_of_user(b, row.user, NOW, "why")),
    ("end_others", false, |b, row, kept| session::end_others(b, row.user, kept, NOW, "why")),
    ("end_of_factor", false, |b, row, _| session::end_of_factor(b, row.user, row.factor.unwrap(), NOW, "why")),
    ("end_all", true, |b, _, _| session::end_all(b, NOW, "why")),
];

async fn ended(store: &Store) -> BTreeSet<i64> {
    status::ended(store, 1).await.unwrap().into_iter().collect()
}

on_both! {
    async fn t_34_each_way_to_end_a_session_shows_in_its_list(store) {
        list_one(&store).await;
        write(&store, |b| status::open(b, 2, NOW)).await.unwrap();
        let mut shown = BTreeSet::new();
        for ((name, ends_neighbour, end), n) in ENDS.into_iter().zip(0..) {
            let account = stored_user(&store, name).await;
            let kept = stored_session(&store, account.id, 1000 + n).await;
            let row = SessionRow { factor: Some(factor_id()), ..session_row(account.id, n) };
            write(&store, |b| session::insert(b, &row)).await.unwrap();
            assert_eq!(ended(&store).await, shown, "before {name}");
            write(&store, |b| end(b, &row, kept.id)).await.unwrap();
            shown.insert(n);
            shown.extend(ends_neighbour.then_some(1000 + n));
            assert_eq!(ended(&store).await, shown, "after {name}");
            assert_eq!(session::by_id(&store, row.id).await.unwrap().unwrap().ended_at, Some(NOW), "{name}");
            // Ended once: a later end moves nothing.
            write(&store, |b| session::end(b, row.id, NOW + Span::from_hours(1), "later")).await.unwrap();
            assert_eq!(session::by_id(&store, row.id).await.unwrap().unwrap().ended_at, Some(NOW), "{name}");
            write(&store, |b| session::end(b, kept.id, NOW, "why")).await.unwrap();
            shown.insert(1000 + n);
        }
        assert!(status::ended(&store, 2).await.unwrap().is_empty(), "another list");
    }

    async fn tok_15_a_place_is_given_once(store) {
        list_one(&store).await;
        let [one, two] = [stored_user(&store, "zoe").await, stored_user(&store, "max").await];
        stored_session(&store, one.id, 5).await;
        let again = write(&store, |b| session::insert(b, &session_row(two.id, 5))).await;
        assert_eq!(again.unwrap_err(), CommitError::Conflict { statement: 0 });
    }

    async fn tok_15_a_session_names_a_list_that_is_published(store) {
        let nobody = UserId::new(NOW, &crate::nouns::RNG);
        let lost = write(&store, |b| session::insert(b, &session_row(nobody, 5))).await;
        assert_eq!(lost.unwrap_err(), CommitError::Conflict { statement: 0 });
    }

    async fn tok_15_a_list_is_closed_when_nothing_can_name_it_and_the_newest_stays(store) {
        for list in [1, 2] {
            write(&store, |b| status::open(b, list, NOW)).await.unwrap();
        }
        let account = stored_user(&store, "zoe").await;
        let row = stored_session(&store, account.id, 3).await;
        write(&store, |b| {
status::reserve(b, 1, 64, 1 << 17, NOW + Span::from_hours(3));
}).await.unwrap();
        let late = NOW + Span::from_hours(100);
        let lists = async || -> Vec<i64> { status::lists(&store).await.unwrap().iter().map(|list| list.list).collect() };
        let close = async |list, now| drop(write(&store, |b| status::close(b, list, now)).await.unwrap());
        close(1, late).await;
        assert_eq!(lists().await, [1, 2], "a session names it");
        write(&store, |b| session::sweep(b, row.expires_at + Span::from_millis(1))).await.unwrap();
        close(1, NOW + Span::from_hours(3)).await;
        assert_eq!(lists().await, [1, 2], "a token may live");
        close(1, late).await;
        assert_eq!(lists().await, [2]);
        // Or the next list would be number 1 once more, and its places would be given a second time.
        close(2, late).await;
        assert_eq!(lists().await, [2]);
    }

    async fn tok_15_of_closing_a_list_and_naming_it_one_passes(store) {
        for list in 1..=40 {
            write(&store, |b| {
                status::open(b, list, NOW);
                if list == 1 { status::open(b, 1_000, NOW) }
            }).await.unwrap();
            let row = SessionRow { status: (list, 0), ..session_row(UserId::new(NOW, &crate::nouns::RNG), 0) };
            let mut both = vec![
                made(|b| session::insert(b, &row)),
                made(|b| status::close(b, list, NOW + Span::from_hours(1))),
            ];
            if list % 2 == 0 {
                both.reverse();
            }
            passed(&at_once(&store, both).await);
            let published = status::lists(&store).await.unwrap().iter().any(|open| open.list == list);
            let named = session::by_id(&store, row.id).await.unwrap().is_some();
            assert!(published || !named, "a session names list {list}, which is gone");
        }
    }

    async fn tok_15_a_reservation_ends_with_the_list_and_keeps_its_last_end(store) {
        list_one(&store).await;
        let reserve = async |count, last_exp| write(&store, |b| {
status::reserve(b, 1, count, 100, last_exp);
}).await;
        let far = NOW + Span::from_hours(5);
        assert_eq!(reserve(60, far).await.unwrap().first(0).unwrap().int(0), Ok(60));
        assert_eq!(reserve(41, far).await.unwrap_err(), CommitError::Conflict { statement: 0 });
        assert_eq!(reserve(40, NOW).await.unwrap().first(0).unwrap().int(0), Ok(100));
        let list = status::lists(&store).await.unwrap()[0];
        assert_eq!((list.next, list.last_exp, list.opened_at), (100, far, NOW));
    }
}
