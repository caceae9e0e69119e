//! Passkeys on pages. `…/passkey/options` tells a script what to ask the authenticator; what it said then comes in a field
//! of the page's form, so that it ends in 303 like every other. Without scripts a page says that passkeys need them.

use axum::response::Response;
use poundlock_core::label::Label;
use poundlock_core::passkey::OpenChallenge;
use poundlock_core::secret::Secret;
use serde::Deserialize;
use serde_json::json;

use super::super::edge::cookie::Kind;
use super::super::error::Problem;
use super::super::passkey::{assertion_of, attestation_of};
use super::super::url::Path;
use super::browser::{Browser, SignedIn};
use super::form::{Form, SignedForm};
use super::login::{led_to, not_held, proved};
use super::step_up::{change_of, page_of};
use crate::app::SharedApp;
use crate::flow::browser::{Goal, Held, Seen, Stage, seen};
use crate::flow::enrol::{Confirmed, Named, confirm_passkey, offer_passkey};
use crate::flow::login::{Answered, Options, Whom, options, prove};
use crate::flow::step_up::{self as flow, Asked};
use crate::flow::{Answer, Channel};
use crate::page::url;
use crate::page::view::EnrolPasskey;

/// What a passkey is called until its owner says otherwise.
const LABEL: &str = "Passkey";

/// The form of a sign-in without a name; `credential` and `state` are empty while options are asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Anyone {
    credential: String,
    state: String,
    return_to: Option<String>,
    request: Option<String>,
}

/// The form of a login under way.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Within {
    credential: String,
    #[serde(rename = "state")]
    _state: String,
    /// What it is to be called, where it is new.
    label: Option<String>,
}

/// The form of a step-up.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    action: String,
    #[serde(default)]
    target: String,
    credential: String,
    /// The id of the login that the options have begun.
    state: String,
}

/// Options for whoever has a passkey. The challenge is in `state`, sealed: nothing is stored for strangers.
pub(crate) async fn ask(form: Form<Anyone>) -> Response {
    let browser = form.browser;
    match options(SharedApp::clone(&browser.app), Whom::Anyone(browser.holder()), browser.origin.clone()).await {
        Ok(Options { login, public_key, .. }) => {
            browser.json(&json!({ "publicKey": public_key, "state": login.reveal() }))
        }
        Err(refused) => browser.refused(refused),
    }
}

/// A passkey of both kinds is the whole login.
pub(crate) async fn sign_in(form: Form<Anyone>) -> Response {
    let Form { browser, fields } = form;
    let goal = Goal::of_page(fields.return_to.as_deref(), fields.request.as_deref());
    let page = goal.sign_in();
    // Attack: a login's handle in the place of a challenge would be held by a form, and not by its cookie.
    if !OpenChallenge::is_one(&fields.state) {
        return unreadable(browser);
    }
    let Some(assertion) = assertion_of(&fields.credential) else { return unreadable(browser) };
    let answered = Answered {
        login: Held::page(Secret::new(fields.state), browser.session()),
        assertion,
        client: None,
        audience: None,
        scope: None,
        device: browser.read(Kind::Device),
        goal,
        holder: browser.holder(),
    };
    match prove(SharedApp::clone(&browser.app), answered, browser.origin.clone()).await {
        Ok(outcome) => led_to(browser, outcome).await,
        Err(refused) => browser.again(&page, refused, ""),
    }
}

/// The page on which a new passkey is made.
pub(crate) async fn show(mut browser: Browser, Path(id): Path<String>) -> Response {
    let Some(held) = browser.held(&id) else { return not_held(browser) };
    let seen = match seen(&browser.app, &held, &browser.origin).await {
        Ok(seen) => seen,
        Err(refused) => return browser.refused(refused),
    };
    let at = format!("{}/{}", url::SIGN_IN, seen.id);
    if matches!(seen.stage, Stage::Second { .. }) || browser.app.party.is_none() {
        return browser.to(&at);
    }
    let view = EnrolPasskey {
        other: Some(at.clone()),
        at,
        label: LABEL.to_owned(),
        hidden: Vec::new(),
        first: seen.is_first,
        trouble: browser.said().and_then(|said| said.as_trouble()),
    };
    browser.page(|frame| view.render(frame))
}

