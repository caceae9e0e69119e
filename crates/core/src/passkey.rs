//! Passkeys and security keys (WebAuthn level 3): what is asked of an authenticator, and the check of its answer. A passkey
//! whose device verified its user is of both kinds; one without is something held, like a code (WAN-08).
//!
//! **Architecture Invariant:** the one file that knows the library behind it. It draws challenges from a generator of its
//! own, and reads the clock where it judges certificates; nothing else in this crate does either.

mod ceremony;
mod json;
mod message;
mod proof;
mod refusal;
mod row;

use serde_json::{Value, json};
use webauthn_rs::prelude::{
    AttestationCaList, AttestationMetadata, Credential, DiscoverableAuthentication, PublicKeyCredential,
    RegisterPublicKeyCredential, SecurityKeyRegistration, Url, Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};

pub use self::ceremony::{Asked, LIFE, Offered, OpenChallenge};
pub use self::message::{Assertion, AssertionText, Attestation, AttestationText, CREDENTIAL_BYTES_MAX};
pub use self::proof::PasskeyProof;
pub use self::refusal::{BadAllowList, Refusal};
pub use self::row::{Passkey, PasskeyRow, UserHandle};

use self::ceremony::Whom;
use self::json::{changed, read, read_value, text_of};
use self::message::{decoded, encoded, judge_client_data};
use self::row::{Attested, Facts};
use crate::id::{FactorId, UserId};
use crate::seal::Keyring;
use crate::secret::{Digest, Rng, Secret};
use crate::time::Time;

/// This server as authenticators know it: one host, one origin, and whose attestations count.
#[derive(Debug)]
pub struct RelyingParty {
    library: Webauthn,
    origin: String,
    allowed: Vec<Allowed>,
}

/// A root whose attestations are believed, and the models of authenticators that it may vouch for; none means any.
#[derive(Debug)]
struct Allowed {
    roots: AttestationCaList,
    fingerprint: String,
    aaguids: Vec<Uuid>,
}

/// Whom a new passkey is for.
#[derive(Clone, Copy, Debug)]
pub struct Enrollee<'a> {
    /// What authenticators know them by; one for all their passkeys.
    pub handle: UserHandle,
    /// The name they log in with: shown by authenticators.
    pub name: &'a str,
    /// What they are called.
    pub display_name: &'a str,
    /// The passkeys they have: none is enrolled twice (WAN-24).
    pub existing: &'a [Passkey],
}

/// What a new passkey becomes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Becomes {
    pub(crate) user: UserId,
    pub(crate) factor: FactorId,
    pub(crate) held_until: Option<Time>,
}

impl RelyingParty {
    /// The relying party of an issuer, called `name` by authenticators; `None` where the issuer has an address for a host,
    /// which no authenticator takes.
    #[must_use]
    pub fn new(issuer: &str, name: &str) -> Option<Self> {
        let url = Url::parse(issuer).ok()?;
        let origin = url.origin().ascii_serialization();
        let base = Url::parse(&origin).ok()?;
        let builder = WebauthnBuilder::new(url.domain()?, &base).ok()?;
        let life = std::time::Duration::from_secs(u64::try_from(LIFE.seconds()).ok()?);
        let library = builder.rp_name(name).timeout(life).build().ok()?;
        Some(Self { library, origin, allowed: Vec::new() })
    }

    /// Believes attestations that lead to this root, for these models or for any.
    ///
    /// # Errors
    /// [`BadAllowList`] when one of them cannot be read.
    pub fn allow(&mut self, root_pem: &[u8], aaguids: &[String]) -> Result<(), BadAllowList> {
        let roots = AttestationCaList::try_from(root_pem).map_err(|_| BadAllowList::Root)?;
        let digest = roots.cas().keys().next().ok_or(BadAllowList::Root)?;
        let fingerprint = encoded(digest.as_ref());
        let aaguids = aaguids.iter().map(|text| Uuid::try_parse(text)).collect::<Result<_, _>>();
        self.allowed.push(Allowed { roots, fingerprint, aaguids: aaguids.map_err(|_| BadAllowList::Aaguid)? });
        Ok(())
    }

