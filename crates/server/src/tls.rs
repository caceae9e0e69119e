//! TLS that ends here: versions, suites, and the certificate that is shown, which a renewal replaces while connections
//! live. A pair of files that is not sound never takes the place of one that is.

mod pair;
#[cfg(test)]
pub(crate) mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use arc_swap::ArcSwap;
use poundlock_core::time::{Span, Time};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, cipher_suite};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

pub(crate) use self::pair::Pair;
use crate::config::TlsFiles;

/// A certificate that ends within this is told of, once a day.
pub(crate) const SOON: Span = Span::from_hours(14 * 24);
const TELL_EVERY: Span = Span::from_hours(24);

/// The certificate in use, and the files it came from.
pub(crate) struct Certificates {
    files: TlsFiles,
    /// The host that clients ask for.
    host: String,
    present: ArcSwap<Pair>,
    told: Mutex<Told>,
}

/// What has been said already.
#[derive(Debug, Default)]
struct Told {
    /// The digest of files that were refused: one refusal is one line.
    refused: Option<[u8; 32]>,
    ends_soon_at: Option<Time>,
}

/// What a look at the files found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Same,
    Renewed,
    /// The files are not sound, and the old certificate stays.
    Refused,
}

impl Certificates {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// Says which file is wrong and what to do.
    pub(crate) fn load(files: &TlsFiles, issuer: &str) -> anyhow::Result<Arc<Self>> {
        let present = Pair::read(files)?;
        let host = host_of(issuer).to_owned();
        let it = Self { files: files.clone(), host, present: ArcSwap::from_pointee(present), told: Mutex::default() };
        it.warn_of_another_host();
        Ok(Arc::new(it))
    }

    /// Until when the certificate in use holds.
    pub(crate) fn until(&self) -> Time {
        self.present.load().until()
    }

    /// Looks at the files, and takes what is new and sound. Reads files: not for a thread that answers.
    pub(crate) fn look(&self, now: Option<Time>) -> Found {
        let found = self.renew();
        if found == Found::Renewed {
            self.warn_of_another_host();
        }
        if let Some(now) = now {
            self.warn_of_the_end(now);
        }
        found
    }

    fn renew(&self) -> Found {
        let digest = pair::digest(&self.files);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if digest == Some(self.present.load().digest()) {
            told.refused = None;
            return Found::Same;
        }
        match Pair::read(&self.files) {
            Ok(pair) => {
                tracing::info!("a new certificate is in use, which holds until {}", moment(pair.until()));
                *told = Told::default();
                self.present.store(Arc::new(pair));
                Found::Renewed
            }
            Err(error) => {
                let digest = digest.unwrap_or_default();
                if told.refused.replace(digest) != Some(digest) {
                    tracing::warn!("the new certificate cannot be used, and the old one stays: {error:#}");
                }
                Found::Refused
            }
        }
    }

    fn warn_of_the_end(&self, now: Time) {
        let until = self.until();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if until - now > SOON || told.ends_soon_at.is_some_and(|at| now - at < TELL_EVERY) {
            return;
        }
        told.ends_soon_at = Some(now);
        let (at, file) = (moment(until), self.files.certificate.display());
        if until <= now {
            tracing::error!("the certificate ended on {at}, and clients refuse it: renew {file}");
        } else {
            tracing::warn!("the certificate ends on {at}: renew {file}");
        }
    }

    fn warn_of_another_host(&self) {
        if !self.present.load().names(&self.host) {
            tracing::warn!("the certificate does not name {}, the issuer's host: clients refuse it", self.host);
        }
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").field("files", &self.files).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.present.load().certified())
    }
}

/// What ends TLS: 1.3, and 1.2 with forward secrecy and authenticated encryption alone (OPS-01). No renegotiation, no
/// compression and no early data, which the library does not have or does not do unasked.
///
/// # Errors
/// Never, unless the library changes what it supports.
pub(crate) fn acceptor(certificates: Arc<Certificates>) -> anyhow::Result<TlsAcceptor> {
    let builder = ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .context("TLS cannot be set up")?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(certificates);
    // A client that offers other protocols alone is refused: what it speaks is not for us (ALPACA).
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The suites by name, so that a new version of the library adds none unseen.
fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![
            cipher_suite::TLS13_AES_256_GCM_SHA384,
            cipher_suite::TLS13_AES_128_GCM_SHA256,
            cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
            cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ],
        ..aws_lc_rs::default_provider()
    }
}

/// A moment for people.
pub(crate) fn moment(time: Time) -> String {
    jiff::Timestamp::from_second(time.seconds()).map(|moment| moment.to_string()).unwrap_or_default()
}

/// The host of an issuer, without port and brackets.
pub(crate) fn host_of(issuer: &str) -> &str {
    let authority = issuer.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}
