//! Logins against all that shuts an account or takes a factor, and changes against their own kind.

use poundlock_core::recovery::{self, RecoveryCode, RecoveryCodes};
use poundlock_core::session::SessionRow;
use poundlock_core::totp::TotpRow;
use poundlock_core::user::{ADMINS, UserRow, UserState};
use poundlock_store::{Batch, Store, factor, login, on_both, session, status, user};

use crate::nouns::{
    NOW, RING, RNG, at_once, below, duel, factor_id, grant, list_one, login_row, made, passed, session_row,
    stored_admin, stored_session, stored_user, winners, write,
};

const ROUNDS: usize = 40;

async fn scene(store: &Store, round: usize) -> (UserRow, SessionRow) {
    let user = stored_user(store, &format!("user {round}")).await;
    let row = session_row(user.id, i64::try_from(round).unwrap());
    (user, row)
}

fn totp(user: &UserRow) -> TotpRow {
    TotpRow {
        id: factor_id(),
        user: user.id,
        sealed: b"sealed".to_vec(),
        last_step: 1,
        drift: 0,
        resync: None,
        held_until: None,
    }
}

/// Two administrators, and what each does to the other.
async fn admins_at_once(store: &Store, act: impl Fn(&mut Batch, &UserRow)) {
    for round in 0..ROUNDS {
        let [one, two] =
            [stored_admin(store, &format!("one {round}")).await, stored_admin(store, &format!("two {round}")).await];
        let (version, others) = user::other_admins(store, two.id).await.unwrap();
        assert_eq!(others, 1, "round {round} began with the two of them");
        let strikes = [&two, &one].map(|other| {
            made(|batch| {
                user::admins_unmoved(batch, version);
                act(batch, other);
            })
        });
        let [first, second] = strikes;
        let outcomes = duel(store, round, first, second).await;
        assert_eq!(passed(&outcomes), 1, "{outcomes:?}");
        let left = if outcomes[0].is_ok() { &one } else { &two };
        assert_eq!(
            user::other_admins(store, two.id).await.unwrap().1 + user::other_admins(store, one.id).await.unwrap().1,
            1
        );
        // Out of the way of the next round.
        let (version, _) = user::other_admins(store, left.id).await.unwrap();
        write(store, |batch| user::leave(batch, left.id, ADMINS, version)).await.unwrap();
    }
}

