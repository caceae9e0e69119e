//! A security key in software, whose every word a test may change before it is signed.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's own tools end the test when they fail")]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::passkey::{Assertion, AssertionText, Attestation, AttestationText};
use crate::secret::{Digest, random_bytes};
use crate::testing::SeededRng;

/// Somebody was present.
pub const UP: u8 = 0x01;
/// The user was verified.
pub const UV: u8 = 0x04;
/// The key may be copied.
pub const BE: u8 = 0x08;
/// The key was copied.
pub const BS: u8 = 0x10;
/// A new credential follows.
const AT: u8 = 0x40;

/// One credential of an authenticator.
#[derive(Debug)]
pub struct SoftKey {
    /// The key itself.
    pub pair: EcdsaKeyPair,
    /// The credential's id.
    pub id: Vec<u8>,
    /// The user handle that came with the options.
    pub handle: Vec<u8>,
    /// The last counter; 0 for a key that counts nothing.
    pub counter: u32,
    /// Whether it counts its uses.
    pub counts: bool,
    /// What it says of itself each time.
    pub flags: u8,
}

/// What a key and its browser say: all of it is signed as it stands here when it is sent.
#[derive(Clone, Debug)]
pub struct Said {
    /// `type`.
    pub kind: &'static str,
    /// `challenge`.
    pub challenge: String,
    /// `origin`.
    pub origin: String,
    /// `crossOrigin`; left out when `None`.
    pub cross_origin: Option<bool>,
    /// `topOrigin`; left out when `None`.
    pub top_origin: Option<String>,
    /// Whose hash stands in the authenticator's data.
    pub rp_id: String,
    /// Flags.
    pub flags: u8,
    /// Counter.
    pub counter: u32,
    /// The credential named in the answer.
    pub id: Vec<u8>,
    /// The algorithm of the new key.
    pub alg: i8,
    /// The format of the attestation.
    pub format: &'static str,
    /// The user handle of the answer; left out when `None`.
    pub handle: Option<Vec<u8>>,
    /// What becomes of the signature.
    pub spoil: fn(&mut Vec<u8>),
}

impl SoftKey {
    /// A new key that verifies its user and counts its uses.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let id: [u8; 32] = random_bytes(&SeededRng::new(seed));
        Self { pair, id: id.to_vec(), handle: Vec::new(), counter: 0, counts: true, flags: UP | UV }
    }

    /// A new key without PIN or body: held, and nothing more.
    #[must_use]
    pub fn without_pin(seed: u64) -> Self {
        Self { flags: UP, ..Self::new(seed) }
    }

    /// Enrols at `origin` with these options.
    pub fn register(&mut self, origin: &str, options: &Value) -> Value {
        self.register_saying(origin, options, |_| {})
    }

    /// The same, saying something else.
    pub fn register_saying(&mut self, origin: &str, options: &Value, change: impl FnOnce(&mut Said)) -> Value {
        self.handle = bytes(&options["user"]["id"]);
        let mut said = self.said("webauthn.create", origin, options, &options["rp"]["id"]);
        change(&mut said);
        let mut data = head(&Said { flags: said.flags | AT, ..said.clone() });
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&u16::try_from(said.id.len()).unwrap().to_be_bytes());
        data.extend_from_slice(&said.id);
        data.extend_from_slice(&self.cose(said.alg));
        let mut object = vec![0xa3];
        object.extend_from_slice(&text("fmt"));
        object.extend_from_slice(&text(said.format));
        object.extend_from_slice(&text("attStmt"));
        object.push(0xa0);
        object.extend_from_slice(&text("authData"));
        object.push(0x59);
        object.extend_from_slice(&u16::try_from(data.len()).unwrap().to_be_bytes());
        object.extend_from_slice(&data);
        let id = encoded(&said.id);
        json!({
            "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encoded(&client_data(&said)),
                "attestationObject": encoded(&object),
                "transports": ["usb"],
            },
        })
    }

    /// Answers the options of a login at `origin`.
    pub fn answer(&mut self, origin: &str, options: &Value) -> Value {
        self.answer_saying(origin, options, |_| {})
    }

    /// The same, saying something else.
    pub fn answer_saying(&mut self, origin: &str, options: &Value, change: impl FnOnce(&mut Said)) -> Value {
        let mut said = self.said("webauthn.get", origin, options, &options["rpId"]);
        change(&mut said);
        let (data, client) = (head(&said), client_data(&said));
        let mut signed = data.clone();
        signed.extend_from_slice(Digest::of(&client).as_bytes());
        let mut signature = self.pair.sign(&test_random(), &signed).unwrap().as_ref().to_vec();
        (said.spoil)(&mut signature);
        let id = encoded(&said.id);
        json!({
            "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encoded(&client),
                "authenticatorData": encoded(&data),
                "signature": encoded(&signature),
                "userHandle": said.handle.as_deref().map(encoded),
            },
        })
    }

    fn said(&mut self, kind: &'static str, origin: &str, options: &Value, rp_id: &Value) -> Said {
        if self.counts {
            self.counter += 1;
        }
        Said {
            kind,
            challenge: options["challenge"].as_str().unwrap().to_owned(),
            origin: origin.to_owned(),
            cross_origin: Some(false),
            top_origin: None,
            rp_id: rp_id.as_str().unwrap().to_owned(),
            flags: self.flags,
            counter: self.counter,
            id: self.id.clone(),
            alg: -7,
            format: "none",
            handle: Some(self.handle.clone()),
            spoil: |_| {},
        }
    }

    /// The public key in COSE (RFC 9053 section 7.1.1).
    fn cose(&self, alg: i8) -> Vec<u8> {
        let point = self.pair.public_key().as_ref();
        let mut cose = vec![0xa5, 0x01, 0x02, 0x03, u8::try_from(0x20 - 1 - i16::from(alg)).unwrap(), 0x20, 0x01];
        cose.extend_from_slice(&[0x21, 0x58, 32]);
        cose.extend_from_slice(point.get(1..33).unwrap());
        cose.extend_from_slice(&[0x22, 0x58, 32]);
        cose.extend_from_slice(point.get(33..65).unwrap());
        cose
    }
}

