//! A certificate and its key, read from two PEM files and found to belong together.

use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use aws_lc_rs::digest;
use poundlock_core::time::Time;
use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use x509_cert::der::Decode;
use zeroize::Zeroizing;

use super::provider;
use crate::config::TlsFiles;

/// What others may not do with a key file: its group may read it, as some services for renewal arrange.
const FORBIDDEN: u32 = 0o027;

/// A sound pair.
pub(crate) struct Pair {
    certified: Arc<CertifiedKey>,
    since: Time,
    until: Time,
    digest: [u8; 32],
}

impl Pair {
    /// Reads both files.
    ///
    /// # Errors
    /// Says which file is wrong and what to do. Shows nothing of the key.
    pub(crate) fn read(files: &TlsFiles) -> anyhow::Result<Self> {
        refuse_open_key(&files.key)?;
        let (certificate, key) = bytes(files)?;
        let digest = digest_of(&certificate, &key);
        let chain = CertificateDer::pem_slice_iter(&certificate).collect::<Result<Vec<_>, _>>();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.with_context(|| format!("{} has no PEM certificate", files.certificate.display()))?;
        let Ok(key) = PrivateKeyDer::from_pem_slice(&key) else {
            bail!("{} has no PEM private key, or an encrypted one", files.key.display());
        };
        let times = times(&chain).with_context(|| format!("{} cannot be read", files.certificate.display()))?;
        let certified = CertifiedKey::from_der(chain, key, &provider())
            .with_context(|| format!("{} is not the key of {}", files.key.display(), files.certificate.display()))?;
        Ok(Self { certified: Arc::new(certified), since: times.0, until: times.1, digest })
    }

    /// Since when the first certificate holds.
    pub(crate) const fn since(&self) -> Time {
        self.since
    }

    /// Until when the first certificate holds.
    pub(crate) const fn until(&self) -> Time {
        self.until
    }

    /// Whether the certificate is for this host.
    pub(crate) fn names(&self, host: &str) -> bool {
        let named = || {
            let certificate = ParsedCertificate::try_from(self.certified.end_entity_cert().ok()?).ok()?;
            verify_server_name(&certificate, &ServerName::try_from(host).ok()?).ok()
        };
        named().is_some()
    }

    pub(super) fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }

    pub(super) const fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair").field("until", &self.until).finish_non_exhaustive()
    }
}

/// The digest of both files as they are, if they can be read.
pub(super) fn digest(files: &TlsFiles) -> Option<[u8; 32]> {
    let (certificate, key) = bytes(files).ok()?;
    Some(digest_of(&certificate, &key))
}

fn bytes(files: &TlsFiles) -> anyhow::Result<(Vec<u8>, Zeroizing<Vec<u8>>)> {
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    Ok((read(&files.certificate)?, Zeroizing::new(read(&files.key)?)))
}

fn digest_of(certificate: &[u8], key: &[u8]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&u64::try_from(certificate.len()).unwrap_or(u64::MAX).to_be_bytes());
    context.update(certificate);
    context.update(key);
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}

fn refuse_open_key(path: &Path) -> anyhow::Result<()> {
    let found = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mode = found.permissions().mode() & 0o777;
    if mode & FORBIDDEN != 0 {
        bail!(
            "the key {0} has the mode {mode:04o}, which lets others at it: run chmod 640 {0} or stricter",
            path.display()
        );
    }
    Ok(())
}

/// Since and until when the first certificate holds (RFC 5280 section 4.1.2.5).
fn times(chain: &[CertificateDer<'_>]) -> Option<(Time, Time)> {
    let certificate = x509_cert::Certificate::from_der(chain.first()?).ok()?;
    let validity = certificate.tbs_certificate.validity;
    let [since, until] = [validity.not_before, validity.not_after].map(|time| time.to_unix_duration().as_secs());
    Some((Time::from_seconds(i64::try_from(since).ok()?), Time::from_seconds(i64::try_from(until).ok()?)))
}
