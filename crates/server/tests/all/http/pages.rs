//! The pages, as a browser without scripts uses them: forms, cookies, redirects.

mod account;
pub(crate) mod browser;
mod channel;
mod csrf;
mod headers;
mod passkey;
mod refused;
mod return_to;
mod session;
mod sign_in;
mod tabs;
mod whole;
