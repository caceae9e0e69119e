//! Whose attestations of passkeys are believed. None by default: then no key is asked for one, and none gives `phrh`.

use std::path::PathBuf;

use anyhow::{Context, bail};
use poundlock_core::passkey::RelyingParty;
use serde::{Deserialize, Serialize};

use crate::flow::enrol::issuer_label;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PasskeyConfig {
    /// Files of one root certificate each, in PEM.
    pub(crate) attestation_roots: Vec<PathBuf>,
    /// Models (AAGUID) that these roots may vouch for; none means any.
    pub(crate) attestation_aaguids: Vec<String>,
}

impl PasskeyConfig {
    /// This server as authenticators know it; `None` where the issuer's host is an address.
    ///
    /// # Errors
    /// When a root or a model cannot be read: a list that is shorter than the operator thinks is the wrong list.
    pub(crate) fn party(&self, issuer: &str) -> anyhow::Result<Option<RelyingParty>> {
        if self.attestation_roots.is_empty() && !self.attestation_aaguids.is_empty() {
            bail!(
                "passkey.attestation_aaguids names models, and no root in passkey.attestation_roots vouches for them"
            );
        }
        let Some(mut party) = RelyingParty::new(issuer, &issuer_label(issuer)) else { return Ok(None) };
        for file in &self.attestation_roots {
            let root = std::fs::read(file).with_context(|| format!("passkey.attestation_roots: {}", file.display()))?;
            party
                .allow(&root, &self.attestation_aaguids)
                .with_context(|| format!("passkey: with {}", file.display()))?;
        }
        Ok(Some(party))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_cannot_be_read_whole_is_refused() {
        let party = |config: &PasskeyConfig| config.party("https://login.example.org");
        assert!(party(&PasskeyConfig::default()).unwrap().is_some());
        assert!(PasskeyConfig::default().party("http://127.0.0.1:8080").unwrap().is_none());
        let models = PasskeyConfig { attestation_aaguids: vec!["x".to_owned()], ..PasskeyConfig::default() };
        assert!(party(&models).unwrap_err().to_string().contains("no root"));
        let missing = PasskeyConfig { attestation_roots: vec!["/nowhere.pem".into()], ..PasskeyConfig::default() };
        assert!(party(&missing).is_err());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("root.pem");
        std::fs::write(&file, "no certificate").unwrap();
        let wrong = PasskeyConfig { attestation_roots: vec![file], ..PasskeyConfig::default() };
        assert!(format!("{:#}", party(&wrong).unwrap_err()).contains("certificate"));
    }
}
