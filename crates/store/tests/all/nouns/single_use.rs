//! What is used once, used by 64 at once: one passes, or as many as the bound says (T-14).

use poundlock_core::id::{DeviceId, InviteId};
use poundlock_core::invite::{self as invites, new_user};
use poundlock_core::jws::Alg;
use poundlock_core::keys::{KeyRow, KeyState};
use poundlock_core::login::LoginRow;
use poundlock_core::recovery::{self, RecoveryCode, RecoveryCodes, RecoveryProof};
use poundlock_core::seal::{Keyring, MasterKey};
use poundlock_core::time::{Span, Time};
use poundlock_core::totp::{self, Authenticator, Checked, Code, Seed, TotpProof, TotpRow};
use poundlock_core::user::{UserName, UserRow};
use poundlock_store::{CommitError, Store, device, factor, invite, key, login, on_both, status, step_up, user};

use super::{
    NOW, RING, RNG, digest, factor_id, list_one, login_row, step_up_row, stored_session, stored_user, user_row,
    winners, write,
};

const AT_ONCE: usize = 64;

/// The code that an app with this seed shows.
fn code(seed: &Seed, now: Time) -> Code {
    let app = totp_rs::Totp::from_url(seed.uri("poundlock", "zoe").reveal()).unwrap();
    Code::parse(&app.generate(u64::try_from(now.seconds()).unwrap()).to_string()).unwrap()
}

/// An app enrolled at [`NOW`], stored.
async fn enrolled(store: &Store, user: &UserRow) -> (Seed, TotpRow) {
    let seed = Seed::random(&RNG);
    let (proof, _) = totp::confirm(&seed, user.id, factor_id(), &code(&seed, NOW), NOW).unwrap();
    let row = TotpRow::confirmed(&RING, &seed, &proof, &RNG);
    write(store, |batch| factor::insert_totp(batch, &row, "app", NOW)).await.unwrap();
    (seed, row)
}

/// A proof checked against `row` as it was read, which may be old by now.
fn proof(row: &TotpRow, seed: &Seed, now: Time) -> TotpProof {
    let Checked::Match(proof) = totp::check(&Authenticator::open(&RING, row).unwrap(), &code(seed, now), now) else {
        panic!("the code is right and unspent");
    };
    proof
}

fn recovery_proof(codes: &RecoveryCodes, n: usize) -> RecoveryProof {
    let code = RecoveryCode::parse(codes.shown[n].reveal()).unwrap();
    recovery::check(&RING, codes.rows[n].user, &code, Some(&codes.rows[n]), NOW).unwrap()
}

fn signing_key(state: KeyState) -> KeyRow {
    KeyRow {
        kid: digest().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect(),
        alg: Alg::Es256,
        state,
        made_at: NOW,
        current_at: (state == KeyState::Current).then_some(NOW),
        retired_at: None,
        gone_at: None,
        sealed_public: b"public".to_vec(),
        sealed_private: b"private".to_vec(),
        version: 0,
    }
}

