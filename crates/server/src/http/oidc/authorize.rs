//! `/oauth/authorize` and the pages that a request for a code passes. No CORS here, ever (OAE-21): browsers come by
//! navigation.

use axum::http::{HeaderValue, header};
use axum::response::Response;
use poundlock_core::oidc::SCOPES;
use poundlock_core::step_up::Action;
use serde::Deserialize;

use super::super::error::Problem;
use super::super::pages::browser::{Browser, SignedIn};
use super::super::pages::form::SignedForm;
use super::super::pages::step_up::page_of;
use super::super::url::Query;
use super::form::Sent;
use crate::flow::browser::Goal;
use crate::flow::oidc::Declined;
use crate::flow::oidc::authorize::{self as flow, Question, Way, Who};
use crate::page::url;
use crate::page::view::{Consent, Hidden, Learns, Leave};

/// A request that goes on.
#[derive(Deserialize)]
pub(crate) struct Resumed {
    request: String,
}

/// The answer to the question for consent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answered {
    question: String,
    answer: String,
}

/// How the browser may be sent away.
#[derive(Clone, Copy)]
enum Leaving {
    /// By a redirect: it came by a link.
    AtOnce,
    /// By a page: it came from a form of ours, whose policy the browser would hold against a redirect to elsewhere.
    ByPage,
}

/// A client's link, or its form.
pub(crate) async fn begin(browser: Browser, sent: Result<Sent, Problem>) -> Response {
    let params = match sent {
        Ok(Sent(params)) => params,
        Err(problem) => return browser.problem(problem),
    };
    let who = match browser.caller().await {
        Ok(_) if browser.may_hold_back() => Who::Unknown,
        Ok(caller) => Who::Known(caller.map(Box::new)),
        Err(refused) => return browser.refused(refused),
    };
    let way = flow::begin(&browser.app, &params, who, &browser.origin).await;
    follow(browser, way, Leaving::AtOnce)
}

/// On after a page of ours.
pub(crate) async fn resume(browser: Browser, Query(Resumed { request }): Query<Resumed>) -> Response {
    let caller = match browser.caller().await {
        Ok(caller) => caller,
        Err(refused) => return browser.refused(refused),
    };
    let way = flow::resume(&browser.app, &request, caller, &browser.origin).await;
    follow(browser, way, Leaving::ByPage)
}

/// The user's word.
pub(crate) async fn consent(form: SignedForm<Answered>) -> Response {
    let SignedForm { signed: SignedIn { browser, caller }, fields } = form;
    let answer = (fields.question.as_str(), fields.answer == "allow");
    let way = flow::answered(&browser.app, answer, caller, &browser.origin).await;
    follow(browser, way, Leaving::ByPage)
}

fn follow(browser: Browser, way: Result<Way, Declined>, leaving: Leaving) -> Response {
    match way {
        Ok(Way::Again { request }) => browser.to(&format!("{}?request={request}", url::AUTHORIZE_CONTINUE)),
        Ok(Way::SignIn { request }) => browser.to(&Goal::Code(request).sign_in()),
        Ok(Way::StepUp { request }) => browser.to(&page_of(Action::Authorize, &request)),
        Ok(Way::Consent(question)) => ask(browser, *question),
        Ok(Way::Client { location }) => leave(browser, &location, leaving),
        Err(Declined::Oauth(refusal)) => {
            let problem = Problem::client_request(&browser.request, &refusal.description);
            browser.problem(problem)
        }
        Err(Declined::Ours(refused)) => browser.refused(refused),
    }
}

fn leave(browser: Browser, location: &str, leaving: Leaving) -> Response {
    match leaving {
        Leaving::AtOnce => browser.to(location),
        Leaving::ByPage => {
            let Ok(refresh) = HeaderValue::try_from(format!("0; url={location}")) else {
                return browser.to(url::ACCOUNT);
            };
            let view = Leave { location: location.to_owned(), host: host_of(location).to_owned() };
            let mut response = browser.page(|frame| view.render(frame));
            response.headers_mut().insert(header::REFRESH, refresh);
            response
        }
    }
}

fn ask(browser: Browser, question: Question) -> Response {
    let mut learns = learns(question.scope.words());
    learns.push(Learns::Api(question.audience));
    let view = Consent {
        at: url::AUTHORIZE_CONSENT.to_owned(),
        host: host_of(&question.redirect_uri).to_owned(),
        client: question.client,
        name: question.name,
        learns,
        lifetime: Some(question.lifetime),
        hidden: vec![Hidden { name: "question", value: question.sealed }],
    };
    browser.page(|frame| view.render(frame))
}

/// What the words of a scope mean to a reader: those of ours first, others by their names.
pub(in crate::http) fn learns<'a>(words: impl Iterator<Item = &'a str>) -> Vec<Learns> {
    let (of_ours, others): (Vec<&str>, Vec<&str>) = words.partition(|word| SCOPES.contains(word));
    let of_ours = of_ours.into_iter().map(|word| match word {
        "profile" => Learns::Profile,
        "groups" => Learns::Groups,
        _ => Learns::Identity,
    });
    of_ours.chain(others.into_iter().map(|word| Learns::Scope(word.to_owned()))).collect()
}

/// The host of an address, or the whole scheme of a native application's.
fn host_of(uri: &str) -> &str {
    match uri.split_once("://") {
        Some((_, rest)) => rest.split(['/', '?']).next().unwrap_or_default(),
        None => uri.split(':').next().unwrap_or_default(),
    }
}
