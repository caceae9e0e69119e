//! `OpenID` Connect, as an application and a browser without scripts use it.

mod account;
mod authorize;
mod canary;
mod changed;
mod cors;
mod kinds;
mod library;
mod logout;
mod refresh;
mod token;
mod userinfo;
mod world;
