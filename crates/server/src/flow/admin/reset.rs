//! Resets a user's factors after a report of loss (MFA-17), and makes the tickets with which a user enrols a new one.
//! A ticket asks for the present password too: no single secret takes an account, and no administrator sets one (PWD-19).

use poundlock_core::audit::{Event, Key};
use poundlock_core::guard::{self, Budget, Guessable};
use poundlock_core::invite::{self, InviteRow, InviteSecret, Purpose};
use poundlock_core::notice::Kind;
use poundlock_core::time::{Span, Time};
use poundlock_store::user::{self as users, Account};
use poundlock_store::{Batch, audit, factor, guard as counters, invite as invites, login, session};

use super::super::factor::tell;
use super::super::{Answer, Refused, now};
use super::invite::Made;
use super::{ACTOR, Admins, TRIES, account, contended, find, note_about};
use crate::app::App;
use crate::journal::{Note, Origin};

/// Longest reason, in bytes: what a record keeps.
const REASON_BYTES_MAX: usize = 256;

/// Removes every factor and code of a user, ends their sessions and logins, and gives a ticket for a new factor.
pub(crate) async fn reset(app: &App, who: &str, (reason, life): (&str, Option<Span>), origin: &Origin) -> Answer<Made> {
    let (now, reason, life) = (now(app, origin)?, reason.trim(), life_of(life)?);
    if reason.is_empty() || reason.len() > REASON_BYTES_MAX {
        return Err(Refused::Unusable(format!("Say why, in 1 to {REASON_BYTES_MAX} bytes: the record keeps it.")));
    }
    let id = find(app, who).await?.user.id;
    for _ in 0..TRIES {
        let (admins, account) = Admins::beside(app, id).await?;
        let note = note_about(app, origin, now, &account).saying(reason);
        admins.refuse_last(app, &note, &account).await?;
        let (secret, row) = ticket_for(app, &account, life, now);
        let mut batch = Batch::new();
        // The account's row first: a login about to commit holds it, and what follows then sees its session.
        users::changed(&mut batch, account.user.id, account.user.version);
        factor::delete_all(&mut batch, account.user.id);
        session::end_of_user(&mut batch, account.user.id, now, "factors_reset");
        login::end_of_user(&mut batch, account.user.id);
        // What is enrolled next is another authenticator: guesses at the old one do not count against it.
        for budget in Budget::both(&app.ring, Guessable::Totp, guard::Account::Known(account.user.id)) {
            counters::clear(&mut batch, &budget);
        }
        admins.guard(&mut batch);
        invites::insert(&mut batch, &row);
        tell(app, &mut batch, &note, (Kind::FactorsReset, &account), &[("reason", reason)]);
        super::record(&mut batch, &note, Event::FactorReset, None);
        ticket_made(&mut batch, &note, &row);
        if account::ended(app, batch).await? {
            return Ok(made(&account, &secret, &row));
        }
    }
    Err(contended())
}

/// Makes a ticket alone: for a user who has no factor, or wants another.
pub(crate) async fn ticket(app: &App, who: &str, life: Option<Span>, origin: &Origin) -> Answer<Made> {
    let (now, life) = (now(app, origin)?, life_of(life)?);
    let account = find(app, who).await?;
    let (secret, row) = ticket_for(app, &account, life, now);
    let mut batch = Batch::new();
    invites::insert(&mut batch, &row);
    ticket_made(&mut batch, &note_about(app, origin, now, &account), &row);
    app.store.commit(batch).await.map_err(super::super::Fault::Commit)?;
    Ok(made(&account, &secret, &row))
}

fn ticket_for(app: &App, account: &Account, life: Span, now: Time) -> (InviteSecret, InviteRow) {
    invite::make(&Purpose::Ticket { user: account.user.id }, life, now, &app.ring, &app.rng)
}

fn ticket_made(batch: &mut Batch, note: &Note<'_>, row: &InviteRow) {
    let record = note.record(Event::TicketMade).with(Key::Actor, ACTOR).with(Key::Target, row.id.to_string());
    audit::record(batch, &record);
}

fn made(account: &Account, secret: &InviteSecret, row: &InviteRow) -> Made {
    Made { invite: secret.text(), id: row.id, name: account.user.name.clone(), expires_at: row.expires_at }
}

/// The life of an invite or ticket: the default, or one within its limits.
pub(super) fn life_of(wanted: Option<Span>) -> Answer<Span> {
    let life = wanted.unwrap_or(invite::LIFE_DEFAULT);
    if life < Span::from_seconds(1) || life > invite::LIFE_MAX {
        let max = invite::LIFE_MAX.seconds();
        return Err(Refused::Unusable(format!("life_seconds must be 1 to {max}.")));
    }
    Ok(life)
}
