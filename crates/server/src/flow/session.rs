//! Opens sessions and answers with tokens; lists and ends them. Tokens are minted after the commit: a crash then costs
//! a login, not a replay.

mod ended;
mod open;

use poundlock_core::client::{Audience, Client, ClientKind, Scope};
use poundlock_core::device::DeviceToken;
use poundlock_core::id::{DeviceId, SessionId, Subject, UserId};
use poundlock_core::login::{Channel, Request};
use poundlock_core::oidc::IdSaying;
use poundlock_core::refresh::RefreshToken;
use poundlock_core::secret::Secret;
use poundlock_core::session::{Saying, Session};
use poundlock_core::time::Time;
use poundlock_core::token::MintFault;
use poundlock_core::user::UserRow;

pub(crate) use self::ended::{Caller, end, end_one, end_others, list, of_token};
pub(crate) use self::open::{add_factor, open, open_enrolled};
use super::browser::{Entered, Risen};
use super::{Answer, Denial, Fault, Refused, refuse_unrecorded};
use crate::app::App;
use crate::journal::Origin;
use crate::metrics::labels::AudienceKind;

/// The token answer of DESIGN §12.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) access_token: Secret<String>,
    pub(crate) expires_in: i64,
    pub(crate) refresh_token: Option<Secret<String>>,
    pub(crate) refresh_expires_in: i64,
    pub(crate) session: SessionId,
    pub(crate) device: Option<Secret<String>>,
    /// Shown once, where an enrolment made them.
    pub(crate) recovery_codes: Vec<Secret<String>>,
    /// How far the new authenticator's clock is off, in steps of 30 seconds; told to its owner.
    pub(crate) drift_steps: i64,
}

/// What proving a second factor leads to.
#[derive(Debug)]
pub(crate) enum Outcome {
    Tokens(Box<Opened>),
    /// A session of the browser.
    Browser(Box<Entered>),
    StepUp {
        step_up: Secret<String>,
        expires_in: i64,
        /// The new refresh token and its life in seconds, where the old one was sent along.
        refresh: Option<(Secret<String>, i64)>,
        /// What the browser gets, where it was asked on a page.
        on_page: Option<Risen>,
    },
}

impl Outcome {
    pub(crate) fn from_opened(opened: Opened) -> Self {
        Self::Tokens(Box::new(opened))
    }
}

/// What a client asked for, as it was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) client: Option<&'a str>,
    pub(crate) audience: Option<&'a str>,
    pub(crate) scope: Option<&'a str>,
}

/// Checks what is wanted against the client's registration (TOK-04, RFT-06).
pub(crate) fn request(app: &App, wanted: Wanted<'_>, channel: Channel, origin: &Origin) -> Answer<Request> {
    let not_allowed = || refuse_unrecorded(origin, Denial::NotAllowed);
    let registry = app.registry.load();
    let client = registry.client(wanted.client).filter(|client| asks_for_users(client)).ok_or_else(not_allowed)?;
    let audience = client.audience_for(wanted.audience).map_err(|_| not_allowed())?;
    let asked = wanted.scope.map(Scope::parse).transpose().map_err(|_| not_allowed())?;
    let scope = client.scope.narrow(asked.as_ref()).map_err(|_| not_allowed())?;
    Ok(Request {
        client: client.id.as_str().to_owned(),
        audience: audience.name.as_str().to_owned(),
        scope: (!scope.is_empty()).then(|| scope.as_str().to_owned()),
        channel,
        device: None,
    })
}

/// Whether this API can hold a client to its registration. It asks no client for a secret and no sender for a key, so it
/// serves none that must show one: anybody could log a user in under its name, and use what should be bound.
pub(super) const fn asks_for_users(client: &Client) -> bool {
    matches!(client.kind, ClientKind::FirstParty | ClientKind::Public) && !client.dpop_required
}

/// Whose token it is to be.
pub(super) struct Bearer<'a> {
    pub(super) subject: &'a Subject,
    pub(super) groups: &'a [String],
    /// What its client was granted, where that is not the session's own affair.
    scope: Option<&'a str>,
}

impl<'a> Bearer<'a> {
    pub(super) fn of(user: &'a UserRow) -> Self {
        Self { subject: &user.subject, groups: &user.groups, scope: None }
    }

    /// With a scope of its own.
    pub(super) fn with_scope(self, scope: &'a str) -> Self {
        Self { scope: Some(scope), ..self }
    }
}

/// Signs an access token of a session for one audience of its client.
pub(super) fn mint(
    app: &App,
    session: &Session,
    client: &Client,
    audience: &Audience,
    (bearer, now): (&Bearer<'_>, Time),
) -> Answer<(Secret<String>, i64)> {
    let keys = app.keys.load();
    let key = keys.set.signing(audience.alg).ok_or_else(|| Fault::Other(format!("no {} key yet", audience.alg)))?;
    let saying = Saying {
        issuer: &app.issuer,
        subject: bearer.subject,
        audience: &audience.name,
        client,
        groups: bearer.groups,
        scope: bearer.scope,
        status_uri: &crate::status::uri(&app.issuer, session.status().0),
    };
    let minted = session.access_token(&saying, key, now, &app.rng).map_err(|error| match error {
        // In its last second: there is no whole second left to give.
        MintFault::SessionOver => {
            Refused::Denied { denial: Denial::SessionEnded, reference: String::new(), login: None }
        }
        error => Fault::Other(format!("minting: {error}")).into(),
    })?;
    app.metrics.minted(AudienceKind::of(audience.name.as_str(), &app.account_audience), audience.alg);
    Ok((minted.token, minted.expires_in.seconds()))
}

/// Signs the ID token that goes with an access token.
pub(super) fn id_token(
    app: &App,
    session: &Session,
    (user, client, nonce, access_token): (&UserRow, &Client, Option<&str>, &Secret<String>),
    now: Time,
) -> Answer<Secret<String>> {
    let (keys, alg) = (app.keys.load(), client.id_token_alg);
    let key = keys.set.signing(alg).ok_or_else(|| Fault::Other(format!("no {alg} key yet")))?;
    let saying = IdSaying { issuer: &app.issuer, subject: &user.subject, client, nonce, access_token };
    let signed = session.id_token(&saying, key, now);
    signed.map_err(|error| Fault::Other(format!("signing an ID token: {error}")).into())
}

/// The token answer, once everything is stored.
pub(super) fn answer(
    app: &App,
    session: &Session,
    client: &Client,
    refresh: Option<&RefreshToken>,
    (bearer, audience, now): (&Bearer<'_>, &str, Time),
) -> Result<Opened, Refused> {
    // An audience that was taken from the client gets no token, and no other one gets it in its place.
    let audience = client.audience_for(Some(audience)).map_err(|_| Refused::Denied {
        denial: Denial::NotAllowed,
        reference: String::new(),
        login: None,
    })?;
    let (access_token, expires_in) = mint(app, session, client, audience, (bearer, now))?;
    Ok(Opened {
        access_token,
        expires_in,
        refresh_token: refresh.map(|token| token.text(&app.ring)),
        refresh_expires_in: (session.idle_until() - now).seconds_up(),
        session: session.id(),
        device: session.device().map(|device| device_token(app, device, session.user())),
        recovery_codes: Vec::new(),
        drift_steps: 0,
    })
}

pub(super) fn device_token(app: &App, device: DeviceId, user: UserId) -> Secret<String> {
    DeviceToken::mint(&app.ring, device, user)
}
