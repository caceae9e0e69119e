//! The checks of requests, codes and clients, each by what it must refuse.

mod authorize;
mod client_auth;
mod code;
mod need;
mod params;
mod redirect;
mod tokens;

use crate::client::{Audience, Client, ClientKind, ClientSpec, Surroundings};
use crate::jws::Alg;
use crate::time::Time;

pub(super) const NOW: Time = Time::from_seconds(1_800_000_000);
pub(super) const ISSUER: &str = "https://login.example";
/// The verifier and challenge of RFC 7636 appendix B.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(super) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(super) const BACK: &str = "https://app.example/cb";

/// A client of this kind, changed as a test wants it.
pub(super) fn client(kind: ClientKind, change: impl FnOnce(&mut ClientSpec)) -> Client {
    let audiences = ["api", "orders"].map(|name| Audience::service(name, Alg::Es256, ISSUER).unwrap());
    let mut spec = ClientSpec {
        redirect_uris: vec![BACK.to_owned()],
        scopes: ["openid", "profile", "groups", "orders.read"].map(str::to_owned).to_vec(),
        ..ClientSpec::plain("app", kind, vec!["api".to_owned(), "orders".to_owned()])
    };
    change(&mut spec);
    Client::build(&spec, Surroundings { issuer: ISSUER, audiences: &audiences }).unwrap().client
}
