//! Where metrics are shown: nowhere by default, and to this machine alone unless it is said otherwise (OPS-06).

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MetricsConfig {
    /// `127.0.0.1:9090`, or `unix:/path`; none by default.
    pub(crate) listen: Option<String>,
    /// Whether an address that other machines reach may be listened on. There is no password and no TLS on it.
    pub(crate) allow_remote: bool,
}

/// Where traces go.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TraceConfig {
    /// A collector's address for OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`; none by default.
    pub(crate) endpoint: Option<String>,
}

impl TraceConfig {
    /// Refuses what this program cannot do: traces that nobody gets would be missed only when they are needed.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        match &self.endpoint {
            Some(_) if !cfg!(feature = "otel") => {
                bail!("trace.endpoint needs a program that is built with the feature otel, and this one is not")
            }
            Some(endpoint) if !endpoint.starts_with("http://") && !endpoint.starts_with("https://") => {
                bail!("trace.endpoint {endpoint:?} is no address such as http://127.0.0.1:4318/v1/traces")
            }
            _ => Ok(()),
        }
    }
}

/// A place for the metrics listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MetricsAt {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl MetricsConfig {
    /// Where to listen, if anywhere.
    ///
    /// # Errors
    /// When it is neither an address nor a socket, or other machines would reach it and were not meant to.
    pub(crate) fn at(&self) -> anyhow::Result<Option<MetricsAt>> {
        let Some(listen) = &self.listen else { return Ok(None) };
        if let Some(path) = listen.strip_prefix("unix:") {
            return Ok(Some(MetricsAt::Unix(PathBuf::from(path))));
        }
        let address: SocketAddr = listen.parse().with_context(|| {
            format!("metrics.listen {listen:?} is neither an address such as 127.0.0.1:9090 nor unix:/path")
        })?;
        if !address.ip().is_loopback() && !self.allow_remote {
            bail!(
                "metrics.listen {listen} is open to other machines, and anyone who reaches it reads it: listen on \
                 127.0.0.1 or a Unix socket, or set metrics.allow_remote if the network keeps others away"
            );
        }
        Ok(Some(MetricsAt::Tcp(address)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(listen: &str, allow_remote: bool) -> Result<Option<MetricsAt>, String> {
        MetricsConfig { listen: Some(listen.to_owned()), allow_remote }.at().map_err(|error| error.to_string())
    }

    #[test]
    fn a_program_without_traces_takes_no_collector() {
        let named = |endpoint: &str| TraceConfig { endpoint: Some(endpoint.to_owned()) };
        assert!(TraceConfig::default().check().is_ok());
        assert_eq!(named("http://127.0.0.1:4318/v1/traces").check().is_ok(), cfg!(feature = "otel"));
        assert!(named("127.0.0.1:4318").check().is_err());
    }

    #[test]
    fn ops_06_metrics_stay_on_this_machine_unless_said_otherwise() {
        assert_eq!(MetricsConfig::default().at().unwrap(), None);
        for local in ["127.0.0.1:9090", "[::1]:9090"] {
            assert_eq!(at(local, false), Ok(Some(MetricsAt::Tcp(local.parse().unwrap()))));
        }
        assert_eq!(at("unix:/run/m.sock", false), Ok(Some(MetricsAt::Unix("/run/m.sock".into()))));
        for open in ["0.0.0.0:9090", "[::]:9090", "192.0.2.1:9090"] {
            assert!(at(open, false).unwrap_err().contains("allow_remote"), "{open}");
            assert!(at(open, true).is_ok(), "{open}");
        }
        assert!(at("localhost", false).unwrap_err().contains("neither"));
    }
}
