//! The second factors of an account, of every kind: listed, told of, inserted. Changes of them are in `account.rs`, their
//! enrolment in `enrol.rs`.

use poundlock_core::id::FactorId;
use poundlock_core::login::{Enrolled, NewFactor};
use poundlock_core::notice::{self, Kind, Says};
use poundlock_core::passkey::{Passkey, RelyingParty};
use poundlock_core::time::Time;
use poundlock_core::totp::Authenticator;
use poundlock_store::user::Account;
use poundlock_store::{Batch, factor, outbox, passkey};

use super::{Answer, Refused};
use crate::app::App;
use crate::journal::Note;

/// Most second factors of one account.
const FACTORS_MAX: usize = 20;

/// A second factor as its owner and administrators see it.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) id: FactorId,
    pub(crate) kind: &'static str,
    pub(crate) label: String,
    pub(crate) made_at: Time,
    pub(crate) used_at: Option<Time>,
    pub(crate) held_until: Option<Time>,
    pub(crate) is_phishing_resistant: bool,
    /// What is true of a passkey alone.
    pub(crate) passkey: Option<Traits>,
    /// How far the clock of an authenticator app is off, in steps.
    pub(crate) drift_steps: i64,
}

/// What a passkey said of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traits {
    pub(crate) is_verified: bool,
    pub(crate) is_copyable: bool,
    pub(crate) is_copied: bool,
    pub(crate) is_attested: bool,
}

/// This server as authenticators know it, or why there are no passkeys here.
pub(crate) fn party(app: &App) -> Answer<&RelyingParty> {
    app.party.as_ref().ok_or_else(|| {
        Refused::Unusable("passkeys need an issuer with a host name, and this one has an address".to_owned())
    })
}

/// The account's passkeys whose seals open.
pub(crate) fn opened(app: &App, account: &Account) -> Vec<Passkey> {
    account.passkeys.iter().filter_map(|row| Passkey::open(&app.ring, row).ok()).collect()
}

/// Those that can prove both kinds: their devices verify the user. One on probation is among them, and told of that.
pub(crate) fn alone(app: &App, account: &Account) -> Vec<Passkey> {
    opened(app, account).into_iter().filter(Passkey::is_verified).collect()
}

/// Whether a second factor is left without this one. What does not open is none, nor is a passkey with nobody to answer to.
pub(crate) fn leaves_one(app: &App, account: &Account, id: FactorId) -> bool {
    let keys = if app.party.is_some() { opened(app, account) } else { Vec::new() };
    let apps = account.totp.iter().filter(|row| Authenticator::open(&app.ring, row).is_ok());
    apps.map(|row| row.id).chain(keys.iter().map(Passkey::factor)).any(|left| left != id)
}

/// Every second factor of an account, in the order of kind and age.
pub(crate) async fn listed(app: &App, account: &Account) -> Answer<Vec<Listed>> {
    let apps = factor::listed(&app.store, account.user.id).await?;
    let keys = passkey::listed(&app.store, account.user.id).await?;
    let opened = opened(app, account);
    let key = |row: passkey::Listed| Listed {
        id: row.id,
        kind: "passkey",
        label: row.label,
        made_at: row.made_at,
        used_at: Some(row.used_at),
        held_until: account.passkeys.iter().find(|known| known.id == row.id).and_then(|known| known.held_until),
        is_phishing_resistant: true,
        passkey: opened.iter().find(|passkey| passkey.factor() == row.id).map(traits),
        drift_steps: 0,
    };
    let totp = |row: factor::Listed| Listed {
        id: row.id,
        kind: "totp",
        label: row.label,
        made_at: row.made_at,
        used_at: row.used_at,
        held_until: account.totp.iter().find(|known| known.id == row.id).and_then(|known| known.held_until),
        is_phishing_resistant: false,
        passkey: None,
        drift_steps: row.drift,
    };
    Ok(keys.into_iter().map(key).chain(apps.into_iter().map(totp)).collect())
}

/// What its owner calls a factor, given its id as text; the text itself where it is no factor's.
pub(crate) async fn called(app: &App, account: &Account, id: &str) -> Answer<String> {
    let Ok(wanted) = id.parse::<FactorId>() else { return Ok(id.to_owned()) };
    let known = listed(app, account).await?.into_iter().find(|factor| factor.id == wanted);
    Ok(known.map_or_else(|| id.to_owned(), |factor| factor.label))
}

fn traits(passkey: &Passkey) -> Traits {
    Traits {
        is_verified: passkey.is_verified(),
        is_copyable: passkey.is_copyable(),
        is_copied: passkey.is_copied(),
        is_attested: passkey.is_attested(),
    }
}

/// Refuses a further factor of an account that has as many as it may.
pub(crate) fn refuse_surplus(account: &Account) -> Answer<()> {
    if account.second_factors() < FACTORS_MAX {
        return Ok(());
    }
    Err(Refused::Conflicting(format!("This account has {FACTORS_MAX} factors: remove one first.")))
}

/// Stores a factor that was just confirmed.
pub(crate) fn insert(batch: &mut Batch, enrolled: &Enrolled, now: Time) {
    match &enrolled.factor {
        NewFactor::Totp(row) => factor::insert_totp(batch, row, &enrolled.label, now),
        NewFactor::Passkey(row) => passkey::insert(batch, row, &enrolled.label, now),
    }
}

/// Writes a notice to an account's owner into the batch of what it tells of (MFA-08).
pub(crate) fn tell(
    app: &App,
    batch: &mut Batch,
    note: &Note<'_>,
    (kind, account): (Kind, &Account),
    says: &[(&str, &str)],
) {
    let says: Says = says.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    outbox::insert(batch, &notice::make(kind, account.user.id, &says, note.now(), &app.ring, &app.rng));
}
