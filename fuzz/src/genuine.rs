//! The keys that the bodies hold against: the same ones in every run, so that seeds stay valid. Never used elsewhere.

use std::sync::LazyLock;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use poundlock_core::audit::CheckpointKey;
use poundlock_core::seal::{Keyring, MasterKey};
use poundlock_core::testing::SeededRng;
use poundlock_verify::{Jwk, JwkSet, Seconds, b64};

/// The issuer of the tokens.
pub(crate) const ISSUER: &str = "https://login.example";
/// Their audience.
pub(crate) const AUDIENCE: &str = "https://api.example";
/// The address of the status list.
pub(crate) const LIST: &str = "https://login.example/status/1";
/// When the bodies run.
pub(crate) const NOW: Seconds = Seconds::new(1_790_000_060);

/// Data keys.
pub(crate) static RING: LazyLock<Option<Keyring>> = LazyLock::new(|| {
    let rng = rng();
    let master = MasterKey::random(&rng);
    Keyring::open(&master, &Keyring::create(&master, &rng)).ok()
});

/// The key of audit checkpoints.
pub(crate) static CHECKPOINTS: LazyLock<Option<CheckpointKey>> = LazyLock::new(|| CheckpointKey::random(&rng()).ok());

static SIGNER: LazyLock<Option<Ed25519KeyPair>> = LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).ok());

/// A random source that repeats.
pub(crate) const fn rng() -> SeededRng {
    SeededRng::new(1)
}

/// The data keys.
pub(crate) fn ring() -> &'static Keyring {
    let ring = RING.as_ref();
    assert!(ring.is_some());
    #[expect(clippy::unwrap_used, reason = "asserted above: a body without its keys would prove nothing")]
    ring.unwrap()
}

/// The public key as a set.
pub(crate) fn keys() -> JwkSet {
    let jwk = SIGNER.as_ref().and_then(|key| Jwk::ed25519(key.public_key().as_ref(), "ed").ok());
    JwkSet::from_keys(jwk.into_iter().collect()).unwrap_or_default()
}

/// A token with any header and payload, signed by the key of [`keys`].
pub(crate) fn signed(header: &[u8], payload: &[u8]) -> String {
    let message = format!("{}.{}", b64::encode(header), b64::encode(payload));
    let signature = SIGNER.as_ref().map(|key| b64::encode(key.sign(message.as_bytes()).as_ref()));
    format!("{message}.{}", signature.unwrap_or_default())
}

/// The header of a token of this type.
pub(crate) fn header(typ: &str) -> Vec<u8> {
    format!(r#"{{"alg":"EdDSA","typ":"{typ}","kid":"ed"}}"#).into_bytes()
}

/// The claims of a good token.
pub(crate) fn claims() -> Vec<u8> {
    format!(
        r#"{{"iss":"{ISSUER}","sub":"sub_1","aud":"{AUDIENCE}","client_id":"web","iat":1790000000,"exp":1790000300,"jti":"t1","sid":"ses_1","scope":"read","auth_time":1790000000,"acr":"aal2","amr":["pwd","otp"],"mfa_time":1790000000,"groups":["staff"],"status":{{"status_list":{{"idx":5,"uri":"{LIST}"}}}}}}"#
    )
    .into_bytes()
}
