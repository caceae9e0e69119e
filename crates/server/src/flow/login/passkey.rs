//! Passkeys at a login: asked for, and proved. Within a login the challenge lies in its row; where nobody was named it is a
//! sealed token that the client carries. Either is spent before the answer is checked (WAN-01), and no answer is counted
//! by the guard: there is nothing to guess.

use poundlock_core::audit::{Event, Key};
use poundlock_core::login::{Login, Request, Step, Then};
use poundlock_core::notice::Kind;
use poundlock_core::passkey::{Asked, Assertion, LIFE, OpenChallenge, Passkey, PasskeyProof, PasskeyRow, Refusal};
use poundlock_core::secret::{Digest, Secret};
use poundlock_store::user::{self, Account};
use poundlock_store::{Batch, login, passkey};
use serde_json::Value;

use super::super::browser::{Goal, Held, before};
use super::super::session::{Caller, Outcome, Wanted};
use super::super::{Answer, Denial, Fault, Refused, commit, factor, refuse, refuse_unrecorded};
use super::{lane, load, second};
use crate::app::{App, SharedApp};
use crate::journal::{Note, Origin};

/// The holder that all users of the API are: none of them is a browser with a cookie of its own.
pub(crate) fn api_holder() -> Digest {
    Digest::of(b"api")
}

/// Who is asked for a passkey.
#[derive(Debug)]
pub(crate) enum Whom {
    /// The user of a login under way.
    Of(Held),
    /// Whoever has one; the answer counts from this holder alone.
    Anyone(Digest),
}

/// What a browser hands to the authenticator, and the login that its answer names.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) login: Secret<String>,
    pub(crate) public_key: Value,
    pub(crate) expires_in: i64,
}

/// An authenticator's answer as a client sends it.
#[derive(Debug)]
pub(crate) struct Answered {
    /// The login of the options.
    pub(crate) login: Held,
    pub(crate) assertion: Assertion,
    /// What is asked for, where no login was begun before.
    pub(crate) client: Option<String>,
    pub(crate) audience: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) device: Option<Secret<String>>,
    /// Where a login goes that was not begun before.
    pub(crate) goal: Goal,
    /// Who sends it, as the options were told.
    pub(crate) holder: Digest,
}

/// Asks for a passkey: one of the login's user, or any at all, of the holder that is named. The second stores nothing.
pub(crate) async fn options(app: SharedApp, whom: Whom, origin: Origin) -> Answer<Options> {
    let now = super::super::now(&app, &origin)?;
    let party = factor::party(&app)?;
    let held = match whom {
        Whom::Of(held) => held,
        Whom::Anyone(holder) => {
            let asked = party.ask_anyone(&holder, now, &app.ring, &app.rng);
            let (login, public_key) = asked.map_err(cannot_ask)?;
            return Ok(Options { login, public_key, expires_in: LIFE.seconds() });
        }
    };
    let (login, account) = load(&app, &held, &origin, now).await?;
    let account = account.ok_or_else(|| refuse_unrecorded(&origin, Denial::Gone))?;
    let passkeys =
        if login.needs_verification() { factor::alone(&app, &account) } else { factor::opened(&app, &account) };
    if passkeys.is_empty() {
        return Err(refuse_unrecorded(&origin, Denial::WrongStep));
    }
    let (asked, public_key) = party.ask(&passkeys, login.needs_verification()).map_err(cannot_ask)?;
    let Step::Ask(login) = login.ask_passkey(asked, now) else {
        return Err(refuse_unrecorded(&origin, Denial::WrongStep));
    };
    let mut batch = Batch::new();
    login::advance(&mut batch, &login.row(&app.ring, &app.rng));
    match commit(&app, batch).await? {
        Some(_) => Ok(Options { login: held.into_text(), public_key, expires_in: LIFE.seconds() }),
        None => Err(refuse_unrecorded(&origin, Denial::Gone)),
    }
}

fn cannot_ask(refusal: Refusal) -> Refused {
    Fault::Other(format!("a passkey cannot be asked for: {}", refusal.as_str())).into()
}

