//! Changes of password, codes and factors. Each spends a step-up for exactly that action in the batch that makes the
//! change, and ends what DESIGN §7 says it ends.

use poundlock_core::audit::{Event, Key};
use poundlock_core::id::{DeviceId, FactorId};
use poundlock_core::label::Label;
use poundlock_core::notice::Kind;
use poundlock_core::password::{Context, NewPassword};
use poundlock_core::recovery::RecoveryCodes;
use poundlock_core::secret::Secret;
use poundlock_core::step_up::Action;
use poundlock_store::user::Account;
use poundlock_store::{Batch, audit, device, factor, login, passkey, session, step_up as rights, user};

use super::factor::{Listed, leaves_one, listed, tell};
use super::session::Caller;
use super::step_up::spends;
use super::{Answer, Denial, Refused, commit, refuse};
use crate::app::{App, SharedApp};
use crate::journal::{Note, Origin};

/// Sets another password: ends all other sessions and all other known devices.
pub(crate) async fn change_password(
    app: SharedApp,
    caller: Caller,
    (new, step_up): (Secret<String>, Secret<String>),
    origin: Origin,
) -> Answer<()> {
    let user = &caller.account.user;
    let min = super::invite::min_code_points(&user.groups);
    let context = Context { name: &user.name, display_name: &user.display_name, service: "poundlock" };
    let new = NewPassword::parse(new, &context, min).map_err(Refused::Weak)?;
    super::to_the_end(app.flows.begin(), async move {
        let (sealed, _) = super::invite::hash(&app, new, caller.account.user.id, caller.now).await?;
        let (id, version, now) = (caller.account.user.id, caller.account.user.version, caller.now);
        let mut batch = Batch::new();
        user::set_password(&mut batch, id, version, &sealed);
        session::end_others(&mut batch, id, caller.session.id(), now, "password_changed");
        device::revoke_others(&mut batch, id, caller.session.device(), now);
        login::end_of_user(&mut batch, id);
        batch.notify(crate::status::TOPIC, "all");
        let note = Note::new(&app, &origin, now);
        tell(&app, &mut batch, &note, (Kind::PasswordChanged, &caller.account), &[]);
        change(&app, &caller, (batch, Event::PasswordChanged), (Action::ChangePassword, "", &step_up), &origin).await
    })
    .await
}

/// Makes a new set of recovery codes: the old codes are void, and nothing else ends.
pub(crate) async fn new_codes(
    app: &App,
    caller: &Caller,
    step_up: &Secret<String>,
    origin: &Origin,
) -> Answer<Vec<Secret<String>>> {
    let (codes, batch) = codes_made(app, caller, origin);
    let what = (batch, Event::RecoveryCodesMade);
    change(app, caller, what, (Action::NewRecoveryCodes, "", step_up), origin).await?;
    Ok(codes)
}

/// The same, to be shown on the next page of this browser.
pub(crate) async fn new_codes_to_show(
    app: &App,
    caller: &Caller,
    step_up: &Secret<String>,
    origin: &Origin,
) -> Answer<()> {
    let (codes, mut batch) = codes_made(app, caller, origin);
    super::browser::show(app, caller, &codes, &mut batch);
    change(app, caller, (batch, Event::RecoveryCodesMade), (Action::NewRecoveryCodes, "", step_up), origin).await
}

fn codes_made(app: &App, caller: &Caller, origin: &Origin) -> (Vec<Secret<String>>, Batch) {
    let set = FactorId::new(caller.now, &app.rng);
    let codes = RecoveryCodes::generate(&app.ring, caller.account.user.id, set, &app.rng);
    let mut batch = Batch::new();
    user::stands(&mut batch, caller.account.user.id, caller.account.user.version);
    factor::replace_codes(&mut batch, caller.account.user.id, &codes.rows, caller.now);
    tell(app, &mut batch, &Note::new(app, origin, caller.now), (Kind::CodesMade, &caller.account), &[]);
    (codes.shown, batch)
}

