//! Connections to PostgreSQL: TLS to any other machine, and settings that every connection gets. Refuses a server that
//! acknowledges what it may lose.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime,
};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::{Config, NoTls, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::hold::Sessions;
use crate::error::StoreError;
use crate::options::{Durability, Options};

/// The longest wait for one answer of the server, a little over its own limit of a statement.
pub(super) const TRIP_MAX: Duration = Duration::from_secs(35);
/// The longest wait for COMMIT. The server's own limit of a statement does not end its wait for a synchronous standby,
/// which may be for ever; a client is told sooner that the outcome is unknown.
pub(super) const COMMIT_MAX: Duration = Duration::from_secs(10);
/// The longest wait for a connection to become free, or to be made.
pub(super) const CONNECTION_MAX: Duration = Duration::from_secs(5);
/// How long a machine that went silent is trusted.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// The oldest server that the statements are tested on, as `server_version_num`.
const VERSION_MIN: u32 = 150_000;

/// What every connection is told. Read-only by default, see `commit::BEGIN`.
const SETTINGS: &str = "SET default_transaction_read_only = on; SET statement_timeout = '30s'; \
     SET idle_in_transaction_session_timeout = '30s'; SET client_min_messages = warning";

/// A server, and how to reach it.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) config: Config,
    pub(super) tls: Option<MakeRustlsConnect>,
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        let mut config = read_url(url)?;
        let tls = match tls_mode(&config)? {
            SslMode::Require => {
                config.ssl_mode(SslMode::Require);
                Some(connector()?)
            }
            _ => {
                config.ssl_mode(SslMode::Disable);
                None
            }
        };
        if config.get_application_name().is_none() {
            config.application_name("poundlock");
        }
        // Among several servers the one that takes writes is meant; the others are its standbys. Each gets its part of
        // the time, or one that is cut off without a word would use up what its successor needs.
        let servers = config.get_hosts().len().max(config.get_hostaddrs().len()).max(1);
        if servers > 1 && config.get_target_session_attrs() == TargetSessionAttrs::Any {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        let share = u32::try_from(servers).map_or(CONNECTION_MAX, |servers| CONNECTION_MAX / servers);
        config.connect_timeout(share).keepalives_idle(SILENCE_MAX).tcp_user_timeout(SILENCE_MAX);
        Ok(Self { config, tls })
    }
}

fn read_url(url: &str) -> Result<Config, StoreError> {
    // We always verify chain and name, so libpq's stricter words mean what `require` does here.
    let url = url.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
    // The parser's message may quote the URL, and with it a password.
    url.parse().map_err(|_| {
        StoreError::Refused("The store's address is not a valid `postgres://user@host/database`.".to_owned())
    })
}

/// TLS is required to any other machine; on this one it is used when asked for.
fn tls_mode(config: &Config) -> Result<SslMode, StoreError> {
    let local = config.get_hosts().iter().all(is_local) && config.get_hostaddrs().iter().all(IpAddr::is_loopback);
    match config.get_ssl_mode() {
        SslMode::Require => Ok(SslMode::Require),
        _ if local => Ok(SslMode::Disable),
        SslMode::Disable => Err(StoreError::Refused(
            "The store's address says `sslmode=disable`, but PostgreSQL is on another machine: the passwords and \
             secrets on that line must be encrypted. Write `sslmode=verify-full`, or use a Unix socket."
                .to_owned(),
        )),
        _ => Ok(SslMode::Require),
    }
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn connector() -> Result<MakeRustlsConnect, StoreError> {
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(|e| StoreError::Refused(format!("TLS to PostgreSQL cannot be set up: {e}.")))?;
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}

pub(super) fn pool(target: &Target, options: &Options, sessions: &Sessions) -> Result<Pool, StoreError> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match &target.tls {
        Some(tls) => Manager::from_config(target.config.clone(), tls.clone(), recycling),
        None => Manager::from_config(target.config.clone(), NoTls, recycling),
    };
    let settings = settings(options.durability);
    let of_these = sessions.clone();
    let hook = Hook::async_fn(move |client: &mut ClientWrapper, _| {
        let (settings, sessions) = (settings.clone(), of_these.clone());
        Box::pin(async move {
            client.batch_execute(&settings).await.map_err(HookError::Backend)?;
            sessions.admit(client).await
        })
    });
    Pool::builder(manager)
        .max_size(sessions.most(options.connections))
        .wait_timeout(Some(CONNECTION_MAX))
        .create_timeout(Some(CONNECTION_MAX))
        .recycle_timeout(Some(CONNECTION_MAX))
        .post_create(hook)
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|e| StoreError::Fault(format!("the pool: {e}")))
}

fn settings(durability: Durability) -> String {
    match durability {
        Durability::Full => SETTINGS.to_owned(),
        Durability::Off => format!("{SETTINGS}; SET synchronous_commit = off"),
    }
}

