//! The server and its command line. One library so that tests can drive the same router; one binary that runs it.

mod app;
mod boot;
mod client;
mod clock;
mod cmd;
mod config;
mod descriptors;
mod flow;
mod hasher;
mod http;
mod jobs;
mod journal;
mod log;
mod metrics;
#[cfg_attr(not(test), expect(dead_code, reason = "consent and passkeys come with the branches beside this one"))]
mod page;
mod readiness;
mod refusals;
mod registry;
mod relocation;
mod restore;
mod rng;
mod serving;
mod spans;
mod status;
mod systemd;
mod timekeeper;
mod tls;

#[cfg(feature = "testing")]
pub mod testing;

use std::process::ExitCode;

/// Runs the command line.
pub fn run() -> ExitCode {
    cmd::run()
}
