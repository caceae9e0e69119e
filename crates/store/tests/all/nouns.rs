//! What the nouns promise on both engines: single use, guards, orders, sweeps. Here are the rows that the cases share;
//! what a row's seal holds is `core`'s concern, so most seals here are any bytes.
#![expect(clippy::indexing_slicing, reason = "a missing row must fail the test")]

mod audit;
mod deletion;
mod guard;
mod listing;
mod oidc;
mod pairs;
mod refresh;
mod single_use;
mod status;
mod sweep;

use std::sync::LazyLock;

use futures_util::future::join_all;
use poundlock_core::id::{FactorId, FamilyId, LoginId, SessionId, StepUpId, Subject, UserId};
use poundlock_core::login::LoginRow;
use poundlock_core::refresh::{Family, FamilyRow, RefreshToken, Rotation, Start};
use poundlock_core::seal::{Keyring, MasterKey};
use poundlock_core::secret::{Digest, Rng, random_bytes};
use poundlock_core::session::SessionRow;
use poundlock_core::step_up::StepUpRow;
use poundlock_core::testing::SeededRng;
use poundlock_core::time::{Span, Time};
use poundlock_core::user::{UserRow, UserState};
use poundlock_store::{Batch, CommitError, Committed, Store, refresh as families, session, status as lists, user};

/// When the cases begin.
pub(crate) const NOW: Time = Time::from_millis(1_800_000_000_000);

/// One sequence for all cases: whatever is drawn from it, no two ids or digests are alike.
pub(crate) static RNG: SeededRng = SeededRng::new(7);

pub(crate) static RING: LazyLock<Keyring> = LazyLock::new(|| {
    let master = MasterKey::random(&RNG);
    Keyring::open(&master, &Keyring::create(&master, &RNG)).unwrap()
});

/// A batch filled by `fill`.
pub(crate) fn made<T>(fill: impl FnOnce(&mut Batch) -> T) -> Batch {
    let mut batch = Batch::new();
    fill(&mut batch);
    batch
}

/// Commits a batch filled by `fill`.
pub(crate) async fn write<T>(store: &Store, fill: impl FnOnce(&mut Batch) -> T) -> Result<Committed, CommitError> {
    store.commit(made(fill)).await
}