/// Refuses a server that is too old, loses what it acknowledged, or cannot store every name.
pub(super) async fn check_server(pool: &Pool, (options, sessions): (&Options, &Sessions)) -> Result<(), StoreError> {
    let held = sessions.first(pool).await?;
    let version = show(&held, "server_version_num").await?;
    if version.parse().is_ok_and(|version: u32| version < VERSION_MIN) {
        return Err(StoreError::Refused(format!(
            "PostgreSQL 15 or newer is needed; this server is {}.",
            show(&held, "server_version").await?
        )));
    }
    if options.durability == Durability::Full {
        refuse_forgetful(&held).await?;
    }
    let encoding = show(&held, "server_encoding").await?;
    if encoding != "UTF8" {
        return Err(StoreError::Refused(format!(
            "The database has the encoding {encoding}; make it with `CREATE DATABASE … ENCODING 'UTF8'`."
        )));
    }
    held.give_back();
    Ok(())
}

/// Refuses a server that acknowledges what a crash, or the promotion of its synchronous standby, would undo.
async fn refuse_forgetful(held: &Held) -> Result<(), StoreError> {
    let waits_for = show(held, "synchronous_commit").await?;
    let has_standby = !show(held, "synchronous_standby_names").await?.is_empty();
    let loss = match waits_for.as_str() {
        "off" => "after a crash",
        "local" if has_standby => "after the synchronous standby took over",
        _ => return Ok(()),
    };
    Err(StoreError::Refused(format!(
        "PostgreSQL has `synchronous_commit = {waits_for}`: {loss}, used codes could be used again. Set it to `on` for \
         this database (`ALTER DATABASE … SET synchronous_commit = on`)."
    )))
}

pub(super) async fn show(held: &Held, setting: &str) -> Result<String, StoreError> {
    let shown = held.client()?.simple_query(&format!("SHOW {setting}")).await;
    let shown = shown.map_err(|e| super::error::read(&e, "SHOW"))?;
    let row = shown.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(row.unwrap_or_default().to_owned())
}

/// A connection of the pool. Unless [`Held::give_back`] is called it is discarded: whoever is dropped half-way leaves a
/// transaction that nobody else may find.
pub(super) struct Held {
    object: Option<Object>,
}

impl Held {
    pub(super) async fn take(pool: &Pool) -> Result<Self, StoreError> {
        pool.get().await.map(Self::new).map_err(|error| unavailable(&error))
    }

    pub(super) const fn new(object: Object) -> Self {
        Self { object: Some(object) }
    }

    pub(super) fn client(&self) -> Result<&ClientWrapper, StoreError> {
        self.object.as_deref().ok_or_else(|| StoreError::Fault("a lease without a connection".to_owned()))
    }

    /// Returns a connection that is in no transaction.
    pub(super) fn give_back(mut self) {
        drop(self.object.take());
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(object) = self.object.take() {
            drop(Object::take(object));
        }
    }
}

/// Why there is no connection.
pub(super) fn unavailable(error: &deadpool_postgres::PoolError) -> StoreError {
    use std::error::Error;
    let mut text = error.to_string().trim_end().to_owned();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    StoreError::Unavailable(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> Result<SslMode, StoreError> {
        tls_mode(&read_url(url)?)
    }

    #[test]
    fn another_machine_is_reached_over_tls_or_not_at_all() {
        for url in ["postgres://u@db/d", "postgres://u@db/d?sslmode=prefer", "postgres://u@10.0.0.1/d"] {
            assert_eq!(mode(url), Ok(SslMode::Require), "{url}");
        }
        let refused = mode("postgres://u@db/d?sslmode=disable");
        assert!(matches!(&refused, Err(StoreError::Refused(text)) if text.contains("another machine")), "{refused:?}");
    }

    #[test]
    fn on_this_machine_tls_is_used_when_asked_for() {
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "%2Frun%2Fpostgresql"] {
            assert_eq!(mode(&format!("postgres://u@{host}/d")), Ok(SslMode::Disable), "{host}");
            assert_eq!(mode(&format!("postgres://u@{host}/d?sslmode=disable")), Ok(SslMode::Disable), "{host}");
            assert_eq!(mode(&format!("postgres://u@{host}/d?sslmode=require")), Ok(SslMode::Require), "{host}");
            assert_eq!(mode(&format!("postgres://u@{host}/d?sslmode=verify-full")), Ok(SslMode::Require), "{host}");
        }
    }

    #[test]
    fn one_host_of_several_that_is_elsewhere_asks_for_tls() {
        // `hostaddr` is where the connection goes; `host` is then only the name to verify.
        for url in [
            "postgres://u@localhost,db/d",
            "postgres://u@localhost/d?hostaddr=10.0.0.1",
            "postgres://u@localhost.evil/d",
        ] {
            assert_eq!(mode(url), Ok(SslMode::Require), "{url}");
        }
    }

    #[test]
    fn a_bad_url_is_refused_without_quoting_it() {
        for url in [
            "postgres://u:hunter2@h:port/d",
            "postgres://u:hunter2@h/d?hunter2=1",
            "postgres://u:hunter2@h/d?sslmode=x",
        ] {
            let refused = mode(url);
            assert!(matches!(&refused, Err(StoreError::Refused(text)) if !text.contains("hunter2")), "{refused:?}");
        }
    }

    #[test]
    fn only_tests_give_up_durability() {
        assert!(!settings(Durability::Full).contains("synchronous_commit"));
        assert!(settings(Durability::Off).contains("synchronous_commit = off"));
    }
}
