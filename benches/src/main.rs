//! Measures the goals of `docs/performance.md` and the timing of refused logins, and writes both down. Run through
//! `cargo xtask bench` and `cargo xtask timing`, which build what is measured first. Nothing of the product depends on it.

mod call;
mod clock;
mod goal;
mod http;
mod load;
mod machine;
mod random;
mod report;
mod rounds;
mod server;
mod stats;
mod timing;
mod world;

use std::process::ExitCode;

use anyhow::Result;

use crate::call::{Call, Command};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("poundlock-bench: {fault:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether every goal that was measured is met.
fn run() -> Result<bool> {
    let call = Call::parse(std::env::args().skip(1))?;
    match call.command {
        Command::Goals => goal::run(&call),
        Command::Timing => timing::run(&call),
        Command::Growth => goal::growth(&call),
    }
}