/// Commits all batches at the same time, each from a task of its own.
pub(crate) async fn at_once(store: &Store, batches: Vec<Batch>) -> Vec<Result<Committed, CommitError>> {
    let tasks = batches.into_iter().map(|batch| {
        let store = store.clone();
        tokio::spawn(async move { store.commit(batch).await })
    });
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

/// Commits `copies` batches made by `fill` at the same time, and counts those that passed. Every other one must be a
/// conflict: a fault would hide a broken guard.
pub(crate) async fn winners(store: &Store, copies: usize, mut fill: impl FnMut(usize, &mut Batch)) -> usize {
    let batches = (0..copies).map(|n| made(|batch| fill(n, batch))).collect();
    passed(&at_once(store, batches).await)
}

/// How many passed, when all others were conflicts.
pub(crate) fn passed(outcomes: &[Result<Committed, CommitError>]) -> usize {
    let lost =
        |outcome: &&Result<Committed, CommitError>| !matches!(outcome, Ok(_) | Err(CommitError::Conflict { .. }));
    assert!(!outcomes.iter().any(|outcome| lost(&outcome)), "{:?}", outcomes.iter().find(lost));
    outcomes.iter().filter(|outcome| outcome.is_ok()).count()
}

/// Two batches at once; which one starts first alternates with the round.
pub(crate) async fn duel(store: &Store, round: usize, one: Batch, two: Batch) -> [Result<Committed, CommitError>; 2] {
    let swap = round.is_multiple_of(2);
    let order = if swap { vec![two, one] } else { vec![one, two] };
    let mut outcomes = at_once(store, order).await;
    passed(&outcomes);
    if swap {
        outcomes.reverse();
    }
    outcomes.try_into().unwrap()
}

pub(crate) fn digest() -> Digest {
    Digest::of(&random_bytes::<32>(&RNG))
}

/// An active user of this name, at version 1.
pub(crate) fn user_row(name: &str) -> UserRow {
    UserRow {
        id: UserId::new(NOW, &RNG),
        subject: Subject::new(&RNG),
        name: name.to_owned(),
        display_name: name.to_uppercase(),
        state: UserState::Active,
        version: 1,
        password: b"sealed hash".to_vec(),
        personal_key: b"sealed key".to_vec(),
        made_at: NOW,
        last_login_at: Some(NOW),
        groups: Vec::new(),
    }
}

/// A user of this name, stored.
pub(crate) async fn stored_user(store: &Store, name: &str) -> UserRow {
    let row = user_row(name);
    write(store, |batch| user::insert(batch, &row)).await.unwrap();
    row
}

/// A stored administrator.
pub(crate) async fn stored_admin(store: &Store, name: &str) -> UserRow {
    let row = UserRow { groups: vec!["admins".to_owned()], ..user_row(name) };
    write(store, |batch| user::insert(batch, &row)).await.unwrap();
    row
}

/// Opens status list 1, which sessions of these cases name.
pub(crate) async fn list_one(store: &Store) {
    write(store, |batch| lists::open(batch, 1, NOW)).await.unwrap();
}

/// A session at a place of list 1.
pub(crate) fn session_row(user: UserId, index: i64) -> SessionRow {
    SessionRow {
        id: SessionId::new(NOW, &RNG),
        user,
        client: "app".to_owned(),
        factor: None,
        device: None,
        version: 1,
        opened_at: NOW,
        used_at: NOW,
        idle_until: NOW + Span::from_hours(1),
        expires_at: NOW + Span::from_hours(24),
        ended_at: None,
        status: (1, index),
        sealed: b"sealed".to_vec(),
    }
}

/// A stored session of `user`.
pub(crate) async fn stored_session(store: &Store, user: UserId, index: i64) -> SessionRow {
    let row = session_row(user, index);
    write(store, |batch| session::insert(batch, &row)).await.unwrap();
    row
}

/// What a granted login writes of account and session.
pub(crate) fn grant(batch: &mut Batch, user: &UserRow, row: &SessionRow) {
    user::logged_in(batch, user.id, user.version, NOW);
    session::insert(batch, row);
}

/// A stored family of a session, with its first token.
pub(crate) async fn stored_family(store: &Store, session: SessionId) -> (RefreshToken, FamilyRow) {
    let start = Start { session, client: "app".to_owned(), binding: None, granted: None };
    let (token, row) = Family::start(start, NOW, &RING, &RNG);
    write(store, |batch| families::insert(batch, &row)).await.unwrap();
    (token, row)
}

/// The rotation of `row` to a new generation.
pub(crate) fn rotation(row: &FamilyRow, token: &RefreshToken) -> Rotation {
    Rotation {
        family: row.id,
        session: row.session,
        expected_generation: row.generation,
        generation: row.generation + 1,
        current: digest(),
        previous: row.current,
        successor: b"sealed successor".to_vec(),
        rotated_at: NOW,
        retries: 0,
        rotated_source: None,
        idle_until: NOW,
        next: token.clone(),
    }
}

/// The family as it is stored now.
pub(crate) async fn family_of(store: &Store, family: FamilyId) -> Option<FamilyRow> {
    store.read(move |r| Box::pin(families::in_snapshot(r, family))).await.unwrap()
}

pub(crate) fn login_row(user: UserId) -> LoginRow {
    LoginRow {
        id: LoginId::new(NOW, &RNG),
        user,
        digest: digest(),
        version: 1,
        expires_at: NOW + Span::from_minutes(10),
        sealed: b"sealed".to_vec(),
    }
}

pub(crate) fn step_up_row(session: SessionId) -> StepUpRow {
    StepUpRow { id: StepUpId::new(NOW, &RNG), digest: digest(), session, expires_at: NOW + Span::from_minutes(5) }
}

pub(crate) fn factor_id() -> FactorId {
    FactorId::new(NOW, &RNG)
}

/// A number below `below`, drawn.
pub(crate) fn below(below: u64) -> u64 {
    let mut bytes = [0; 8];
    RNG.fill(&mut bytes);
    u64::from_be_bytes(bytes) % below
}
