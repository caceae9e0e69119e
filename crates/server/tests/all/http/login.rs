//! `/v1/login` and its steps.

mod alike;
mod device;
mod flood;
mod guard;
mod handles;
mod hang_up;
mod recovery;
mod totp;
