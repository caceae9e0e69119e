//! `[listen]`: where connections come from and what they must bring. Refuses what would send passwords in the clear or
//! let strangers write addresses (OPS-02).

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::Limits;
use crate::http::edge::client_ip::Network;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Listen {
    /// Address and port. Plain HTTP is for loopback and for proxies only.
    pub(crate) address: SocketAddr,
    /// Networks of the reverse proxies in front, as CIDR; none is trusted by default.
    pub(crate) behind: Vec<String>,
    /// A Unix socket for a proxy on this machine, in place of the port.
    pub(crate) socket: Option<PathBuf>,
    /// The mode of that socket, in octal: who may open it is believed as a proxy. Without it the socket is the server's
    /// own user's alone.
    pub(crate) socket_mode: Option<String>,
    /// Whether every connection begins with a PROXY header of version 2, which only proxies may send.
    pub(crate) proxy_protocol: bool,
    /// Which hosts browsers shall reach over https alone.
    pub(crate) hsts: Hsts,
    /// How long a server that was told to end goes on answering while `/health/ready` says `stopping`, so that a
    /// balancer sends nobody here any more before the doors close.
    pub(crate) stopping_seconds: u16,
    /// What one connection, one source and all together may take.
    pub(crate) limits: Limits,
    /// Ends TLS here.
    pub(crate) tls: Option<TlsFiles>,
}

/// What `Strict-Transport-Security` asks of browsers, when the issuer is https (SES-10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Hsts {
    /// The issuer's host and all below it.
    Subdomains,
    /// The issuer's host alone.
    Host,
    /// Nothing.
    Off,
}

/// Two PEM files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsFiles {
    /// The certificate, then those of the authorities between it and a root.
    pub(crate) certificate: PathBuf,
    /// Its private key.
    pub(crate) key: PathBuf,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 8080)),
            behind: Vec::new(),
            socket: None,
            socket_mode: None,
            proxy_protocol: false,
            hsts: Hsts::Subdomains,
            stopping_seconds: 0,
            limits: Limits::default(),
            tls: None,
        }
    }
}

impl Hsts {
    /// The header's value: a year (RFC 6797 section 6.1).
    pub(crate) const fn header(self) -> Option<&'static str> {
        match self {
            Self::Subdomains => Some("max-age=31536000; includeSubDomains"),
            Self::Host => Some("max-age=31536000"),
            Self::Off => None,
        }
    }
}

impl Listen {
    /// Refuses what is not safe, for an issuer that is plain http or is not.
    pub(super) fn check(&self, plain_issuer: bool) -> anyhow::Result<()> {
        self.limits.check()?;
        if plain_issuer && self.tls.is_some() {
            bail!(
                "listen.tls is set and the issuer is http: tokens would name an address that does not answer; write \
                 the issuer as https"
            );
        }
        self.refuse_everyone()?;
        if self.proxy_protocol && self.behind.is_empty() && self.socket.is_none() {
            bail!(
                "listen.proxy_protocol is set and listen.behind is empty: nobody may connect; name the proxies' networks"
            );
        }
        let mode = self.mode()?;
        if mode & 0o002 != 0 {
            bail!(
                "listen.socket_mode {mode:04o} lets every user of this machine write any client's address: use 0660, \
                 and give the proxy's user the socket's group"
            );
        }
        if self.socket.is_none() { self.check_open(self.address) } else { Ok(()) }
    }

    /// Refuses a port that other machines reach in the clear. Asked for the address of the file, and again for each
    /// that was passed at start.
    pub(crate) fn check_open(&self, address: SocketAddr) -> anyhow::Result<()> {
        if !address.ip().to_canonical().is_loopback() && self.behind.is_empty() && self.tls.is_none() {
            bail!(
                "listen.address {address} is open to other machines in plain HTTP: name a certificate in [listen.tls], \
                 or put a TLS proxy in front and name its networks in listen.behind, or listen on 127.0.0.1"
            );
        }
        Ok(())
    }

    /// The socket's mode as a number; its owner's alone unless another was named.
    pub(crate) fn mode(&self) -> anyhow::Result<u32> {
        let Some(text) = &self.socket_mode else { return Ok(0o600) };
        let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
        mode.context("listen.socket_mode is no mode such as 0660")
    }

    /// The networks in `behind`.
    pub(crate) fn networks(&self) -> Vec<Network> {
        self.behind.iter().filter_map(|text| Network::parse(text)).collect()
    }

    fn refuse_everyone(&self) -> anyhow::Result<()> {
        for text in &self.behind {
            let network = Network::parse(text)
                .with_context(|| format!("listen.behind: {text:?} is not a network such as 10.0.0.0/8"))?;
            if network.is_everyone() {
                bail!(
                    "listen.behind: {text:?} makes everyone a proxy, who may write any address: name the proxies alone"
                );
            }
        }
        Ok(())
    }
}
