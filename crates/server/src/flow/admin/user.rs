//! Users as an administrator finds them: pages, and one in full with factors, and the attempts that were counted.

use poundlock_core::guard::{self, Budget, Guessable};
use poundlock_core::id::UserId;
use poundlock_core::time::Time;
use poundlock_core::user::UserRow;
use poundlock_store::guard as counters;
use poundlock_store::user::{self as users, Account};

use super::super::Answer;
use super::super::factor::{Listed, listed};
use crate::app::App;

/// The most users of one page.
pub(crate) const PAGE_MAX: i64 = 1000;

/// A user in full.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) account: Account,
    pub(crate) factors: Vec<Listed>,
    pub(crate) attempts: Vec<Attempts>,
}

/// Attempts counted against one budget since it was last cleared.
#[derive(Debug)]
pub(crate) struct Attempts {
    pub(crate) factor: &'static str,
    pub(crate) lane: &'static str,
    pub(crate) tried: u32,
    pub(crate) limit: u32,
    pub(crate) next_at: Time,
}

/// Users in the order they were made.
pub(crate) async fn page(app: &App, after: Option<UserId>, limit: i64) -> Answer<Vec<UserRow>> {
    Ok(users::page(&app.store, after, limit.clamp(1, PAGE_MAX)).await?)
}

/// One user.
pub(crate) async fn show(app: &App, who: &str) -> Answer<Shown> {
    let account = super::find(app, who).await?;
    let factors = listed(app, &account).await?;
    let mut attempts = Vec::new();
    for (factor, lane, budget) in budgets(app, account.user.id) {
        let row = counters::counter(&app.store, &budget).await?;
        let (tried, next_at) = row.map_or((0, Time::from_millis(0)), |row| (row.tried, row.next_at));
        attempts.push(Attempts { factor, lane, tried, limit: budget.limit, next_at });
    }
    Ok(Shown { account, factors, attempts })
}

/// All four budgets of a user: factor, lane, budget.
pub(super) fn budgets(app: &App, user: UserId) -> Vec<(&'static str, &'static str, Budget)> {
    let both = |(kind, factor)| {
        let [strangers, devices] = Budget::both(&app.ring, kind, guard::Account::Known(user));
        [(factor, "strangers", strangers), (factor, "devices", devices)]
    };
    [(Guessable::Password, "password"), (Guessable::Totp, "totp")].into_iter().flat_map(both).collect()
}
