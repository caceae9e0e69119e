//! What the server says of itself (Discovery §3, RFC 8414 §2, RFC 9207 §3): what it does, and nothing that it does not.

use serde_json::{Value, json};

use super::SCOPES;
use super::authorize::Prompt;
use crate::jws::Alg;
use crate::token::Acr;

/// The strengths of a login, the weakest first.
const STRENGTHS: [Acr; 4] = [Acr::Recovery, Acr::Aal2, Acr::Phr, Acr::Phrh];

/// The document for both well-known addresses; `strongest` is what a login can reach here.
#[must_use]
pub fn metadata(issuer: &str, languages: &[&str], strongest: Acr) -> Value {
    let base = issuer.trim_end_matches('/');
    let at = |path: &str| format!("{base}{path}");
    let reachable = STRENGTHS.into_iter().filter(|acr| *acr <= strongest).map(Acr::as_str).collect::<Vec<_>>();
    let algs = [Alg::Es256, Alg::Rs256, Alg::EdDsa].map(Alg::as_str);
    json!({
        "issuer": issuer,
        "authorization_endpoint": at("/oauth/authorize"),
        "token_endpoint": at("/oauth/token"),
        "userinfo_endpoint": at("/oidc/userinfo"),
        "end_session_endpoint": at("/oidc/logout"),
        "jwks_uri": at("/.well-known/jwks.json"),
        "scopes_supported": SCOPES,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algs,
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "acr_values_supported": reachable,
        "prompt_values_supported": Prompt::ALL.map(Prompt::as_str),
        "claims_supported": [
            "iss", "sub", "aud", "azp", "iat", "exp", "auth_time", "nonce", "acr", "amr", "sid", "at_hash",
            "name", "preferred_username", "groups",
        ],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "ui_locales_supported": languages,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
    })
}
