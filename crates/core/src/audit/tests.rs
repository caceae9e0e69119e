//! Tests of the audit log, by subject.

mod chain;
mod collapse;
mod explain;
mod export;
mod finding;
mod mutation;
mod personal;
mod record;
mod world;
