//! What the owner of the account has allowed applications: shown on its page, and taken back there.

use axum::response::Response;
use poundlock_core::client::ClientId;

use super::super::oidc::authorize::learns;
use super::super::url::Path;
use super::account::{not_there, told};
use super::browser::SignedIn;
use super::form::{Nothing, SignedForm};
use crate::app::App;
use crate::flow::Answer;
use crate::flow::oidc::grants as flow;
use crate::flow::session::Caller;
use crate::page::view::{GrantLine, Notice};

/// What was allowed, by application. One that asks nobody was allowed nothing, and is not here.
pub(super) async fn lines(app: &App, caller: &Caller) -> Answer<Vec<GrantLine>> {
    let allowed = flow::list(app, caller).await?.into_iter().filter_map(|grant| {
        let learns = learns(grant.scope?.split(' '));
        Some(GrantLine { client: grant.client, name: grant.name, learns, given_at: grant.given_at? })
    });
    Ok(allowed.collect())
}

/// Takes it back; the application's tokens end.
pub(crate) async fn withdraw(Path(client): Path<String>, form: SignedForm<Nothing>) -> Response {
    let SignedIn { browser, caller } = form.signed;
    let Ok(client) = ClientId::parse(&client) else { return not_there(browser) };
    let done = flow::revoke(&browser.app, &caller, client.as_str(), &browser.origin).await;
    told(browser, done, Notice::GrantWithdrawn)
}
