//! Tells clients that a session has ended (Back-Channel Logout §2.5). What is to be told stands in the row of the
//! client's family: whoever ends a session need not know of it, and nothing is forgotten in a crash.
//!
//! What it must never do: reach into the operator's own network because a registration says so, follow a redirect, or
//! wait for a client for long.

mod reach;
#[cfg(test)]
mod tests;

use std::time::Duration;

use poundlock_core::audit::{Event, Key, Record};
use poundlock_core::client::Client;
use poundlock_core::id::RecordId;
use poundlock_core::oidc::{encode, logout};
use poundlock_core::time::{Span, Time};
use poundlock_store::refresh::{self, LogoutDue};
use poundlock_store::{Batch, CommitError, audit, user};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;

use crate::app::{App, SharedApp};

/// How many are told in one turn.
const AT_ONCE: i64 = 32;

/// How long one client may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// How long to wait after each failure; after the last one nobody is told any more.
const AGAIN: [Span; 6] = [
    Span::from_seconds(10),
    Span::from_minutes(1),
    Span::from_minutes(5),
    Span::from_minutes(30),
    Span::from_hours(2),
    Span::from_hours(6),
];

/// One turn: everything that is due.
pub(crate) async fn tell(app: SharedApp) -> anyhow::Result<()> {
    let Ok(now) = app.time.now() else { return Ok(()) };
    let due = refresh::logouts_due(&app.store, now, AT_ONCE).await?;
    if due.is_empty() {
        return Ok(());
    }
    let http = http(&app)?;
    let mut under_way = tokio::task::JoinSet::new();
    for due in due {
        under_way.spawn(tell_one(SharedApp::clone(&app), http.clone(), due, now));
    }
    while let Some(told) = under_way.join_next().await {
        told??;
    }
    Ok(())
}

/// A client for these calls: it goes where the address leads, and nowhere else.
fn http(app: &App) -> anyhow::Result<reqwest::Client> {
    let builder = reqwest::Client::builder().redirect(Policy::none()).no_proxy().timeout(ANSWER_WITHIN);
    let builder = builder.connect_timeout(ANSWER_WITHIN).user_agent("poundlock");
    let resolver = reach::Resolver::new(app.config.oidc.private_addresses);
    Ok(builder.dns_resolver(std::sync::Arc::new(resolver)).build()?)
}

async fn tell_one(app: SharedApp, http: reqwest::Client, due: LogoutDue, now: Time) -> anyhow::Result<()> {
    if !take(&app, &due, now).await? {
        return Ok(());
    }
    let Some(client) = app.registry.load().client(Some(&due.client)).cloned() else {
        return done(&app, &due, now).await;
    };
    match post(&app, &http, &due, (&client, now)).await {
        Ok(()) => done(&app, &due, now).await,
        Err(error) => {
            tracing::warn!(client = %due.client, error = format!("{error:#}"), "a client was not told of a logout");
            Ok(())
        }
    }
}

/// Taken before it is told: of several nodes one has it, and one that dies on the way is taken over later. After the last
/// try nobody has it any more.
async fn take(app: &App, due: &LogoutDue, now: Time) -> anyhow::Result<bool> {
    let wait = usize::try_from(due.tries).ok().and_then(|tries| AGAIN.get(tries).copied());
    let mut batch = Batch::new();
    match wait {
        Some(wait) => refresh::logout_taken(&mut batch, due, now + wait),
        None => {
            refresh::logout_told(&mut batch, due.family);
            record(app, &mut batch, due, (Event::LogoutUntold, now));
        }
    }
    match app.store.commit(batch).await {
        Ok(_) => Ok(wait.is_some()),
        Err(CommitError::Conflict { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn post(
    app: &App,
    http: &reqwest::Client,
    due: &LogoutDue,
    (client, now): (&Client, Time),
) -> anyhow::Result<()> {
    let Some(uri) = &client.backchannel_logout_uri else { return Ok(()) };
    reach::refuse_private(uri, app.config.oidc.private_addresses)?;
    let account = user::by_id(&app.store, due.user).await?;
    let subject = account.as_ref().map(|account| &account.user.subject);
    let keys = app.keys.load();
    let key = keys.set.signing(client.id_token_alg);
    let key = key.ok_or_else(|| anyhow::anyhow!("there is no {} key yet", client.id_token_alg))?;
    let token = logout::token((&app.issuer, client), (due.session, subject), key, now, &app.rng)?;
    let mut body = String::new();
    encode(&mut body, [("logout_token", token.as_str())]);
    let sent = http.post(uri).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body).send().await;
    // The address may hold what a log must not.
    let status = sent.map_err(reqwest::Error::without_url)?.status();
    anyhow::ensure!(status.is_success(), "the client answered {status}");
    Ok(())
}

async fn done(app: &App, due: &LogoutDue, now: Time) -> anyhow::Result<()> {
    let mut batch = Batch::new();
    refresh::logout_told(&mut batch, due.family);
    record(app, &mut batch, due, (Event::LogoutTold, now));
    app.store.commit(batch).await?;
    Ok(())
}

fn record(app: &App, batch: &mut Batch, due: &LogoutDue, (event, now): (Event, Time)) {
    let record = Record::new(RecordId::new(now, &app.rng), now, &app.journal.node, event);
    let record = record.asked_by(&due.client).within(due.session).with(Key::Tried, due.tries + 1);
    audit::record(batch, &record);
}
