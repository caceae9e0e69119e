//! First enrolment of an authenticator app inside an accepted invite. The confirmation is the login.

use poundlock_core::audit::{Event, Key};
use poundlock_core::login::{Login, Step};
use poundlock_core::secret::Secret;
use poundlock_core::totp::Code;
use poundlock_store::user::Account;
use poundlock_store::{Batch, login};

use super::login::load;
use super::session::{Opened, open_enrolled};
use super::{Answer, Denial, Fault, Refused, commit, refuse, refuse_unrecorded};
use crate::app::SharedApp;
use crate::journal::{Note, Origin};

/// A seed to show once.
#[derive(Debug)]
pub(crate) struct Offered {
    pub(crate) secret: Secret<String>,
    pub(crate) uri: Secret<String>,
}

/// Offers a new seed; asked again, the unconfirmed one is replaced.
pub(crate) async fn offer(app: SharedApp, handle: Secret<String>, origin: Origin) -> Answer<Offered> {
    let now = super::now(&app, &origin)?;
    let (login, account) = load(&app, &handle, &origin, now).await?;
    let name = account_name(&login, account.as_ref());
    let Step::Offer(offered) = login.offer_totp(now, &app.rng) else {
        return Err(refuse_unrecorded(&origin, Denial::WrongStep));
    };
    let Some(seed) = offered.offered() else {
        return Err(Fault::Other("an offer without its seed".to_owned()).into());
    };
    let shown = Offered { secret: seed.base32(), uri: seed.uri(&issuer_label(&app.issuer), &name) };
    let mut batch = Batch::new();
    login::advance(&mut batch, &offered.row(&app.ring, &app.rng));
    match commit(&app, batch).await? {
        Some(_) => Ok(shown),
        None => Err(refuse_unrecorded(&origin, Denial::Gone)),
    }
}

/// Confirms with a first code: account, factor, recovery codes, spent invite and session are one batch.
pub(crate) async fn confirm(app: SharedApp, handle: Secret<String>, code: Code, origin: Origin) -> Answer<Opened> {
    let now = super::now(&app, &origin)?;
    let (login, account) = load(&app, &handle, &origin, now).await?;
    super::to_the_end(async move {
        let note = Note::new(&app, &origin, now)
            .client(&login.request().client.clone())
            .about_maybe(account.as_ref().map(|account| &account.user));
        let mut batch = Batch::new();
        login::spend_opened(&mut batch, &login);
        let target = *login.id().as_bytes();
        match login.confirm_totp(&code, now, &app.ring, &app.rng) {
            Step::Grant(granted) => open_enrolled(&app, &note, *granted, account.as_ref(), batch).await,
            Step::Deny(denial) => {
                let record = note.record(Event::LoginSecondRefused).with(Key::Rule, "enrolment");
                Err(refuse(&app, Batch::new(), record, denial, &target).await)
            }
            _ => Err(Refused::Fault(Fault::Other("a confirmation led elsewhere".to_owned()))),
        }
    })
    .await
}

fn account_name(login: &Login, account: Option<&Account>) -> String {
    login.new_user_name().cloned().or_else(|| account.map(|account| account.user.name.clone())).unwrap_or_default()
}

/// What authenticator apps show above the code: the issuer's host.
pub(crate) fn issuer_label(issuer: &str) -> String {
    let host = issuer.split("://").nth(1).unwrap_or(issuer);
    let host = host.split('/').next().unwrap_or(host);
    format!("Poundlock {}", host.replace(':', " "))
}
