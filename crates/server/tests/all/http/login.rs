//! `/v1/login` and its steps.

mod alike;
mod device;
mod guard;
mod recovery;
mod totp;
