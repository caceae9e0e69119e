//! What goes with a deleted account, and what must stay behind.

use poundlock_core::id::DeviceId;
use poundlock_core::recovery::RecoveryCodes;
use poundlock_core::time::Span;
use poundlock_core::totp::TotpRow;
use poundlock_core::user::ADMINS;
use poundlock_store::{CommitError, Statement, Store, device, factor, login, on_both, params, session, status, user};

use super::{
    NOW, RING, RNG, factor_id, family_of, list_one, login_row, rotation, stored_admin, stored_family, stored_session,
    stored_user, write,
};

static LEFT: Statement = Statement::new(
    "SELECT (SELECT count(*) FROM account WHERE id = ?1) + (SELECT count(*) FROM membership WHERE account = ?1)
          + (SELECT count(*) FROM totp WHERE account = ?1) + (SELECT count(*) FROM recovery_code WHERE account = ?1)
          + (SELECT count(*) FROM device WHERE account = ?1) + (SELECT count(*) FROM login WHERE account = ?1)",
);

async fn left(store: &Store, user: poundlock_core::id::UserId) -> i64 {
    store.query_opt(&LEFT, params![user]).await.unwrap().unwrap().int(0).unwrap()
}

on_both! {
    async fn rft_12_all_that_hangs_on_an_account_goes_with_it_and_no_one_elses(store) {
        let rows = [stored_admin(&store, "zoe").await, stored_admin(&store, "max").await];
        for account in &rows {
            let codes = RecoveryCodes::generate(&RING, account.id, factor_id(), &RNG);
            let app = TotpRow {
                id: factor_id(), user: account.id, sealed: b"x".to_vec(), last_step: 1, drift: 0, resync: None,
                held_until: None,
            };
            write(&store, |b| {
                factor::replace_codes(b, account.id, &codes.rows, NOW);
                factor::insert_totp(b, &app, "app", NOW);
                device::insert(b, DeviceId::new(NOW, &RNG), account.id, NOW);
                login::insert(b, &login_row(account.id));
            }).await.unwrap();
            assert_eq!(left(&store, account.id).await, 15);
        }
        write(&store, |b| user::delete(b, rows[0].id, 1, NOW, "deleted")).await.unwrap();
        assert_eq!((left(&store, rows[0].id).await, left(&store, rows[1].id).await), (0, 15));
        assert!(user::resolve(&store, "zoe", rows[0].id).await.unwrap().is_none());
        assert_eq!(user::other_admins(&store, rows[1].id).await.unwrap().1, 0);
        let again = write(&store, |b| user::delete(b, rows[0].id, 1, NOW, "deleted")).await;
        assert_eq!(again.unwrap_err(), CommitError::Conflict { statement: 0 });
    }

    async fn t_34_the_places_of_a_deleted_account_show_as_ended_while_a_token_may_live(store) {
        list_one(&store).await;
        let account = stored_user(&store, "zoe").await;
        let rows = [stored_session(&store, account.id, 7).await, stored_session(&store, account.id, 8).await];
        let (token, family) = stored_family(&store, rows[0].id).await;
        write(&store, |b| session::end(b, rows[1].id, NOW, "signed_out")).await.unwrap();
        let later = NOW + Span::from_minutes(1);
        write(&store, |b| user::delete(b, account.id, 1, later, "deleted")).await.unwrap();

        let mut ended = status::ended(&store, 1).await.unwrap();
        ended.sort_unstable();
        assert_eq!(ended, [7, 8]);
        assert_eq!(session::by_id(&store, rows[0].id).await.unwrap().unwrap().ended_at, Some(later));
        // A refresh token of it finds an ended session, and no account.
        let family = family_of(&store, family.id).await.unwrap();
        let refreshed = write(&store, |b| {
            poundlock_store::refresh::rotate(b, &rotation(&family, &token));
            session::used(b, &rows[0]);
        }).await;
        assert_eq!(refreshed.unwrap_err(), CommitError::Conflict { statement: 1 });
        // The place is not given again meanwhile, and goes when the last token is dead.
        let place = write(&store, |b| session::insert(b, &crate::nouns::session_row(account.id, 7))).await;
        assert!(place.is_err());
        write(&store, |b| session::sweep(b, rows[0].expires_at)).await.unwrap();
        assert_eq!(status::ended(&store, 1).await.unwrap().len(), 2);
        write(&store, |b| session::sweep(b, rows[0].expires_at + Span::from_millis(1))).await.unwrap();
        assert!(status::ended(&store, 1).await.unwrap().is_empty());
    }

    async fn a_name_is_free_again_and_a_new_account_inherits_nothing(store) {
        list_one(&store).await;
        let old = stored_admin(&store, "zoe").await;
        stored_session(&store, old.id, 1).await;
        write(&store, |b| user::delete(b, old.id, 1, NOW, "deleted")).await.unwrap();
        let new = stored_user(&store, "zoe").await;
        let read = user::resolve(&store, "zoe", old.id).await.unwrap().unwrap();
        assert_eq!((read.user.id, read.user.groups.len(), read.codes.left), (new.id, 0, 0));
        assert!(session::live_of_user(&store, new.id, NOW).await.unwrap().is_empty());
    }

    async fn an_account_of_another_version_or_group_state_stays(store) {
        let account = stored_admin(&store, "zoe").await;
        let stale = write(&store, |b| user::delete(b, account.id, 2, NOW, "deleted")).await;
        assert_eq!(stale.unwrap_err(), CommitError::Conflict { statement: 0 });
        let (version, others) = user::other_admins(&store, account.id).await.unwrap();
        assert_eq!(others, 0, "the last one; core refuses");
        // A new administrator moves the version on which a decision was made.
        write(&store, |b| user::join(b, account.id, ADMINS)).await.unwrap();
        let moved = write(&store, |b| user::admins_unmoved(b, version)).await;
        assert_eq!(moved.unwrap_err(), CommitError::Conflict { statement: 0 });
    }
}
