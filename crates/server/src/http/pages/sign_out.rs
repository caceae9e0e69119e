//! `/sign-out`: asked first, since a link of another site must not sign anybody out.

use axum::response::Response;

use super::super::edge::cookie::Kind;
use super::browser::{Browser, SignedIn};
use super::form::{Form, Nothing};
use crate::flow::session::end as end_session;
use crate::page::url;
use crate::page::view::{SignOut, SignedOut};

/// Asks.
pub(crate) async fn show(signed: SignedIn) -> Response {
    let SignedIn { browser, caller } = signed;
    let view = SignOut { name: caller.account.user.name.clone(), client: None, hidden: Vec::new() };
    browser.page(|frame| view.render(frame))
}

/// Ends the session and forgets its cookies. The browser stays a known device.
pub(crate) async fn end(form: Form<Nothing>) -> Response {
    let mut browser = form.browser;
    let ended = match browser.caller().await {
        Ok(Some(caller)) => end_session(&browser.app, &caller, None, &browser.origin).await,
        Ok(None) => Ok(()),
        Err(refused) => Err(refused),
    };
    if let Err(refused) = ended {
        return browser.refused(refused);
    }
    for kind in [Kind::Session, Kind::StepUp, Kind::Invite, Kind::Form] {
        browser.take(kind);
    }
    browser.to(url::SIGNED_OUT)
}

/// It is done.
pub(crate) async fn done(browser: Browser) -> Response {
    browser.page(|frame| SignedOut::default().render(frame))
}