/// Takes an answer: within the login it names, or as a login of its own.
pub(crate) async fn prove(app: SharedApp, answered: Answered, origin: Origin) -> Answer<Outcome> {
    if OpenChallenge::is_one(answered.login.text().reveal()) {
        return discovered(app, answered, origin).await;
    }
    let Answered { login, assertion, client, audience, scope, device, goal: _, holder: _ } = answered;
    if client.is_some() || audience.is_some() || scope.is_some() || device.is_some() {
        let why = "client, audience, scope and device were told when this login began: leave them out";
        return Err(Refused::Unusable(why.to_owned()));
    }
    within(app, login, assertion, origin).await
}

/// The answer of a passkey that a login asked for.
async fn within(app: SharedApp, held: Held, assertion: Assertion, origin: Origin) -> Answer<Outcome> {
    let now = super::super::now(&app, &origin)?;
    let (login, account) = load(&app, &held, &origin, now).await?;
    let account = account.ok_or_else(|| refuse_unrecorded(&origin, Denial::Gone))?;
    let taken = login.take_asked(now);
    let (login, asked) = taken.ok_or_else(|| refuse_unrecorded(&origin, Denial::WrongStep))?;
    let client = login.request().client.clone();
    super::super::to_the_end(app.flows.begin(), async move {
        let note = Note::new(&app, &origin, now).client(&client).about(&account.user);
        if login.request().device.is_none() {
            super::super::admit_source(&app, &note, &origin).await?;
        }
        let target = *account.user.id.as_bytes();
        let login = spend_asked(&app, &note, login, &target).await?;
        let row = account.passkeys.iter().find(|row| row.credential == assertion.credential());
        let proof = check(&app, row, asked, (&assertion, now));
        let proof = match proof {
            Ok(proof) => proof,
            Err(refusal) => {
                let proved = row.map(|row| (&account, row));
                return Err(failed(&app, &note, (Event::LoginSecondRefused, refusal), (&target, proved)).await);
            }
        };
        let mut batch = Batch::new();
        passkey::used(&mut batch, &proof);
        let before = before(&app, held.before(), now).await?;
        second::finish(&app, &note, (login, before), |login| login.passkey(proof), (account, batch, None)).await
    })
    .await
}

/// Stores the login without its challenge: of many answers to it, one is checked.
async fn spend_asked(app: &App, note: &Note<'_>, login: Login, target: &[u8]) -> Answer<Login> {
    let mut batch = Batch::new();
    login::advance(&mut batch, &login.row(&app.ring, &app.rng));
    match commit(app, batch).await? {
        Some(_) => Ok(login.moved_on()),
        None => Err(failed(app, note, (Event::LoginSecondRefused, Refusal::Challenge), (target, None)).await),
    }
}

/// The answer of a passkey that nobody was asked for by name.
async fn discovered(app: SharedApp, answered: Answered, origin: Origin) -> Answer<Outcome> {
    let now = super::super::now(&app, &origin)?;
    let wanted = Wanted {
        client: answered.client.as_deref(),
        audience: answered.audience.as_deref().or_else(|| answered.goal.audience(&app)),
        scope: answered.scope.as_deref(),
    };
    let request = super::super::session::request(&app, wanted, answered.goal.channel(), &origin)?;
    let note = Note::new(&app, &origin, now).client(&request.client);
    let challenge = OpenChallenge::open(&app.ring, answered.login.text().reveal(), &answered.holder, now);
    let known = match &challenge {
        Some(challenge) => named(&app, challenge, &answered.assertion).await?,
        None => None,
    };
    let claim = lane::claimed(&app, answered.device.as_ref(), known.as_ref().map(|(_, account)| account)).await?;
    if claim.is_none() {
        super::super::admit_source(&app, &note, &origin).await?;
    }
    let (challenge, (row, account)) = match (challenge, known) {
        (Some(challenge), Some(known)) => (challenge, known),
        (Some(_), None) => return Err(failed(&app, &note, first(Refusal::Credential), (b"passkey", None)).await),
        (None, _) => return Err(failed(&app, &note, first(Refusal::Challenge), (b"passkey", None)).await),
    };
    let request = Request { device: claim.map(|claim| claim.device), ..request };
    super::super::to_the_end(app.flows.begin(), async move {
        let note = Note::new(&app, &origin, now).client(&request.client).about(&account.user);
        let before = before(&app, answered.login.before(), now).await?;
        let asked = (challenge, &answered.assertion);
        log_in(&app, &note, asked, (&row, &account, before), (request.clone(), answered.goal.then())).await
    })
    .await
}