    /// Offers to enrol a passkey: what to keep, and what the browser hands to the authenticator.
    ///
    /// # Errors
    /// [`Refusal`] when the library cannot make it of these names.
    pub fn offer(&self, who: &Enrollee<'_>) -> Result<(Offered, Value), Refusal> {
        let known = who.existing.iter().map(|passkey| decoded(&passkey.facts.id)).collect::<Result<Vec<_>, _>>()?;
        let display_name = if who.display_name.is_empty() { who.name } else { who.display_name };
        let begun = self.library.start_securitykey_registration(
            who.handle.uuid(),
            who.name,
            display_name,
            Some(known),
            None,
            None,
        );
        let (options, state) = begun.map_err(|error| refusal_of(&error))?;
        // The library discourages what makes a passkey of a key, and asks for more extensions than we read.
        let changes = json!({
            "attestation": if self.allowed.is_empty() { "none" } else { "direct" },
            "authenticatorSelection": {
                "residentKey": "preferred", "requireResidentKey": false, "userVerification": "preferred",
            },
            "extensions": {
                "credProps": true,
                "credentialProtectionPolicy": "userVerificationOptionalWithCredentialIDList",
                "enforceCredentialProtectionPolicy": false,
            },
            "hints": null,
        });
        Ok((Offered { state: text_of(&state)?, handle: who.handle }, changed(&options, &changes)?))
    }

    /// Asks for one of these passkeys. Verification is wanted at least, and judged when it answers.
    ///
    /// # Errors
    /// [`Refusal`] when the library cannot ask.
    pub fn ask(&self, passkeys: &[Passkey], needs_verification: bool) -> Result<(Asked, Value), Refusal> {
        let begun = self.library.start_securitykey_authentication(&[]).map_err(|error| refusal_of(&error))?;
        let allowed = passkeys.iter().map(Passkey::descriptor).collect::<Vec<_>>();
        let verification = if needs_verification { "required" } else { "preferred" };
        let changes = json!({
            "allowCredentials": allowed, "userVerification": verification, "extensions": null, "hints": null,
        });
        let whom = Whom::These(passkeys.iter().map(Passkey::factor).collect());
        Ok((Asked { state: text_of(&begun.1)?, whom }, changed(&begun.0, &changes)?))
    }

    /// Asks whoever has a passkey here: nobody is named, and nothing is stored. `holder` is who may send the answer: a
    /// browser, or users of the API.
    ///
    /// # Errors
    /// [`Refusal`] when the library cannot ask.
    pub fn ask_anyone(
        &self,
        holder: &Digest,
        now: Time,
        ring: &Keyring,
        rng: &dyn Rng,
    ) -> Result<(Secret<String>, Value), Refusal> {
        let begun = self.library.start_discoverable_authentication().map_err(|error| refusal_of(&error))?;
        let asked = Asked { state: text_of(&begun.1)?, whom: Whom::Anyone };
        let options = changed(&begun.0, &json!({ "extensions": null, "hints": null }))?;
        Ok((OpenChallenge::seal(&asked, holder, now, ring, rng), options))
    }

    /// Judges a new credential. What it proves is that its holder answered now; its row is the factor to store.
    #[expect(clippy::needless_pass_by_value, reason = "an offer is spent by its use")]
    pub(crate) fn confirm(
        &self,
        offered: Offered,
        attestation: &Attestation,
        becomes: Becomes,
        (now, ring, rng): (Time, &Keyring, &dyn Rng),
    ) -> Result<PasskeyProof, Refusal> {
        judge_client_data(&attestation.client_data, "webauthn.create", &self.origin)?;
        let state: SecurityKeyRegistration = read(&offered.state)?;
        let answer: RegisterPublicKeyCredential = read_value(attestation.as_json())?;
        let made = self.library.finish_securitykey_registration(&answer, &state);
        let credential = Credential::from(made.map_err(|error| refusal_of(&error))?);
        if credential.cred_id != attestation.credential {
            return Err(Refusal::Credential);
        }
        let passkey = Passkey {
            factor: becomes.factor,
            version: 1,
            facts: Facts {
                user: becomes.user,
                handle: *offered.handle.as_bytes(),
                id: encoded(&credential.cred_id),
                transports: attestation.transports.clone(),
                is_verified: credential.user_verified,
                is_copyable: credential.backup_eligible,
                is_copied: credential.backup_state,
                is_doubted: false,
                attested: self.attested(&credential),
                held_until: becomes.held_until,
                credential: serde_json::to_value(&credential).map_err(|_| Refusal::Malformed)?,
            },
        };
        self.proof(&passkey, credential.user_verified, (now, ring, rng))
    }

