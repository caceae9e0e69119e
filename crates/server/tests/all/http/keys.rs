//! `GET /.well-known/jwks.json`: what others need to check tokens, through the whole life of a key.

mod jwks;
mod turning;
