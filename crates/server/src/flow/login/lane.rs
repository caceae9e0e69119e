//! Chooses a lane and spends an attempt in it. Nothing is checked before this has answered.

use poundlock_core::audit::{Event, Key};
use poundlock_core::device::{self as devices, DEVICE_FAILS_MAX, DeviceClaim, DeviceToken};
use poundlock_core::guard::{self, Budget, CounterRow, Guessable, Lane, Reason, Verdict};
use poundlock_core::id::{DeviceId, UserId};
use poundlock_core::secret::{Digest, Secret};
use poundlock_core::user::UserName;
use poundlock_store::user::Account;
use poundlock_store::{Batch, device, guard as counters};

use super::super::{Answer, Denial, Refused, commit, refuse};
use crate::app::App;
use crate::journal::Note;

/// As many device tokens are read of one request.
const TOKENS_MAX: usize = 4;

/// Whom an attempt is for, and on which device.
#[derive(Clone, Copy)]
pub(crate) struct Who<'a> {
    pub(crate) account: Option<&'a Account>,
    pub(crate) name: &'a UserName,
    pub(crate) claim: Option<DeviceClaim>,
}

/// An attempt that was spent, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    pub(crate) device: Option<DeviceId>,
}

impl Who<'_> {
    /// The account that is counted: a known one, or the stand-in of an unknown name.
    pub(crate) fn counted(&self, app: &App) -> guard::Account {
        self.account.map_or_else(
            || guard::Account::pseudo(&app.ring, self.name.as_str()),
            |account| guard::Account::Known(account.user.id),
        )
    }

    /// Whom refusals are collapsed for.
    pub(crate) fn target(&self, app: &App) -> Digest {
        guard::counter_key(&app.ring, Guessable::Password, Lane::Strangers, self.counted(app))
    }
}

/// The id that stands in for an unknown name, so that the same statements run for it.
pub(crate) fn nobody(app: &App, name: &UserName) -> UserId {
    let key = app.ring.counter_key(&[b"nobody", name.as_str().as_bytes()]);
    let bytes = key.as_bytes().first_chunk::<16>().copied().unwrap_or_default();
    // Sixteen bytes are always an id.
    UserId::from_bytes(&bytes).unwrap_or_else(|| UserId::new(poundlock_core::time::Time::from_millis(0), &app.rng))
}

/// The device an attempt comes from, if it is known to this very account. One that was revoked, or has failed too often
/// in a row, is a stranger from here on: to the limits by source and to the hash pool too, not only to the budgets.
pub(crate) async fn claimed(
    app: &App,
    device: Option<&Secret<String>>,
    account: Option<&Account>,
) -> Answer<Option<DeviceClaim>> {
    let claim = device.and_then(|device| claim_of(app, device.reveal(), account));
    let Some(claim) = claim else { return Ok(None) };
    // Looked up for an unknown name too, for which no device is known. Attack: with a device of one's own account, a
    // statement less would tell which names exist (THR-14).
    let counted = account.map_or(guard::Account::Pseudo(0), |account| guard::Account::Known(account.user.id));
    let known = is_known(app, claim, counted).await?;
    Ok(known.then_some(claim))
}

/// Which of the tokens is this account's. A browser that several people sign in on has one for each, with dots between
/// them; if none is, one stands for all, so that the same is looked up.
fn claim_of(app: &App, tokens: &str, account: Option<&Account>) -> Option<DeviceClaim> {
    let claims = tokens.split('.').take(TOKENS_MAX).filter_map(|token| DeviceToken::parse(&app.ring, token));
    let claims: Vec<DeviceClaim> = claims.collect();
    let own = claims.iter().find(|claim| account.is_some_and(|account| account.user.id == claim.user));
    own.or(claims.first()).copied()
}

async fn is_known(app: &App, claim: DeviceClaim, account: guard::Account) -> Answer<bool> {
    let row = device::by_id(&app.store, claim.device).await?;
    Ok(devices::lane(Some(claim), row.as_ref(), account) == Lane::Device(claim.device))
}