on_both! {
    async fn otp_06_t_09_of_64_equal_codes_one_passes(store) {
        let account = stored_user(&store, "zoe").await;
        let (seed, row) = enrolled(&store, &account).await;
        let later = NOW + totp::STEP;
        assert_eq!(winners(&store, AT_ONCE, |_, b| factor::spend_step(b, &proof(&row, &seed, later))).await, 1);
    }

    async fn otp_05_no_step_at_or_before_the_last_one_passes(store) {
        let account = stored_user(&store, "zoe").await;
        let (seed, row) = enrolled(&store, &account).await;
        let (one, two) = (NOW + totp::STEP, NOW + Span::from_seconds(60));
        // Checked against the row as it was before: only the guard of the write can refuse now.
        write(&store, |b| factor::spend_step(b, &proof(&row, &seed, two))).await.unwrap();
        for stale in [one, two] {
            let outcome = write(&store, |b| factor::spend_step(b, &proof(&row, &seed, stale))).await;
            assert_eq!(outcome.unwrap_err(), CommitError::Conflict { statement: 0 });
        }
        write(&store, |b| factor::spend_step(b, &proof(&row, &seed, two + totp::STEP))).await.unwrap();
    }

    async fn otp_05_a_removed_app_proves_nothing(store) {
        let account = stored_user(&store, "zoe").await;
        let (seed, row) = enrolled(&store, &account).await;
        let proof = proof(&row, &seed, NOW + totp::STEP);
        write(&store, |b| factor::delete_totp(b, row.id, account.id)).await.unwrap();
        let outcome = write(&store, |b| factor::spend_step(b, &proof)).await;
        assert_eq!(outcome.unwrap_err(), CommitError::Conflict { statement: 0 });
    }

    async fn rcv_03_of_64_equal_recovery_codes_one_passes(store) {
        let account = stored_user(&store, "zoe").await;
        let codes = RecoveryCodes::generate(&RING, account.id, factor_id(), &RNG);
        write(&store, |b| factor::replace_codes(b, account.id, &codes.rows, NOW)).await.unwrap();
        for n in [0, 9] {
            assert_eq!(winners(&store, AT_ONCE, |_, b| factor::spend_code(b, &recovery_proof(&codes, n))).await, 1);
            assert_eq!(factor::code(&store, &codes.rows[n].digest).await, Ok(None), "a used code is not found");
        }
        let account = user::by_id(&store, account.id).await.unwrap().unwrap();
        assert_eq!(account.codes.left, 8);
    }

    async fn rcv_04_a_used_code_is_replaced_once(store) {
        let account = stored_user(&store, "zoe").await;
        let set = factor_id();
        let codes = RecoveryCodes::generate(&RING, account.id, set, &RNG);
        write(&store, |b| factor::replace_codes(b, account.id, &codes.rows, NOW)).await.unwrap();
        write(&store, |b| factor::spend_code(b, &recovery_proof(&codes, 2))).await.unwrap();
        let new: Vec<_> =
            (0..AT_ONCE).map(|_| [RecoveryCodes::replacement(&RING, (account.id, set), 11, &RNG).1]).collect();
        assert_eq!(winners(&store, AT_ONCE, |n, b| factor::replace_used(b, account.id, &new[n], NOW)).await, 1);
        let figures = user::by_id(&store, account.id).await.unwrap().unwrap().codes;
        assert_eq!((figures.set, figures.number_max, figures.left, figures.used), (Some(set), 11, 10, 0));
    }

    async fn a_probation_ends_once_and_by_its_owner_alone(store) {
        let [account, other] = [stored_user(&store, "zoe").await, stored_user(&store, "max").await];
        let seed = Seed::random(&RNG);
        let (proof, _) = totp::confirm(&seed, account.id, factor_id(), &code(&seed, NOW), NOW).unwrap();
        let until = NOW + Span::from_hours(72);
        let held = TotpRow::confirmed_on_hold(&RING, &seed, &proof, until, &RNG);
        write(&store, |b| factor::insert_totp(b, &held, "app", NOW)).await.unwrap();
        let released = held.released(&RING, &RNG).unwrap();
        let stored = async || user::by_id(&store, account.id).await.unwrap().unwrap().totp;
        write(&store, |b| factor::release(b, &TotpRow { user: other.id, ..released.clone() })).await.unwrap();
        assert_eq!(stored().await, std::slice::from_ref(&held));
        for _ in 0..2 {
            write(&store, |b| factor::release(b, &released)).await.unwrap();
            assert_eq!(stored().await, std::slice::from_ref(&released));
        }
    }

    async fn rcv_07_a_new_set_voids_the_old_one(store) {
        let account = stored_user(&store, "zoe").await;
        let [old, new] = [0, 1].map(|_| RecoveryCodes::generate(&RING, account.id, factor_id(), &RNG));
        for codes in [&old, &new] {
            write(&store, |b| factor::replace_codes(b, account.id, &codes.rows, NOW)).await.unwrap();
        }
        let outcome = write(&store, |b| factor::spend_code(b, &recovery_proof(&old, 0))).await;
        assert_eq!(outcome.unwrap_err(), CommitError::Conflict { statement: 0 });
        for row in &old.rows {
            assert_eq!(factor::code(&store, &row.digest).await, Ok(None));
        }
        assert_eq!(factor::code(&store, &new.rows[3].digest).await.unwrap().as_ref(), Some(&new.rows[3]));
    }

    async fn t_14_of_64_acceptances_of_an_invite_one_passes(store) {
        let purpose = new_user(&UserName::parse("max").unwrap(), "Max", Vec::new());
        let (_, row) = invites::make(&purpose, Span::from_hours(1), NOW, &RING, &RNG);
        write(&store, |b| invite::insert(b, &row)).await.unwrap();
        assert_eq!(winners(&store, AT_ONCE, |_, b| invite::spend(b, row.id, NOW)).await, 1);
        assert_eq!(invite::by_id(&store, row.id).await.unwrap().unwrap().used_at, Some(NOW));
    }

    async fn t_14_an_ended_or_unknown_invite_is_not_spent(store) {
        let purpose = new_user(&UserName::parse("max").unwrap(), "Max", Vec::new());
        let (_, row) = invites::make(&purpose, Span::from_hours(1), NOW, &RING, &RNG);
        write(&store, |b| invite::insert(b, &row)).await.unwrap();
        for (id, now) in [(row.id, row.expires_at), (InviteId::new(NOW, &RNG), NOW)] {
            let outcome = write(&store, |b| invite::spend(b, id, now)).await;
            assert_eq!(outcome.unwrap_err(), CommitError::Conflict { statement: 0 });
        }
    }

    async fn t_14_of_64_equal_login_steps_one_passes(store) {
        let account = stored_user(&store, "zoe").await;
        let row = login_row(account.id);
        write(&store, |b| login::insert(b, &row)).await.unwrap();
        let second = LoginRow { version: 2, sealed: b"second".to_vec(), ..row.clone() };
        assert_eq!(winners(&store, AT_ONCE, |_, b| login::advance(b, &second)).await, 1);
        assert_eq!(login::by_id(&store, row.id).await.unwrap().unwrap().sealed, b"second");
        // Of advancing and spending one version, one passes too.
        let third = LoginRow { version: 3, ..row.clone() };
        let won = winners(&store, AT_ONCE, |n, b| {
            if n % 2 == 0 { login::advance(b, &third) } else { login::spend(b, row.id, 2) }
        });
        assert_eq!(won.await, 1);
        let left = login::by_id(&store, row.id).await.unwrap().map_or(3, |row| row.version);
        let expected = usize::from(login::by_id(&store, row.id).await.unwrap().is_some());
        assert_eq!(winners(&store, AT_ONCE, |_, b| login::spend(b, row.id, left)).await, expected);
        assert!(login::by_id(&store, row.id).await.unwrap().is_none());
    }

    async fn t_14_of_64_uses_of_a_step_up_one_passes(store) {
        list_one(&store).await;
        let account = stored_user(&store, "zoe").await;
        let session = stored_session(&store, account.id, 1).await;
        let row = step_up_row(session.id);
        write(&store, |b| step_up::insert(b, &row)).await.unwrap();
        let late = write(&store, |b| step_up::spend(b, &row.digest, row.expires_at)).await;
        assert_eq!(late.unwrap_err(), CommitError::Conflict { statement: 0 });
        assert_eq!(winners(&store, AT_ONCE, |_, b| step_up::spend(b, &row.digest, NOW)).await, 1);
    }

    async fn thr_04_a_device_that_failed_ten_times_is_a_stranger(store) {
        let account = stored_user(&store, "zoe").await;
        let id = DeviceId::new(NOW, &RNG);
        write(&store, |b| device::insert(b, id, account.id, NOW)).await.unwrap();
        assert_eq!(winners(&store, AT_ONCE, |_, b| device::spend(b, id, account.id, 10)).await, 10);
        assert_eq!(device::listed(&store, account.id).await.unwrap()[0].fails, 10);
        write(&store, |b| device::proved(b, id, account.id, NOW)).await.unwrap();
        write(&store, |b| device::spend(b, id, account.id, 10)).await.unwrap();
        write(&store, |b| device::revoke(b, id, account.id, NOW)).await.unwrap();
        let spent = write(&store, |b| device::spend(b, id, account.id, 10)).await;
        assert_eq!(spent.unwrap_err(), CommitError::Conflict { statement: 0 }, "a revoked device");
        let again = write(&store, |b| device::revoke(b, id, account.id, NOW)).await;
        assert_eq!(again.unwrap_err(), CommitError::Conflict { statement: 0 });
    }

    async fn thr_04_a_device_is_known_to_its_own_account_alone(store) {
        let [mine, other] = [stored_user(&store, "zoe").await, stored_user(&store, "max").await];
        let id = DeviceId::new(NOW, &RNG);
        write(&store, |b| device::insert(b, id, mine.id, NOW)).await.unwrap();
        let outcome = write(&store, |b| device::spend(b, id, other.id, 10)).await;
        assert_eq!(outcome.unwrap_err(), CommitError::Conflict { statement: 0 });
        write(&store, |b| device::revoke_others(b, other.id, None, NOW)).await.unwrap();
        write(&store, |b| device::revoke_others(b, mine.id, Some(id), NOW)).await.unwrap();
        assert_eq!(device::listed(&store, mine.id).await.unwrap()[0].revoked_at, None);
        write(&store, |b| device::revoke_others(b, mine.id, None, NOW)).await.unwrap();
        assert_eq!(device::listed(&store, mine.id).await.unwrap()[0].revoked_at, Some(NOW));
    }

    async fn tok_15_64_reservations_at_once_share_no_place(store) {
        list_one(&store).await;
        let batches = (0..AT_ONCE).map(|_| crate::nouns::made(|b| {
 status::reserve(b, 1, 8, 8 * 50, NOW);
 })).collect();
        let outcomes = crate::nouns::at_once(&store, batches).await;
        let mut ends: Vec<i64> =
            outcomes.iter().flatten().map(|done| done.first(0).unwrap().int(0).unwrap()).collect();
        ends.sort_unstable();
        assert_eq!(ends, (1..=50).map(|n| 8 * n).collect::<Vec<_>>(), "{} of {AT_ONCE}", crate::nouns::passed(&outcomes));
        assert_eq!(status::lists(&store).await.unwrap()[0].next, 400);
    }

    async fn tok_15_of_64_that_open_a_list_one_passes(store) {
        assert_eq!(winners(&store, AT_ONCE, |_, b| status::open(b, 7, NOW)).await, 1);
    }

    async fn key_06_there_is_one_current_key_an_algorithm(store) {
        let won = winners(&store, AT_ONCE, |_, b| key::insert_signing_key(b, &signing_key(KeyState::Current)));
        assert_eq!(won.await, 1);
        let old = key::signing_keys(&store).await.unwrap().remove(0);
        let next: Vec<KeyRow> = (0..AT_ONCE).map(|_| signing_key(KeyState::Next)).collect();
        write(&store, |b| next.iter().for_each(|row| key::insert_signing_key(b, row))).await.unwrap();
        // Each rotates to another key: only the old one's version and the index stand between them.
        let won = winners(&store, AT_ONCE, |n, b| {
            key::change_signing_key(b, &old.retired(NOW).unwrap());
            key::change_signing_key(b, &next[n].promoted(NOW).unwrap());
        });
        assert_eq!(won.await, 1);
        let won = winners(&store, AT_ONCE, |n, b| key::change_signing_key(b, &next[n].promoted(NOW).unwrap()));
        assert_eq!(won.await, 0, "a second current key");
        let keys = key::signing_keys(&store).await.unwrap();
        assert_eq!(keys.iter().filter(|row| row.state == KeyState::Current).count(), 1);
        assert_eq!(keys.iter().filter(|row| row.state == KeyState::Retired).count(), 1);
    }

    async fn t_18_of_64_that_take_one_name_one_passes(store) {
        assert!(user::name_is_free(&store, "zoe").await.unwrap());
        let won = winners(&store, AT_ONCE, |_, b| user::insert(b, &user_row("zoe")));
        assert_eq!(won.await, 1);
        assert_eq!(user::count(&store).await, Ok(1));
        assert!(!user::name_is_free(&store, "zoe").await.unwrap());
    }

    async fn of_64_nodes_that_start_at_once_one_makes_the_data_keys(store) {
        let sets: Vec<_> =
            (0..AT_ONCE).map(|_| (MasterKey::random(&RNG), MasterKey::random(&RNG))).collect();
        let made: Vec<_> = sets.iter().map(|(master, _)| Keyring::create(master, &RNG)).collect();
        assert_eq!(winners(&store, AT_ONCE, |n, b| key::insert_data_keys(b, &made[n])).await, 1);
        let stored = key::data_keys(&store).await.unwrap();
        let first = made.iter().position(|set| set[0].wrapped == stored[0].wrapped).unwrap();
        assert!(Keyring::open(&sets[first].0, &stored).is_ok(), "the keys of one node, and all of them");

        let rewrapped: Vec<_> = sets
            .iter()
            .map(|(_, new)| Keyring::rewrap(&sets[first].0, new, &stored, &RNG).unwrap())
            .collect();
        assert_eq!(winners(&store, AT_ONCE, |n, b| key::rewrap(b, &stored, &rewrapped[n])).await, 1);
        let stored = key::data_keys(&store).await.unwrap();
        assert_eq!(sets.iter().filter(|(_, new)| Keyring::open(new, &stored).is_ok()).count(), 1);
    }
}
