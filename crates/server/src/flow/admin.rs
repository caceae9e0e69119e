//! What an administrator does through the admin socket. Each change is recorded; nothing here sees or sets a password.

pub(crate) mod audit;
pub(crate) mod invite;
