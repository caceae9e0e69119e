//! Who calls the token endpoint (RFC 6749 §2.3): one method in one request, and the one that the client is registered
//! for (OAE-10).

use poundlock_verify::b64;

use super::{BadParams, OauthError, Params, Refusal};
use crate::client::{Client, ClientKind};
use crate::secret::{Digest, Rng, Secret};
use crate::time::Time;

const PREFIX: &str = "pls_";

/// A client's secret: 256 random bits, shown once.
#[derive(Debug)]
pub struct ClientSecret(Secret<[u8; 32]>);

/// A client's secret as stored.
#[derive(Clone, Debug)]
pub struct ClientSecretRow {
    /// Digest of the secret: enough, since the secret is random (CAR-05).
    pub digest: Digest,
    /// When it stops working; `None` while it is the present one.
    pub expires_at: Option<Time>,
}

/// Who says to be calling, and what they show for it.
#[derive(Debug)]
pub struct Claimed {
    /// The client's id.
    pub client: String,
    /// Its secret, where one was sent.
    pub secret: Option<Secret<String>>,
}

impl ClientSecret {
    /// Draws a secret.
    pub fn random(rng: &dyn Rng) -> Self {
        Self(Secret::random(rng))
    }

    /// The text that goes to the operator, once.
    #[must_use]
    pub fn text(&self) -> Secret<String> {
        Secret::new(format!("{PREFIX}{}", b64::encode(self.0.reveal())))
    }

    /// What is stored.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.0.digest()
    }

    fn parse(text: &Secret<String>) -> Option<Self> {
        let bytes = Secret::new(b64::decode(text.reveal().strip_prefix(PREFIX)?).ok()?);
        Some(Self(Secret::new(bytes.reveal().as_slice().try_into().ok()?)))
    }
}

/// Reads who calls: from `Authorization: Basic`, or from the form, and never from both.
///
/// # Errors
/// `invalid_request` for two methods at once, `invalid_client` for a header that does not read or for nobody.
pub fn claimed(basic: Option<&Secret<String>>, params: &Params) -> Result<Claimed, Refusal> {
    let named = params.one("client_id");
    if params.one("client_assertion").is_some() || params.one("client_assertion_type").is_some() {
        return Err(Refusal::new(OauthError::InvalidClient, "client assertions are not taken"));
    }
    let Some(basic) = basic else {
        let client = named.ok_or_else(|| Refusal::new(OauthError::InvalidClient, "client_id is missing"))?;
        return Ok(Claimed { client: client.to_owned(), secret: params.secret("client_secret").cloned() });
    };
    if params.one("client_secret").is_some() {
        return Err(Refusal::invalid("the client authenticates in two ways at once"));
    }
    let (client, secret) = read_basic(basic).ok_or(BASIC)?;
    if named.is_some_and(|named| named != client) {
        return Err(Refusal::invalid("client_id is not the client of the Authorization header"));
    }
    Ok(Claimed { client, secret: Some(secret) })
}

const BASIC: Refusal =
    Refusal::new(OauthError::InvalidClient, "the Authorization header is not Basic client credentials");

/// The value behind `Basic` (RFC 7617 §2), whose two parts are form-encoded in `OAuth` (RFC 6749 §2.3.1).
fn read_basic(value: &Secret<String>) -> Option<(String, Secret<String>)> {
    use base64::Engine;
    let bytes = Secret::new(base64::engine::general_purpose::STANDARD.decode(value.reveal()).ok()?);
    let text = Secret::new(String::from_utf8(bytes.reveal().clone()).ok()?);
    let (id, secret) = text.reveal().split_once(':')?;
    let decoded = |text: &str| -> Result<Option<String>, BadParams> {
        let mut form = String::from("v=");
        form.push_str(text);
        Ok(Params::parse(&form)?.one("v").map(str::to_owned))
    };
    if text.reveal().contains(['&', '=']) {
        return None;
    }
    Some((decoded(id).ok()??, Secret::new(decoded(secret).ok()??)))
}

/// Whether the caller is `client`: a confidential one by its secret, any other by its name alone, without one.
///
/// # Errors
/// `invalid_client`.
pub fn prove(client: &Client, claimed: &Claimed, secrets: &[ClientSecretRow], now: Time) -> Result<(), Refusal> {
    let refuse = |description| Err(Refusal::new(OauthError::InvalidClient, description));
    match (client.kind, &claimed.secret) {
        (ClientKind::FirstParty | ClientKind::Public, None) => Ok(()),
        (ClientKind::FirstParty | ClientKind::Public, Some(_)) => {
            refuse("this client is public and has no secret: send none")
        }
        (ClientKind::Confidential, Some(secret)) => {
            let digest = ClientSecret::parse(secret).map(|secret| secret.digest());
            let fits = |row: &ClientSecretRow| {
                row.expires_at.is_none_or(|end| now < end) && digest.is_some_and(|digest| digest.matches(&row.digest))
            };
            if secrets.iter().any(fits) { Ok(()) } else { refuse("the client is unknown or its secret is wrong") }
        }
        (ClientKind::Confidential, None) => refuse("this client must authenticate with its secret"),
        (ClientKind::Service, _) => refuse("the client is unknown or its secret is wrong"),
    }
}
