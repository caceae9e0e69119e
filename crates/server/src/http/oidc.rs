//! `OAuth` and `OpenID` Connect over HTTP: parameters in, redirects, JSON and pages out. Decides nothing.

pub(crate) mod authorize;
pub(crate) mod discovery;
pub(crate) mod error;
pub(crate) mod form;
pub(crate) mod grants;
pub(crate) mod logout;
pub(crate) mod token;
pub(crate) mod userinfo;