/// A refusal where nothing was proved before.
const fn first(refusal: Refusal) -> (Event, Refusal) {
    (Event::LoginFirstRefused, refusal)
}

/// Spends the challenge, then checks the answer: a passkey of both kinds is a whole login.
async fn log_in(
    app: &App,
    note: &Note<'_>,
    (challenge, assertion): (OpenChallenge, &Assertion),
    (row, account, before): (&PasskeyRow, &Account, Option<Caller>),
    (request, then): (Request, Then),
) -> Answer<Outcome> {
    let target = account.user.id.as_bytes();
    let mut batch = Batch::new();
    passkey::spend_challenge(&mut batch, &challenge);
    if commit(app, batch).await?.is_none() {
        return Err(failed(app, note, first(Refusal::Challenge), (target, None)).await);
    }
    let proof = match check(app, Some(row), challenge.into_asked(), (assertion, note.now())) {
        Ok(proof) => proof,
        Err(refusal) => return Err(failed(app, note, first(refusal), (target, Some((account, row)))).await),
    };
    let mut batch = Batch::new();
    passkey::used(&mut batch, &proof);
    match Login::discovered(proof, &account.standing(), account.user.version, request, then) {
        Step::Grant(granted) => super::super::session::open(app, note, *granted, (account, before), batch).await,
        _ => Err(failed(app, note, first(Refusal::Verification), (target, None)).await),
    }
}

/// The passkey that an answer names by credential and user handle, with its account, while the challenge counts. Only
/// then is anything written: strangers cause no rows.
async fn named(app: &App, challenge: &OpenChallenge, assertion: &Assertion) -> Answer<Option<(PasskeyRow, Account)>> {
    let Some(handle) = assertion.user_handle() else { return Ok(None) };
    if !passkey::counts(&app.store, challenge.made_at()).await? {
        return Ok(None);
    }
    let Some(row) = passkey::by_credential(&app.store, assertion.credential(), handle).await? else { return Ok(None) };
    Ok(user::by_id(&app.store, row.user).await?.map(|account| (row, account)))
}

/// Checks an answer. A passkey that does not open proves nothing.
fn check(
    app: &App,
    row: Option<&PasskeyRow>,
    asked: Asked,
    (assertion, now): (&Assertion, poundlock_core::time::Time),
) -> Result<PasskeyProof, Refusal> {
    let (Some(row), Some(party)) = (row, &app.party) else { return Err(Refusal::Credential) };
    let Ok(passkey) = Passkey::open(&app.ring, row) else {
        tracing::error!(factor = %row.id, "a stored passkey does not open");
        return Err(Refusal::Credential);
    };
    passkey.check(party, asked, assertion, (now, &app.ring, &app.rng))
}

/// Refuses an answer. Of a passkey that may have been copied its owner hears (WAN-20).
async fn failed(
    app: &App,
    note: &Note<'_>,
    (event, refusal): (Event, Refusal),
    (target, proved): (&[u8], Option<(&Account, &PasskeyRow)>),
) -> Refused {
    if let Some((account, row)) = proved.filter(|_| refusal == Refusal::Counter)
        && let Err(fault) = doubt(app, note, account, row).await
    {
        return fault.into();
    }
    let record = note.record(event).with(Key::Factor, "passkey").with(Key::Rule, refusal.as_str());
    refuse(app, Batch::new(), record, refusal.denial(), target).await
}

/// Tells, once for each passkey, that there may be a copy of it. Attack: who holds the copy answers again and again, and
/// fills the log and the owner's letter box until nobody reads either.
async fn doubt(app: &App, note: &Note<'_>, account: &Account, row: &PasskeyRow) -> Result<(), Fault> {
    let Some(doubted) = row.doubted(&app.ring, &app.rng).map_err(|_| Fault::Seal("passkey"))? else { return Ok(()) };
    let mut batch = Batch::new();
    passkey::doubt(&mut batch, &doubted);
    let id = row.id.to_string();
    factor::tell(app, &mut batch, note, (Kind::PasskeyCopied, account), &[("factor", "passkey"), ("id", &id)]);
    let record = note.record(Event::FactorCopied).with(Key::Factor, "passkey").with(Key::Target, id).alerting();
    poundlock_store::audit::record(&mut batch, &record);
    // Where the row has moved meanwhile, another answer was used or told of: the next one that goes back tells.
    commit(app, batch).await.map(drop)
}
