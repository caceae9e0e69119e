//! What is listed, and in which order, and pages that neither skip nor repeat.

use poundlock_core::id::UserId;
use poundlock_core::session::SessionRow;
use poundlock_core::time::Span;
use poundlock_core::totp::{Remembered, TotpRow};
use poundlock_core::user::{UserRow, UserState};
use poundlock_store::{CommitError, client, factor, on_both, session, setting, user};

use super::{NOW, RNG, factor_id, list_one, session_row, stored_admin, stored_user, user_row, write};

on_both! {
    async fn pages_of_users_come_in_the_order_of_making(store) {
        let mut made: Vec<UserRow> = (0..25)
            .map(|n| {
                let now = NOW + Span::from_millis(n);
                UserRow { id: UserId::new(now, &RNG), made_at: now, ..user_row(&format!("user {:02}", 24 - n)) }
            })
            .collect();
        for row in made.iter().rev() {
            write(&store, |b| user::insert(b, row)).await.unwrap();
        }
        made.sort_by_key(|row| row.id);
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let page = user::page(&store, after, 10).await.unwrap();
            let Some(last) = page.last() else { break };
            assert!(page.len() <= 10);
            after = Some(last.id);
            seen.extend(page.iter().map(|row| row.id));
        }
        assert_eq!(seen, made.iter().map(|row| row.id).collect::<Vec<_>>());
        assert_eq!(user::count(&store).await, Ok(25));
    }

    async fn an_account_comes_back_as_stored(store) {
        let row = UserRow { groups: vec!["b".to_owned(), "admins".to_owned()], ..user_row("zoë") };
        write(&store, |b| user::insert(b, &row)).await.unwrap();
        let nobody = UserId::new(NOW, &RNG);
        let read = user::resolve(&store, "zoë", nobody).await.unwrap().unwrap().user;
        assert_eq!(read.groups, ["admins", "b"]);
        assert_eq!((read.id, &read.subject, read.version), (row.id, &row.subject, 1));
        assert_eq!((read.state, read.made_at, read.last_login_at), (UserState::Active, NOW, Some(NOW)));
        assert_eq!((read.password, read.personal_key), (row.password, row.personal_key));
        assert_eq!((read.name.as_str(), read.display_name), ("zoë", row.display_name));
        assert!(user::resolve(&store, "ZOË", nobody).await.unwrap().is_none(), "names are canonical before they come here");
        assert!(user::by_id(&store, nobody).await.unwrap().is_none());
    }

    async fn a_group_is_joined_once_and_left_once(store) {
        let [zoe, max] = [stored_user(&store, "zoe").await, stored_admin(&store, "max").await];
        for _ in 0..2 {
            write(&store, |b| user::join(b, zoe.id, "admins")).await.unwrap();
        }
        assert_eq!(user::other_admins(&store, max.id).await, Ok((3, 1)));
        let left = write(&store, |b| user::leave(b, zoe.id, "admins", 2)).await;
        assert_eq!(left.unwrap_err(), CommitError::Conflict { statement: 0 });
        write(&store, |b| user::leave(b, zoe.id, "admins", 3)).await.unwrap();
        let again = write(&store, |b| user::leave(b, zoe.id, "admins", 4)).await;
        assert_eq!(again.unwrap_err(), CommitError::Conflict { statement: 1 });
        assert_eq!(user::other_admins(&store, max.id).await, Ok((4, 0)));
    }

    async fn a_disabled_administrator_does_not_count(store) {
        let [zoe, max] = [stored_admin(&store, "zoe").await, stored_admin(&store, "max").await];
        assert_eq!(user::other_admins(&store, zoe.id).await.unwrap().1, 1);
        write(&store, |b| user::disable(b, max.id, 1, NOW, "disabled")).await.unwrap();
        assert_eq!(user::other_admins(&store, zoe.id).await.unwrap().1, 0);
    }

    async fn ses_05_live_sessions_are_neither_ended_nor_rested_nor_over(store) {
        list_one(&store).await;
        let [zoe, max] = [stored_user(&store, "zoe").await, stored_user(&store, "max").await];
        let base = |index| session_row(zoe.id, index);
        let rows = [
            base(1),
            SessionRow { idle_until: NOW, ..base(2) },
            SessionRow { expires_at: NOW, ..base(3) },
            base(4),
            session_row(max.id, 5),
            base(6),
        ];
        write(&store, |b| rows.iter().for_each(|row| session::insert(b, row))).await.unwrap();
        write(&store, |b| session::end(b, rows[3].id, NOW, "signed_out")).await.unwrap();
        let mut live: Vec<i64> =
            session::live_of_user(&store, zoe.id, NOW).await.unwrap().iter().map(|row| row.status.1).collect();
        live.sort_unstable();
        assert_eq!(live, [1, 6]);
    }

    async fn a_session_comes_back_as_stored_and_moves_one_version_at_a_time(store) {
        list_one(&store).await;
        let zoe = stored_user(&store, "zoe").await;
        let row = SessionRow {
            factor: Some(factor_id()),
            device: Some(poundlock_core::id::DeviceId::new(NOW, &RNG)),
            ..session_row(zoe.id, 1)
        };
        write(&store, |b| session::insert(b, &row)).await.unwrap();
        let read = session::by_id(&store, row.id).await.unwrap().unwrap();
        assert_eq!(format!("{read:?}"), format!("{row:?}"));
        let later = NOW + Span::from_minutes(5);
        let moved = SessionRow { version: 2, used_at: later, idle_until: later, sealed: b"moved".to_vec(), ..row.clone() };
        write(&store, |b| session::changed(b, &moved)).await.unwrap();
        assert_eq!(format!("{:?}", session::by_id(&store, row.id).await.unwrap().unwrap()), format!("{moved:?}"));
        for stale in [write(&store, |b| session::changed(b, &moved)).await, write(&store, |b| session::used(b, &row)).await,
                      write(&store, |b| session::lives(b, row.id, 1)).await] {
            assert_eq!(stale.unwrap_err(), CommitError::Conflict { statement: 0 });
        }
        write(&store, |b| session::lives(b, row.id, 2)).await.unwrap();
    }

    async fn rcv_07_a_reset_takes_every_factor(store) {
        let [zoe, max] = [stored_user(&store, "zoe").await, stored_user(&store, "max").await];
        for user in [&zoe, &max] {
            let app = TotpRow {
                id: factor_id(), user: user.id, sealed: b"x".to_vec(), last_step: 1, drift: -2, resync: None,
                held_until: None,
            };
            write(&store, |b| factor::insert_totp(b, &app, "app", NOW)).await.unwrap();
            let seen = Remembered { offset: 3, step: 9 };
            write(&store, |b| factor::remember(b, app.id, Some(seen))).await.unwrap();
            let account = user::by_id(&store, user.id).await.unwrap().unwrap();
            assert_eq!(account.totp, [TotpRow { resync: Some(seen), ..app.clone() }]);
            write(&store, |b| factor::remember(b, app.id, None)).await.unwrap();
            assert_eq!(user::by_id(&store, user.id).await.unwrap().unwrap().totp, [app]);
        }
        write(&store, |b| factor::delete_all(b, zoe.id)).await.unwrap();
        assert!(factor::listed(&store, zoe.id).await.unwrap().is_empty());
        let listed = factor::listed(&store, max.id).await.unwrap();
        assert_eq!((listed[0].label.as_str(), listed[0].drift, listed[0].used_at), ("app", -2, Some(NOW)));
    }

    async fn clients_and_audiences_are_listed_by_name_and_changed_by_version(store) {
        write(&store, |b| {
            client::insert(b, "web", "{}", NOW);
            client::insert(b, "app", "{}", NOW);
            client::put_audience(b, "b", "ES256", NOW);
            client::put_audience(b, "a", "ES256", NOW);
            client::put_audience(b, "a", "EdDSA", NOW);
        }).await.unwrap();
        write(&store, |b| client::change(b, "app", 1, "{\"x\":1}")).await.unwrap();
        let stale = write(&store, |b| client::change(b, "app", 1, "{}")).await;
        assert_eq!(stale.unwrap_err(), CommitError::Conflict { statement: 0 });
        let all = client::all(&store).await.unwrap();
        let all: Vec<_> = all.iter().map(|row| (row.id.as_str(), row.version, row.spec.as_str())).collect();
        assert_eq!(all, [("app", 2, "{\"x\":1}"), ("web", 1, "{}")]);
        let names = client::audiences(&store).await.unwrap();
        assert_eq!(names, [("a".to_owned(), "EdDSA".to_owned()), ("b".to_owned(), "ES256".to_owned())]);
        write(&store, |b| { client::delete(b, "web"); client::delete_audience(b, "b") }).await.unwrap();
        assert_eq!((client::all(&store).await.unwrap().len(), client::audiences(&store).await.unwrap().len()), (1, 1));
    }

    async fn a_setting_is_new_once_and_written_often(store) {
        assert_eq!(setting::read(&store, "check").await, Ok(None));
        assert_eq!(crate::nouns::winners(&store, 64, |_, b| setting::put_new(b, "check", b"1")).await, 1);
        write(&store, |b| setting::put(b, "check", b"2")).await.unwrap();
        assert_eq!(setting::read(&store, "check").await, Ok(Some(b"2".to_vec())));
    }
}
