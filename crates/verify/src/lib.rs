//! Checks Poundlock access tokens offline.
//!
//! A service needs the issuer's name, its own audience and the issuer's public keys. A check then costs no look-up:
//! signature, claims and, if a status list is at hand, one bit. The crate never signs, never fetches, and has no clock:
//! `now` is a parameter. Algorithm and key come from the key set, never from the token.
//!
//! ```
//! use poundlock_verify::{Acr, JwkSet, Reject, Require, Seconds, Verifier};
//!
//! # const JWKS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/example/jwks.json"));
//! # const TOKEN: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/example/token.jwt"));
//! # fn main() -> Result<(), Reject> {
//! // Once, and again when the keys were fetched anew:
//! let keys = JwkSet::parse(JWKS.as_bytes())?;
//! let verifier = Verifier::new("https://login.example", "https://api.example").with_keys(keys);
//!
//! // For each request; `now` comes from your clock:
//! let now = Seconds::new(1_790_000_060);
//! let claims = verifier.check(TOKEN, now)?;
//! assert_eq!(claims.sub, "usr_4kq2");
//! assert!(claims.has_scope("orders:read"));
//!
//! // Where it matters, ask for a strong and fresh login:
//! Require::acr(Acr::Phr).max_age(Seconds::new(600)).check(&claims, now)?;
//!
//! // A refusal has a stable code and says what to do:
//! let late = verifier.check(TOKEN, Seconds::new(1_790_009_999));
//! assert_eq!(late, Err(Reject::Expired));
//! assert_eq!(late.unwrap_err().code(), "expired");
//! # Ok(())
//! # }
//! ```
//!
//! Two things are left to the caller. A token's bytes are not its identity: an ECDSA signature has a second valid
//! form, so lists and caches of tokens that refuse must go by `jti` or `sid`. And [`Verifier::check`] refuses tokens
//! that are bound to a key; a caller that verified a DPoP proof says so through [`Context::with_proof`].

#![warn(missing_docs)]

mod acr;
mod alg;
pub mod b64;
mod claims;
mod error;
mod explain;
mod jwk;
mod jwks;
pub mod jws;
mod require;
mod seconds;
mod status;
mod strict;
mod verifier;

pub use acr::Acr;
pub use alg::Alg;
pub use claims::{Audience, Claims, Confirmation, Status, StatusRef};
pub use error::Reject;
pub use explain::{Check, Outcome};
pub use jwk::{Jwk, PublicKey};
pub use jwks::{JWKS_BYTES_MAX, JWKS_KEYS_MAX, JwkSet};
pub use require::Require;
pub use seconds::Seconds;
pub use status::{
    EncodedList, STATUS_LIST_BYTES_MAX, STATUS_LIST_TYP, StatusBits, StatusList, StatusListClaims, StatusValue,
};
pub use verifier::{ACCESS_TOKEN_LIFETIME_MAX, ACCESS_TOKEN_TYP, Context, Verifier};
