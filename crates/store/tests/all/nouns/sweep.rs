//! Sweeps take what time has ended, and nothing that can still be used or must still be shown.

use poundlock_core::invite::{self as invites, new_user};
use poundlock_core::secret::Digest;
use poundlock_core::time::{Span, Time};
use poundlock_core::user::UserName;
use poundlock_store::{Statement, Store, invite, login, on_both, params, session, step_up, sweep};

use super::{
    NOW, RING, RNG, family_of, list_one, login_row, session_row, step_up_row, stored_family, stored_user, write,
};

static STEP_UPS: Statement = Statement::new("SELECT digest FROM step_up ORDER BY id");

static LOGINS: Statement = Statement::new("SELECT id FROM login");

/// Every sweep of a store, as if it were `before`.
pub(crate) async fn everything(store: &Store, before: Time) {
    write(store, |batch| {
        login::sweep(batch, before);
        step_up::sweep(batch, before);
        invite::sweep(batch, before);
        session::sweep(batch, before);
    })
    .await
    .unwrap();
}

async fn step_ups(store: &Store) -> Vec<Digest> {
    let rows = store.query(&STEP_UPS, params![]).await.unwrap();
    rows.iter().map(|row| row.bytes_as(0, Digest::from_bytes).unwrap()).collect()
}

