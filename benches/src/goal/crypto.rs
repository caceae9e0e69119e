//! One key in the hands of everybody who is compared: ours, the raw primitive of aws-lc-rs, and jsonwebtoken.

use anyhow::{Result, anyhow};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use poundlock_core::client::Client;
use poundlock_core::jws::{Alg, SigningKey};
use poundlock_core::secret::Secret;
use poundlock_core::session::{Saying, Session};
use poundlock_core::time::Time;
use poundlock_core::user::UserRow;

use crate::clock::wall;
use crate::random::SystemRng;
use crate::world::{self, ISSUER, World};

/// The algorithms that are compared.
pub(super) const ALGS: [Alg; 3] = [Alg::Es256, Alg::EdDsa, Alg::Rs256];

/// A key, everywhere.
pub(super) struct Keys {
    pub(super) alg: Alg,
    pub(super) key: SigningKey,
    private: Secret<Vec<u8>>,
    pair: Pair,
}

enum Pair {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(Box<RsaKeyPair>),
}

impl Keys {
    pub(super) fn make(alg: Alg) -> Result<Self> {
        let (key, private) = SigningKey::generate(alg)?;
        let der = private.reveal();
        let pair = match alg {
            Alg::Es256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map(Pair::Es256),
            Alg::EdDsa => Ed25519KeyPair::from_pkcs8(der).map(Pair::EdDsa),
            Alg::Rs256 => RsaKeyPair::from_pkcs8(der).map(|pair| Pair::Rs256(Box::new(pair))),
        };
        let pair = pair.map_err(|error| anyhow!("a {alg} key: {error}"))?;
        Ok(Self { alg, key, private, pair })
    }

    /// The public key, parsed once: the fastest that the library does.
    pub(super) fn public(&self) -> Result<ParsedPublicKey> {
        let parsed = match &self.pair {
            Pair::Es256(pair) => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key()),
            Pair::EdDsa(pair) => ParsedPublicKey::new(&ED25519, pair.public_key()),
            Pair::Rs256(pair) => ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key()),
        };
        parsed.map_err(|error| anyhow!("a {} public key: {error}", self.alg))
    }

    /// One bare signature; gives its length.
    pub(super) fn sign(&self, rng: &SystemRandom, message: &[u8]) -> Result<usize> {
        let failed = |_| anyhow!("the library does not sign");
        Ok(match &self.pair {
            Pair::Es256(pair) => pair.sign(rng, message).map_err(failed)?.as_ref().len(),
            Pair::EdDsa(pair) => pair.try_sign(message).map_err(failed)?.as_ref().len(),
            Pair::Rs256(pair) => {
                let mut signature = [0; 384];
                pair.sign(&RSA_PKCS1_SHA256, rng, message, &mut signature).map_err(failed)?;
                signature.len()
            }
        })
    }

    pub(super) const fn algorithm(&self) -> Algorithm {
        match self.alg {
            Alg::Es256 => Algorithm::ES256,
            Alg::EdDsa => Algorithm::EdDSA,
            Alg::Rs256 => Algorithm::RS256,
        }
    }

    pub(super) fn encoding(&self) -> Result<EncodingKey> {
        let der = self.private.reveal();
        Ok(match self.alg {
            Alg::Es256 => EncodingKey::from_ec_der(der),
            Alg::EdDsa => EncodingKey::from_ed_der(der),
            Alg::Rs256 => EncodingKey::from_rsa_pem(pem(der).as_bytes())?,
        })
    }

    pub(super) fn decoding(&self) -> Result<DecodingKey> {
        let jwk = serde_json::to_value(self.key.public_jwk())?;
        Ok(DecodingKey::from_jwk(&serde_json::from_value(jwk)?)?)
    }
}

/// What the signatures of the library take and ignore.
#[expect(clippy::disallowed_methods, reason = "the raw primitive is called as its library wants to be called")]
pub(super) fn library_random() -> SystemRandom {
    SystemRandom::new()
}

/// A session and all that a token says beside it.
pub(super) struct Mint {
    session: Session,
    user: UserRow,
    client: Client,
    groups: Vec<String>,
    pub(super) now: Time,
    rng: SystemRng,
}

impl Mint {
    pub(super) fn new() -> Result<Self> {
        let now = wall();
        let (mut world, client) = (World::alone(now)?, world::client(ISSUER)?);
        let person = world.person("ada")?;
        let user = person.row.clone();
        let session = world.session(person, &client, (3, 4711))?;
        Ok(Self { session, user, client, groups: vec!["staff".to_owned()], now, rng: world.rng })
    }

    /// One access token, as a refresh mints it.
    pub(super) fn token(&self, keys: &Keys) -> Result<Secret<String>> {
        let audience = self.client.audiences.iter().find(|audience| audience.alg == keys.alg);
        let audience = audience.ok_or_else(|| anyhow!("no audience for {}", keys.alg))?;
        let saying = Saying {
            issuer: ISSUER,
            subject: &self.user.subject,
            audience: &audience.name,
            client: &self.client,
            groups: &self.groups,
            scope: None,
            status_uri: "http://localhost:8080/status/3",
        };
        Ok(self.session.access_token(&saying, &keys.key, self.now, &self.rng)?.token)
    }

    /// The audience of tokens under this algorithm.
    pub(super) fn audience(&self, alg: Alg) -> Option<&str> {
        self.client.audiences.iter().find(|audience| audience.alg == alg).map(|audience| audience.name.as_str())
    }
}

/// The bytes under a token's signature.
pub(super) fn signed(token: &str) -> Result<&str> {
    token.rsplit_once('.').map(|(signed, _)| signed).ok_or_else(|| anyhow!("no token"))
}

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))
}

#[cfg(test)]
mod tests {
    use poundlock_verify::b64;

    use super::*;

    #[test]
    fn everybody_holds_the_same_key() {
        let mint = Mint::new().unwrap();
        for alg in [Alg::Es256, Alg::EdDsa] {
            let keys = Keys::make(alg).unwrap();
            let token = mint.token(&keys).unwrap();
            let (message, signature) = token.reveal().rsplit_once('.').unwrap();
            let signature = b64::decode(signature).unwrap();
            assert!(keys.public().unwrap().verify_sig(message.as_bytes(), &signature).is_ok(), "{alg}");
            assert_eq!(keys.sign(&library_random(), message.as_bytes()).unwrap(), 64, "{alg}");
            assert!(keys.encoding().is_ok() && keys.decoding().is_ok(), "{alg}");
        }
    }
}
