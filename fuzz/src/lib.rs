//! What must hold for any bytes that a parser is given: one body a parser, run by libFuzzer (`src/bin/cover.rs`) and
//! over the seeds in every test run. A body asserts a property; that nothing panics is the least of them.
//!
//! What this must never do: accept by leniency of its own. What a body cannot judge it leaves alone.

mod browser;
mod core;
mod edge;
mod genuine;
mod rows;
mod tokens;

pub mod seeds;

/// A parser under test.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name on the command line, of its corpus and of its dictionary.
    pub name: &'static str,
    /// What must hold.
    pub body: fn(&[u8]),
}

/// Every target (`docs/fuzz.md`).
pub const TARGETS: [Target; 18] = [
    Target { name: "jws", body: tokens::jws },
    Target { name: "claims", body: tokens::claims },
    Target { name: "jwks", body: tokens::jwks },
    Target { name: "status", body: tokens::status },
    Target { name: "password_hash", body: core::password_hash },
    Target { name: "handles", body: core::handles },
    Target { name: "client", body: core::client },
    Target { name: "audit", body: core::audit },
    Target { name: "rows", body: rows::rows },
    Target { name: "config", body: edge::config },
    Target { name: "forwarded", body: edge::forwarded },
    Target { name: "proto", body: edge::proto },
    Target { name: "proxy_header", body: edge::proxy_header },
    Target { name: "host", body: edge::host },
    Target { name: "body", body: edge::body },
    Target { name: "cookie", body: browser::cookie },
    Target { name: "return_to", body: browser::return_to },
    Target { name: "params", body: browser::params },
];

/// The target of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

#[cfg(test)]
mod tests;
