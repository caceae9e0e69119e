//! A request for a code, from the client's link to the code. Whatever page was passed in between, the whole question is
//! asked again.

use poundlock_core::audit::{Event, Key};
use poundlock_core::client::{Client, Scope};
use poundlock_core::oidc::authorize::{Asked, Back, Refused, check};
use poundlock_core::oidc::code::Code;
use poundlock_core::oidc::consent::{self, ConsentRow};
use poundlock_core::oidc::need::{Browser, Need, next};
use poundlock_core::oidc::{OauthError, Params, Refusal, with_query};
use poundlock_core::time::{Span, Time};
use poundlock_store::{Batch, audit, code, consent as consents, session, user};

use super::super::session::Caller;
use super::super::{Answer, Denial, commit, refuse};
use super::Declined;
use crate::app::{App, SharedApp};
use crate::journal::{Note, Origin};

/// Unused codes that one session may have at once, and used ones that are remembered.
const CODES_KEPT: i64 = 128;

/// Where the browser goes.
#[derive(Debug)]
pub(crate) enum Way {
    /// On with this request by a link, which comes with the cookies that a form of another site came without.
    Again { request: String },
    /// To sign in, and from there on with this request.
    SignIn { request: String },
    /// To prove both factors again in the session that it has, and from there on with this request.
    StepUp { request: String },
    /// To the question for consent.
    Consent(Box<Question>),
    /// Back to the client, with a code or a refusal.
    Client { location: String },
}

/// The question for consent.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) client: String,
    /// Who is asked.
    pub(crate) name: String,
    pub(crate) redirect_uri: String,
    pub(crate) scope: Scope,
    pub(crate) audience: String,
    /// How long the client keeps what it gets, at most.
    pub(crate) lifetime: Span,
    pub(crate) sealed: String,
}

/// Who is signed in at the browser, as far as its request tells.
#[derive(Debug)]
pub(crate) enum Who {
    /// This caller, or nobody.
    Known(Option<Box<Caller>>),
    /// It came without cookies, and may have some.
    Unknown,
}

/// A request that comes from a client.
///
/// # Errors
/// `Declined::Oauth` for what is shown on a page, since no address was proved to be the client's.
pub(crate) async fn begin(app: &SharedApp, params: &Params, who: Who, origin: &Origin) -> Result<Way, Declined> {
    let now = super::super::now(app, origin)?;
    let registry = app.registry.load();
    let by_id = |id: &str| registry.client(Some(id));
    match check(params, by_id, now) {
        Ok(asked) => match who {
            Who::Known(caller) => proceed(app, asked, (caller.map(|caller| *caller), false), origin).await,
            Who::Unknown => Ok(carried(app, &asked, |request| Way::Again { request })),
        },
        Err(refused) => match refused.back {
            Some(back) => Ok(Way::Client { location: answer_to(app, &back, &refused.refusal) }),
            None => Err(refused.refusal.into()),
        },
    }
}

/// The same request after a page of ours.
pub(crate) async fn resume(
    app: &SharedApp,
    request: &str,
    caller: Option<Caller>,
    origin: &Origin,
) -> Result<Way, Declined> {
    let now = super::super::now(app, origin)?;
    let asked = Asked::open(request, now, &app.ring).ok_or(OVER)?;
    proceed(app, asked, (caller, false), origin).await
}

/// The same request after the question for consent was answered.
pub(crate) async fn answered(
    app: &SharedApp,
    (sealed, allows): (&str, bool),
    caller: Caller,
    origin: &Origin,
) -> Result<Way, Declined> {
    let asked = consent::answered(sealed, caller.session.id(), caller.now, &app.ring).ok_or(OVER)?;
    if allows {
        return proceed(app, asked, (Some(caller), true), origin).await;
    }
    if let Err(way) = standing(app, &asked) {
        return way;
    }
    let note = Note::new(app, origin, caller.now).about(&caller.account.user).client(&asked.client);
    let mut batch = Batch::new();
    audit::record(&mut batch, &note.record(Event::ConsentRefused).within(caller.session.id()));
    commit(app, batch).await?;
    let refusal = Refusal::new(OauthError::AccessDenied, "the user did not consent");
    Ok(Way::Client { location: answer_to(app, &asked.back(), &refusal) })
}

const OVER: Refusal =
    Refusal::new(OauthError::InvalidRequest, "this request has taken too long, or is none of ours: begin again");

async fn proceed(
    app: &SharedApp,
    asked: Asked,
    (caller, consents_now): (Option<Caller>, bool),
    origin: &Origin,
) -> Result<Way, Declined> {
    let refuse_back = |refusal| Ok(Way::Client { location: answer_to(app, &asked.back(), &refusal) });
    let client = match standing(app, &asked) {
        Ok(client) => client,
        Err(way) => return way,
    };
    let Some(caller) = caller else {
        return match next(&asked, nobody(&client), super::super::now(app, origin)?) {
            Need::Refuse(refusal) => refuse_back(refusal),
            _ => Ok(carried(app, &asked, |request| Way::SignIn { request })),
        };
    };
    let given = consents::of(&app.store, caller.account.user.id, &asked.client).await?;
    let event = caller.session.event(caller.now);
    let browser = Browser {
        event: Some(&event),
        mfa_time: caller.session.mfa_time(),
        consented: given.as_ref(),
        consents_now,
        ..nobody(&client)
    };
    match next(&asked, browser, caller.now) {
        Need::Refuse(refusal) => refuse_back(refusal),
        Need::Login if !asked.prompts.wants_login() => Ok(carried(app, &asked, |request| Way::StepUp { request })),
        Need::Login | Need::LoginAnew => Ok(carried(app, &asked, |request| Way::SignIn { request })),
        Need::Consent => Ok(Way::Consent(Box::new(question(app, &client, &asked, &caller)))),
        Need::Nothing => {
            let user = caller.account.user.id;
            let allowed = consents_now.then(|| consent::with(given.as_ref(), &asked, user, caller.now));
            Ok(issue(app, (&client, &asked), caller, allowed, origin).await?)
        }
    }
}

