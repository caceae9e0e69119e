//! Makes keys and signs compact JWS (RFC 7515 §3.1). Never verifies: that is the crate `verify`, and what signs here
//! must pass there.
//!
//! This is the one file of `core` whose library draws its own randomness: aws-lc takes no generator from its callers,
//! neither for new keys (KEY-11) nor for ECDSA nonces, which it hedges with the private key and the digest (KEY-09).

mod public;
#[cfg(test)]
pub(crate) mod tests;

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use poundlock_verify::{ACCESS_TOKEN_TYP, STATUS_LIST_TYP, b64};
pub use poundlock_verify::{Alg, Jwk};

use crate::secret::Secret;

/// Bytes of an RSA-3072 modulus, and so of its signatures. 128 bits of strength (KEY-02); no other size is taken.
const RSA_BYTES: usize = 384;
/// Bytes of an ES256 or Ed25519 signature (RFC 7518 §3.4, RFC 8032 §5.1.6).
const CURVE_SIGNATURE_BYTES: usize = 64;
/// Room for the claims of a usual access token, so that writing them does not grow the buffer.
const CLAIMS_BYTES_USUAL: usize = 768;

/// What kind of token is signed. Each kind has a `typ` of its own, so no kind passes the validator of another
/// (TOK-06, RFC 8725bis §3.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// An access token (RFC 9068 §2.1).
    Access,
    /// A Token Status List.
    StatusList,
    /// An ID token (`OpenID` Connect Core §2).
    Id,
    /// Word of a session's end (Back-Channel Logout §2.4).
    Logout,
}

impl TokenKind {
    /// Every kind there is.
    pub const ALL: [Self; 4] = [Self::Access, Self::StatusList, Self::Id, Self::Logout];

    /// The `typ` header, without the `application/` that RFC 7515 §4.1.9 lets a sender drop.
    #[must_use]
    pub const fn typ(self) -> &'static str {
        match self {
            Self::Access => ACCESS_TOKEN_TYP,
            Self::StatusList => STATUS_LIST_TYP,
            Self::Id => "JWT",
            Self::Logout => "logout+jwt",
        }
    }
}

/// Why nothing was signed or no key was made. None of them is a matter of what a client sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignFault {
    /// The stored private key is not a key of its algorithm and size.
    #[error("the private key is not one for its algorithm (P-256, Ed25519, or RSA of 3072 bits)")]
    BadKey,
    /// The claims do not become JSON.
    #[error("the claims of a token do not become JSON")]
    BadClaims,
    /// The cryptographic library gave up: no entropy or no memory.
    #[error("the cryptographic library could not make a key or a signature")]
    Library,
}

/// A private key, parsed once, with the encoded header of every kind of token it signs.
///
/// Its algorithm is the type of the key held, so key and algorithm cannot part company (KEY-03).
pub struct SigningKey {
    pair: Pair,
    kid: String,
    jwk: Jwk,
    access_header: String,
    status_list_header: String,
    id_header: String,
    logout_header: String,
}

enum Pair {
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:?} {})", self.alg(), self.kid())
    }
}

