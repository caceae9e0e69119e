//! Opens a session on a grant: everything the grant rests on is spent in the batch that makes the session.

use poundlock_core::audit::{Event, Key, Owner, PersonalKey};
use poundlock_core::client::Client;
use poundlock_core::guard::Guessable;
use poundlock_core::id::{DeviceId, FactorId, InviteId, SessionId, Subject, UserId};
use poundlock_core::invite::{Purpose, Spends};
use poundlock_core::login::{Enrolled, Granted, Then};
use poundlock_core::notice::Kind;
use poundlock_core::recovery::RecoveryCodes;
use poundlock_core::refresh::{Family, Start};
use poundlock_core::secret::Secret;
use poundlock_core::session::{Opening, Session};
use poundlock_core::time::Time;
use poundlock_core::token::Amr;
use poundlock_core::user::{UserRow, UserState};
use poundlock_store::user::Account;
use poundlock_store::{Batch, device, factor, invite, passkey, refresh, session, user};

use super::super::factor::{insert, refuse_surplus, tell};
use super::super::login::clear_used;
use super::super::{Answer, Denial, Fault, Refused, commit, refuse};
use super::{Bearer, Caller, Opened, Outcome, answer};
use crate::app::App;
use crate::flow::browser;
use crate::journal::{Note, Noted};

/// Opens a session for an existing account. `batch` already spends what was proved.
pub(crate) async fn open(
    app: &App,
    note: &Note<'_>,
    granted: Granted,
    (account, before): (&Account, Option<Caller>),
    spent: Batch,
) -> Answer<Outcome> {
    let mut batch = Batch::new();
    // The account's row first, as everywhere: batches that lock in one order do not deadlock.
    user::logged_in(&mut batch, account.user.id, granted.grant.user_version(), note.now());
    batch.append(spent);
    browser::end_before(app, note, &mut batch, before.as_ref());
    let shown = after_recovery(app, note, &granted, account, &mut batch)?;
    let user = account.user.id;
    let by_key = granted.grant.event().amr().iter().any(|amr| matches!(amr, Amr::Hwk | Amr::Swk));
    let lost = if by_key { Denial::Passkey } else { Denial::Code };
    match save(app, note, granted, (&account.user, shown, 0), batch).await? {
        Some(opened) => Ok(opened),
        // Something the login rests on has moved: the proof was used at the same moment, or the account has changed.
        None => Err(conflict(app, note, lost, user).await),
    }
}

/// What a real second factor ends and brings back after a recovery: probations of other factors end, and used recovery
/// codes are replaced (RCV-04). A recovery code itself, or a factor on probation, does neither.
fn after_recovery(
    app: &App,
    note: &Note<'_>,
    granted: &Granted,
    account: &Account,
    batch: &mut Batch,
) -> Answer<Vec<Secret<String>>> {
    if granted.grant.factor().is_none() || granted.grant.held() {
        return Ok(Vec::new());
    }
    for held in account.totp.iter().filter(|totp| totp.held_until.is_some()) {
        // One that does not open proves nothing, held or not; it must not keep its owner out.
        if let Ok(released) = held.released(&app.ring, &app.rng) {
            factor::release(batch, &released);
            told_of_release(app, note, (account, "totp", held.id, held.held_until), batch);
        }
    }
    let proved = granted.grant.factor();
    // The one that was proved is not held, and its row has just moved.
    for held in account.passkeys.iter().filter(|key| key.held_until.is_some() && Some(key.id) != proved) {
        if let Ok(released) = held.released(&app.ring, &app.rng) {
            passkey::release(batch, &released);
            told_of_release(app, note, (account, "passkey", held.id, held.held_until), batch);
        }
    }
    let (Some(set), used @ 1..) = (account.codes.set, account.codes.used) else { return Ok(Vec::new()) };
    let owner = (account.user.id, set);
    let numbers = (account.codes.number_max + 1)..=(account.codes.number_max + used);
    let made = numbers.map(|number| {
        RecoveryCodes::replacement(&app.ring, owner, u32::try_from(number).unwrap_or(u32::MAX), &app.rng)
    });
    let (shown, rows): (Vec<_>, Vec<_>) = made.unzip();
    factor::replace_used(batch, account.user.id, &rows, note.now());
    note.write(batch, Event::RecoveryCodesMade);
    tell(app, batch, note, (Kind::CodesMade, account), &[]);
    Ok(shown)
}

