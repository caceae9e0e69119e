//! `/sign-out`: asked first, since a link of another site must not sign anybody out.

use axum::response::Response;
use poundlock_core::oidc::logout::Farewell;
use serde::Deserialize;

use super::super::edge::cookie::Kind;
use super::super::url::Query;
use super::browser::Browser;
use super::form::Form;
use crate::flow::oidc::logout::{returned, sealed};
use crate::flow::session::end as end_session;
use crate::page::url;
use crate::page::view::{Hidden, SignOut, SignedOut};

/// Where it ends, where an app asked for it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Then {
    farewell: Option<String>,
}

/// A page of these that knows where it ends.
pub(in crate::http) fn page_of(browser: &Browser, path: &str, farewell: Option<&Farewell>) -> String {
    match farewell {
        Some(farewell) => format!("{path}?farewell={}", sealed(&browser.app, farewell)),
        None => path.to_owned(),
    }
}

/// Where it ends for a browser in which nobody is signed in any more: back at the app that asked, or here.
pub(in crate::http) fn end_of(browser: &Browser, farewell: Option<&Farewell>) -> String {
    let location = farewell.and_then(|farewell| farewell.location.clone());
    location.unwrap_or_else(|| page_of(browser, url::SIGNED_OUT, farewell))
}

/// Asks.
pub(crate) async fn show(browser: Browser, Query(Then { farewell }): Query<Then>) -> Response {
    let known = returned(&browser.app, farewell.as_deref(), &browser.origin);
    let caller = match browser.caller().await {
        Ok(Some(caller)) => caller,
        Ok(None) => {
            let page = end_of(&browser, known.as_ref());
            return browser.to(&page);
        }
        Err(refused) => return browser.refused(refused),
    };
    let hidden = known.is_some().then_some(farewell).flatten();
    let view = SignOut {
        name: caller.account.user.name.clone(),
        client: known.map(|farewell| farewell.client),
        hidden: hidden.into_iter().map(|value| Hidden { name: "farewell", value }).collect(),
    };
    browser.page(|frame| view.render(frame))
}

/// Ends the session and forgets its cookies. The browser stays a known device.
pub(crate) async fn end(form: Form<Then>) -> Response {
    let Form { mut browser, fields } = form;
    let ended = match browser.caller().await {
        Ok(Some(caller)) => end_session(&browser.app, &caller, None, &browser.origin).await,
        Ok(None) => Ok(()),
        Err(refused) => Err(refused),
    };
    if let Err(refused) = ended {
        return browser.refused(refused);
    }
    forget(&mut browser);
    let farewell = returned(&browser.app, fields.farewell.as_deref(), &browser.origin);
    let page = page_of(&browser, url::SIGNED_OUT, farewell.as_ref());
    browser.to(&page)
}

/// Takes from the browser what it had of the session.
pub(in crate::http) fn forget(browser: &mut Browser) {
    if browser.session().is_none() {
        return;
    }
    for kind in [Kind::Session, Kind::StepUp, Kind::Invite, Kind::Form] {
        browser.take(kind);
    }
}

/// It is done.
pub(crate) async fn done(browser: Browser, Query(Then { farewell }): Query<Then>) -> Response {
    let known = returned(&browser.app, farewell.as_deref(), &browser.origin);
    let back = known.and_then(|farewell| Some((farewell.client, farewell.location?)));
    browser.page(|frame| SignedOut { back }.render(frame))
}
