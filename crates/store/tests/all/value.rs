//! What is stored comes back as it was, on both engines.

use poundlock_core::id::UserId;
use poundlock_core::secret::Digest;
use poundlock_core::testing::SeededRng;
use poundlock_core::time::Time;
use poundlock_store::{CommitError, Expect, StoreError, Value, on_both, params};

use crate::batch::{account, one};
use crate::schema::{INSERT, LIST, NOTE, SELECT};

const TEXTS: [&str; 8] =
    ["", " ", "it's ?1 $1 \"x\"", "żółć", "e\u{301}", "👩‍👩‍👧‍👦", "\u{1}\u{7f}\r\n\t", "\u{10FFFF}\u{FFFD}\u{200B}"];

on_both! {
    schema = LIST;

    async fn whole_numbers_keep_all_64_bits(store) {
        for (row, number) in [i64::MIN, i64::MIN + 1, -1, 0, 1, 1 << 53, i64::MAX].into_iter().enumerate() {
            let name = format!("{row}");
            let insert = one(&INSERT, params![number, &name, i64::MAX, None::<&[u8]>], Expect::Rows(1));
            store.commit(insert).await.unwrap();
            let found = store.query_opt(&SELECT, params![number]).await.unwrap().unwrap();
            assert_eq!((found.int(0), found.text(1), found.int(2)), (Ok(number), Ok(&*name), Ok(i64::MAX)));
        }
    }

    async fn text_keeps_every_character(store) {
        for (id, text) in (0_i64..).zip(TEXTS) {
            store.commit(one(&INSERT, params![id, text, 0_i64, None::<&[u8]>], Expect::Rows(1))).await.unwrap();
            let found = store.query_opt(&SELECT, params![id]).await.unwrap().unwrap();
            assert_eq!(found.text(1), Ok(text));
        }
    }

    async fn bytes_keep_every_byte_and_length(store) {
        let every: Vec<u8> = (0..=255).collect();
        for (id, bytes) in (0_i64..).zip([vec![], vec![0], every, vec![0xa5; 1024 * 1024]]) {
            let insert = one(&INSERT, params![id, None::<&str>, 0_i64, &bytes], Expect::Rows(1));
            store.commit(insert).await.unwrap();
            let found = store.query_opt(&SELECT, params![id]).await.unwrap().unwrap();
            assert!(found.bytes(4) == Ok(&bytes));
        }
    }

    async fn nothing_is_not_the_empty_text_or_bytes(store) {
        store.commit(one(&INSERT, params![1_i64, None::<&str>, 0_i64, None::<&[u8]>], Expect::Rows(1))).await.unwrap();
        store.commit(one(&INSERT, params![2_i64, "", 0_i64, b""], Expect::Rows(1))).await.unwrap();
        let nothing = store.query_opt(&SELECT, params![1_i64]).await.unwrap().unwrap();
        assert_eq!((nothing.opt_text(1), nothing.opt_bytes(4)), (Ok(None), Ok(None)));
        assert!(nothing.text(1).is_err() && nothing.bytes(4).is_err());
        let empty = store.query_opt(&SELECT, params![2_i64]).await.unwrap().unwrap();
        assert_eq!((empty.opt_text(1), empty.opt_bytes(4)), (Ok(Some("")), Ok(Some(&b""[..]))));
    }

    async fn ids_and_digests_come_back_as_their_types(store) {
        let id = UserId::new(Time::from_millis(1_700_000_000_000), &SeededRng::new(7));
        let digest = Digest::of(b"secret");
        store.commit(one(&INSERT, params![1_i64, "a", 0_i64, id], Expect::Rows(1))).await.unwrap();
        store.commit(one(&INSERT, params![2_i64, "b", 0_i64, digest], Expect::Rows(1))).await.unwrap();
        let found = store.query_opt(&SELECT, params![1_i64]).await.unwrap().unwrap();
        assert_eq!(found.bytes_as(4, UserId::from_bytes), Ok(id));
        assert!(matches!(found.bytes_as(4, Digest::from_bytes), Err(StoreError::Fault(_))));
        let found = store.query_opt(&SELECT, params![2_i64]).await.unwrap().unwrap();
        assert!(found.bytes_as(4, Digest::from_bytes).unwrap().matches(&digest));
    }

    async fn a_value_of_the_wrong_kind_is_a_fault_and_stores_nothing(store) {
        store.commit(account(1)).await.unwrap();
        for wrong in [
            params![2_i64, 5_i64, 0_i64, None::<&[u8]>],
            params![2_i64, "x", "5", None::<&[u8]>],
            params![2_i64, "x", 0_i64, "text for bytes"],
            params![2_i64, b"bytes for text", 0_i64, None::<&[u8]>],
            params![2_i64, "x", None::<i64>, None::<&[u8]>],
        ] {
            let outcome = store.commit(one(&INSERT, wrong.clone(), Expect::Any)).await;
            // SQLite turns a number into the text of a text column, as its STRICT tables do; nothing else passes.
            let coerced = !store.is_postgres() && outcome.is_ok();
            assert!(coerced || matches!(outcome, Err(CommitError::Fault(_))), "{wrong:?}: {outcome:?}");
            if coerced {
                store.commit(one(&crate::schema::DELETE, params![2_i64], Expect::Rows(1))).await.unwrap();
            }
            assert!(store.query_opt(&SELECT, params![2_i64]).await.unwrap().is_none());
        }
    }

    async fn a_text_with_a_null_character_is_refused(store) {
        store.commit(account(1)).await.unwrap();
        let outcome = store.commit(one(&NOTE, params![b"n", 1_i64, "a\0b"], Expect::Any)).await;
        assert!(matches!(outcome, Err(CommitError::Fault(_))), "{outcome:?}");
    }

    async fn a_fault_names_the_statement_and_no_value(store) {
        store.commit(account(1)).await.unwrap();
        let hidden = "hunter2";
        for params in [params![2_i64, hidden, -1_i64, hidden.as_bytes()], params![2_i64, hidden, hidden, b"x"]] {
            let error = store.commit(one(&INSERT, params, Expect::Any)).await.unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(!text.contains(hidden) && text.contains("INSERT INTO account"), "{text}");
        }
    }

    async fn null_binds_in_every_kind_of_column(store) {
        store.commit(account(1)).await.unwrap();
        assert!(store.query(&SELECT, vec![Value::Null]).await.unwrap().is_empty());
    }
}
