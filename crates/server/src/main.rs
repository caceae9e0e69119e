//! The server and its command line, in one binary.

mod app;
mod boot;
mod client;
mod clock;
mod cmd;
mod config;
mod flow;
mod hasher;
mod http;
mod jobs;
mod journal;
mod registry;
mod rng;
mod serving;
mod status;
mod timekeeper;

use std::process::ExitCode;

fn main() -> ExitCode {
    cmd::run()
}