    /// The root and model that an attestation leads to, where both are on the allow-list. One that leads elsewhere is no
    /// reason to refuse the key (WAN-13): it is worth less.
    fn attested(&self, credential: &Credential) -> Option<Attested> {
        let (AttestationMetadata::Packed { aaguid } | AttestationMetadata::Tpm { aaguid, .. }) =
            credential.attestation.metadata
        else {
            return None;
        };
        let leads_to = |allowed: &&Allowed| {
            allowed.permits(aaguid) && matches!(credential.verify_attestation(&allowed.roots), Ok(Some(_)))
        };
        let root = self.allowed.iter().find(leads_to)?.fingerprint.clone();
        Some(Attested { root, aaguid })
    }

    /// Whether the allow-list still has what an attestation led to.
    fn believes(&self, attested: &Attested) -> bool {
        self.allowed.iter().any(|allowed| allowed.fingerprint == attested.root && allowed.permits(attested.aaguid))
    }

    fn proof(
        &self,
        passkey: &Passkey,
        is_verified: bool,
        (now, ring, rng): (Time, &Keyring, &dyn Rng),
    ) -> Result<PasskeyProof, Refusal> {
        let facts = &passkey.facts;
        // A key that may be copied is bound to nothing, whatever vouches for its model (WAN-27).
        let is_attested = !facts.is_copyable && facts.attested.as_ref().is_some_and(|attested| self.believes(attested));
        let row = passkey.row(ring, rng).map_err(|_| Refusal::Malformed)?;
        Ok(PasskeyProof::of(row, (is_verified, is_attested), now))
    }
}

impl Allowed {
    fn permits(&self, aaguid: Uuid) -> bool {
        self.aaguids.is_empty() || self.aaguids.contains(&aaguid)
    }
}

impl Passkey {
    /// Checks an answer. The challenge is spent by it, and must be marked as spent wherever it was kept before this is
    /// called (WAN-01).
    ///
    /// # Errors
    /// [`Refusal`] says why it proves nothing.
    #[expect(clippy::needless_pass_by_value, reason = "a challenge is spent by its use")]
    pub fn check(
        mut self,
        party: &RelyingParty,
        asked: Asked,
        assertion: &Assertion,
        (now, ring, rng): (Time, &Keyring, &dyn Rng),
    ) -> Result<PasskeyProof, Refusal> {
        asked.whom.refuse_another(&self, assertion)?;
        judge_client_data(&assertion.client_data, "webauthn.get", &party.origin)?;
        let mut credential: Credential = read_value(self.facts.credential.clone())?;
        let state: DiscoverableAuthentication = read(&asked.state)?;
        let answer: PublicKeyCredential = read_value(assertion.as_json())?;
        let result = party.library.finish_discoverable_authentication_v2(&answer, state, &credential);
        let result = result.map_err(|error| refusal_of(&error))?;
        // A PIN that a finder sets on a key enrolled without one proves nothing of its owner (WAN-21).
        let is_verified = result.user_verified() && self.facts.is_verified;
        if matches!(asked.whom, Whom::Anyone) && !is_verified {
            return Err(Refusal::Verification);
        }
        credential.counter = result.counter();
        credential.backup_state = result.backup_state();
        self.facts.is_copied = result.backup_state();
        self.facts.credential = serde_json::to_value(&credential).map_err(|_| Refusal::Malformed)?;
        self.version += 1;
        party.proof(&self, is_verified, (now, ring, rng))
    }
}

/// What the library found, in our words.
fn refusal_of(error: &WebauthnError) -> Refusal {
    use WebauthnError as E;
    match error {
        E::InvalidClientDataType => Refusal::Type,
        E::MismatchedChallenge => Refusal::Challenge,
        E::InvalidRPOrigin | E::CredentialCrossOrigin => Refusal::Origin,
        E::InvalidRPIDHash => Refusal::RelyingParty,
        E::UserNotPresent => Refusal::Presence,
        E::UserNotVerified => Refusal::Verification,
        E::CredentialBackupEligibilityInconsistent | E::CredentialMayNotBeHardwareBound => Refusal::Backup,
        E::CredentialAlteredAlgFromRequest => Refusal::Algorithm,
        E::CredentialNotFound => Refusal::Credential,
        E::AuthenticationFailure | E::SignatureInvalid => Refusal::Signature,
        E::CredentialPossibleCompromise => Refusal::Counter,
        E::AttestationNotSupported
        | E::AttestationStatementMapInvalid
        | E::AttestationStatementResponseInvalid
        | E::AttestationStatementSigInvalid
        | E::AttestationStatementX5CInvalid
        | E::AttestationStatementAlgMismatch
        | E::AttestationCertificateRequirementsNotMet => Refusal::Attestation,
        _ => Refusal::Malformed,
    }
}

#[cfg(test)]
mod tests;