impl SigningKey {
    /// Makes a new key. RSA takes up to some seconds of CPU: call it away from requests.
    ///
    /// Gives the key and its private part as PKCS#8, which leaves this process only sealed (KEY-08).
    ///
    /// # Errors
    /// [`SignFault::Library`] when the library has no entropy.
    pub fn generate(alg: Alg) -> Result<(Self, Secret<Vec<u8>>), SignFault> {
        let pair = match alg {
            Alg::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Pair::Es256),
            Alg::EdDsa => Ed25519KeyPair::generate().map(Pair::EdDsa),
            Alg::Rs256 => RsaKeyPair::generate(KeySize::Rsa3072).map(Pair::Rs256),
        }
        .map_err(|_| SignFault::Library)?;
        let private = pair.to_pkcs8()?;
        Ok((Self::from_pair(pair)?, private))
    }

    /// Parses a private key that [`SigningKey::generate`] made.
    ///
    /// # Errors
    /// [`SignFault::BadKey`] when it is not a key of exactly this algorithm and size.
    pub fn from_pkcs8(alg: Alg, private: &Secret<Vec<u8>>) -> Result<Self, SignFault> {
        let der = private.reveal();
        let pair = match alg {
            Alg::Es256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map(Pair::Es256),
            Alg::EdDsa => Ed25519KeyPair::from_pkcs8(der).map(Pair::EdDsa),
            Alg::Rs256 => RsaKeyPair::from_pkcs8(der).map(Pair::Rs256),
        };
        Self::from_pair(pair.map_err(|_| SignFault::BadKey)?)
    }

    fn from_pair(pair: Pair) -> Result<Self, SignFault> {
        let named = match &pair {
            Pair::Es256(key) => public::p256(key.public_key().as_ref()),
            Pair::EdDsa(key) => public::ed25519(key.public_key().as_ref()),
            Pair::Rs256(key) if key.public_modulus_len() == RSA_BYTES => public::rsa(key.public_key().as_ref()),
            Pair::Rs256(_) => None,
        };
        let (kid, jwk) = named.ok_or(SignFault::BadKey)?;
        let header = |kind| encoded_header(pair.alg(), kind, &kid);
        Ok(Self {
            access_header: header(TokenKind::Access),
            status_list_header: header(TokenKind::StatusList),
            id_header: header(TokenKind::Id),
            logout_header: header(TokenKind::Logout),
            pair,
            kid,
            jwk,
        })
    }

    /// The one algorithm of this key.
    #[must_use]
    pub const fn alg(&self) -> Alg {
        self.pair.alg()
    }

    /// The key id: the thumbprint of the public key (RFC 7638).
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public part.
    #[must_use]
    pub const fn public_jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// Signs `claims` as a token of this kind.
    ///
    /// # Errors
    /// [`SignFault`] when the claims do not become JSON, or the library fails.
    pub fn sign(&self, kind: TokenKind, claims: &impl Serialize) -> Result<String, SignFault> {
        let mut payload = Vec::with_capacity(CLAIMS_BYTES_USUAL);
        serde_json::to_writer(&mut payload, claims).map_err(|_| SignFault::BadClaims)?;
        self.sign_payload(kind, &payload)
    }

    /// Signs a payload that already is JSON.
    ///
    /// # Errors
    /// [`SignFault::Library`] when the library fails.
    pub fn sign_payload(&self, kind: TokenKind, payload: &[u8]) -> Result<String, SignFault> {
        let header = match kind {
            TokenKind::Access => &self.access_header,
            TokenKind::StatusList => &self.status_list_header,
            TokenKind::Id => &self.id_header,
            TokenKind::Logout => &self.logout_header,
        };
        let body_bytes = encoded_bytes(payload.len()) + encoded_bytes(self.pair.signature_bytes());
        let mut token = String::with_capacity(header.len() + body_bytes + 2);
        token.push_str(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        self.pair.append_signature(&mut token)?;
        Ok(token)
    }
}

impl Pair {
    const fn alg(&self) -> Alg {
        match self {
            Self::Es256(_) => Alg::Es256,
            Self::Rs256(_) => Alg::Rs256,
            Self::EdDsa(_) => Alg::EdDsa,
        }
    }

    const fn signature_bytes(&self) -> usize {
        match self {
            Self::Es256(_) | Self::EdDsa(_) => CURVE_SIGNATURE_BYTES,
            Self::Rs256(_) => RSA_BYTES,
        }
    }

    /// Signs all of `token` as it stands and appends a dot and the signature.
    fn append_signature(&self, token: &mut String) -> Result<(), SignFault> {
        let failed = |_| SignFault::Library;
        match self {
            Self::Es256(key) => {
                let signature = key.sign(&library_random(), token.as_bytes()).map_err(failed)?;
                append(token, signature.as_ref());
            }
            Self::EdDsa(key) => {
                let signature = key.try_sign(token.as_bytes()).map_err(failed)?;
                append(token, signature.as_ref());
            }
            Self::Rs256(key) => {
                let mut signature = [0; RSA_BYTES];
                key.sign(&RSA_PKCS1_SHA256, &library_random(), token.as_bytes(), &mut signature).map_err(failed)?;
                append(token, &signature);
            }
        }
        Ok(())
    }

    fn to_pkcs8(&self) -> Result<Secret<Vec<u8>>, SignFault> {
        let failed = |_| SignFault::Library;
        let der = match self {
            Self::Es256(key) => key.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
            Self::EdDsa(key) => key.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
            Self::Rs256(key) => key.as_der().map_err(failed)?.as_ref().to_vec(),
        };
        Ok(Secret::new(der))
    }
}

/// What the signatures of aws-lc take as a parameter and, by their documentation, ignore.
#[expect(clippy::disallowed_methods, reason = "the library draws its own nonces and ignores the generator it is given")]
fn library_random() -> SystemRandom {
    SystemRandom::new()
}

fn append(token: &mut String, signature: &[u8]) {
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, token);
}

fn encoded_header(alg: Alg, kind: TokenKind, kid: &str) -> String {
    // Three members and no more: verifiers refuse every other (T-04). A kid is base64url, so nothing needs escaping.
    b64::encode(format!(r#"{{"alg":"{alg}","typ":"{}","kid":"{kid}"}}"#, kind.typ()).as_bytes())
}

const fn encoded_bytes(plain: usize) -> usize {
    (plain * 4).div_ceil(3)
}
