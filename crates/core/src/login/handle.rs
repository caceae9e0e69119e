//! The secret by which a client continues its login: in the body for the API, in a cookie for pages.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::LoginRow;
use crate::id::LoginId;
use crate::secret::Secret;

const PREFIX: &str = "pll_";

/// A login's id and secret. Good for the steps of one login and for nothing else (MFA-02, T-26).
#[derive(Debug)]
pub struct LoginHandle {
    id: LoginId,
    secret: Secret<[u8; 32]>,
}

impl LoginHandle {
    pub(super) const fn new(id: LoginId, secret: Secret<[u8; 32]>) -> Self {
        Self { id, secret }
    }

    /// Reads a handle; `None` when the text cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Secret::new(URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?);
        let (id, secret) = bytes.reveal().split_at_checked(16)?;
        Some(Self { id: LoginId::from_bytes(id)?, secret: Secret::new(secret.try_into().ok()?) })
    }

    /// The text the client sends back.
    #[must_use]
    pub fn text(&self) -> Secret<String> {
        let mut bytes = self.id.as_bytes().to_vec();
        bytes.extend_from_slice(self.secret.reveal());
        Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Which row to read.
    #[must_use]
    pub const fn id(&self) -> LoginId {
        self.id
    }

    pub(super) fn matches(&self, row: &LoginRow) -> bool {
        self.id == row.id && self.secret.digest().matches(&row.digest)
    }
}
