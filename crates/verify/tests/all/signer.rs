//! Makes tokens for the tests, good and bad. The crate under test never signs.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use poundlock_verify::{Alg, Jwk, JwkSet, Seconds, Verifier, b64};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://login.example";
pub(crate) const AUDIENCE: &str = "https://api.example";
pub(crate) const NOW: Seconds = Seconds::new(1_790_000_060);

enum Key {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

pub(crate) struct Signer {
    key: Key,
    kid: String,
}

pub(crate) static EC: LazyLock<Signer> = LazyLock::new(|| Signer::new(Alg::Es256, "ec"));
pub(crate) static ED: LazyLock<Signer> = LazyLock::new(|| Signer::new(Alg::EdDsa, "ed"));
pub(crate) static RSA: LazyLock<Signer> = LazyLock::new(|| Signer::new(Alg::Rs256, "rsa"));

pub(crate) fn all() -> [&'static Signer; 3] {
    [&EC, &ED, &RSA]
}

impl Signer {
    pub(crate) fn new(alg: Alg, kid: &str) -> Self {
        let key = match alg {
            Alg::Es256 => Key::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()),
            Alg::EdDsa => Key::Ed(Ed25519KeyPair::generate().unwrap()),
            Alg::Rs256 => Key::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())),
        };
        Self { key, kid: kid.to_owned() }
    }

    pub(crate) fn alg(&self) -> Alg {
        self.jwk().alg().unwrap()
    }

    pub(crate) fn jwk(&self) -> Jwk {
        match &self.key {
            Key::Ec(key) => Jwk::ec_p256_point(key.public_key().as_ref(), &self.kid),
            Key::Ed(key) => Jwk::ed25519(key.public_key().as_ref(), &self.kid),
            Key::Rsa(key) => Jwk::rsa_pkcs1(key.public_key().as_ref(), &self.kid),
        }
        .unwrap()
    }

    #[expect(clippy::disallowed_methods, reason = "a test signer")]
    fn signature(&self, message: &[u8]) -> Vec<u8> {
        let rng = SystemRandom::new();
        match &self.key {
            Key::Ec(key) => key.sign(&rng, message).unwrap().as_ref().to_vec(),
            Key::Ed(key) => key.sign(message).as_ref().to_vec(),
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &rng, message, &mut signature).unwrap();
                signature
            }
        }
    }

    /// Signs header and payload as they are, however wrong.
    pub(crate) fn sign(&self, header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", b64::encode(header.as_bytes()), b64::encode(payload.as_bytes()));
        format!("{signed}.{}", b64::encode(&self.signature(signed.as_bytes())))
    }

    pub(crate) fn header(&self, typ: &str) -> Value {
        json!({"alg": self.alg(), "typ": typ, "kid": self.kid})
    }

    pub(crate) fn token(&self, claims: &Value) -> String {
        self.sign(&self.header("at+jwt").to_string(), &claims.to_string())
    }
}

pub(crate) fn keys() -> JwkSet {
    JwkSet::from_keys(all().iter().map(|signer| signer.jwk()).collect()).unwrap()
}

pub(crate) fn verifier() -> Verifier {
    Verifier::new(ISSUER, AUDIENCE).with_keys(keys())
}

/// Claims that are accepted at [`NOW`].
pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "usr_4kq2", "aud": AUDIENCE, "client_id": "cli_web",
        "iat": 1_790_000_000, "exp": 1_790_000_300, "jti": "tok_9d1", "sid": "ses_77a", "scope": "orders:read orders:write",
        "auth_time": 1_790_000_000, "acr": "phr", "amr": ["pwd", "hwk"], "groups": ["staff"], "mfa_time": 1_790_000_000,
        "status": {"status_list": {"idx": 5, "uri": "https://login.example/status/1"}},
    })
}

pub(crate) fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

pub(crate) fn claims_without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name).unwrap();
    claims
}
