//! Refresh families: one successor, few repeats, and no life after the end (RFT-02, RFT-03, RFT-10, RFT-13, T-15).

use poundlock_core::refresh::{FamilyRow, RETRIES_MAX, RefreshToken, Retry, Rotation};
use poundlock_core::secret::Digest;
use poundlock_store::testing::TestStore;
use poundlock_store::{CommitError, on_both, refresh};

use super::{NOW, digest, family_of, list_one, rotation, stored_family, stored_session, stored_user, winners, write};

const CONFLICT: CommitError = CommitError::Conflict { statement: 0 };

async fn family(store: &TestStore) -> (RefreshToken, FamilyRow) {
    list_one(store).await;
    let account = stored_user(store, "zoe").await;
    let session = stored_session(store, account.id, 1).await;
    stored_family(store, session.id).await
}

fn retry(row: &FamilyRow, token: &RefreshToken) -> Retry {
    Retry {
        successor: token.clone(),
        alert_second_source: false,
        family: row.id,
        session: row.session,
        expected_generation: row.generation,
        retries_below: RETRIES_MAX,
    }
}

on_both! {
    async fn rft_03_of_64_rotations_one_makes_a_child(store) {
        let (token, mut row) = family(&store).await;
        for _ in 0..3 {
            let rotations: Vec<Rotation> = (0..64).map(|_| rotation(&row, &token)).collect();
            assert_eq!(winners(&store, 64, |n, b| refresh::rotate(b, &rotations[n])).await, 1);
            let after = family_of(&store, row.id).await.unwrap();
            assert_eq!(after.generation, row.generation + 1);
            assert_eq!(after.previous, Some(row.current));
            assert_eq!(rotations.iter().filter(|rotation| rotation.current == after.current).count(), 1);
            row = after;
        }
    }

    async fn rft_02_a_rotation_from_another_generation_or_digest_changes_nothing(store) {
        let (token, row) = family(&store).await;
        let good = || rotation(&row, &token);
        let bad = [
            Rotation { previous: digest(), ..good() },
            Rotation { expected_generation: row.generation + 1, ..good() },
            Rotation { expected_generation: row.generation - 1, ..good() },
            Rotation { family: poundlock_core::id::FamilyId::new(NOW, &crate::nouns::RNG), ..good() },
        ];
        for rotation in &bad {
            assert_eq!(write(&store, |b| refresh::rotate(b, rotation)).await.unwrap_err(), CONFLICT);
            assert_eq!(family_of(&store, row.id).await.unwrap(), row);
        }
        write(&store, |b| refresh::rotate(b, &good())).await.unwrap();
    }

    async fn rft_02_a_used_token_rotates_no_second_time(store) {
        let (token, row) = family(&store).await;
        let first = rotation(&row, &token);
        write(&store, |b| refresh::rotate(b, &first)).await.unwrap();
        let after = family_of(&store, row.id).await.unwrap();
        // The generation of now, with the digest of the token before: what a thief of the old one can offer.
        let stolen = Rotation { previous: row.current, ..rotation(&after, &token) };
        for again in [&first, &stolen] {
            assert_eq!(write(&store, |b| refresh::rotate(b, again)).await.unwrap_err(), CONFLICT);
        }
        assert_eq!(family_of(&store, row.id).await.unwrap(), after);
    }

    async fn rft_03_of_64_repeats_three_pass(store) {
        let (token, row) = family(&store).await;
        write(&store, |b| refresh::rotate(b, &rotation(&row, &token))).await.unwrap();
        let row = family_of(&store, row.id).await.unwrap();
        assert_eq!(winners(&store, 64, |_, b| refresh::retry(b, &retry(&row, &token))).await, 3);
        let after = family_of(&store, row.id).await.unwrap();
        assert_eq!(after, FamilyRow { retries: 3, ..row.clone() }, "a repeat moves nothing else");
        write(&store, |b| refresh::rotate(b, &rotation(&after, &token))).await.unwrap();
        let fresh = family_of(&store, row.id).await.unwrap();
        assert_eq!(fresh.retries, 0);
        let old = write(&store, |b| refresh::retry(b, &retry(&row, &token))).await;
        assert_eq!(old.unwrap_err(), CONFLICT, "a repeat of the generation before");
    }

    async fn rft_10_a_rotation_overwrites_the_successor_and_survives_a_restart(store) {
        let (token, row) = family(&store).await;
        let one = Rotation { successor: b"one".to_vec(), rotated_source: Some(digest()), ..rotation(&row, &token) };
        write(&store, |b| refresh::rotate(b, &one)).await.unwrap();
        let row = family_of(&store, row.id).await.unwrap();
        assert_eq!((row.successor.as_deref(), row.rotated_source), (Some(b"one".as_slice()), one.rotated_source));
        // In the same millisecond: no clock decides.
        let two = Rotation { successor: b"two".to_vec(), ..rotation(&row, &token) };
        write(&store, |b| refresh::rotate(b, &two)).await.unwrap();
        store.close().await;
        let again = store.again().await;
        let row = family_of(&again, row.id).await.unwrap();
        assert_eq!((row.successor.as_deref(), row.rotated_source), (Some(b"two".as_slice()), None));
        assert_eq!(write(&again, |b| refresh::rotate(b, &two)).await.unwrap_err(), CONFLICT);
        again.close().await;
    }

    async fn rft_13_an_ended_family_neither_rotates_nor_repeats(store) {
        type End = fn(&mut poundlock_store::Batch, &FamilyRow);
        let ends: [End; 3] = [
            |b, row| refresh::end(b, row.id, NOW, "reuse"),
            |b, row| refresh::end_of_session(b, row.session, NOW, "reuse"),
            |b, _| refresh::end_all(b, NOW, "reuse"),
        ];
        list_one(&store).await;
        let account = stored_user(&store, "zoe").await;
        for (end, index) in ends.into_iter().zip(1..) {
            let session = stored_session(&store, account.id, index).await;
            let (token, row) = stored_family(&store, session.id).await;
            write(&store, |b| end(b, &row)).await.unwrap();
            let ended = family_of(&store, row.id).await.unwrap().ended.unwrap();
            assert_eq!((ended.at, ended.reason.as_str()), (NOW, "reuse"));
            let rotated = write(&store, |b| refresh::rotate(b, &rotation(&row, &token))).await;
            assert_eq!(rotated.unwrap_err(), CONFLICT);
            let repeated = write(&store, |b| refresh::retry(b, &retry(&row, &token))).await;
            assert_eq!(repeated.unwrap_err(), CONFLICT);
            // The first end stays.
            write(&store, |b| refresh::end(b, row.id, NOW + poundlock_core::time::Span::from_hours(1), "later")).await.unwrap();
            assert_eq!(family_of(&store, row.id).await.unwrap().ended.unwrap().reason, "reuse");
        }
    }

    async fn a_session_has_one_family_a_client(store) {
        let (_, row) = family(&store).await;
        let start = poundlock_core::refresh::Start { session: row.session, client: "app".to_owned(), binding: None, granted: None };
        let (_, second) = poundlock_core::refresh::Family::start(start, NOW, &crate::nouns::RING, &crate::nouns::RNG);
        assert_eq!(write(&store, |b| refresh::insert(b, &second)).await.unwrap_err(), CONFLICT);
    }

    async fn a_binding_and_digests_come_back_as_stored(store) {
        list_one(&store).await;
        let account = stored_user(&store, "zoe").await;
        let session = stored_session(&store, account.id, 1).await;
        let binding = Some("thumbprint".to_owned());
        let start = poundlock_core::refresh::Start { session: session.id, client: "app".to_owned(), binding, granted: None };
        let (_, row) = poundlock_core::refresh::Family::start(start, NOW, &crate::nouns::RING, &crate::nouns::RNG);
        write(&store, |b| refresh::insert(b, &row)).await.unwrap();
        let read = family_of(&store, row.id).await.unwrap();
        assert_eq!(read, row);
        assert!(poundlock_core::refresh::Family::open(&crate::nouns::RING, read).is_ok());
        assert_ne!(row.current, Digest::of(b""));
    }
}
