//! A client as an operator writes it, and what is wrong with it. Reports every problem at once, never the first alone.

use serde::{Deserialize, Serialize};

use super::lives::{lives, warnings};
use super::problem::{ClientProblem, ClientWarning};
use super::uri::{refuse_bad_backchannel, refuse_bad_origin, refuse_bad_redirect};
use super::{Audience, AudienceName, Client, ClientId, ClientKind, Scope};
use crate::jws::Alg;
use crate::whole;

/// A client as it is configured and stored. What is left out gets the default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSpec {
    /// See [`ClientId`].
    pub id: String,
    /// What people see it called; its id when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// See [`ClientKind`].
    pub kind: ClientKind,
    /// Names of configured audiences; at least one.
    pub audiences: Vec<String>,
    /// The audience of requests that name none; the first one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_audience: Option<String>,
    /// The scope words it may ask for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Where a browser may be sent back to, exactly.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// Where a browser may be sent back to after a logout, exactly.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
    /// Where word of a session's end is posted to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// The browser origins that may call with JavaScript, exactly.
    #[serde(default)]
    pub origins: Vec<String>,
    /// The algorithm of its ID tokens: ES256 when left out, or RS256 or `EdDSA`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_alg: Option<String>,
    /// Whether a confidential client may ask for codes without PKCE. It must then send a nonce.
    #[serde(default, skip_serializing_if = "is_false")]
    pub pkce_optional: bool,
    /// Whether its codes give a refresh token too: yes when left out.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub refresh_tokens: bool,
    /// Whether a confidential client is the operator's own, so that users are not asked for consent.
    #[serde(default, skip_serializing_if = "is_false")]
    pub trusted: bool,
    /// Life of an access token in seconds: 300 when left out, at most 3,600.
    #[serde(default, deserialize_with = "whole::optional", skip_serializing_if = "Option::is_none")]
    pub access_life_seconds: Option<i64>,
    /// Idle limit of a session in seconds: 3,600 when left out.
    #[serde(default, deserialize_with = "whole::optional", skip_serializing_if = "Option::is_none")]
    pub idle_seconds: Option<i64>,
    /// Absolute limit of a session in seconds: 86,400 when left out.
    #[serde(default, deserialize_with = "whole::optional", skip_serializing_if = "Option::is_none")]
    pub absolute_seconds: Option<i64>,
    /// Age in seconds from which the second factor is asked for again: 43,200 when left out.
    #[serde(default, deserialize_with = "whole::optional", skip_serializing_if = "Option::is_none")]
    pub mfa_max_age_seconds: Option<i64>,
    /// Whether tokens must be bound to a DPoP key.
    #[serde(default)]
    pub dpop_required: bool,
    /// The groups that tokens may show.
    #[serde(default)]
    pub groups_released: Vec<String>,
}

impl ClientSpec {
    /// A client of these audiences that leaves everything else at its default and may have nothing more.
    #[must_use]
    pub fn plain(id: &str, kind: ClientKind, audiences: Vec<String>) -> Self {
        Self {
            id: id.to_owned(),
            name: None,
            kind,
            audiences,
            default_audience: None,
            scopes: Vec::new(),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            origins: Vec::new(),
            id_token_alg: None,
            pkce_optional: false,
            refresh_tokens: true,
            trusted: false,
            access_life_seconds: None,
            idle_seconds: None,
            absolute_seconds: None,
            mfa_max_age_seconds: None,
            dpop_required: false,
            groups_released: Vec::new(),
        }
    }
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_true(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// What a client is checked against.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The `iss` of this server.
    pub issuer: &'a str,
    /// The configured audiences.
    pub audiences: &'a [Audience],
}

/// A checked client, and what its operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The client.
    pub client: Client,
    /// What is allowed but longer than is good.
    pub warnings: Vec<ClientWarning>,
}

