//! Codes, consent, clients' secrets and word of logouts, on both engines.

use poundlock_core::id::FamilyId;
use poundlock_core::oidc::code::CodeRow;
use poundlock_core::oidc::consent::ConsentRow;
use poundlock_core::refresh::{Family, Granted, Start};
use poundlock_core::session::SessionRow;
use poundlock_core::time::Span;
use poundlock_store::{Store, client, client_secret, code, consent, on_both, refresh, session};

use super::{NOW, RING, RNG, digest, family_of, list_one, stored_session, stored_user, winners, write};

const AT_ONCE: usize = 64;

async fn stored_code(store: &Store, session: &SessionRow) -> CodeRow {
    let row = CodeRow {
        digest: digest(),
        session: session.id,
        expires_at: NOW + Span::from_seconds(60),
        family: None,
        sealed: b"sealed".to_vec(),
    };
    write(store, |batch| code::insert(batch, &row)).await.unwrap();
    row
}

async fn read(store: &Store, row: &CodeRow) -> Option<CodeRow> {
    let digest = row.digest;
    store.read(move |r| Box::pin(code::in_snapshot(r, digest))).await.unwrap()
}

async fn a_session(store: &Store) -> SessionRow {
    list_one(store).await;
    let account = stored_user(store, "zoe").await;
    stored_session(store, account.id, 1).await
}

fn family_in(session: &SessionRow, client: &str, scope: &str) -> poundlock_core::refresh::FamilyRow {
    let granted = Granted { audience: "api".to_owned(), scope: scope.to_owned() };
    let start = Start { session: session.id, client: client.to_owned(), binding: None, granted: Some(granted) };
    Family::start(start, NOW, &RING, &RNG).1
}