/// A browser in which nobody is signed in.
fn nobody(client: &Client) -> Browser<'_> {
    Browser {
        event: None,
        mfa_time: Time::from_millis(0),
        mfa_max_age: client.mfa_max_age,
        asks_consent: client.asks_consent(),
        is_public: client.is_public(),
        consented: None,
        consents_now: false,
    }
}

fn question(app: &App, client: &Client, asked: &Asked, caller: &Caller) -> Question {
    Question {
        client: client.name.clone(),
        name: caller.account.user.name.clone(),
        redirect_uri: asked.redirect_uri.clone(),
        scope: Scope::parse(&asked.scope).unwrap_or_default(),
        audience: asked.audience.clone(),
        lifetime: client.absolute,
        sealed: consent::ask(asked, caller.session.id(), caller.now, &app.ring, &app.rng),
    }
}

/// The client of a request, if the request still stands; else where that is told. It may be an hour old, and what its
/// client is registered for may be less by now.
fn standing(app: &App, asked: &Asked) -> Result<Client, Result<Way, Declined>> {
    let client = app.registry.load().client(Some(&asked.client)).cloned();
    let client = client.ok_or(Err(Declined::Oauth(REMOVED)))?;
    match asked.check_again(&client) {
        Ok(()) => Ok(client),
        Err(Refused { back: Some(back), refusal, .. }) => {
            Err(Ok(Way::Client { location: answer_to(app, &back, &refusal) }))
        }
        Err(refused) => Err(Err(refused.refusal.into())),
    }
}

const REMOVED: Refusal = Refusal::new(OauthError::UnauthorizedClient, "the client is not registered any more");

/// The request in the address of the page that `way` leads to.
fn carried(app: &App, asked: &Asked, way: impl FnOnce(String) -> Way) -> Way {
    match asked.seal(&app.ring, &app.rng) {
        Some(request) => way(request),
        None => {
            let refusal = Refusal::new(OauthError::InvalidRequest, "the request is too long");
            Way::Client { location: answer_to(app, &asked.back(), &refusal) }
        }
    }
}

/// Gives a code, in one batch with what was just allowed. The session is looked at again there: a code of one that has
/// ended must not be.
async fn issue(
    app: &SharedApp,
    (client, asked): (&Client, &Asked),
    caller: Caller,
    allowed: Option<ConsentRow>,
    origin: &Origin,
) -> Answer<Way> {
    let Caller { account, session, now } = caller;
    let note = Note::new(app, origin, now).about(&account.user).client(client.id.as_str());
    let (code, row) = Code::issue(asked, session.id(), now, &app.ring, &app.rng);
    let mut batch = Batch::new();
    user::stands(&mut batch, account.user.id, account.user.version);
    session::lives(&mut batch, session.id(), session.version());
    if let Some(row) = allowed {
        consents::put(&mut batch, &row);
        audit::record(&mut batch, &note.record(Event::ConsentGiven).within(session.id()));
    } else if client.asks_consent() {
        consents::stands(&mut batch, account.user.id, client.id.as_str());
    }
    code::insert(&mut batch, &row);
    code::end_surplus(&mut batch, session.id(), CODES_KEPT);
    let record = note.record(Event::CodeIssued).within(session.id()).with(Key::Audience, asked.audience.as_str());
    audit::record(&mut batch, &record);
    if commit(app, batch).await?.is_none() {
        let record = note.record(Event::CodeRefused).with(Key::Rule, "conflict");
        let refused = refuse(app, Batch::new(), record, Denial::SessionEnded, account.user.id.as_bytes()).await;
        return Err(refused);
    }
    let back = asked.back();
    let text = code.text();
    let pairs = [Some(("code", text.reveal().as_str())), state_of(&back), Some(("iss", app.issuer.as_str()))];
    Ok(Way::Client { location: with_query(&back.redirect_uri, pairs.into_iter().flatten()) })
}

fn state_of(back: &Back) -> Option<(&str, &str)> {
    back.state.as_deref().map(|state| ("state", state))
}

/// A refusal as the client reads it, with our name on it (RFC 9207 section 2): a client of several servers must not take
/// one's word for another's.
fn answer_to(app: &App, back: &Back, refusal: &Refusal) -> String {
    let said = [("error", refusal.error.code()), ("error_description", &refusal.description)];
    let pairs = said.into_iter().chain(state_of(back)).chain([("iss", app.issuer.as_str())]);
    with_query(&back.redirect_uri, pairs)
}

/// What a client is called, for the pages of its request.
pub(crate) fn client_of(app: &App, request: &str, origin: &Origin) -> Option<(String, Option<String>)> {
    let now = super::super::now(app, origin).ok()?;
    let asked = Asked::open(request, now, &app.ring)?;
    let name = app.registry.load().client(Some(&asked.client))?.name.clone();
    Some((name, asked.login_hint))
}
