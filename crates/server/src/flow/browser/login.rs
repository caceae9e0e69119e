//! A login that is under way, as its holder may see it.

use poundlock_core::id::LoginId;
use poundlock_core::label::Label;
use poundlock_core::login::{Channel, LoginHandle, Then};
use poundlock_core::secret::Secret;
use poundlock_core::step_up::Action;
use poundlock_core::totp::Code;

use super::super::enrol::{Confirmed, Offered, account_name, confirm, shown};
use super::super::factor::called;
use super::super::login::{factors, load, real_factors, totp};
use super::super::{Answer, now};
use crate::app::{App, SharedApp};
use crate::journal::Origin;

/// What a request holds of a login: its secret, and the channel that it came by. Each channel continues its own.
#[derive(Debug)]
pub(crate) struct Held {
    handle: Secret<String>,
    channel: Channel,
    before: Option<Secret<String>>,
}

/// A login under way.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) id: LoginId,
    /// Whose it is.
    pub(crate) name: String,
    pub(crate) stage: Stage,
    /// Whether an enrolment is part of signing in: the account has no session yet.
    pub(crate) is_first: bool,
}

/// What it waits for.
#[derive(Debug)]
pub(crate) enum Stage {
    /// A second factor; for one action of a session, where it is a step-up.
    Second { factors: Vec<&'static str>, step_up: Option<(Action, String)> },
    /// The choice of a first factor.
    Enrol,
    /// A code of the seed that it has offered.
    Confirm(Offered),
}

impl Held {
    /// A handle from the body of a call of the API.
    pub(crate) const fn api(handle: Secret<String>) -> Self {
        Self { handle, channel: Channel::Api, before: None }
    }

    /// A handle from a cookie, with the session cookie that came beside it: a login ends the session before it.
    pub(crate) const fn page(handle: Secret<String>, before: Option<Secret<String>>) -> Self {
        Self { handle, channel: Channel::Page, before }
    }

    pub(crate) const fn text(&self) -> &Secret<String> {
        &self.handle
    }

    /// The handle, to be sent back.
    pub(crate) fn into_text(self) -> Secret<String> {
        self.handle
    }

    pub(crate) const fn channel(&self) -> Channel {
        self.channel
    }

    pub(crate) const fn before(&self) -> Option<&Secret<String>> {
        self.before.as_ref()
    }
}

/// A code of an app, for whichever the login waits: the one that the account has, or the one that it was just offered.
pub(crate) async fn code(
    app: SharedApp,
    held: Held,
    (code, label): (Code, Option<Label>),
    origin: Origin,
) -> Answer<Confirmed> {
    match seen(&app, &held, &origin).await?.stage {
        Stage::Confirm(_) => confirm(app, held, (code, label), origin).await,
        Stage::Second { .. } | Stage::Enrol => totp(app, held, code, origin).await.map(Confirmed::Login),
    }
}

/// The id of a login, from its handle; pages are named by it.
pub(crate) fn login_id(handle: &Secret<String>) -> Option<LoginId> {
    LoginHandle::parse(handle.reveal()).map(|handle| handle.id())
}

/// Looks at a login, changing nothing.
pub(crate) async fn seen(app: &App, held: &Held, origin: &Origin) -> Answer<Seen> {
    let now = now(app, origin)?;
    let (login, account) = load(app, held, origin, now).await?;
    let name = account_name(&login, account.as_ref());
    let stage = match login.offered() {
        Some(seed) => Stage::Confirm(shown(app, seed, &name)),
        None if login.awaits_passkey() => {
            let step_up = match login.then() {
                Then::StepUp { action, target, .. } => Some((action, target)),
                _ => None,
            };
            let step_up = match (step_up, &account) {
                (Some((action, target)), Some(account)) => {
                    let shown = called(app, account, target).await?;
                    Action::parse(action).map(|action| (action, shown))
                }
                _ => None,
            };
            let factors = match (&step_up, &account) {
                _ if login.needs_verification() => vec!["passkey"],
                (None, Some(account)) => factors(account),
                (Some(_), Some(account)) => real_factors(account),
                (_, None) => Vec::new(),
            };
            Stage::Second { factors, step_up }
        }
        None => Stage::Enrol,
    };
    Ok(Seen { id: login.id(), name, stage, is_first: login.opens_session() })
}
