//! A client as an operator writes it, and what is wrong with it. Reports every problem at once, never the first alone.

use serde::{Deserialize, Serialize};

use super::uri::{BadAddress, refuse_bad_origin, refuse_bad_redirect};
use super::{Audience, AudienceName, BadClientId, Client, ClientId, ClientKind, Scope, ScopeRefusal};
use crate::time::Span;
use crate::token::ACCESS_LIFE_MAX;
use crate::whole;

/// The longest that a session, its idleness or the age of a second factor may be set to: 30 days.
pub const LIFE_MAX: Span = Span::from_hours(30 * 24);

const ACCESS_LIFE: Span = Span::from_minutes(5);
const IDLE: Span = Span::from_hours(1);
const ABSOLUTE: Span = Span::from_hours(24);
const MFA_MAX_AGE: Span = Span::from_hours(12);

/// A client as it is configured and stored. What is left out gets the default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSpec {
    /// See [`ClientId`].
    pub id: String,
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
    /// The browser origins that may call with JavaScript, exactly.
    #[serde(default)]
    pub origins: Vec<String>,
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
            kind,
            audiences,
            default_audience: None,
            scopes: Vec::new(),
            redirect_uris: Vec::new(),
            origins: Vec::new(),
            access_life_seconds: None,
            idle_seconds: None,
            absolute_seconds: None,
            mfa_max_age_seconds: None,
            dpop_required: false,
            groups_released: Vec::new(),
        }
    }
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

/// What is wrong with a client; each says what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientProblem {
    /// See [`BadClientId`].
    #[error("id: {0}")]
    Id(#[from] BadClientId),
    /// No audience at all.
    #[error("audiences: name at least one")]
    NoAudience,
    /// An audience that is not configured.
    #[error("audiences: \"{0}\" is not a configured audience")]
    UnknownAudience(String),
    /// The account API.
    #[error("audiences: \"{0}\" is the account API; first-party clients have it without naming it, others never")]
    AccountAudience(String),
    /// A default that is not in the list.
    #[error("default_audience: \"{0}\" is not among this client's audiences")]
    DefaultAudience(String),
    /// A malformed scope word.
    #[error("scopes: {0}")]
    Scope(#[from] ScopeRefusal),
    /// An address that cannot be registered.
    #[error("redirect_uris: \"{uri}\": {why}")]
    Redirect {
        /// The address.
        uri: String,
        /// The reason.
        why: BadAddress,
    },
    /// An origin that cannot be registered.
    #[error("origins: \"{origin}\": {why}")]
    Origin {
        /// The origin.
        origin: String,
        /// The reason.
        why: BadAddress,
    },
    /// A service has no user whose browser could be sent anywhere.
    #[error("{0}: a service acts without a browser; remove them")]
    ServiceWithBrowser(&'static str),
    /// A time that is zero, negative or over its limit.
    #[error("{field}: must be 1 to {max_seconds} seconds")]
    Life {
        /// The field.
        field: &'static str,
        /// The limit in seconds.
        max_seconds: i64,
    },
    /// An idle limit that could never be reached.
    #[error("idle_seconds: must not be longer than absolute_seconds")]
    IdleOverAbsolute,
}

/// What is allowed, but weaker than the default.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("client {client}: {field} is {seconds} s, longer than the default of {default_seconds} s")]
pub struct ClientWarning {
    /// The client.
    pub client: ClientId,
    /// The field.
    pub field: &'static str,
    /// Its value in seconds.
    pub seconds: i64,
    /// The value that gives no warning, in seconds.
    pub default_seconds: i64,
}

struct Lives {
    access: Span,
    idle: Span,
    absolute: Span,
    mfa_max_age: Span,
}

impl Client {
    /// Checks a client as configured.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn build(spec: &ClientSpec, around: Surroundings<'_>) -> Result<Built, Vec<ClientProblem>> {
        let mut problems = Vec::new();
        let id = ClientId::parse(&spec.id).map_err(|why| problems.push(why.into())).ok();
        let audiences = audiences(spec, around, &mut problems);
        let default_audience = default_audience(spec, &audiences, &mut problems);
        let scope = Scope::from_words(spec.scopes.iter().map(String::as_str));
        let scope = scope.map_err(|why| problems.push(why.into())).unwrap_or_default();
        refuse_bad_addresses(spec, &mut problems);
        let lives = lives(spec, &mut problems);
        let (Some(id), true) = (id, problems.is_empty()) else { return Err(problems) };
        let warnings = warnings(&id, &lives);
        let account = (spec.kind == ClientKind::FirstParty).then(|| Audience::account(around.issuer));
        let client = Self {
            id,
            kind: spec.kind,
            audiences,
            default_audience,
            account,
            scope,
            redirect_uris: spec.redirect_uris.clone(),
            origins: spec.origins.clone(),
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
    for uri in &spec.redirect_uris {
        if let Err(why) = refuse_bad_redirect(uri) {
            problems.push(ClientProblem::Redirect { uri: uri.clone(), why });
        }
    }
    for origin in &spec.origins {
        if let Err(why) = refuse_bad_origin(origin) {
            problems.push(ClientProblem::Origin { origin: origin.clone(), why });
        }
    }
    if spec.kind == ClientKind::Service {
        for (field, list) in [("redirect_uris", &spec.redirect_uris), ("origins", &spec.origins)] {
            if !list.is_empty() {
                problems.push(ClientProblem::ServiceWithBrowser(field));
            }
        }
    }
}

fn lives(spec: &ClientSpec, problems: &mut Vec<ClientProblem>) -> Lives {
    let mut life = |field, seconds: Option<i64>, default: Span, max: Span| {
        let Some(seconds) = seconds else { return default };
        if !(1..=max.seconds()).contains(&seconds) {
            problems.push(ClientProblem::Life { field, max_seconds: max.seconds() });
            return default;
        }
        Span::from_seconds(seconds)
    };
    let access = life("access_life_seconds", spec.access_life_seconds, ACCESS_LIFE, ACCESS_LIFE_MAX);
    let absolute = life("absolute_seconds", spec.absolute_seconds, ABSOLUTE, LIFE_MAX);
    // Left out, the idle limit gives way to a short absolute one; written down, it must make sense.
    let idle = life("idle_seconds", spec.idle_seconds, IDLE.min(absolute), LIFE_MAX);
    let mfa_max_age = life("mfa_max_age_seconds", spec.mfa_max_age_seconds, MFA_MAX_AGE, LIFE_MAX);
    if idle > absolute {
        problems.push(ClientProblem::IdleOverAbsolute);
    }
    Lives { access, idle, absolute, mfa_max_age }
}

fn warnings(id: &ClientId, lives: &Lives) -> Vec<ClientWarning> {
    [
        ("idle_seconds", lives.idle, IDLE),
        ("absolute_seconds", lives.absolute, ABSOLUTE),
        ("mfa_max_age_seconds", lives.mfa_max_age, MFA_MAX_AGE),
    ]
    .into_iter()
    .filter(|(_, value, default)| value > default)
    .map(|(field, value, default)| ClientWarning {
        client: id.clone(),
        field,
        seconds: value.seconds(),
        default_seconds: default.seconds(),
    })
    .collect()
}