/// Spends one attempt: in the device's lane while that is open, else in the strangers'.
pub(crate) async fn spend(app: &App, note: &Note<'_>, kind: Guessable, who: &Who<'_>) -> Answer<Spent> {
    let counted = who.counted(app);
    if let Some(claim) = who.claim {
        let budget = Budget::of(&app.ring, kind, Lane::Device(claim.device), counted);
        let mut batch = Batch::new();
        device::spend(&mut batch, claim.device, claim.user, i64::from(DEVICE_FAILS_MAX));
        counters::spend(&mut batch, &budget, note.now());
        if commit(app, batch).await?.is_some() {
            app.metrics.verdict(kind_name(kind), "devices", "go");
            return Ok(Spent { device: Some(claim.device) });
        }
        // Only told to wait: it waits as itself. Were it let into the strangers' budget meanwhile, its own delays would
        // be none, and strangers' failures would be its own.
        let row = counters::counter(&app.store, &budget).await?;
        let verdict = guard::verdict_of_refusal(row, 0, budget.limit, note.now());
        if let Verdict::Delay(wait) = verdict
            && is_known(app, claim, counted).await?
        {
            return Err(refused(app, note, (kind, "devices", row), Denial::Delayed(wait), who).await);
        }
        // Revoked, failed too often in a row, or out of budget: from here on it is a stranger.
    }
    let budget = Budget::of(&app.ring, kind, Lane::Strangers, counted);
    let mut batch = Batch::new();
    counters::spend(&mut batch, &budget, note.now());
    match commit(app, batch).await? {
        Some(_) => {
            app.metrics.verdict(kind_name(kind), "strangers", "go");
            Ok(Spent { device: None })
        }
        None => Err(turned_away(app, note, kind, who).await?),
    }
}

/// Tells a delay from an empty budget, records it and refuses. Nothing was checked and nothing counted.
async fn turned_away(app: &App, note: &Note<'_>, kind: Guessable, who: &Who<'_>) -> Answer<Refused> {
    let [strangers, devices] = Budget::both(&app.ring, kind, who.counted(app));
    let own = counters::counter(&app.store, &strangers).await?;
    let other = counters::counter(&app.store, &devices).await?.map_or(0, |row| row.tried);
    let verdict = guard::verdict_of_refusal(own, other, strangers.limit, note.now());
    let denial = match verdict {
        Verdict::Go => Denial::Delayed(poundlock_core::time::Span::from_seconds(1)),
        Verdict::Delay(wait) => Denial::Delayed(wait),
        Verdict::Refused(Reason::BudgetSpent) => Denial::Blocked,
        // A stranger is not told that devices have failed too: unknown names have none, and would be known by it.
        Verdict::Refused(Reason::MustRebind) if who.claim.is_none() && kind == Guessable::Password => Denial::Blocked,
        Verdict::Refused(Reason::MustRebind) => Denial::Rebind,
    };
    Ok(refused(app, note, (kind, "strangers", own), denial, who).await)
}

async fn refused(
    app: &App,
    note: &Note<'_>,
    (kind, lane, row): (Guessable, &'static str, Option<CounterRow>),
    denial: Denial,
    who: &Who<'_>,
) -> Refused {
    app.metrics.verdict(kind_name(kind), lane, denial.code());
    let event = if matches!(denial, Denial::Delayed(_)) { Event::LoginDelayed } else { Event::LoginBlocked };
    let tried = row.map_or(0, |row| i64::from(row.tried));
    let record = note
        .record(event)
        .with(Key::Rule, kind_name(kind))
        .with(Key::Lane, lane)
        .with(Key::Tried, tried)
        .with(Key::Limit, i64::from(guard::FAILURES_MAX));
    refuse(app, Batch::new(), record, denial, who.target(app).as_bytes()).await
}

pub(crate) const fn kind_name(kind: Guessable) -> &'static str {
    match kind {
        Guessable::Password => "password",
        Guessable::Totp => "totp",
    }
}
