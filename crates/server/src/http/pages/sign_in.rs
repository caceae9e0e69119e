//! `/sign-in`: name and password, the first gate.

use axum::response::Response;
use poundlock_core::secret::Secret;
use serde::Deserialize;

use super::super::edge::cookie::Kind;
use super::super::url::Query;
use super::browser::Browser;
use super::form::Form;
use super::login;
use crate::app::SharedApp;
use crate::flow::browser::Goal;
use crate::flow::login::{Begun, PasswordAttempt, attempt, begin as begin_login};
use crate::flow::oidc::authorize::client_of;
use crate::page::view::{Hidden, SignIn};
use crate::page::{What, url};

/// Where the login is to go; what else stands in the address is nobody's.
#[derive(Deserialize)]
pub(crate) struct Asked {
    return_to: Option<String>,
    request: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    name: String,
    password: String,
    recovery_code: Option<String>,
    return_to: Option<String>,
    request: Option<String>,
}

/// The page. Who is signed in already goes where they wanted to, unless an application asks for a new login.
pub(crate) async fn show(mut browser: Browser, Query(Asked { return_to, request }): Query<Asked>) -> Response {
    let goal = Goal::of_page(return_to.as_deref(), request.as_deref());
    if let Goal::Page(path) = &goal {
        match browser.caller().await {
            Ok(Some(_)) => return browser.to(path.as_str()),
            Ok(None) => {}
            Err(refused) => return browser.refused(refused),
        }
    }
    let from = match &goal {
        Goal::Code(request) => client_of(&browser.app, request, &browser.origin),
        Goal::Page(_) | Goal::Tokens => None,
    };
    let (client, hint) = from.map_or((None, None), |(client, hint)| (Some(client), hint));
    let said = browser.said();
    let trouble = said.as_ref().and_then(super::said::Said::as_trouble);
    let view = SignIn {
        name: said.map(|said| said.typed().to_owned()).or(hint).unwrap_or_default(),
        client,
        hidden: hidden(&goal),
        passkeys: browser.app.party.is_some(),
        recovery: trouble.as_ref().is_some_and(|trouble| matches!(trouble.what, What::Blocked | What::Rebind)),
        trouble,
    };
    browser.page(|frame| view.render(frame))
}

/// The first gate.
pub(crate) async fn begin(form: Form<Begin>) -> Response {
    let Form { mut browser, fields } = form;
    let goal = Goal::of_page(fields.return_to.as_deref(), fields.request.as_deref());
    let (app, origin) = (SharedApp::clone(&browser.app), browser.origin.clone());
    let password = match attempt(Secret::new(fields.password)) {
        Ok(password) => password,
        Err(refused) => return browser.refused(refused),
    };
    let attempt = PasswordAttempt {
        name: fields.name.clone(),
        password,
        device: browser.read(Kind::Device),
        recovery_code: fields.recovery_code.filter(|code| !code.is_empty()).map(Secret::new),
        client: None,
        audience: None,
        scope: None,
        goal: goal.clone(),
        before: browser.session(),
    };
    match begin_login(app, attempt, origin).await {
        Ok(Begun::Ask(handle)) => match browser.hold(&handle.login) {
            Some(id) => browser.to(&format!("{}/{id}", url::SIGN_IN)),
            None => browser.to(url::SIGN_IN),
        },
        Ok(Begun::Open(outcome)) => login::led_to(browser, outcome).await,
        Err(refused) => browser.again(&goal.sign_in(), refused, &fields.name),
    }
}

/// What the form carries along.
fn hidden(goal: &Goal) -> Vec<Hidden> {
    match goal {
        Goal::Page(path) => vec![Hidden { name: "return_to", value: path.as_str().to_owned() }],
        Goal::Code(request) => vec![Hidden { name: "request", value: request.clone() }],
        Goal::Tokens => Vec::new(),
    }
}
