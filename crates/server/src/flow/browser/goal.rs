//! Where a login goes when it is granted, as a page asks for it.

use poundlock_core::login::{Channel, Login, Then};
use poundlock_core::oidc::authorize::REQUEST_BYTES_MAX;
use poundlock_core::return_to::ReturnTo;

use crate::app::App;
use crate::page::url;

/// Where a login goes, and so which channel it comes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// To tokens, through the API.
    Tokens,
    /// To a page of this server.
    Page(ReturnTo),
    /// On with a request for a code, by the name that the browser carries.
    Code(String),
}

impl Goal {
    /// The goal of a sign-in page, from what its address or form names. What cannot be one is left aside: a link that is
    /// broken still lets its reader sign in, and leads nowhere else.
    pub(crate) fn of_page(return_to: Option<&str>, request: Option<&str>) -> Self {
        match request.filter(|name| is_name(name)) {
            Some(name) => Self::Code(name.to_owned()),
            None => Self::Page(return_to.and_then(ReturnTo::parse).unwrap_or_else(ReturnTo::account)),
        }
    }

    /// Where its login is held.
    pub(crate) const fn channel(&self) -> Channel {
        match self {
            Self::Tokens => Channel::Api,
            Self::Page(_) | Self::Code(_) => Channel::Page,
        }
    }

    /// The audience that a page's session is for: the account. An application's own follow from its request.
    pub(crate) fn audience<'a>(&self, app: &'a App) -> Option<&'a str> {
        match self {
            Self::Tokens => None,
            Self::Page(_) | Self::Code(_) => Some(&app.account_audience),
        }
    }

    /// The same, as a login keeps it.
    pub(crate) fn then(self) -> Then {
        match self {
            Self::Tokens => Then::Tokens,
            Self::Page(path) => Then::Page { return_to: path.as_str().to_owned() },
            Self::Code(request) => Then::Code { request },
        }
    }

    /// The login, on its way there.
    pub(crate) fn of(self, login: Login) -> Login {
        login.towards(self.then())
    }

    /// The address of the page that begins a login for it.
    pub(crate) fn sign_in(&self) -> String {
        match self {
            Self::Code(request) => format!("{}?request={request}", url::SIGN_IN),
            Self::Page(path) if *path != ReturnTo::account() => {
                format!("{}?return_to={}", url::SIGN_IN, encoded(path.as_str()))
            }
            Self::Page(_) | Self::Tokens => url::SIGN_IN.to_owned(),
        }
    }
}

/// Where the browser goes after the grant.
pub(crate) fn next(then: &Then) -> String {
    match then {
        Then::Code { request } => format!("{}?request={request}", url::AUTHORIZE_CONTINUE),
        // Checked when the login began, and sealed since; looked at again because it costs nothing.
        Then::Page { return_to } => ReturnTo::parse(return_to).unwrap_or_else(ReturnTo::account).as_str().to_owned(),
        _ => url::ACCOUNT.to_owned(),
    }
}

/// Letters that stand in any address as they are: what oidc calls a request is never anything else.
fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    !text.is_empty() && text.len() <= REQUEST_BYTES_MAX && text.bytes().all(fits)
}

fn encoded(path: &str) -> String {
    path.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b'?' | b'&' | b'%' | b'+' | b'=' => text.push_str(&format!("%{byte:02X}")),
            _ => text.push(char::from(byte)),
        }
        text
    })
}