impl Client {
    /// Checks a client as configured.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn build(spec: &ClientSpec, around: Surroundings<'_>) -> Result<Built, Vec<ClientProblem>> {
        let mut problems = Vec::new();
        let id = ClientId::parse(&spec.id).map_err(|why| problems.push(why.into())).ok();
        if spec.name.as_deref().is_some_and(is_bad_name) {
            problems.push(ClientProblem::Name);
        }
        let audiences = audiences(spec, around, &mut problems);
        let default_audience = default_audience(spec, &audiences, &mut problems);
        let scope = Scope::from_words(spec.scopes.iter().map(String::as_str));
        let scope = scope.map_err(|why| problems.push(why.into())).unwrap_or_default();
        refuse_bad_addresses(spec, &mut problems);
        let id_token_alg = id_token_alg(spec, &mut problems);
        refuse_unproved(spec, &mut problems);
        let lives = lives(spec, &mut problems);
        let (Some(id), true) = (id, problems.is_empty()) else { return Err(problems) };
        let warnings = warnings(&id, &lives);
        let account = (spec.kind == ClientKind::FirstParty).then(|| Audience::account(around.issuer));
        let client = Self {
            name: spec.name.clone().unwrap_or_else(|| id.as_str().to_owned()),
            id,
            kind: spec.kind,
            audiences,
            default_audience,
            account,
            scope,
            redirect_uris: spec.redirect_uris.clone(),
            post_logout_redirect_uris: spec.post_logout_redirect_uris.clone(),
            backchannel_logout_uri: spec.backchannel_logout_uri.clone(),
            origins: spec.origins.clone(),
            id_token_alg,
            pkce_optional: spec.pkce_optional,
            refresh_tokens: spec.refresh_tokens,
            trusted: spec.trusted || spec.kind == ClientKind::FirstParty,
            access_life: lives.access,
            idle: lives.idle,
            absolute: lives.absolute,
            mfa_max_age: lives.mfa_max_age,
            dpop_required: spec.dpop_required,
            groups_released: spec.groups_released.clone(),
        };
        Ok(Built { client, warnings })
    }
}

fn audiences(spec: &ClientSpec, around: Surroundings<'_>, problems: &mut Vec<ClientProblem>) -> Vec<Audience> {
    let mut found: Vec<Audience> = Vec::new();
    for name in &spec.audiences {
        // Looked at before the list: a list that holds the account API by mistake must not open it.
        if AudienceName::parse(name).is_ok_and(|name| name.is_account_of(around.issuer)) {
            problems.push(ClientProblem::AccountAudience(name.clone()));
            continue;
        }
        match around.audiences.iter().find(|audience| audience.name.as_str() == name) {
            Some(audience) if !found.contains(audience) => found.push(audience.clone()),
            Some(_) => {}
            None => problems.push(ClientProblem::UnknownAudience(name.clone())),
        }
    }
    if spec.audiences.is_empty() {
        problems.push(ClientProblem::NoAudience);
    }
    found
}

fn default_audience(spec: &ClientSpec, audiences: &[Audience], problems: &mut Vec<ClientProblem>) -> usize {
    let Some(name) = &spec.default_audience else { return 0 };
    let found = audiences.iter().position(|audience| audience.name.as_str() == name);
    if found.is_none() {
        problems.push(ClientProblem::DefaultAudience(name.clone()));
    }
    found.unwrap_or(0)
}

fn refuse_bad_addresses(spec: &ClientSpec, problems: &mut Vec<ClientProblem>) {
    let afterwards =
        [("redirect_uris", &spec.redirect_uris), ("post_logout_redirect_uris", &spec.post_logout_redirect_uris)];
    for (field, uri) in afterwards.into_iter().flat_map(|(field, uris)| uris.iter().map(move |uri| (field, uri))) {
        if let Err(why) = refuse_bad_redirect(uri) {
            problems.push(ClientProblem::Redirect { field, uri: uri.clone(), why });
        }
    }
    if let Some(uri) = &spec.backchannel_logout_uri
        && let Err(why) = refuse_bad_backchannel(uri)
    {
        problems.push(ClientProblem::Redirect { field: "backchannel_logout_uri", uri: uri.clone(), why });
    }
    for origin in &spec.origins {
        if let Err(why) = refuse_bad_origin(origin) {
            problems.push(ClientProblem::Origin { origin: origin.clone(), why });
        }
    }
    if spec.kind == ClientKind::Service {
        for (field, list) in afterwards.into_iter().chain([("origins", &spec.origins)]) {
            if !list.is_empty() {
                problems.push(ClientProblem::ServiceWithBrowser(field));
            }
        }
    }
}

/// It is shown to people beside a question of trust: nothing in it may turn the writing around.
fn is_bad_name(name: &str) -> bool {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    name.trim().is_empty() || name.chars().count() > 64 || name.chars().any(|c| c.is_control() || turns(c))
}

fn id_token_alg(spec: &ClientSpec, problems: &mut Vec<ClientProblem>) -> Alg {
    let Some(name) = &spec.id_token_alg else { return Alg::Es256 };
    Alg::parse(name).unwrap_or_else(|| {
        problems.push(ClientProblem::IdTokenAlg);
        Alg::Es256
    })
}

/// Both rest on the client being itself, which a public one cannot show.
fn refuse_unproved(spec: &ClientSpec, problems: &mut Vec<ClientProblem>) {
    if spec.kind == ClientKind::Confidential {
        return;
    }
    let refused = [("pkce_optional", spec.pkce_optional), ("trusted", spec.trusted)];
    problems
        .extend(refused.into_iter().filter(|(_, set)| *set).map(|(field, _)| ClientProblem::NotConfidential(field)));
}
