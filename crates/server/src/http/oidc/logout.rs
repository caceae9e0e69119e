//! `/oidc/logout` (RP-Initiated Logout §2): at once where the client's hint is of this browser's session, else by the
//! page that asks.

use axum::response::Response;

use super::super::error::Problem;
use super::super::pages::browser::Browser;
use super::super::pages::sign_out::{end_of, forget, page_of};
use super::form::Sent;
use crate::flow::oidc::logout::{self as flow, Way};
use crate::page::url;

/// A client's link, or its form.
pub(crate) async fn begin(mut browser: Browser, sent: Result<Sent, Problem>) -> Response {
    let params = match sent {
        Ok(Sent(params)) => params,
        Err(problem) => return browser.problem(problem),
    };
    let way = match browser.caller().await {
        // Attack: taken for nobody's, a form of another site would have the browser forget a session that lives on.
        Ok(_) if browser.may_hold_back() => flow::ask(&browser.app, &params, &browser.origin),
        Ok(caller) => flow::begin(&browser.app, &params, caller, &browser.origin).await,
        Err(refused) => Err(refused),
    };
    match way {
        Ok(Way::Ask(farewell)) => {
            let page = page_of(&browser, url::SIGN_OUT, farewell.as_ref());
            browser.to(&page)
        }
        Ok(Way::Done(farewell)) => {
            forget(&mut browser);
            let page = end_of(&browser, farewell.as_ref());
            browser.to(&page)
        }
        Err(refused) => browser.refused(refused),
    }
}
