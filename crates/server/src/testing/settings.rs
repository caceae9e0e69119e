//! What a test may set of its server.

use std::net::SocketAddr;

use poundlock_core::audit::NodeName;
use poundlock_core::password::Cost;
use poundlock_core::time::Time;

use super::BEGIN;

/// What a test may set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether loopback is spared the limits by source.
    pub loopback_unlimited: bool,
    /// Cost of password hashes.
    pub cost: Cost,
    /// Whether clients at private addresses are told of logouts.
    pub private_addresses: bool,
    /// Networks of trusted proxies.
    pub trusted_proxies: Vec<String>,
    /// The issuer; `http://localhost:8080` when there is none.
    pub issuer: Option<String>,
    /// Where the server is taken to listen.
    pub listen: SocketAddr,
    /// The data folder, for what writes there.
    pub data: Option<std::path::PathBuf>,
    /// The node's name; a new one when there is none.
    pub node: Option<NodeName>,
    /// Why this server has one node even where tests run on pairs.
    pub alone: Option<&'static str>,
    /// Whether cookies are those of a browser that keeps no secure ones here.
    pub plain_cookies: bool,
    /// When the test begins; [`BEGIN`] unless it must agree with somebody else's clock.
    pub begin: Time,
}

impl Settings {
    pub(super) const fn of_tests(listen: SocketAddr) -> Self {
        Self {
            loopback_unlimited: true,
            cost: Cost::FOR_TESTS,
            private_addresses: false,
            trusted_proxies: Vec::new(),
            issuer: None,
            listen,
            data: None,
            node: None,
            alone: None,
            plain_cookies: false,
            begin: BEGIN,
        }
    }
}
