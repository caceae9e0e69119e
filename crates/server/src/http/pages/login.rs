//! `/sign-in/{login}`: the second gate, and the first enrolment. The address carries the login's id and a cookie its
//! secret, so that who has only the address has nothing (SES-13).

use axum::response::Response;
use poundlock_core::label::Label;
use poundlock_core::recovery::RecoveryCode;
use poundlock_core::step_up::Action;
use poundlock_core::totp::Code;
use serde::Deserialize;

use super::super::edge::cookie::Kind;
use super::super::error::Problem;
use super::super::url::Path;
use super::browser::Browser;
use super::form::Form;
use super::said::{Said, for_recovery};
use super::step_up;
use crate::app::SharedApp;
use crate::flow::browser::{Seen, Stage, code, seen};
use crate::flow::enrol::{Confirmed, Offered, offer};
use crate::flow::session::Outcome;
use crate::flow::{Denial, Refused, login as flow, refuse_unrecorded};
use crate::page::view::{EnrolChoice, EnrolTotp, Notice, Purpose, SecondFactor, Way};
use crate::page::{Trouble, What, url};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    kind: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TotpStep {
    code: String,
    /// What the app is to be called, where it is new.
    label: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecoveryStep {
    recovery_code: String,
}

/// What the login waits for.
pub(crate) async fn show(mut browser: Browser, Path(id): Path<String>) -> Response {
    let Some(held) = browser.held(&id) else { return not_held(browser) };
    let seen = match seen(&browser.app, &held, &browser.origin).await {
        Ok(seen) => seen,
        Err(refused) => return browser.refused(refused),
    };
    let said = browser.said().and_then(|said| said.as_trouble());
    let at = format!("{}/{}", url::SIGN_IN, seen.id);
    match seen.stage {
        Stage::Second { .. } => {
            let view = second(at, seen, said);
            browser.page(|frame| view.render(frame))
        }
        Stage::Enrol => {
            let passkeys = browser.app.party.is_some();
            let view = EnrolChoice { at, passkeys, totp: true, first: seen.is_first, trouble: said };
            browser.page(|frame| view.render(frame))
        }
        Stage::Confirm(offered) => {
            let view = app_to_enrol((at, seen.is_first, browser.app.party.is_some()), offered, said);
            browser.page(|frame| view.render(frame))
        }
    }
}

fn second(at: String, seen: Seen, trouble: Option<Trouble>) -> SecondFactor {
    let (factors, step_up) = match seen.stage {
        Stage::Second { factors, step_up } => (factors, step_up),
        Stage::Enrol | Stage::Confirm(_) => (Vec::new(), None),
    };
    let way = |factor: &&str| match *factor {
        "passkey" => Some(Way::Passkey),
        "totp" => Some(Way::Totp),
        "recovery_code" => Some(Way::RecoveryCode),
        _ => None,
    };
    let purpose = step_up.map_or(Purpose::SignIn, |(action, target)| purpose(action, &target));
    SecondFactor {
        at,
        name: seen.name,
        ways: factors.iter().filter_map(way).collect(),
        purpose,
        hidden: Vec::new(),
        trouble,
    }
}

/// What a change is called.
pub(super) fn purpose(action: Action, target: &str) -> Purpose {
    Purpose::Change(action, (!target.is_empty()).then(|| target.to_owned()))
}

fn app_to_enrol(
    (at, first, passkeys): (String, bool, bool),
    Offered { secret, uri }: Offered,
    trouble: Option<Trouble>,
) -> EnrolTotp {
    let other = passkeys.then(|| format!("{at}/passkey"));
    EnrolTotp { at, secret, uri, label: String::new(), hidden: Vec::new(), first, other, trouble }
}

/// The kind of a new factor. The seed of an app is made, and shown on the page that this leads to; a passkey has its own.
pub(crate) async fn choose(Path(id): Path<String>, form: Form<Choice>) -> Response {
    let Form { browser, fields } = form;
    let Some(held) = browser.held(&id) else { return not_held(browser) };
    if fields.kind == "passkey" {
        return browser.to(&format!("{}/{id}/passkey", url::SIGN_IN));
    }
    if fields.kind != "totp" {
        let problem = Problem::bad_request(&browser.request, "there is no such kind of factor");
        return browser.problem(problem);
    }
    match offer(SharedApp::clone(&browser.app), held, browser.origin.clone()).await {
        Ok(_) => browser.to(&format!("{}/{id}", url::SIGN_IN)),
        Err(refused) => browser.refused(refused),
    }
}

/// A code of an app: of the one that the account has, or the first of a new one.
pub(crate) async fn totp(Path(id): Path<String>, form: Form<TotpStep>) -> Response {
    let Form { mut browser, fields } = form;
    let Some(held) = browser.held(&id) else { return not_held(browser) };
    let page = format!("{}/{id}", url::SIGN_IN);
    let Ok(typed) = Code::parse(fields.code.trim()) else {
        browser.say(&Said::trouble(&page, Trouble { what: What::Code, reference: String::new() }, ""));
        return browser.to(&page);
    };
    let label = fields.label.as_deref().and_then(|text| Label::parse(text).ok());
    match code(SharedApp::clone(&browser.app), held, (typed, label), browser.origin.clone()).await {
        Ok(confirmed) => proved(browser, &id, confirmed).await,
        // The seed is void since a passkey was asked for beside it: the choice is there again.
        Err(refused @ Refused::Denied { denial: Denial::WrongStep, .. }) => {
            let said = Said::trouble(&page, Trouble { what: What::Stale, reference: String::new() }, "");
            browser.again_saying(&page, refused, &said)
        }
        Err(refused) => browser.again(&page, refused, ""),
    }
}

/// A recovery code in place of the second factor.
pub(crate) async fn recovery(Path(id): Path<String>, form: Form<RecoveryStep>) -> Response {
    let Form { mut browser, fields } = form;
    let Some(held) = browser.held(&id) else { return not_held(browser) };
    let page = format!("{}/{id}", url::SIGN_IN);
    let Ok(typed) = RecoveryCode::parse(fields.recovery_code.trim()) else {
        browser.say(&Said::trouble(&page, Trouble { what: What::RecoveryCode, reference: String::new() }, ""));
        return browser.to(&page);
    };
    match flow::recovery(SharedApp::clone(&browser.app), held, typed, browser.origin.clone()).await {
        Ok(outcome) => proved(browser, &id, Confirmed::Login(outcome)).await,
        Err(refused) => {
            let said = Said::of(&refused, &browser.request.to_string(), &page, "");
            match said.map(|said| for_recovery(&refused, said)) {
                Some(said) => browser.again_saying(&page, refused, &said),
                None => browser.refused(refused),
            }
        }
    }
}

/// The login is spent: its cookie goes, and the browser goes on.
pub(super) async fn proved(mut browser: Browser, id: &str, confirmed: Confirmed) -> Response {
    if let Ok(id) = id.parse() {
        browser.take(Kind::Login(id));
    }
    match confirmed {
        Confirmed::Login(outcome) => led_to(browser, outcome).await,
        Confirmed::Added { .. } => {
            browser.say(&Said::notice(url::ACCOUNT, Notice::FactorAdded));
            browser.to(url::ACCOUNT)
        }
    }
}

/// Where an outcome leads a browser.
pub(super) async fn led_to(browser: Browser, outcome: Outcome) -> Response {
    match outcome {
        Outcome::Browser(entered) => browser.enter(&entered),
        Outcome::StepUp { step_up, on_page: Some(risen), .. } => step_up::completed(browser, step_up, risen).await,
        // The channel keeps these apart; a page has no tokens to show.
        Outcome::Tokens(_) | Outcome::StepUp { .. } => {
            let refused = refuse_unrecorded(&browser.origin, Denial::WrongStep);
            browser.refused(refused)
        }
    }
}

/// The login is another browser's, or over; or this browser keeps no cookies at all.
pub(super) fn not_held(browser: Browser) -> Response {
    if !browser.keeps_cookies() {
        let problem = Problem::no_cookies(&browser.request);
        return browser.problem(problem);
    }
    let refused = refuse_unrecorded(&browser.origin, Denial::Gone);
    browser.refused(refused)
}
