//! Decides `OAuth` and `OpenID` Connect: which request for a code stands, what it still needs, what a code gives, what
//! an ID token says. Never touches storage, never sends a browser anywhere by itself.

pub mod authorize;
pub mod client_auth;
pub mod code;
pub mod consent;
mod error;
mod id_token;
pub mod logout;
mod metadata;
pub mod need;
mod params;
pub mod pkce;
mod redirect;
#[cfg(test)]
mod tests;

pub use self::error::{OauthError, Refusal};
pub use self::id_token::{IdSaying, Profile, claims_of};
pub use self::metadata::metadata;
pub use self::params::{BadParams, Params, encode};
pub use self::redirect::{is_registered, with_query};

/// The scope word that makes a request one of `OpenID` Connect (Core §3.1.2.1).
pub const OPENID: &str = "openid";

/// The scope words that the server itself gives a meaning, in the order of its metadata.
pub const SCOPES: [&str; 3] = [OPENID, "profile", "groups"];