on_both! {
    async fn t_34_a_login_against_disable(store) {
        list_one(&store).await;
        for round in 0..ROUNDS {
            let (user, row) = scene(&store, round).await;
            let shut = made(|b| user::disable(b, user.id, user.version, NOW, "disabled"));
            let [granted, shut] = duel(&store, round, made(|b| grant(b, &user, &row)), shut).await;
            assert!(shut.is_ok());
            assert!(session::live_of_user(&store, user.id, NOW).await.unwrap().is_empty());
            assert_eq!(status::ended(&store, 1).await.unwrap().contains(&row.status.1), granted.is_ok());
            let again = write(&store, |b| grant(b, &UserRow { version: 2, ..user.clone() }, &session_row(user.id, 9_999)));
            assert!(again.await.is_err(), "a login on a disabled account");
        }
    }

    async fn t_34_rft_12_a_login_against_delete(store) {
        list_one(&store).await;
        for round in 0..ROUNDS {
            let (user, row) = scene(&store, round).await;
            let gone = made(|b| user::delete(b, user.id, user.version, NOW, "deleted"));
            let [granted, gone] = duel(&store, round, made(|b| grant(b, &user, &row)), gone).await;
            assert!(gone.is_ok());
            assert!(session::live_of_user(&store, user.id, NOW).await.unwrap().is_empty());
            assert_eq!(status::ended(&store, 1).await.unwrap().contains(&row.status.1), granted.is_ok());
        }
    }

    async fn rft_08_a_login_against_a_password_change(store) {
        list_one(&store).await;
        for round in 0..ROUNDS {
            let (user, row) = scene(&store, round).await;
            let present = stored_session(&store, user.id, i64::try_from(1_000 + round).unwrap()).await;
            let change = made(|b| {
                user::set_password(b, user.id, user.version, b"new");
                session::end_others(b, user.id, present.id, NOW, "password_changed");
            });
            let [_, changed] = duel(&store, round, made(|b| grant(b, &user, &row)), change).await;
            assert!(changed.is_ok());
            let live = session::live_of_user(&store, user.id, NOW).await.unwrap();
            assert_eq!(live.iter().map(|row| row.id).collect::<Vec<_>>(), [present.id]);
        }
    }

    async fn a_login_against_the_removal_of_its_factor(store) {
        list_one(&store).await;
        for round in 0..ROUNDS {
            let (user, row) = scene(&store, round).await;
            let [mine, other] = [totp(&user), totp(&user)];
            write(&store, |b| [&mine, &other].into_iter().for_each(|t| factor::insert_totp(b, t, "app", NOW))).await.unwrap();
            let row = SessionRow { factor: Some(mine.id), ..row };
            let remove = made(|b| {
                user::touched(b, user.id, user.version);
                factor::delete_totp(b, mine.id, user.id);
                session::end_of_factor(b, user.id, mine.id, NOW, "factor_removed");
            });
            let [_, removed] = duel(&store, round, made(|b| grant(b, &user, &row)), remove).await;
            assert!(removed.is_ok());
            assert!(session::live_of_user(&store, user.id, NOW).await.unwrap().is_empty());
        }
    }

    async fn a_stored_login_dies_with_disable_and_delete(store) {
        list_one(&store).await;
        for round in 0..ROUNDS / 4 {
            let (user, row) = scene(&store, round).await;
            let login = login_row(user.id);
            write(&store, |b| login::insert(b, &login)).await.unwrap();
            // In the order of the flow: the login is spent first. On PostgreSQL the two can deadlock; one is tried anew.
            let granted = made(|b| {
                login::spend(b, login.id, login.version);
                grant(b, &user, &row);
            });
            let shut = made(|b| match round % 4 {
                0 | 1 => user::disable(b, user.id, user.version, NOW, "disabled"),
                _ => user::delete(b, user.id, user.version, NOW, "deleted"),
            });
            let [_, shut] = duel(&store, round, granted, shut).await;
            assert!(shut.is_ok());
            assert!(login::by_id(&store, login.id).await.unwrap().is_none());
            assert!(session::live_of_user(&store, user.id, NOW).await.unwrap().is_empty());
        }
    }

    async fn of_two_admins_who_disable_each_other_one_stays(store) {
        admins_at_once(&store, |b, other| user::disable(b, other.id, other.version, NOW, "disabled")).await;
    }

    async fn of_two_admins_who_delete_each_other_one_stays(store) {
        admins_at_once(&store, |b, other| user::delete(b, other.id, other.version, NOW, "deleted")).await;
    }

    async fn of_two_admins_who_leave_at_once_one_stays(store) {
        for round in 0..ROUNDS {
            let [one, two] =
                [stored_admin(&store, &format!("one {round}")).await, stored_admin(&store, &format!("two {round}")).await];
            let (version, _) = user::other_admins(&store, one.id).await.unwrap();
            let [first, second] = [&one, &two].map(|who| made(|b| user::leave(b, who.id, ADMINS, version)));
            let outcomes = duel(&store, round, first, second).await;
            assert_eq!(passed(&outcomes), 1);
            let left = if outcomes[0].is_ok() { &two } else { &one };
            assert_eq!(user::by_id(&store, left.id).await.unwrap().unwrap().user.groups, [ADMINS]);
            let (version, others) = user::other_admins(&store, left.id).await.unwrap();
            assert_eq!(others, 0);
            write(&store, |b| user::leave(b, left.id, ADMINS, version)).await.unwrap();
        }
    }

    async fn of_two_removals_at_once_one_factor_stays(store) {
        for round in 0..ROUNDS {
            let user = stored_user(&store, &format!("user {round}")).await;
            let apps = [totp(&user), totp(&user)];
            write(&store, |b| apps.iter().for_each(|t| factor::insert_totp(b, t, "app", NOW))).await.unwrap();
            let [first, second] = [&apps[0], &apps[1]].map(|app| made(|b| {
                user::touched(b, user.id, user.version);
                factor::delete_totp(b, app.id, user.id);
            }));
            let outcomes = duel(&store, round, first, second).await;
            assert_eq!(passed(&outcomes), 1);
            assert_eq!(factor::listed(&store, user.id).await.unwrap().len(), 1);
        }
    }

    async fn of_64_password_changes_one_passes(store) {
        let user = stored_user(&store, "zoe").await;
        let won = winners(&store, 64, |n, b| user::set_password(b, user.id, user.version, &[u8::try_from(n).unwrap()]));
        assert_eq!(won.await, 1);
        assert_eq!(user::by_id(&store, user.id).await.unwrap().unwrap().user.version, 2);
    }

    async fn a_stronger_hash_never_brings_an_old_password_back(store) {
        for round in 0..ROUNDS {
            let user = stored_user(&store, &format!("user {round}")).await;
            let rehash = made(|b| user::rehash(b, user.id, user.version, b"old, stronger"));
            let change = made(|b| user::set_password(b, user.id, user.version, b"new"));
            let outcomes = duel(&store, round, rehash, change).await;
            assert_eq!(passed(&outcomes), 2);
            assert_eq!(user::by_id(&store, user.id).await.unwrap().unwrap().user.password, b"new");
        }
    }

    async fn rcv_07_of_two_new_sets_one_lives(store) {
        for round in 0..ROUNDS {
            let user = stored_user(&store, &format!("user {round}")).await;
            let sets: Vec<_> = (0..3).map(|_| RecoveryCodes::generate(&RING, user.id, factor_id(), &RNG)).collect();
            write(&store, |b| factor::replace_codes(b, user.id, &sets[0].rows, NOW)).await.unwrap();
            // In odd rounds without the account's row, as no flow does it: the schema alone must hold then.
            let new = |n: usize| made(|b| {
                if round % 2 == 0 {
                    user::stands(b, user.id, user.version);
                }
                factor::replace_codes(b, user.id, &sets[n].rows, NOW);
            });
            let outcomes = duel(&store, round / 2, new(1), new(2)).await;
            assert!(passed(&outcomes) >= 1);
            let mut live = Vec::new();
            for (set, n) in sets.iter().zip(0..) {
                for row in &set.rows {
                    live.extend(factor::code(&store, &row.digest).await.unwrap().map(|_| n));
                }
            }
            assert!(live == [1; 10] || live == [2; 10], "round {round}: live codes are of sets {live:?}");
        }
    }

    async fn rcv_04_replaced_codes_against_a_new_set(store) {
        for round in 0..ROUNDS {
            let user = stored_user(&store, &format!("user {round}")).await;
            let [old, new] = [0, 1].map(|_| RecoveryCodes::generate(&RING, user.id, factor_id(), &RNG));
            let code = RecoveryCode::parse(old.shown[0].reveal()).unwrap();
            let proof = recovery::check(&RING, user.id, &code, Some(&old.rows[0]), NOW).unwrap();
            write(&store, |b| {
                factor::replace_codes(b, user.id, &old.rows, NOW);
                factor::spend_code(b, &proof);
            })
            .await
            .unwrap();
            let codes = user::by_id(&store, user.id).await.unwrap().unwrap().codes;
            assert_eq!((codes.set, codes.number_max, codes.left, codes.used), (Some(old.rows[0].set), 10, 9, 1));
            let row = RecoveryCodes::replacement(&RING, (user.id, old.rows[0].set), 11, &RNG).1;
            // The account's row first in both, or the eleventh code of the old set could stay beside the new one.
            let replaced = made(|b| {
                user::logged_in(b, user.id, user.version, NOW);
                factor::replace_used(b, user.id, std::slice::from_ref(&row), NOW);
            });
            let renewed = made(|b| {
                user::stands(b, user.id, user.version);
                factor::replace_codes(b, user.id, &new.rows, NOW);
            });
            let [_, renewed] = duel(&store, round, replaced, renewed).await;
            assert!(renewed.is_ok());
            assert_eq!(factor::code(&store, &row.digest).await, Ok(None), "a code of the void set");
            let codes = user::by_id(&store, user.id).await.unwrap().unwrap().codes;
            assert_eq!((codes.set, codes.left, codes.used), (Some(new.rows[0].set), 10, 0));
        }
    }

    async fn rcv_07_a_use_against_a_new_set(store) {
        for round in 0..ROUNDS {
            let user = stored_user(&store, &format!("user {round}")).await;
            let [old, new] = [0, 1].map(|_| RecoveryCodes::generate(&RING, user.id, factor_id(), &RNG));
            write(&store, |b| factor::replace_codes(b, user.id, &old.rows, NOW)).await.unwrap();
            let n = usize::try_from(below(10)).unwrap();
            let code = RecoveryCode::parse(old.shown[n].reveal()).unwrap();
            let proof = || recovery::check(&RING, user.id, &code, Some(&old.rows[n]), NOW).unwrap();
            let used = made(|b| factor::spend_code(b, &proof()));
            let replaced = made(|b| factor::replace_codes(b, user.id, &new.rows, NOW));
            let [_, replaced] = duel(&store, round, used, replaced).await;
            assert!(replaced.is_ok());
            assert!(write(&store, |b| factor::spend_code(b, &proof())).await.is_err(), "a void code");
            assert_eq!(user::by_id(&store, user.id).await.unwrap().unwrap().codes.left, 10);
        }
    }

    async fn of_64_toggles_of_one_version_one_passes(store) {
        let user = stored_user(&store, "zoe").await;
        let batches = (0..64).map(|_| made(|b| user::disable(b, user.id, 1, NOW, "disabled"))).collect();
        assert_eq!(passed(&at_once(&store, batches).await), 1);
        assert_eq!(winners(&store, 64, |_, b| user::enable(b, user.id, 2)).await, 1);
        let read = user::by_id(&store, user.id).await.unwrap().unwrap().user;
        assert_eq!((read.state, read.version), (UserState::Active, 3));
        assert_eq!(winners(&store, 1, |_, b| user::enable(b, user.id, 3)).await, 0, "it is open already");
    }
}
