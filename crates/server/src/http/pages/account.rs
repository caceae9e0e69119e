//! `/account`: what the account is, where it is signed in, and ending that.

use axum::response::Response;
use poundlock_core::session::SessionRow;

use super::super::error::Problem;
use super::super::url::Path;
use super::browser::{Browser, SignedIn};
use super::form::{Nothing, SignedForm};
use super::said::Said;
use super::sign_out::forget;
use crate::flow::account::{devices, factors, revoke_device};
use crate::flow::factor::{Listed, leaves_one};
use crate::flow::session::{self as flow, Caller};
use crate::flow::{Answer, Refused};
use crate::page::url;
use crate::page::view::{Account, DeviceLine, FactorKind, FactorLine, Notice, SessionLine};

/// The bare address of the server, as people type it.
pub(crate) async fn home(browser: Browser) -> Response {
    browser.to(url::ACCOUNT)
}

/// The account.
pub(crate) async fn show(signed: SignedIn) -> Response {
    let SignedIn { mut browser, caller } = signed;
    let said = browser.said();
    let view = match view(&browser.app, &caller, said).await {
        Ok(view) => view,
        Err(refused) => return browser.refused(refused),
    };
    browser.page(|frame| view.render(frame))
}

async fn view(app: &crate::app::App, caller: &Caller, said: Option<Said>) -> Answer<Account> {
    let (user, listed) = (&caller.account.user, factors(app, caller).await?);
    let factors = listed.into_iter().map(|factor| FactorLine {
        removable: leaves_one(app, &caller.account, factor.id),
        id: factor.id.to_string(),
        kind: kind_of(&factor),
        label: factor.label,
        made_at: factor.made_at,
        used_at: factor.used_at,
        held_until: factor.held_until,
    });
    let devices = devices(app, caller).await?.into_iter().filter(|device| device.revoked_at.is_none());
    let devices = devices.map(|device| DeviceLine {
        present: caller.session.device() == Some(device.id),
        id: device.id.to_string(),
        agent: None,
        made_at: device.made_at,
        used_at: device.used_at,
    });
    Ok(Account {
        name: user.name.clone(),
        display_name: user.display_name.clone(),
        groups: user.groups.clone(),
        made_at: user.made_at,
        factors: factors.collect(),
        codes_left: caller.account.codes.left,
        sessions: flow::list(app, caller).await?.into_iter().map(|row| session_line(caller, row)).collect(),
        devices: devices.collect(),
        grants: super::grants::lines(app, caller).await?,
        notice: said.as_ref().and_then(Said::as_notice),
        trouble: said.as_ref().and_then(Said::as_trouble),
    })
}

/// A key whose device verified its user is a passkey, another one is something held.
fn kind_of(factor: &Listed) -> FactorKind {
    match factor.passkey {
        Some(traits) if traits.is_verified => FactorKind::Passkey,
        Some(_) => FactorKind::SecurityKey,
        None if factor.kind == "totp" => FactorKind::Totp,
        // One that does not open: what it is cannot be told any more.
        None => FactorKind::SecurityKey,
    }
}

fn session_line(caller: &Caller, row: SessionRow) -> SessionLine {
    SessionLine {
        present: row.id == caller.session.id(),
        id: row.id.to_string(),
        client: row.client,
        agent: None,
        address: None,
        opened_at: row.opened_at,
        used_at: row.used_at,
    }
}

/// Ends one session. One's own ends as by signing out.
pub(crate) async fn end_session(Path(id): Path<String>, form: SignedForm<Nothing>) -> Response {
    let SignedIn { mut browser, caller } = form.signed;
    let Ok(id) = id.parse() else { return not_there(browser) };
    let done = flow::end(&browser.app, &caller, Some(id), &browser.origin).await;
    if done.is_ok() && id == caller.session.id() {
        forget(&mut browser);
        return browser.to(url::SIGNED_OUT);
    }
    told(browser, done, Notice::SessionEnded)
}

/// Ends all sessions but the present one.
pub(crate) async fn end_others(form: SignedForm<Nothing>) -> Response {
    let SignedIn { browser, caller } = form.signed;
    let done = flow::end_others(&browser.app, &caller, &browser.origin).await;
    told(browser, done, Notice::OthersEnded)
}

/// Makes a known device a stranger.
pub(crate) async fn forget_device(Path(id): Path<String>, form: SignedForm<Nothing>) -> Response {
    let SignedIn { browser, caller } = form.signed;
    let Ok(id) = id.parse() else { return not_there(browser) };
    let done = revoke_device(&browser.app, &caller, id, &browser.origin).await;
    told(browser, done, Notice::DeviceForgotten)
}

/// Back to the account, which says what was done, or a page that says why not.
pub(super) fn told(mut browser: Browser, done: Result<(), Refused>, notice: Notice) -> Response {
    match done {
        Ok(()) => {
            browser.say(&Said::notice(url::ACCOUNT, notice));
            browser.to(url::ACCOUNT)
        }
        Err(refused) => browser.again(url::ACCOUNT, refused, ""),
    }
}

/// An address that names nothing.
pub(super) fn not_there(browser: Browser) -> Response {
    let problem = Problem::not_found(&browser.request);
    browser.problem(problem)
}
