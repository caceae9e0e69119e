//! The test vectors of Web Authentication Level 3: those we support are accepted, and refused when damaged; the others are
//! refused, by name.

use super::*;
use serde_json::Value;

const VECTORS: &str = include_str!("../../../tests/vectors/webauthn/l3_vectors.json");

/// What becomes of each vector: `None` is accepted.
const EXPECTED: [(&str, Option<Refusal>); 15] = [
    ("none-es256", None),
    ("packed-self-es256", None),
    // Embedding in a page of another origin is never allowed (WAN-05).
    ("none-es256-crossOrigin", Some(Refusal::Origin)),
    ("none-es256-topOrigin", Some(Refusal::Origin)),
    ("none-es256-long-credential-id", None),
    ("packed-es256", None),
    ("packed-es384", None),
    // Not offered: the library has no P-521, no Ed25519 and no Ed448.
    ("packed-es512", Some(Refusal::Algorithm)),
    // Its modulus has 3488 bits, and the library takes 2048 alone.
    ("packed-rs256", Some(Refusal::Malformed)),
    ("packed-eddsa", Some(Refusal::Malformed)),
    ("packed-ed448", Some(Refusal::Malformed)),
    // The library does not take what these two say of their keys.
    ("tpm-es256", Some(Refusal::Malformed)),
    ("android-key-es256", Some(Refusal::Attestation)),
    ("apple-es256", None),
    ("fido-u2f-es256", None),
];

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

/// The same ceremony, under the challenge of a vector.
fn with_challenge(state: &str, challenge: &Value) -> String {
    let mut state: Value = serde_json::from_str(state).unwrap();
    let inner = state.as_object_mut().unwrap().values_mut().find(|value| value.get("challenge").is_some()).unwrap();
    inner["challenge"] = json!(encoded(&hex(challenge)));
    state.to_string()
}

struct Vector<'a> {
    world: World,
    made: &'a Value,
    used: &'a Value,
}

impl<'a> Vector<'a> {
    fn of(vector: &'a Value) -> Self {
        let party = RelyingParty::new("https://example.org", "x").unwrap();
        Self { world: World { party, ..World::new() }, made: &vector["parts"][0], used: &vector["parts"][1] }
    }

    fn confirm(&self, spoil: impl FnOnce(&mut Attestation)) -> Result<PasskeyProof, Refusal> {
        let (offered, _) = self.world.offer(&[]);
        let offered = Offered { state: with_challenge(&offered.state, &self.made["challenge"]), ..offered };
        let mut sent = Attestation {
            credential: hex(&self.made["credential_id"]),
            client_data: hex(&self.made["clientDataJSON"]),
            object: hex(&self.made["attestationObject"]),
            transports: Vec::new(),
        };
        spoil(&mut sent);
        let becomes = Becomes { user: user(1), factor: factor(1), held_until: None };
        self.world.party.confirm(offered, &sent, becomes, self.world.at())
    }

    fn check(&self, row: &PasskeyRow, spoil: impl FnOnce(&mut Assertion)) -> Result<PasskeyProof, Refusal> {
        let (asked, _) = self.world.party.ask(&[self.world.open(row)], false).unwrap();
        let asked = Asked { state: with_challenge(&asked.state, &self.used["challenge"]), ..asked };
        let mut sent = Assertion {
            credential: hex(&self.made["credential_id"]),
            client_data: hex(&self.used["clientDataJSON"]),
            authenticator_data: hex(&self.used["authenticatorData"]),
            signature: hex(&self.used["signature"]),
            user_handle: None,
        };
        spoil(&mut sent);
        self.world.open(row).check(&self.world.party, asked, &sent, self.world.at())
    }
}

#[test]
fn wan_11_wan_19_the_vectors_of_the_standard_are_judged_as_it_says() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let vectors = vectors["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), EXPECTED.len());
    let (mut accepted, mut unverified) = (0, 0);
    for (vector, (name, expected)) in vectors.iter().zip(EXPECTED) {
        assert_eq!(vector["id"].as_str().unwrap().strip_prefix("sctn-test-vectors-"), Some(name));
        let vector = Vector::of(vector);
        let made = vector.confirm(|_| {});
        if let Some(refusal) = expected {
            assert_eq!(made.unwrap_err(), refusal, "{name}");
            continue;
        }
        let proof = made.unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
        let row = proof.row().clone();
        let verifies = hex(&vector.used["authenticatorData"])[32] & UV != 0;
        let checked = vector.check(&row, |_| {});
        if proof.is_verified() && !verifies {
            // As the standard has it, policy decides: a key that was enrolled with verification always verifies.
            assert_eq!(checked.unwrap_err(), Refusal::Verification, "{name}");
            unverified += 1;
        } else {
            assert!(checked.is_ok(), "{name}: {checked:?}");
            accepted += 1;
        }
        damaged(name, &vector, &row);
    }
    assert_eq!((accepted, unverified), (6, 1));
}

/// Any bit of what is signed, and of the signature itself.
fn damaged(name: &str, vector: &Vector<'_>, row: &PasskeyRow) {
    let length = hex(&vector.used["authenticatorData"]).len();
    for i in 0..length {
        assert!(vector.check(row, |sent| sent.authenticator_data[i] ^= 1).is_err(), "{name}, byte {i} of the data");
    }
    let length = hex(&vector.used["signature"]).len();
    for i in (0..length).step_by(7) {
        assert!(vector.check(row, |sent| sent.signature[i] ^= 1).is_err(), "{name}, byte {i} of the signature");
    }
    let spoilt: [fn(&mut Assertion); 3] = [
        |sent| sent.client_data.push(b' '),
        |sent| sent.authenticator_data.push(0),
        |sent| sent.authenticator_data.truncate(30),
    ];
    for (i, spoil) in spoilt.into_iter().enumerate() {
        assert!(vector.check(row, spoil).is_err(), "{name}, change {i}");
    }
    assert!(vector.confirm(|sent| sent.client_data[20] ^= 1).is_err(), "{name}");
    assert!(vector.confirm(|sent| sent.object.truncate(60)).is_err(), "{name}");
}
