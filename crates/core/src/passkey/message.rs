//! What browsers send, read strictly, and what must be true of it beside the signature. The library judges the rest; it
//! looks neither at `topOrigin` nor, in a login, at `crossOrigin`, and takes a path behind an origin for that origin.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::Refusal;

/// Longest credential id, in bytes (WAN-15).
pub const CREDENTIAL_BYTES_MAX: usize = 1023;
/// Longest user handle, in bytes (WAN-23). Ours have 16.
const HANDLE_BYTES_MAX: usize = 64;
/// Most transports that are kept of a credential; five are registered.
const TRANSPORTS_MAX: usize = 8;

/// `AuthenticationResponseJSON` of a browser, its texts still encoded.
#[derive(Clone, Copy, Debug)]
pub struct AssertionText<'a> {
    /// `id`.
    pub id: &'a str,
    /// `rawId`.
    pub raw_id: &'a str,
    /// `type`.
    pub kind: &'a str,
    /// `response.clientDataJSON`.
    pub client_data: &'a str,
    /// `response.authenticatorData`.
    pub authenticator_data: &'a str,
    /// `response.signature`.
    pub signature: &'a str,
    /// `response.userHandle`.
    pub user_handle: Option<&'a str>,
}

/// `RegistrationResponseJSON` of a browser, its texts still encoded.
#[derive(Clone, Copy, Debug)]
pub struct AttestationText<'a> {
    /// `id`.
    pub id: &'a str,
    /// `rawId`.
    pub raw_id: &'a str,
    /// `type`.
    pub kind: &'a str,
    /// `response.clientDataJSON`.
    pub client_data: &'a str,
    /// `response.attestationObject`.
    pub object: &'a str,
    /// `response.transports`.
    pub transports: &'a [String],
}

/// An answer to a login's challenge.
#[derive(Clone, Debug)]
pub struct Assertion {
    pub(super) credential: Vec<u8>,
    pub(super) client_data: Vec<u8>,
    pub(super) authenticator_data: Vec<u8>,
    pub(super) signature: Vec<u8>,
    pub(super) user_handle: Option<Vec<u8>>,
}

/// A new credential.
#[derive(Clone, Debug)]
pub struct Attestation {
    pub(super) credential: Vec<u8>,
    pub(super) client_data: Vec<u8>,
    pub(super) object: Vec<u8>,
    pub(super) transports: Vec<String>,
}

impl Assertion {
    /// Reads what a browser sent.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] when it is no public-key credential, names itself twice, or is not base64url.
    pub fn parse(text: &AssertionText<'_>) -> Result<Self, Refusal> {
        let user_handle = text.user_handle.filter(|handle| !handle.is_empty()).map(decoded).transpose()?;
        if user_handle.as_ref().is_some_and(|handle| handle.len() > HANDLE_BYTES_MAX) {
            return Err(Refusal::Malformed);
        }
        Ok(Self {
            credential: credential(text.id, text.raw_id, text.kind)?,
            client_data: decoded(text.client_data)?,
            authenticator_data: decoded(text.authenticator_data)?,
            signature: decoded(text.signature)?,
            user_handle,
        })
    }

    /// Which credential answers.
    #[must_use]
    pub fn credential(&self) -> &[u8] {
        &self.credential
    }

    /// Whose it says it is.
    #[must_use]
    pub fn user_handle(&self) -> Option<&[u8]> {
        self.user_handle.as_deref()
    }
}

impl Attestation {
    /// Reads what a browser sent.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] as for [`Assertion::parse`].
    pub fn parse(text: &AttestationText<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            credential: credential(text.id, text.raw_id, text.kind)?,
            client_data: decoded(text.client_data)?,
            object: decoded(text.object)?,
            transports: text
                .transports
                .iter()
                .filter(|name| is_transport(name))
                .take(TRANSPORTS_MAX)
                .cloned()
                .collect(),
        })
    }

    /// Which credential it is.
    #[must_use]
    pub fn credential(&self) -> &[u8] {
        &self.credential
    }
}

impl Assertion {
    /// For the library: what is judged, and no word of extensions (WAN-22).
    pub(super) fn as_json(&self) -> Value {
        let id = encoded(&self.credential);
        json!({
            "id": id, "rawId": id, "type": "public-key",
            "response": {
                "authenticatorData": encoded(&self.authenticator_data),
                "clientDataJSON": encoded(&self.client_data),
                "signature": encoded(&self.signature),
                "userHandle": self.user_handle.as_deref().map(encoded),
            },
        })
    }
}

impl Attestation {
    pub(super) fn as_json(&self) -> Value {
        let id = encoded(&self.credential);
        json!({
            "id": id, "rawId": id, "type": "public-key",
            "response": { "attestationObject": encoded(&self.object), "clientDataJSON": encoded(&self.client_data) },
        })
    }
}

/// The registered names (WA3 section 5.8.4): others mean nothing to a browser either.
fn is_transport(name: &str) -> bool {
    matches!(name, "usb" | "nfc" | "ble" | "internal" | "hybrid" | "smart-card")
}

fn credential(id: &str, raw_id: &str, kind: &str) -> Result<Vec<u8>, Refusal> {
    // Two names for one credential would be two for whoever reads only one of them.
    if kind != "public-key" || id != raw_id {
        return Err(Refusal::Malformed);
    }
    let credential = decoded(raw_id)?;
    let fits = !credential.is_empty() && credential.len() <= CREDENTIAL_BYTES_MAX;
    if fits { Ok(credential) } else { Err(Refusal::Malformed) }
}

pub(super) fn decoded(text: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Refusal::Malformed)
}

pub(super) fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The client data of which we judge something ourselves. A member that stands twice is an error of the reader.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    origin: String,
    #[serde(default)]
    cross_origin: Option<bool>,
    #[serde(default)]
    top_origin: Option<IgnoredAny>,
}

/// Refuses client data of another kind of ceremony, another origin, or a page inside a page.
pub(super) fn judge_client_data(bytes: &[u8], kind: &str, origin: &str) -> Result<(), Refusal> {
    let data: ClientData = serde_json::from_slice(bytes).map_err(|_| Refusal::Malformed)?;
    if data.r#type != kind {
        return Err(Refusal::Type);
    }
    // Exactly: another port or scheme of one host is another origin, and may be somebody else's.
    let embedded = data.cross_origin == Some(true) || data.top_origin.is_some();
    if data.origin != origin || embedded { Err(Refusal::Origin) } else { Ok(()) }
}