/// Tells of a hold that ends early. Attack: an owner proves their own factor, and in silence sets free the one that a
/// thief of a recovery code has enrolled.
fn told_of_release(
    app: &App,
    note: &Note<'_>,
    (account, kind, id, until): (&Account, &'static str, FactorId, Option<Time>),
    batch: &mut Batch,
) {
    if until.is_none_or(|until| until <= note.now()) {
        return;
    }
    let id = id.to_string();
    tell(app, batch, note, (Kind::FactorReleased, account), &[("factor", kind), ("id", &id)]);
    let record = note.record(Event::FactorReleased).with(Key::Factor, kind).with(Key::Target, id);
    poundlock_store::audit::record(batch, &record);
}

/// Adds a factor to an account, without any session of its own: the one that a recovery session may enrol, on probation,
/// or one for which a live session was stepped up.
pub(crate) async fn add_factor(
    app: &App,
    note: &Note<'_>,
    enrolled: &Enrolled,
    account: &Account,
    batch: Batch,
) -> Answer<()> {
    if matches!(enrolled.right.spends(), Spends::StepUp(_)) {
        refuse_surplus(account)?;
    }
    let (mut first, rest) = (Batch::new(), batch);
    // The version guards the count.
    user::touched(&mut first, account.user.id, account.user.version);
    first.append(rest);
    let mut batch = first;
    let (id, rule) = spend_right(app, note, enrolled, &mut batch).await?;
    insert(&mut batch, enrolled, note.now());
    let kind = enrolled.factor.kind();
    tell(app, &mut batch, note, (Kind::FactorAdded, account), &[("factor", kind), ("label", &enrolled.label)]);
    let record = enrolled_record(note, enrolled).within(id).with(Key::Rule, rule);
    poundlock_store::audit::record(&mut batch, &record);
    match commit(app, batch).await? {
        Some(_) => Ok(()),
        None => Err(conflict(app, note, Denial::Gone, account.user.id).await),
    }
}

/// Guards that the session which gave the right lives, and uses up the one enrolment of a recovery session.
async fn spend_right(
    app: &App,
    note: &Note<'_>,
    enrolled: &Enrolled,
    batch: &mut Batch,
) -> Answer<(SessionId, &'static str)> {
    let (id, rule, recovers) = match enrolled.right.spends() {
        Spends::Recovery(id) => (id, "recovery", true),
        Spends::StepUp(id) => (id, "step_up", false),
        Spends::Invite(_) => return Err(Fault::Other("an enrolment that belongs to a login".to_owned()).into()),
    };
    let gone = || super::super::refuse_unrecorded(note.origin(), Denial::SessionEnded);
    let row = session::by_id(&app.store, id).await?.ok_or_else(gone)?;
    let session = Session::from_row(&app.ring, &row).map_err(|_| Fault::Seal("session"))?;
    let session = Some(session).filter(|s| s.lives(note.now()) && !(recovers && s.has_enrolled())).ok_or_else(gone)?;
    if recovers {
        session::changed(batch, &session.enrolled().row(&app.ring, &app.rng));
    } else {
        session::lives(batch, session.id(), session.version());
    }
    Ok((id, rule))
}

/// Opens the first session of an enrolment: account, factor, codes and spent invite are one batch with it.
pub(crate) async fn open_enrolled(
    app: &App,
    note: &Note<'_>,
    mut granted: Granted,
    (account, before): (Option<&Account>, Option<Caller>),
    mut batch: Batch,
) -> Answer<Outcome> {
    let now = note.now();
    let Some(enrolled) = granted.enrolled.take() else {
        return Err(Fault::Other("an enrolment without its factor".to_owned()).into());
    };
    let row = match (enrolled.right.purpose(), account) {
        (Purpose::NewUser { .. }, _) => new_user(app, &enrolled, granted.grant.user(), now)?,
        (Purpose::Ticket { .. }, Some(account)) => account.user.clone(),
        (Purpose::Ticket { .. }, None) => return Err(Fault::Other("a ticket without its user".to_owned()).into()),
    };
    let Spends::Invite(id) = enrolled.right.spends() else {
        return Err(Fault::Other("a login that belongs to a recovery".to_owned()).into());
    };
    invite::spend(&mut batch, id, now);
    browser::end_before(app, note, &mut batch, before.as_ref());
    // From here on the user exists, and the records are theirs; until it is committed, a refusal is about nobody.
    let (nobody, note) = (note, &note.clone().about(&row));
    if account.is_some() {
        // The ticket's password was a stranger's attempt.
        clear_used(app, &mut batch, row.id, (Guessable::Password, None));
        user::touched(&mut batch, row.id, granted.grant.user_version());
    } else {
        user::insert(&mut batch, &row);
        note.write(&mut batch, Event::InviteAccepted);
    }
    insert(&mut batch, &enrolled, now);
    poundlock_store::audit::record(&mut batch, &enrolled_record(note, &enrolled));
    if let Some(account) = account {
        let kind = enrolled.factor.kind();
        tell(app, &mut batch, note, (Kind::FactorAdded, account), &[("factor", kind), ("label", &enrolled.label)]);
        tell(app, &mut batch, note, (Kind::CodesMade, account), &[]);
    }
    let set = FactorId::new(now, &app.rng);
    let codes = RecoveryCodes::generate(&app.ring, row.id, set, &app.rng);
    factor::replace_codes(&mut batch, row.id, &codes.rows, now);
    note.write(&mut batch, Event::RecoveryCodesMade);
    match save(app, note, granted, (&row, codes.shown, enrolled.factor.drift_steps()), batch).await? {
        Some(opened) => Ok(opened),
        None => {
            let denial = enrolment_conflict(app, id, &row.name, account.is_none()).await?;
            Err(conflict(app, nobody, denial, row.id).await)
        }
    }
}

fn enrolled_record(note: &Note<'_>, enrolled: &Enrolled) -> Noted {
    let record = note.record(Event::FactorEnrolled).with(Key::Factor, enrolled.factor.kind());
    record.with(Key::Target, enrolled.factor.id().to_string())
}

/// The row of a user who exists from now on.
fn new_user(app: &App, enrolled: &Enrolled, id: UserId, now: Time) -> Result<UserRow, Fault> {
    let (Purpose::NewUser { name, display_name, groups }, Some(password)) =
        (enrolled.right.purpose(), enrolled.password.clone())
    else {
        return Err(Fault::Other("an invite without its password".to_owned()));
    };
    Ok(UserRow {
        id,
        subject: Subject::new(&app.rng),
        name: name.clone(),
        display_name: display_name.clone(),
        state: UserState::Active,
        version: 1,
        password,
        personal_key: PersonalKey::random(&app.rng).stored(Owner::User(id), &app.ring, &app.rng),
        made_at: now,
        last_login_at: Some(now),
        groups: groups.clone(),
    })
}

async fn save(
    app: &App,
    note: &Note<'_>,
    granted: Granted,
    (user, codes, drift): (&UserRow, Vec<Secret<String>>, i64),
    mut batch: Batch,
) -> Answer<Option<Outcome>> {
    let now = note.now();
    let registry = app.registry.load();
    let client = registry
        .client(Some(&granted.request.client))
        .ok_or_else(|| Fault::Other("the client of this login is gone".to_owned()))?;
    let audience = granted.request.audience.clone();
    let device = known_device(app, &mut batch, granted.request.device, user.id, now);
    let (acr, then) = (granted.grant.event().acr(), granted.then.clone());
    let opening = opening(app, client, &granted, device, now).await?;
    let session = Session::open(granted.grant, opening);
    session::insert(&mut batch, &session.row(&app.ring, &app.rng));
    let record = note.record(Event::LoginCompleted).within(session.id()).with(Key::Acr, acr.as_str());
    poundlock_store::audit::record(&mut batch, &record);
    if then != Then::Tokens {
        let entered = browser::enter(app, &session, (&then, &codes), &mut batch, now);
        return Ok(commit(app, batch).await?.map(|_| Outcome::Browser(Box::new(entered))));
    }
    let start = Start { session: session.id(), client: client.id.as_str().to_owned(), binding: None, granted: None };
    let (token, family) = Family::start(start, now, &app.ring, &app.rng);
    refresh::insert(&mut batch, &family);
    if commit(app, batch).await?.is_none() {
        return Ok(None);
    }
    let opened = answer(app, &session, client, Some(&token), (&Bearer::of(user), &audience, now))?;
    let opened = Opened { recovery_codes: codes, drift_steps: drift, ..opened };
    Ok(Some(Outcome::Tokens(Box::new(opened))))
}

async fn conflict(app: &App, note: &Note<'_>, denial: Denial, user: UserId) -> Refused {
    let record = note.record(Event::LoginSecondRefused).with(Key::Rule, "conflict");
    refuse(app, Batch::new(), record, denial, user.as_bytes()).await
}

/// Why an enrolment lost: its invite was used meanwhile, its name was taken, or its login moved on.
async fn enrolment_conflict(app: &App, invite: InviteId, name: &str, is_new: bool) -> Answer<Denial> {
    let is_used = invite::by_id(&app.store, invite).await?.is_none_or(|row| row.used_at.is_some());
    if is_used {
        return Ok(Denial::Gone);
    }
    let is_taken = is_new && !user::name_is_free(&app.store, name).await?;
    Ok(if is_taken { Denial::NameTaken } else { Denial::Gone })
}

/// The known device that this login is on: the one it spent as, or a new one.
fn known_device(app: &App, batch: &mut Batch, device: Option<DeviceId>, user: UserId, now: Time) -> DeviceId {
    if let Some(device) = device {
        device::proved(batch, device, user, now);
        return device;
    }
    let device = DeviceId::new(now, &app.rng);
    device::insert(batch, device, user, now);
    device
}

async fn opening(app: &App, client: &Client, granted: &Granted, device: DeviceId, now: Time) -> Result<Opening, Fault> {
    let status = crate::status::take(app, now + client.absolute).await?;
    Ok(Opening {
        id: SessionId::new(now, &app.rng),
        client: client.id.as_str().to_owned(),
        audience: granted.request.audience.clone(),
        scope: granted.request.scope.clone(),
        status,
        device: Some(device),
        idle: client.idle,
        absolute: client.absolute,
        now,
    })
}
