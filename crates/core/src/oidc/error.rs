//! The errors of `OAuth` (RFC 6749 §4.1.2.1 and §5.2), `OpenID` Connect (Core §3.1.2.6) and RFC 9470 §5, as a closed
//! list. Never says more than the standard's word and one sentence of ours.

use std::borrow::Cow;

/// Defines the errors and their words from one table.
macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// A registered error.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum OauthError {
            $($(#[$doc])* $name,)*
        }

        impl OauthError {
            /// Each error once.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The value of the `error` member or parameter.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }
    };
}

errors! {
    /// A parameter is missing, repeated or malformed.
    InvalidRequest = "invalid_request",
    /// The client is unknown, or did not prove that it is itself.
    InvalidClient = "invalid_client",
    /// The code or refresh token is unknown, spent, over, or another client's.
    InvalidGrant = "invalid_grant",
    /// This client may not ask in this way.
    UnauthorizedClient = "unauthorized_client",
    /// A grant type that does not exist here.
    UnsupportedGrantType = "unsupported_grant_type",
    /// A response type that does not exist here.
    UnsupportedResponseType = "unsupported_response_type",
    /// A scope that the client may not have.
    InvalidScope = "invalid_scope",
    /// An audience that the client may not have (RFC 8707 §2).
    InvalidTarget = "invalid_target",
    /// The user said no, or may not.
    AccessDenied = "access_denied",
    /// Nobody is logged in, or not freshly enough, and no page may be shown (Core §3.1.2.6).
    LoginRequired = "login_required",
    /// The user has not consented, and no page may be shown.
    ConsentRequired = "consent_required",
    /// Some other page would be needed, and none may be shown.
    InteractionRequired = "interaction_required",
    /// The strength that was asked for was not reached (RFC 9470 §5).
    UnmetAuthenticationRequirements = "unmet_authentication_requirements",
    /// The second factor must be proved again before this session goes on (RFC 9470 §3).
    InsufficientUserAuthentication = "insufficient_user_authentication",
    /// Request objects are not taken (Core §6).
    RequestNotSupported = "request_not_supported",
    /// Request objects by reference are not taken.
    RequestUriNotSupported = "request_uri_not_supported",
    /// Registration inside the request is not taken (Core §7.2.1).
    RegistrationNotSupported = "registration_not_supported",
    /// The access token is missing, over or not ours (RFC 6750 §3.1).
    InvalidToken = "invalid_token",
    /// The access token lacks the scope (RFC 6750 §3.1).
    InsufficientScope = "insufficient_scope",
    /// Asked too often, or too much to do at once.
    TemporarilyUnavailable = "temporarily_unavailable",
    /// A fault of ours.
    ServerError = "server_error",
}

/// An error and the sentence that explains it to the developer of the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {description}", .error.code())]
pub struct Refusal {
    /// The registered word.
    pub error: OauthError,
    /// Printable ASCII without quotes and backslashes (RFC 6749 §5.2); never a value that was sent.
    pub description: Cow<'static, str>,
}

impl Refusal {
    /// An error with its explanation.
    #[must_use]
    pub const fn new(error: OauthError, description: &'static str) -> Self {
        Self { error, description: Cow::Borrowed(description) }
    }

    pub(super) const fn invalid(description: &'static str) -> Self {
        Self::new(OauthError::InvalidRequest, description)
    }
}