/// What a browser's JSON says, as the check reads it.
#[must_use]
pub fn assertion(credential: &Value) -> Assertion {
    let text = |name: &str| credential["response"][name].as_str().unwrap();
    Assertion::parse(&AssertionText {
        id: credential["id"].as_str().unwrap(),
        raw_id: credential["rawId"].as_str().unwrap(),
        kind: credential["type"].as_str().unwrap(),
        client_data: text("clientDataJSON"),
        authenticator_data: text("authenticatorData"),
        signature: text("signature"),
        user_handle: credential["response"]["userHandle"].as_str(),
    })
    .unwrap()
}

/// The same of a new credential.
#[must_use]
pub fn attestation(credential: &Value) -> Attestation {
    Attestation::parse(&AttestationText {
        id: credential["id"].as_str().unwrap(),
        raw_id: credential["rawId"].as_str().unwrap(),
        kind: credential["type"].as_str().unwrap(),
        client_data: credential["response"]["clientDataJSON"].as_str().unwrap(),
        object: credential["response"]["attestationObject"].as_str().unwrap(),
        transports: &["usb".to_owned()],
    })
    .unwrap()
}

fn head(said: &Said) -> Vec<u8> {
    let mut data = Digest::of(said.rp_id.as_bytes()).as_bytes().to_vec();
    data.push(said.flags);
    data.extend_from_slice(&said.counter.to_be_bytes());
    data
}

fn client_data(said: &Said) -> Vec<u8> {
    let mut client = json!({ "type": said.kind, "challenge": said.challenge, "origin": said.origin });
    if let Some(cross) = said.cross_origin {
        client["crossOrigin"] = json!(cross);
    }
    if let Some(top) = &said.top_origin {
        client["topOrigin"] = json!(top);
    }
    client.to_string().into_bytes()
}

fn text(word: &str) -> Vec<u8> {
    let mut text = vec![0x60 + u8::try_from(word.len()).unwrap()];
    text.extend_from_slice(word.as_bytes());
    text
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn bytes(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a signature of a test: nothing repeats by it")]
fn test_random() -> SystemRandom {
    SystemRandom::new()
}
