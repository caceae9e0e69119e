//! Configuration: one TOML file, `POUNDLOCK_…` variables over it, flags over both. Unknown keys are errors, since a
//! misspelt safety setting is a missing one.

mod brand;
mod limits;
mod listen;
mod metrics;
mod oidc;
mod overlay;
mod pages;
mod passkey;

use std::path::{Path, PathBuf};

pub(crate) use self::brand::BrandConfig;
pub(crate) use self::metrics::{MetricsAt, MetricsConfig, TraceConfig};
use anyhow::{Context, bail};
use poundlock_core::client::refuse_bad_issuer;
use poundlock_core::password::Cost;
use serde::{Deserialize, Serialize};

pub(crate) use self::limits::Limits;
pub(crate) use self::listen::{Listen, TlsFiles};
pub(crate) use self::oidc::OidcConfig;
pub(crate) use self::pages::PagesConfig;
pub(crate) use self::passkey::PasskeyConfig;

/// Everything an operator can set.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// The `iss` of tokens and the base of every link. Default: `http://localhost:PORT`.
    pub(crate) issuer: Option<String>,
    /// Where the store, the lock and the admin socket are.
    pub(crate) data: PathBuf,
    pub(crate) listen: Listen,
    pub(crate) store: StoreConfig,
    pub(crate) master_key: MasterKeyConfig,
    pub(crate) admin: AdminConfig,
    pub(crate) password: PasswordConfig,
    pub(crate) passkey: PasskeyConfig,
    pub(crate) guard: GuardConfig,
    pub(crate) oidc: OidcConfig,
    pub(crate) brand: BrandConfig,
    pub(crate) pages: PagesConfig,
    pub(crate) log: LogConfig,
    pub(crate) metrics: MetricsConfig,
    pub(crate) trace: TraceConfig,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StoreConfig {
    /// `sqlite:PATH` or `postgres://…`. Default: SQLite in the data folder.
    pub(crate) url: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MasterKeyConfig {
    /// A file of 64 hexadecimal digits, outside the data folder.
    pub(crate) file: Option<PathBuf>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AdminConfig {
    /// The admin socket. Default: `admin.sock` in the data folder.
    pub(crate) socket: Option<PathBuf>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PasswordConfig {
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
    /// Hash threads at low priority; 0 means one a core.
    pub(crate) threads: usize,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct GuardConfig {
    pub(crate) sources: SourcesConfig,
}

/// Limits by network source. Loosened for loopback in tests and benches only.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SourcesConfig {
    /// Attempts a minute that one address may make, and as many at once.
    pub(crate) per_minute: u32,
    /// Whether loopback is not limited at all.
    pub(crate) loopback_unlimited: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogConfig {
    /// `info`, or a filter such as `poundlock=debug`.
    pub(crate) filter: String,
    /// `pretty` or `json`.
    pub(crate) format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    Pretty,
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            issuer: None,
            data: PathBuf::from("poundlock-data"),
            listen: Listen::default(),
            store: StoreConfig::default(),
            master_key: MasterKeyConfig::default(),
            admin: AdminConfig::default(),
            password: PasswordConfig::default(),
            passkey: PasskeyConfig::default(),
            guard: GuardConfig::default(),
            oidc: OidcConfig::default(),
            brand: BrandConfig::default(),
            pages: PagesConfig::default(),
            log: LogConfig::default(),
            metrics: MetricsConfig::default(),
            trace: TraceConfig::default(),
        }
    }
}

impl Default for PasswordConfig {
    fn default() -> Self {
        let cost = Cost::DEFAULT;
        Self { memory_kib: cost.memory_kib(), passes: cost.passes(), lanes: cost.lanes(), threads: 0 }
    }
}

impl Default for SourcesConfig {
    fn default() -> Self {
        Self { per_minute: 30, loopback_unlimited: false }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::Pretty }
    }
}

impl Config {
    /// Reads the file, if any, and the environment over it.
    pub(crate) fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> anyhow::Result<Self> {
        let text = match file {
            Some(file) => std::fs::read_to_string(file)
                .with_context(|| format!("cannot read the configuration file {}", file.display()))?,
            None => String::new(),
        };
        Self::read(&text, file.unwrap_or_else(|| Path::new("-")), environment)
    }

    /// Reads the text of `file` and the environment over it.
    pub(crate) fn read(
        text: &str,
        file: &Path,
        environment: impl Iterator<Item = (String, String)>,
    ) -> anyhow::Result<Self> {
        let mut table: toml::Table = overlay::table(text).with_context(|| format!("in {}", file.display()))?;
        overlay::apply(&mut table, environment)?;
        overlay::typed(table).context("in the configuration; `poundlock config example` shows every key")
    }

    /// Refuses combinations that are not safe to run (OPS-02).
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        self.cost()?;
        self.metrics.at()?;
        self.trace.check()?;
        self.brand.load()?;
        self.passkey.party(&self.issuer())?;
        let issuer = self.issuer();
        let plain = issuer.starts_with("http://");
        if !plain && !issuer.starts_with("https://") {
            bail!("issuer {issuer:?} must be an https URL, or an http one on localhost");
        }
        if issuer.ends_with('/') || issuer.contains(['?', '#']) {
            bail!("issuer {issuer:?} must have no slash at its end, no query and no fragment (RFC 8414 section 2)");
        }
        let host = issuer.split("://").nth(1).unwrap_or("");
        if host.contains('@') {
            bail!("issuer {issuer:?} names a user before its host; an issuer is a host and perhaps a path");
        }
        let local = ["localhost", "127.0.0.1", "[::1]"]
            .iter()
            .any(|name| host.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/'])));
        if plain && !local {
            bail!(
                "issuer {issuer:?} is plain http for other machines: passwords would be sent in the clear; use https"
            );
        }
        // A host in capitals, or one that browsers read as another, would refuse every request or be somebody else's.
        // Without one of its own it follows the port, and port 0 is a free one, chosen when it listens.
        if self.issuer.is_some() || self.listen.address.port() != 0 {
            refuse_bad_issuer(&issuer).with_context(|| format!("issuer {issuer:?}"))?;
        }
        self.pages.check(local)?;
        self.listen.check(plain)
    }

    /// The `iss` of tokens.
    pub(crate) fn issuer(&self) -> String {
        self.issuer.clone().unwrap_or_else(|| format!("http://localhost:{}", self.listen.address.port()))
    }

    /// Whether people and services come over https.
    pub(crate) fn is_https(&self) -> bool {
        self.issuer().starts_with("https://")
    }

    /// The audience of the account API, which no service may have.
    pub(crate) fn account_audience(&self) -> String {
        format!("{}/account", self.issuer())
    }

    /// The store's address.
    pub(crate) fn store_url(&self) -> String {
        self.store.url.clone().unwrap_or_else(|| format!("sqlite:{}", self.data.join("poundlock.db").display()))
    }

    /// The admin socket's path.
    pub(crate) fn admin_socket(&self) -> PathBuf {
        self.admin.socket.clone().unwrap_or_else(|| self.data.join("admin.sock"))
    }

    /// The cost of password hashes, at or over the floor (PWD-13).
    pub(crate) fn cost(&self) -> anyhow::Result<Cost> {
        Cost::new(self.password.memory_kib, self.password.passes, self.password.lanes).context("in [password]")
    }
}

/// A configuration file with every key and its default.
pub(crate) fn example() -> &'static str {
    include_str!("config/example.toml")
}

#[cfg(test)]
mod tests;