on_both! {
    async fn a_sweep_takes_what_ended_before_and_keeps_the_rest(store) {
        list_one(&store).await;
        let account = stored_user(&store, "zoe").await;
        let (young, old) = (NOW + Span::from_hours(2), NOW);
        let logins = [old, young].map(|expires_at| poundlock_core::login::LoginRow { expires_at, ..login_row(account.id) });
        let sessions = [(old, 1), (young, 2)].map(|(expires_at, index)| {
            poundlock_core::session::SessionRow { expires_at, ..session_row(account.id, index) }
        });
        let rights = [old, young].map(|expires_at| {
            poundlock_core::step_up::StepUpRow { expires_at, ..step_up_row(sessions[1].id) }
        });
        let purpose = new_user(&UserName::parse("max").unwrap(), "Max", Vec::new());
        let invites = [0, 2].map(|hours| invites::make(&purpose, Span::from_hours(hours), NOW, &RING, &RNG).1);
        write(&store, |batch| {
            logins.iter().for_each(|row| login::insert(batch, row));
            sessions.iter().for_each(|row| session::insert(batch, row));
            rights.iter().for_each(|row| step_up::insert(batch, row));
            invites.iter().for_each(|row| invite::insert(batch, row));
        }).await.unwrap();
        let (_, family) = stored_family(&store, sessions[0].id).await;

        // At the very end nothing is taken yet.
        everything(&store, NOW).await;
        assert!(login::by_id(&store, logins[0].id).await.unwrap().is_some());
        assert!(session::by_id(&store, sessions[0].id).await.unwrap().is_some());

        everything(&store, NOW + Span::from_millis(1)).await;
        for (n, kept) in [(0, false), (1, true)] {
            assert_eq!(login::by_id(&store, logins[n].id).await.unwrap().is_some(), kept);
            assert_eq!(session::by_id(&store, sessions[n].id).await.unwrap().is_some(), kept);
            assert_eq!(invite::by_id(&store, invites[n].id).await.unwrap().is_some(), kept);
        }
        assert_eq!(step_ups(&store).await, [rights[1].digest]);
        assert!(family_of(&store, family.id).await.is_none(), "a family goes with its session");
    }

    // THR-09: a sweep of a million rows must not hold up the logins behind it.
    async fn thr_09_many_rows_are_swept_a_few_at_a_time(store) {
        let account = stored_user(&store, "zoe").await;
        let rows = sweep::AT_ONCE * 2 + 7;
        write(&store, |batch| (0..rows).for_each(|_| login::insert(batch, &login_row(account.id)))).await.unwrap();
        let after = login_row(account.id).expires_at + Span::from_millis(1);
        write(&store, |batch| login::sweep(batch, after)).await.unwrap();
        assert_eq!(store.query(&LOGINS, params![]).await.unwrap().len() as i64, rows - sweep::AT_ONCE);
        sweep::in_turns(&store, |batch| login::sweep(batch, after)).await.unwrap();
        assert!(store.query(&LOGINS, params![]).await.unwrap().is_empty(), "every one has had its turn");
    }

    async fn thr_09_sessions_and_their_rights_are_swept_in_turns_too(store) {
        list_one(&store).await;
        let account = stored_user(&store, "zoe").await;
        let many = sweep::AT_ONCE + 3;
        let ended: Vec<_> = (0..many).map(|index| session_row(account.id, index)).collect();
        let mut alive = session_row(account.id, many);
        alive.expires_at = alive.expires_at + Span::from_hours(1);
        write(&store, |batch| ended.iter().chain([&alive]).for_each(|row| session::insert(batch, row))).await.unwrap();
        let rights: Vec<_> = (0..many).map(|_| step_up_row(alive.id)).collect();
        write(&store, |batch| rights.iter().for_each(|row| step_up::insert(batch, row))).await.unwrap();
        let after = alive.expires_at;
        sweep::in_turns(&store, |batch| {
            session::sweep(batch, after);
            step_up::sweep(batch, after);
        })
        .await
        .unwrap();
        assert!(step_ups(&store).await.is_empty());
        let left = session::live_of_user(&store, account.id, NOW).await.unwrap();
        assert_eq!(left.iter().map(|row| row.id).collect::<Vec<_>>(), [alive.id], "what lives is not swept");
        for row in [ended.first().unwrap(), ended.last().unwrap()] {
            assert!(session::by_id(&store, row.id).await.unwrap().is_none());
        }
    }

    async fn thr_09_others_write_while_a_sweep_goes_on(store) {
        let account = stored_user(&store, "zoe").await;
        let young = |batch: &mut poundlock_store::Batch| {
            let row = login_row(account.id);
            let expires_at = row.expires_at + Span::from_hours(2);
            login::insert(batch, &poundlock_core::login::LoginRow { expires_at, ..row });
        };
        let many = sweep::AT_ONCE * 3;
        write(&store, |batch| (0..many).for_each(|_| login::insert(batch, &login_row(account.id)))).await.unwrap();
        let after = login_row(account.id).expires_at + Span::from_millis(1);
        let swept = sweep::in_turns(&store, |batch| login::sweep(batch, after));
        let written = async {
            for _ in 0..20 {
                write(&store, young).await.unwrap();
            }
        };
        let (swept, ()) = tokio::join!(swept, written);
        swept.unwrap();
        assert_eq!(store.query(&LOGINS, params![]).await.unwrap().len(), 20, "all that ended, and nothing else");
    }

    async fn thr_09_two_nodes_that_sweep_at_once_agree(store) {
        let account = stored_user(&store, "zoe").await;
        let other = store.again().await;
        let many = sweep::AT_ONCE * 2;
        write(&store, |batch| (0..many).for_each(|_| login::insert(batch, &login_row(account.id)))).await.unwrap();
        let after = login_row(account.id).expires_at + Span::from_millis(1);
        let (one, two) = tokio::join!(
            sweep::in_turns(&store, |batch| login::sweep(batch, after)),
            sweep::in_turns(&other, |batch| login::sweep(batch, after)),
        );
        one.and(two).unwrap();
        // Who met the other's turn found fewer rows than it may remove and stopped; the next minute finds the rest.
        sweep::in_turns(&store, |batch| login::sweep(batch, after)).await.unwrap();
        assert!(store.query(&LOGINS, params![]).await.unwrap().is_empty());
        other.close().await;
    }

    async fn a_session_takes_its_step_ups_along(store) {
        list_one(&store).await;
        let account = stored_user(&store, "zoe").await;
        let row = session_row(account.id, 1);
        write(&store, |batch| {
            session::insert(batch, &row);
            step_up::insert(batch, &step_up_row(row.id));
        }).await.unwrap();
        write(&store, |batch| session::sweep(batch, row.expires_at + Span::from_millis(1))).await.unwrap();
        assert!(step_ups(&store).await.is_empty());
    }

    async fn live_invites_are_listed_and_used_or_ended_ones_are_not(store) {
        let purpose = new_user(&UserName::parse("max").unwrap(), "Max", Vec::new());
        // Made one after the other: ids sort by time.
        let rows = [1, 2, 3].map(|n| {
            let at = NOW - Span::from_millis(10 - n);
            invites::make(&purpose, Span::from_hours(n), at, &RING, &RNG).1
        });
        write(&store, |batch| rows.iter().for_each(|row| invite::insert(batch, row))).await.unwrap();
        write(&store, |batch| invite::spend(batch, rows[1].id, NOW)).await.unwrap();
        let live = async |now| -> Vec<_> { invite::live(&store, now).await.unwrap().iter().map(|row| row.id).collect() };
        assert_eq!(live(NOW).await, [rows[0].id, rows[2].id]);
        assert_eq!(live(NOW + Span::from_hours(1)).await, [rows[2].id], "an end is no part of a life");
        write(&store, invite::end_all).await.unwrap();
        assert!(live(NOW).await.is_empty());
    }
}
