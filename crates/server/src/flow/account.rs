//! Changes of password, codes and factors. Each spends a step-up for exactly that action in the batch that makes the
//! change, and ends what DESIGN §7 says it ends.

use poundlock_core::audit::{Event, Key};
use poundlock_core::id::{DeviceId, FactorId};
use poundlock_core::password::{Context, NewPassword};
use poundlock_core::recovery::RecoveryCodes;
use poundlock_core::secret::Secret;
use poundlock_core::step_up::Action;
use poundlock_store::{Batch, audit, device, factor, login, session, step_up as rights, user};

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
    let (codes, batch) = codes_made(app, caller);
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
    let (codes, mut batch) = codes_made(app, caller);
    super::browser::show(app, caller, &codes, &mut batch);
    change(app, caller, (batch, Event::RecoveryCodesMade), (Action::NewRecoveryCodes, "", step_up), origin).await
}

fn codes_made(app: &App, caller: &Caller) -> (Vec<Secret<String>>, Batch) {
    let set = FactorId::new(caller.now, &app.rng);
    let codes = RecoveryCodes::generate(&app.ring, caller.account.user.id, set, &app.rng);
    let mut batch = Batch::new();
    user::stands(&mut batch, caller.account.user.id, caller.account.user.version);
    factor::replace_codes(&mut batch, caller.account.user.id, &codes.rows, caller.now);
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
    if !caller.account.totp.iter().any(|totp| totp.id == id) {
        return Err(super::refuse_unrecorded(origin, Denial::Gone));
    }
    if caller.account.totp.len() < 2 {
        let record = note.record(Event::LoginRefused).with(Key::Rule, "last_factor");
        return Err(refuse(app, Batch::new(), record, Denial::LastOne, user.id.as_bytes()).await);
    }
    let mut batch = Batch::new();
    // The version guards the count: two removals at once must not each see the other's factor still there.
    user::touched(&mut batch, user.id, user.version);
    factor::delete_totp(&mut batch, id, user.id);
    session::end_of_factor(&mut batch, user.id, id, caller.now, "factor_removed");
    login::end_of_user(&mut batch, user.id);
    batch.notify(crate::status::TOPIC, "all");
    let what = (batch, Event::FactorRemoved);
    change(app, caller, what, (Action::RemoveFactor, &id.to_string(), step_up), origin).await
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
        audit::record(&mut batch, &note.record(event).within(caller.session.id()));
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
pub(crate) async fn factors(app: &App, caller: &Caller) -> Answer<Vec<factor::Listed>> {
    Ok(factor::listed(&app.store, caller.account.user.id).await?)
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
