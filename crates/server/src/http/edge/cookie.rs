//! Our cookies: what they are called, how they are read and set. Nothing else in `http` writes a `Set-Cookie`.
//!
//! `__Host-` keeps other hosts and paths from planting one (RFC 6265bis section 4.1.3.2), the port in the name keeps two
//! servers on one machine apart, since browsers do not. `SameSite=Lax` and not `Strict`: who comes from an application to
//! `/oauth/authorize`, or from a link in a mail to their account, is signed in and would not look it with `Strict`. Every
//! form has a token of its own against what `Lax` lets through (SES-07).

#[cfg(test)]
mod tests;

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use poundlock_core::id::LoginId;
use poundlock_core::secret::Secret;

use crate::app::App;

/// A cookie of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The browser's session. It goes when the browser ends (SES-03).
    Session,
    /// What the tokens of forms are bound to.
    Form,
    /// The known devices of this browser.
    Device,
    /// The secret of one login, named by its id: two tabs hold two.
    Login(LoginId),
    /// A step-up that waits for its change.
    StepUp,
    /// An invite between the two halves of its page.
    Invite,
    /// What the next page is to say.
    Said,
    /// The language that was chosen.
    Language,
}

impl Kind {
    fn word(self) -> String {
        match self {
            Self::Session => "session".to_owned(),
            Self::Form => "form".to_owned(),
            Self::Device => "device".to_owned(),
            Self::Login(id) => format!("login_{id}"),
            Self::StepUp => "step_up".to_owned(),
            Self::Invite => "invite".to_owned(),
            Self::Said => "said".to_owned(),
            Self::Language => "language".to_owned(),
        }
    }

    /// How long the browser keeps it, in seconds; `None` until the browser ends.
    const fn life(self) -> Option<u32> {
        match self {
            Self::Session | Self::Form => None,
            // As long as browsers keep any (RFC 6265bis section 5.5): a device is known until it is revoked.
            Self::Device | Self::Language => Some(400 * 24 * 3600),
            Self::Login(_) | Self::Invite => Some(600),
            Self::StepUp => Some(300),
            Self::Said => Some(60),
        }
    }
}

/// How the cookies of this server are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    plain: bool,
    suffix: String,
}

impl Names {
    /// Those of this server.
    pub(crate) fn of(app: &App) -> Self {
        Self::new(&app.issuer, app.config.pages.dev_plain_cookies)
    }

    /// Those of a server with this issuer.
    pub(crate) fn new(issuer: &str, plain: bool) -> Self {
        let authority = issuer.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let local = ["localhost", "127.0.0.1", "[::1]"].iter().find_map(|host| authority.strip_prefix(host));
        let port = local.and_then(|rest| rest.strip_prefix(':')).map(|port| format!("_{port}"));
        Self { plain, suffix: port.unwrap_or_default() }
    }

    fn name(&self, kind: Kind) -> String {
        let prefix = if self.plain { "" } else { "__Host-" };
        format!("{prefix}pl_{}{}", kind.word(), self.suffix)
    }

    /// The value of a cookie. One that comes twice is none: somebody has planted the other.
    pub(crate) fn read(&self, headers: &HeaderMap, kind: Kind) -> Option<Secret<String>> {
        let name = self.name(kind);
        let mut values = pairs(headers).filter(|(found, _)| *found == name).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (Some(value), None) => Some(Secret::new(value.to_owned())),
            _ => None,
        }
    }

    /// The logins that the browser holds, the oldest first.
    pub(crate) fn logins(&self, headers: &HeaderMap) -> Vec<LoginId> {
        let prefix = if self.plain { "pl_login_" } else { "__Host-pl_login_" };
        let id = |name: &str| name.strip_prefix(prefix)?.strip_suffix(&self.suffix)?.parse().ok();
        let mut ids: Vec<LoginId> = pairs(headers).filter_map(|(name, _)| id(name)).collect();
        ids.sort();
        ids
    }

    /// Sets a cookie.
    pub(crate) fn set(&self, kind: Kind, value: &Secret<String>) -> Option<HeaderValue> {
        self.line(kind, value.reveal(), kind.life())
    }

    /// Has the browser forget a cookie.
    pub(crate) fn clear(&self, kind: Kind) -> Option<HeaderValue> {
        self.line(kind, "", Some(0))
    }

    fn line(&self, kind: Kind, value: &str, life: Option<u32>) -> Option<HeaderValue> {
        let secure = if self.plain { "" } else { "; Secure" };
        let age = life.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        let line = format!("{}={value}; Path=/{secure}; HttpOnly; SameSite=Lax{age}", self.name(kind));
        let mut line = HeaderValue::try_from(line).ok()?;
        line.set_sensitive(true);
        Some(line)
    }
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='))
}