on_both! {
    async fn oae_04_of_64_uses_of_a_code_one_passes(store) {
        let session = a_session(&store).await;
        let row = stored_code(&store, &session).await;
        assert_eq!(read(&store, &row).await.unwrap().family, None);
        let passed = winners(&store, AT_ONCE, |_, b| code::spend(b, row.digest, FamilyId::new(NOW, &RNG))).await;
        assert_eq!(passed, 1);
        assert!(read(&store, &row).await.unwrap().family.is_some(), "it is remembered as used");
    }

    async fn oae_04_a_code_and_the_end_of_its_session_exclude_each_other(store) {
        let session = a_session(&store).await;
        let row = stored_code(&store, &session).await;
        write(&store, |b| session::end(b, session.id, NOW, "test")).await.unwrap();
        let used = write(&store, |b| {
            session::lives(b, session.id, session.version);
            code::spend(b, row.digest, FamilyId::new(NOW, &RNG));
        });
        assert!(used.await.is_err());
        assert_eq!(read(&store, &row).await.unwrap().family, None, "the whole batch was undone");
    }

    async fn codes_are_capped_swept_and_ended(store) {
        let session = a_session(&store).await;
        let mut rows = Vec::new();
        for _ in 0..5 {
            rows.push(stored_code(&store, &session).await);
        }
        write(&store, |b| code::end_surplus(b, session.id, 2)).await.unwrap();
        let mut left = 0;
        for row in &rows {
            left += usize::from(read(&store, row).await.is_some());
        }
        assert_eq!(left, 2);
        write(&store, |b| code::sweep(b, NOW + Span::from_seconds(60))).await.unwrap();
        let used = stored_code(&store, &session).await;
        write(&store, |b| code::spend(b, used.digest, FamilyId::new(NOW, &RNG))).await.unwrap();
        let unused = stored_code(&store, &session).await;
        write(&store, |b| code::end_of_user(b, session.user)).await.unwrap();
        assert!(read(&store, &used).await.is_some() && read(&store, &unused).await.is_none());
        write(&store, code::end_all).await.unwrap();
        assert!(read(&store, &used).await.is_none());
    }

    async fn a_client_has_one_family_in_a_session_with_its_own_grant(store) {
        let session = a_session(&store).await;
        let (first, second) = (family_in(&session, "shop", "openid"), family_in(&session, "shop", "openid profile"));
        let other = family_in(&session, "other", "openid");
        for row in [&first, &other] {
            write(&store, |b| refresh::insert(b, row)).await.unwrap();
        }
        assert!(write(&store, |b| refresh::insert(b, &second)).await.is_err(), "two at once");
        write(&store, |b| {
            refresh::replace(b, session.id, "shop");
            refresh::insert(b, &second);
        })
        .await
        .unwrap();
        assert!(family_of(&store, first.id).await.is_none());
        let read = refresh::of_client(&store, session.id, "shop").await.unwrap().unwrap();
        assert_eq!(read, second);
        assert!(Family::open(&RING, read).is_ok());
        assert_eq!(refresh::clients_of_user(&store, session.user, NOW).await.unwrap(), ["other", "shop"]);
        write(&store, |b| refresh::end_of_grant(b, session.user, "shop", NOW, "test")).await.unwrap();
        assert_eq!(refresh::clients_of_user(&store, session.user, NOW).await.unwrap(), ["other"]);
        write(&store, |b| refresh::end_of_client(b, "other", NOW, "test")).await.unwrap();
        assert!(refresh::clients_of_user(&store, session.user, NOW).await.unwrap().is_empty());
    }

    async fn rft_12_a_grant_that_was_edited_does_not_open(store) {
        let session = a_session(&store).await;
        let row = family_in(&session, "shop", "openid");
        for granted in [
            None,
            Some(Granted { audience: "api".to_owned(), scope: "openid admin".to_owned() }),
            Some(Granted { audience: "apio".to_owned(), scope: "penid".to_owned() }),
        ] {
            let edited = poundlock_core::refresh::FamilyRow { granted, ..row.clone() };
            assert!(Family::open(&RING, edited).is_err());
        }
    }

    async fn oae_19_of_many_nodes_one_tells_and_only_after_the_end(store) {
        let session = a_session(&store).await;
        let row = family_in(&session, "shop", "openid");
        write(&store, |b| {
            refresh::insert(b, &row);
            refresh::await_logout(b, row.id);
        })
        .await
        .unwrap();
        assert!(refresh::logouts_due(&store, NOW, 9).await.unwrap().is_empty(), "it lives");
        write(&store, |b| session::end(b, session.id, NOW, "test")).await.unwrap();
        let due = refresh::logouts_due(&store, NOW, 9).await.unwrap().remove(0);
        assert_eq!((due.client.as_str(), due.session, due.tries), ("shop", session.id, 0));
        let again = NOW + Span::from_seconds(10);
        assert_eq!(winners(&store, AT_ONCE, |_, b| refresh::logout_taken(b, &due, again)).await, 1);
        assert!(refresh::logouts_due(&store, NOW, 9).await.unwrap().is_empty(), "taken");
        assert_eq!(refresh::logouts_due(&store, again, 9).await.unwrap()[0].tries, 1, "its taker may have died");
        write(&store, |b| refresh::logout_told(b, row.id)).await.unwrap();
        assert!(refresh::logouts_due(&store, again, 9).await.unwrap().is_empty());
    }

    async fn consent_is_one_row_a_pair_and_goes_with_its_client(store) {
        let account = stored_user(&store, "zoe").await;
        let row = |client: &str, scope: &str| ConsentRow {
            user: account.id,
            client: client.to_owned(),
            scope: scope.to_owned(),
            audiences: "api".to_owned(),
            given_at: NOW,
        };
        for row in [row("shop", "openid"), row("other", "openid"), row("shop", "openid profile")] {
            write(&store, |b| consent::put(b, &row)).await.unwrap();
        }
        let listed = consent::of_user(&store, account.id).await.unwrap();
        assert_eq!(listed, [row("other", "openid"), row("shop", "openid profile")]);
        write(&store, |b| consent::stands(b, account.id, "shop")).await.unwrap();
        write(&store, |b| consent::delete(b, account.id, "shop")).await.unwrap();
        assert!(write(&store, |b| consent::stands(b, account.id, "shop")).await.is_err(), "what was taken back");
        assert_eq!(consent::of(&store, account.id, "shop").await.unwrap(), None);
        write(&store, |b| consent::end_of_client(b, "other")).await.unwrap();
        assert!(consent::of_user(&store, account.id).await.unwrap().is_empty());
    }

    async fn secrets_of_clients_end_when_told_and_go_with_them(store) {
        write(&store, |b| client::insert(b, "web", "{}", NOW)).await.unwrap();
        let (first, second) = (digest(), digest());
        write(&store, |b| client_secret::insert(b, "web", first, NOW)).await.unwrap();
        let (end, later) = (NOW + Span::from_hours(1), NOW + Span::from_hours(2));
        write(&store, |b| {
            client_secret::end_by(b, "web", end, NOW);
            client_secret::insert(b, "web", second, later);
        })
        .await
        .unwrap();
        let rows = client_secret::of_client(&store, "web").await.unwrap();
        let seen: Vec<_> = rows.iter().map(|row| (row.digest, row.expires_at)).collect();
        assert_eq!(seen, [(first, Some(end)), (second, None)]);
        write(&store, |b| client_secret::end_by(b, "web", later + Span::from_hours(9), later)).await.unwrap();
        assert_eq!(client_secret::of_client(&store, "web").await.unwrap().len(), 1, "what has ended is forgotten");
        write(&store, |b| client::delete(b, "web")).await.unwrap();
        assert!(client_secret::of_client(&store, "web").await.unwrap().is_empty());
    }
}