/// Removes a factor and ends every session that rests on it. The last second factor stays.
pub(crate) async fn remove_factor(
    app: &App,
    caller: &Caller,
    (id, step_up): (FactorId, &Secret<String>),
    origin: &Origin,
) -> Answer<()> {
    let user = &caller.account.user;
    let note = Note::new(app, origin, caller.now).about(user);
    let kind = kind_of(&caller.account, id).ok_or_else(|| super::refuse_unrecorded(origin, Denial::Gone))?;
    if !leaves_one(app, &caller.account, id) {
        let record = note.record(Event::LoginRefused).with(Key::Rule, "last_factor");
        return Err(refuse(app, Batch::new(), record, Denial::LastOne, user.id.as_bytes()).await);
    }
    let mut batch = Batch::new();
    // The version guards the count: two removals at once must not each see the other's factor still there.
    user::touched(&mut batch, user.id, user.version);
    match kind {
        "passkey" => passkey::delete(&mut batch, id, user.id),
        _ => factor::delete_totp(&mut batch, id, user.id),
    }
    session::end_of_factor(&mut batch, user.id, id, caller.now, "factor_removed");
    login::end_of_user(&mut batch, user.id);
    batch.notify(crate::status::TOPIC, "all");
    let name = id.to_string();
    tell(app, &mut batch, &note, (Kind::FactorRemoved, &caller.account), &[("factor", kind), ("id", &name)]);
    let what = (batch, Event::FactorRemoved);
    change(app, caller, what, (Action::RemoveFactor, &name, step_up), origin).await
}

/// Gives a factor another name. Attack: a copied token swaps the names, and the owner removes the wrong key.
pub(crate) async fn rename_factor(
    app: &App,
    caller: &Caller,
    (id, label, step_up): (FactorId, &Label, &Secret<String>),
    origin: &Origin,
) -> Answer<()> {
    let user = &caller.account.user;
    let kind = kind_of(&caller.account, id).ok_or_else(|| super::refuse_unrecorded(origin, Denial::Gone))?;
    let mut batch = Batch::new();
    user::stands(&mut batch, user.id, user.version);
    match kind {
        "passkey" => passkey::rename(&mut batch, id, user.id, label.as_str()),
        _ => factor::rename_totp(&mut batch, id, user.id, label.as_str()),
    }
    let (name, note) = (id.to_string(), Note::new(app, origin, caller.now));
    let says = [("factor", kind), ("id", name.as_str()), ("label", label.as_str())];
    tell(app, &mut batch, &note, (Kind::FactorRenamed, &caller.account), &says);
    change(app, caller, (batch, Event::FactorRenamed), (Action::RenameFactor, &name, step_up), origin).await
}

/// Which kind of factor of this account that is.
fn kind_of(account: &Account, id: FactorId) -> Option<&'static str> {
    let is_app = account.totp.iter().any(|totp| totp.id == id);
    let is_key = account.passkeys.iter().any(|passkey| passkey.id == id);
    is_key.then_some("passkey").or(is_app.then_some("totp"))
}

/// Spends the step-up and makes the change, or neither.
async fn change(
    app: &App,
    caller: &Caller,
    (change, event): (Batch, Event),
    (action, target, sent): (Action, &str, &Secret<String>),
    origin: &Origin,
) -> Answer<()> {
    let note = Note::new(app, origin, caller.now).about(&caller.account.user).client(caller.session.client());
    let mut batch = Batch::new();
    let spent = spends(sent, &caller.session, action, target).map(|digest| {
        rights::spend(&mut batch, &digest, caller.now);
        session::lives(&mut batch, caller.session.id(), caller.session.version());
        batch.append(change);
        let record = note.record(event).within(caller.session.id());
        let record = if target.is_empty() { record } else { record.with(Key::Target, target.to_owned()) };
        audit::record(&mut batch, &record);
        batch
    });
    let done = match spent {
        Some(batch) => commit(app, batch).await?.is_some(),
        None => false,
    };
    if done {
        return Ok(());
    }
    let record = note.record(Event::StepUpRefused).with(Key::Action, action.as_str());
    Err(refuse(app, Batch::new(), record, Denial::StepUp, caller.account.user.id.as_bytes()).await)
}

/// The caller's second factors.
pub(crate) async fn factors(app: &App, caller: &Caller) -> Answer<Vec<Listed>> {
    listed(app, &caller.account).await
}

/// The caller's known devices.
pub(crate) async fn devices(app: &App, caller: &Caller) -> Answer<Vec<device::Listed>> {
    Ok(device::listed(&app.store, caller.account.user.id).await?)
}

/// Revokes one of the caller's known devices.
pub(crate) async fn revoke_device(app: &App, caller: &Caller, id: DeviceId, origin: &Origin) -> Answer<()> {
    let note = Note::new(app, origin, caller.now).about(&caller.account.user);
    let mut batch = Batch::new();
    device::revoke(&mut batch, id, caller.account.user.id, caller.now);
    note.write(&mut batch, Event::DeviceRevoked);
    match commit(app, batch).await? {
        Some(_) => Ok(()),
        None => Err(super::refuse_unrecorded(origin, Denial::Gone)),
    }
}
