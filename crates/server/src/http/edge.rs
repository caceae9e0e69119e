//! What every request passes before a handler sees it.

pub(crate) mod accept;
pub(crate) mod arrival;
pub(crate) mod arrived;
pub(crate) mod bearer;
pub(crate) mod caps;
pub(crate) mod client_ip;
pub(crate) mod connection;
pub(crate) mod cookie;
pub(crate) mod cors;
pub(crate) mod csrf;
pub(crate) mod forwarded;
pub(crate) mod headers;
pub(crate) mod host;
pub(crate) mod listener;
pub(crate) mod peer;
pub(crate) mod places;
pub(crate) mod proxy_header;
pub(crate) mod request_id;
pub(crate) mod via;
