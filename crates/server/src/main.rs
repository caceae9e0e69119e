//! The server and its command line.

#[cfg_attr(not(test), expect(dead_code, reason = "the application starts the pool"))]
mod hasher;

fn main() {}