/// Options for a login under way: for its second factor, or for a new passkey. The login stays in its cookie.
pub(crate) async fn ask_within(Path(id): Path<String>, form: Form<Within>) -> Response {
    let browser = form.browser;
    let Some(held) = browser.held(&id) else { return not_held(browser) };
    let stage = match seen(&browser.app, &held, &browser.origin).await {
        Ok(Seen { stage, .. }) => stage,
        Err(refused) => return browser.refused(refused),
    };
    let (app, origin) = (SharedApp::clone(&browser.app), browser.origin.clone());
    let asked = match stage {
        Stage::Second { .. } => options(app, Whom::Of(held), origin).await,
        Stage::Enrol | Stage::Confirm(_) => offer_passkey(app, held, origin).await,
    };
    told(browser, asked, "")
}

/// What the authenticator said, for whichever the login waits.
pub(crate) async fn within(Path(id): Path<String>, form: Form<Within>) -> Response {
    let Form { browser, fields } = form;
    let Some(held) = browser.held(&id) else { return not_held(browser) };
    match seen(&browser.app, &held, &browser.origin).await {
        Ok(Seen { stage: Stage::Second { .. }, .. }) => {
            let page = format!("{}/{id}", url::SIGN_IN);
            answer(browser, (&id, held), &fields.credential, &page).await
        }
        Ok(_) => confirm(browser, (&id, held), fields).await,
        Err(refused) => browser.refused(refused),
    }
}

async fn answer(browser: Browser, (id, held): (&str, Held), credential: &str, page: &str) -> Response {
    let Some(assertion) = assertion_of(credential) else { return unreadable(browser) };
    let (goal, holder) = (Goal::Tokens, browser.holder());
    let answered =
        Answered { login: held, assertion, client: None, audience: None, scope: None, device: None, goal, holder };
    match prove(SharedApp::clone(&browser.app), answered, browser.origin.clone()).await {
        Ok(outcome) => proved(browser, id, Confirmed::Login(outcome)).await,
        Err(refused) => browser.again(page, refused, ""),
    }
}

async fn confirm(browser: Browser, (id, held): (&str, Held), fields: Within) -> Response {
    let Some(attestation) = attestation_of(&fields.credential) else { return unreadable(browser) };
    // The authenticator has made its key by now: a name that cannot be is no reason to lose it.
    let label = fields.label.as_deref().and_then(|text| Label::parse(text).ok());
    let named = Named { attestation, label };
    match confirm_passkey(SharedApp::clone(&browser.app), held, named, browser.origin.clone()).await {
        Ok(confirmed) => proved(browser, id, confirmed).await,
        Err(refused) => browser.again(&format!("{}/{id}/passkey", url::SIGN_IN), refused, ""),
    }
}

/// Options for one change: they begin its step-up, which a passkey completes alone.
pub(crate) async fn ask_change(form: SignedForm<Change>) -> Response {
    let SignedForm { signed: SignedIn { mut browser, caller }, fields } = form;
    let Some(action) = change_of(&fields.action, &fields.target) else { return super::account::not_there(browser) };
    let asked = Asked { action, target: fields.target, password: None, refresh_token: None, channel: Channel::Page };
    let begun = flow::begin(SharedApp::clone(&browser.app), caller, asked, browser.origin.clone()).await;
    let handle = match begun {
        Ok(handle) => handle,
        Err(refused) => return browser.refused(refused),
    };
    let state = browser.hold(&handle.login).map(|id| id.to_string()).unwrap_or_default();
    let held = Held::page(handle.login, browser.session());
    let asked = options(SharedApp::clone(&browser.app), Whom::Of(held), browser.origin.clone()).await;
    told(browser, asked, &state)
}

/// What the authenticator said for it.
pub(crate) async fn change(form: SignedForm<Change>) -> Response {
    let SignedForm { signed: SignedIn { browser, .. }, fields } = form;
    let Some(action) = change_of(&fields.action, &fields.target) else { return super::account::not_there(browser) };
    let Some(held) = browser.held(&fields.state) else { return not_held(browser) };
    answer(browser, (&fields.state, held), &fields.credential, &page_of(action, &fields.target)).await
}

/// The options, and nothing of the login's secret: that is in the cookie alone.
fn told(browser: Browser, asked: Answer<Options>, state: &str) -> Response {
    match asked {
        Ok(Options { public_key, .. }) => browser.json(&json!({ "publicKey": public_key, "state": state })),
        Err(refused) => browser.refused(refused),
    }
}

fn unreadable(browser: Browser) -> Response {
    let problem = Problem::bad_request(&browser.request, "the passkey's answer is not what a browser gives");
    browser.problem(problem)
}
