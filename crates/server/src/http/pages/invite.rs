//! `/invite`: an invite or a ticket, and the password that goes with it.
//!
//! The secret is never in a path or a query: those are in the logs of every proxy and in histories. A link carries it
//! behind `#`, which browsers keep to themselves; a script puts it into the field, and without a script it is pasted.
//! Posted, it moves into a cookie of this browser for ten minutes and the page asks for the password.

use axum::response::Response;
use poundlock_core::secret::Secret;
use serde::Deserialize;

use super::super::edge::cookie::Kind;
use super::browser::Browser;
use super::form::Form;
use super::said::Said;
use crate::app::SharedApp;
use crate::flow::browser::Goal;
use crate::flow::invite::{self as flow, Acceptance};
use crate::flow::{Denial, Refused};
use crate::page::view::{InviteAccept, InviteKind};
use crate::page::{Field, Trouble, What, url};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Accept {
    invite: Option<String>,
    new_password: Option<String>,
    repeat: Option<String>,
    password: Option<String>,
}

/// Asks for the secret, or for the password that goes with the one that was shown.
pub(crate) async fn show(mut browser: Browser) -> Response {
    let said = browser.said().and_then(|said| said.as_trouble());
    let mut view = InviteAccept { invite: String::new(), kind: InviteKind::Unknown, least: flow::LEAST, trouble: said };
    if let Some(invite) = browser.read(Kind::Invite) {
        match flow::look(&browser.app, &invite, &browser.origin).await {
            Ok(found) => {
                let name = Some(found.name);
                view.kind = if found.is_new { InviteKind::New { name } } else { InviteKind::Ticket { name } };
                view.least = found.least;
                view.invite.clone_from(invite.reveal());
            }
            Err(refused) => {
                browser.take(Kind::Invite);
                match trouble(&refused) {
                    Some(trouble) => view.trouble = Some(trouble),
                    None => return browser.refused(refused),
                }
            }
        }
    }
    browser.page(|frame| view.render(frame))
}

/// The secret, and then the password.
pub(crate) async fn accept(form: Form<Accept>) -> Response {
    let Form { mut browser, fields } = form;
    let typed = fields.invite.as_deref().map(secret_of).filter(|text| !text.is_empty()).map(Secret::new);
    let Some(invite) = typed.or_else(|| browser.read(Kind::Invite)) else {
        return again(browser, What::Empty(Field::Invite));
    };
    if let (Some(new), Some(repeat)) = (&fields.new_password, &fields.repeat)
        && new != repeat
    {
        return again(browser, What::Differs);
    }
    browser.put(Kind::Invite, &invite);
    let found = match flow::look(&browser.app, &invite, &browser.origin).await {
        Ok(found) => found,
        Err(refused) => return refused_to(browser, refused),
    };
    // A page that did not know yet what it was for has asked for the other password.
    let password = if found.is_new { fields.new_password } else { fields.password };
    let Some(password) = password.filter(|password| !password.is_empty()) else { return browser.to(url::INVITE) };
    let acceptance = Acceptance {
        invite: invite.clone(),
        password: Secret::new(password),
        client: None,
        audience: None,
        scope: None,
        goal: Goal::of_page(None, None),
    };
    match flow::accept(SharedApp::clone(&browser.app), acceptance, browser.origin.clone()).await {
        Ok(accepted) => match browser.hold(&accepted.login) {
            Some(id) => browser.to(&format!("{}/{id}", url::SIGN_IN)),
            None => browser.to(url::INVITE),
        },
        Err(refused) => refused_to(browser, refused),
    }
}

fn refused_to(browser: Browser, refused: Refused) -> Response {
    match trouble(&refused) {
        Some(trouble) => {
            let said = Said::trouble(url::INVITE, trouble, "");
            browser.again_saying(url::INVITE, refused, &said)
        }
        None => browser.again(url::INVITE, refused, ""),
    }
}

/// What is wrong with the invite, or with the password where the name is known.
fn trouble(refused: &Refused) -> Option<Trouble> {
    let Refused::Denied { denial, reference, .. } = refused else { return None };
    let what = match denial {
        Denial::Gone => What::Invite,
        Denial::Credentials => What::Password,
        _ => return None,
    };
    Some(Trouble { what, reference: reference.clone() })
}

fn again(mut browser: Browser, what: What) -> Response {
    browser.say(&Said::trouble(url::INVITE, Trouble { what, reference: String::new() }, ""));
    browser.to(url::INVITE)
}

/// The secret of a text that was pasted: it, or the whole link with it behind `#`.
fn secret_of(text: &str) -> String {
    text.trim().rsplit('#').next().unwrap_or_default().to_owned()
}
