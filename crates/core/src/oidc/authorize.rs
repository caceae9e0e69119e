//! Decides whether a request for a code stands (RFC 6749 §4.1.1, `OpenID` Connect Core §3.1.2.2), by a table of named
//! checks, in order. Never decides who is logged in: see [`super::need`].
//!
//! **Architecture Invariant:** a refusal goes to the client's address only after that address was proved to be the
//! client's own. Before, it is shown on a page of ours (OAE-02): a server that redirects to any address that a link
//! names lends its good name to whoever wrote the link.

mod claims;
mod client;
mod hints;
mod levels;
mod nonce;
mod objects;
mod pkce;
mod prompt;
mod repeated;
mod response;
mod scope;
mod state;
mod stored;
mod target;

pub use self::prompt::{Prompt, Prompts};
pub use self::stored::{REQUEST_BYTES_MAX, REQUEST_LIFE};

use serde::{Deserialize, Serialize};

use super::pkce::Challenge;
use super::redirect::is_registered;
use super::{OauthError, Params, Refusal};
use crate::client::{Client, Scope};
use crate::time::{Span, Time};
use crate::token::Acr;

/// A request for a code that stands: everything in it is the client's to ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The client.
    pub client: String,
    /// Where the answer goes: proved to be the client's own.
    pub redirect_uri: String,
    /// What the client gets back with the answer.
    pub state: Option<String>,
    /// The scope words, as the client may have them.
    pub scope: String,
    /// The one audience of the access token.
    pub audience: String,
    /// What the code's verifier must meet; `None` only for a client registered without.
    pub challenge: Option<Challenge>,
    /// What stands in the ID token.
    pub nonce: Option<String>,
    /// Which pages must or must not be shown.
    pub prompts: Prompts,
    /// How old the login may be.
    pub max_age: Option<Span>,
    /// How strong the login must be.
    pub acr: Option<Acr>,
    /// The name to begin the login with.
    pub login_hint: Option<String>,
    /// The languages of the pages, best first.
    pub ui_locales: Option<String>,
    /// When it was asked. What must be proved anew is proved after this.
    pub asked_at: Time,
}

/// A request that does not stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The check that refused it.
    pub check: &'static str,
    /// What is wrong.
    pub refusal: Refusal,
    /// Where to say so; `None` while no address was proved to be the client's own.
    pub back: Option<Back>,
}

/// Where an answer goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Back {
    /// The client's proved address.
    pub redirect_uri: String,
    /// What the client sent along.
    pub state: Option<String>,
}

impl Asked {
    /// Whether the client could still ask for this. Attack: an address, a scope or an audience that an operator has taken
    /// from a client lives on in requests that were sealed before.
    ///
    /// # Errors
    /// The check that refuses it now. An address that is not the client's own any more is none to answer to.
    pub fn check_again(&self, client: &Client) -> Result<(), Refused> {
        let refused = |check, refusal, back| Err(Refused { check, refusal, back });
        if let Err(refusal) = client::uses_browsers(client) {
            return refused("browser_flow", refusal, None);
        }
        if !is_registered(client, &self.redirect_uri) {
            return refused("redirect_uri", client::not_registered(), None);
        }
        let back = Some(self.back());
        let scope = Scope::parse(&self.scope).unwrap_or_default();
        if client.scope.narrow(Some(&scope)).is_err() {
            return refused("scope", Refusal::new(OauthError::InvalidScope, scope::TOO_WIDE), back);
        }
        if client.audience_for(Some(&self.audience)).is_err() {
            return refused("audience", target::refused(), back);
        }
        if self.challenge.is_none() && !client.pkce_optional {
            return refused("pkce", pkce::required(), back);
        }
        Ok(())
    }

    /// Where the answer to this request goes.
    #[must_use]
    pub fn back(&self) -> Back {
        Back { redirect_uri: self.redirect_uri.clone(), state: self.state.clone() }
    }
}

/// What the checks have found so far.
struct Draft<'a> {
    params: &'a Params,
    client: &'a Client,
    redirect_uri: Option<String>,
    state: Option<String>,
    scope: String,
    audience: String,
    challenge: Option<Challenge>,
    nonce: Option<String>,
    prompts: Prompts,
    max_age: Option<Span>,
    acr: Option<Acr>,
    login_hint: Option<String>,
    ui_locales: Option<String>,
}

type Check = fn(&mut Draft<'_>) -> Result<(), Refusal>;

/// The checks, in order. The first four refuse on a page; from then on the address is proved. `repeated` comes before
/// whatever reads a parameter that it may have made unreadable, and after the address is known.
const CHECKS: &[(&str, Check)] = &[
    ("browser_flow", client::may_use_browsers),
    ("redirect_uri", client::redirect_is_registered),
    ("repeated", repeated::refuse),
    ("state", state::read),
    ("request_object", objects::refuse),
    ("response_type", response::type_is_code),
    ("response_mode", response::mode_is_query),
    ("scope", scope::read),
    ("audience", target::read),
    ("pkce", pkce::read),
    ("nonce", nonce::read),
    ("prompt", prompt::read),
    ("max_age", levels::max_age),
    ("acr_values", levels::acr_values),
    ("claims", claims::read),
    ("login_hint", hints::login_hint),
    ("ui_locales", hints::ui_locales),
];

/// The names of all checks, in order.
pub fn checks() -> impl Iterator<Item = &'static str> {
    std::iter::once(client::KNOWN).chain(CHECKS.iter().map(|(name, _)| *name))
}

/// Decides whether the request stands. `find` looks a client up by its exact id.
///
/// # Errors
/// The first check that refused it.
pub fn check<'a>(
    params: &'a Params,
    find: impl FnOnce(&str) -> Option<&'a Client>,
    now: Time,
) -> Result<Asked, Refused> {
    let client =
        client::known(params, find).map_err(|refusal| Refused { check: client::KNOWN, refusal, back: None })?;
    let mut draft = Draft::new(params, client);
    for (check, run) in CHECKS {
        if let Err(refusal) = run(&mut draft) {
            return Err(Refused { check, refusal, back: draft.back() });
        }
    }
    let back = draft.back();
    let back = back.ok_or_else(|| Refused { check: "redirect_uri", refusal: client::no_address(), back: None })?;
    Ok(draft.finish(back, now))
}

impl<'a> Draft<'a> {
    fn new(params: &'a Params, client: &'a Client) -> Self {
        Self {
            params,
            client,
            redirect_uri: None,
            state: None,
            scope: String::new(),
            audience: String::new(),
            challenge: None,
            nonce: None,
            prompts: Prompts::default(),
            max_age: None,
            acr: None,
            login_hint: None,
            ui_locales: None,
        }
    }

    /// Where a refusal goes from here on. `state` goes along wherever it can be read, also before its own check.
    fn back(&self) -> Option<Back> {
        let state = self.state.clone().or_else(|| state::readable(self.params));
        self.redirect_uri.clone().map(|redirect_uri| Back { redirect_uri, state })
    }

    fn finish(self, back: Back, now: Time) -> Asked {
        Asked {
            client: self.client.id.as_str().to_owned(),
            redirect_uri: back.redirect_uri,
            state: self.state,
            scope: self.scope,
            audience: self.audience,
            challenge: self.challenge,
            nonce: self.nonce,
            prompts: self.prompts,
            max_age: self.max_age,
            acr: self.acr,
            login_hint: self.login_hint,
            ui_locales: self.ui_locales,
            asked_at: now,
        }
    }
}
