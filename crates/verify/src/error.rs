//! Why a token, key or status list was refused: one closed list with a stable code for each reason.
//!
//! A reason never carries text out of the refused token, so it is safe in logs and answers. It never says which key
//! would have worked.

use std::fmt;

/// Why something was refused. Every reason but the last two means 401 `invalid_token` (RFC 6750 §3.1); the last two
/// mean 401 `insufficient_user_authentication` (RFC 9470 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reject {
    /// Longer than the cap for its kind.
    TooLarge,
    /// Not a strict compact JWS: parts, alphabet, padding or JSON (RFC 7515 §7.1).
    Malformed,
    /// The header has a member other than `alg`, `typ` and `kid`.
    HeaderNotAllowed,
    /// The header's `typ` is missing or names another kind of token (RFC 8725 §3.11).
    WrongType,
    /// `alg` is missing, not on the list, or not the algorithm of the named key (RFC 8725 §3.1).
    AlgNotAllowed,
    /// `kid` is missing or names no key that is held.
    UnknownKey,
    /// The signature does not verify.
    BadSignature,
    /// A claim is missing, has the wrong JSON type, or is out of range.
    BadClaim,
    /// `iss` is not the expected issuer.
    WrongIssuer,
    /// `aud` does not name this service.
    WrongAudience,
    /// `sub` of a status list is not the address it was fetched from.
    WrongSubject,
    /// `exp` has passed.
    Expired,
    /// `nbf` or `iat` lies in the future.
    NotYetValid,
    /// The token is bound to a key (`cnf`) and came without a proof of it.
    ProofRequired,
    /// The proof is of another key than the one the token is bound to.
    WrongProof,
    /// The session was ended.
    Revoked,
    /// The session is suspended.
    Suspended,
    /// The status list has no such index.
    StatusOutOfRange,
    /// No fresh status list for this token is at hand.
    StatusUnavailable,
    /// A key cannot be used: kind, curve, size, exponent, `use` or `alg`.
    KeyNotAllowed,
    /// A key set is not valid JSON of the right shape, or a key in it has no usable form.
    KeySetMalformed,
    /// A key set holds a private or symmetric key.
    KeySetPrivate,
    /// Two keys of a set have the same `kid`.
    KeySetDuplicate,
    /// A key set holds no key that can be used.
    KeySetEmpty,
    /// The login was weaker than this action needs.
    InsufficientAcr,
    /// The login is older than this action allows.
    AuthenticationTooOld,
}

impl Reject {
    /// Every reason, in the order of declaration.
    pub const ALL: &'static [Self] = &[
        Self::TooLarge,
        Self::Malformed,
        Self::HeaderNotAllowed,
        Self::WrongType,
        Self::AlgNotAllowed,
        Self::UnknownKey,
        Self::BadSignature,
        Self::BadClaim,
        Self::WrongIssuer,
        Self::WrongAudience,
        Self::WrongSubject,
        Self::Expired,
        Self::NotYetValid,
        Self::ProofRequired,
        Self::WrongProof,
        Self::Revoked,
        Self::Suspended,
        Self::StatusOutOfRange,
        Self::StatusUnavailable,
        Self::KeyNotAllowed,
        Self::KeySetMalformed,
        Self::KeySetPrivate,
        Self::KeySetDuplicate,
        Self::KeySetEmpty,
        Self::InsufficientAcr,
        Self::AuthenticationTooOld,
    ];

    /// The stable code: for metrics, logs and alerts. It never changes once released.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.texts().0
    }

    /// The code, and the sentence for whoever has to fix it.
    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::TooLarge => ("too_large", "the token is over its size cap; ask the issuer for a smaller one"),
            Self::Malformed => ("malformed", "not a strict compact JWS; send the token exactly as issued"),
            Self::HeaderNotAllowed => {
                ("header_not_allowed", "the header has a member besides alg, typ and kid; this token is not ours")
            }
            Self::WrongType => ("wrong_type", "this is another kind of token; send the access token"),
            Self::AlgNotAllowed => {
                ("alg_not_allowed", "the algorithm is not the one of the named key; check the issuer's key set")
            }
            Self::UnknownKey => ("unknown_key", "no key has this kid; fetch the issuer's key set again"),
            Self::BadSignature => {
                ("bad_signature", "the signature does not verify; the token was altered or is another issuer's")
            }
            Self::BadClaim => ("bad_claim", "a claim is missing or has the wrong type; run `poundlock token verify`"),
            Self::WrongIssuer => ("wrong_issuer", "the token is another issuer's; compare the configured issuer"),
            Self::WrongAudience => {
                ("wrong_audience", "the token is for another service; ask for one with this service's audience")
            }
            Self::WrongSubject => {
                ("wrong_subject", "the status list is for another address; fetch it from the address the token names")
            }
            Self::Expired => ("expired", "the token has expired; refresh it, and compare clocks if it is new"),
            Self::NotYetValid => {
                ("not_yet_valid", "the token is from the future; compare this clock with the issuer's")
            }
            Self::ProofRequired => {
                ("proof_required", "the token is bound to a key; send it with a DPoP proof, not as Bearer")
            }
            Self::WrongProof => ("wrong_proof", "the DPoP proof is of another key than the token's"),
            Self::Revoked => ("revoked", "the session was ended; log in again"),
            Self::Suspended => ("suspended", "the session is suspended; ask an administrator"),
            Self::StatusOutOfRange => {
                ("status_out_of_range", "the status list has no entry for this token; fetch the list again")
            }
            Self::StatusUnavailable => {
                ("status_unavailable", "no fresh status list for this token; fetch it from the address the token names")
            }
            Self::KeyNotAllowed => (
                "key_not_allowed",
                "the key cannot be used; give a P-256, Ed25519 or RSA signing key of 2048 bits or more",
            ),
            Self::KeySetMalformed => ("key_set_malformed", "not a JSON Web Key Set; check the address it came from"),
            Self::KeySetPrivate => (
                "key_set_private",
                "the key set holds a private or symmetric key; publish public parts only, and replace that key",
            ),
            Self::KeySetDuplicate => ("key_set_duplicate", "two keys have the same kid; give each key its own"),
            Self::KeySetEmpty => ("key_set_empty", "the key set has no usable signing key with kid and alg"),
            Self::InsufficientAcr => ("insufficient_acr", "this action needs a stronger login; step up and try again"),
            Self::AuthenticationTooOld => {
                ("authentication_too_old", "this action needs a fresher login; log in again and try again")
            }
        }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code, advice) = self.texts();
        write!(f, "{code}: {advice}")
    }
}

impl std::error::Error for Reject {}

#[cfg(test)]
mod tests;
