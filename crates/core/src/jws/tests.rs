//! What is signed here is checked with a library that shares no code with ours.

use std::sync::OnceLock;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use super::*;

/// An RSA key costs seconds in a debug build; the tests of this crate share one.
pub(crate) fn rsa_private() -> &'static Secret<Vec<u8>> {
    static KEY: OnceLock<Secret<Vec<u8>>> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::generate(Alg::Rs256).unwrap().1)
}

pub(crate) fn key(alg: Alg) -> SigningKey {
    match alg {
        Alg::Rs256 => SigningKey::from_pkcs8(alg, rsa_private()).unwrap(),
        other => SigningKey::generate(other).unwrap().0,
    }
}

pub(crate) const ALGS: [(Alg, Algorithm); 3] =
    [(Alg::Es256, Algorithm::ES256), (Alg::EdDsa, Algorithm::EdDSA), (Alg::Rs256, Algorithm::RS256)];

fn checked_elsewhere(token: &str, jwk: &Jwk, alg: Algorithm) -> Option<Value> {
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(json!(jwk)).unwrap();
    let mut rules = Validation::new(alg);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    rules.validate_aud = false;
    decode(token, &DecodingKey::from_jwk(&jwk).unwrap(), &rules).ok().map(|data| data.claims)
}

#[test]
fn key_01_each_algorithm_signs_what_another_library_accepts() {
    for (alg, theirs) in ALGS {
        let key = key(alg);
        let token = key.sign(TokenKind::Access, &json!({"sub": "sub_1", "text": "é \" \u{1}"})).unwrap();
        let claims = checked_elsewhere(&token, key.public_jwk(), theirs).unwrap();
        assert_eq!(claims["text"], "é \" \u{1}");
        let stranger = match alg {
            Alg::Rs256 => continue,
            _ => self::key(alg),
        };
        assert_eq!(checked_elsewhere(&token, stranger.public_jwk(), theirs), None);
    }
}

#[test]
fn tok_01_the_header_names_algorithm_kind_and_key_and_nothing_else() {
    for (alg, _) in ALGS {
        let key = key(alg);
        for kind in TokenKind::ALL {
            let token = key.sign(kind, &json!({})).unwrap();
            let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
            let header: Value = serde_json::from_slice(&header).unwrap();
            assert_eq!(header, json!({"alg": alg.as_str(), "typ": kind.typ(), "kid": key.kid()}));
            assert_eq!(decode_header(&token).unwrap().kid.as_deref(), Some(key.kid()));
        }
    }
}

#[test]
fn tok_06_every_kind_has_a_type_of_its_own() {
    let mut types: Vec<_> = TokenKind::ALL.iter().map(|kind| kind.typ()).collect();
    types.sort_unstable();
    types.dedup();
    assert_eq!(types.len(), TokenKind::ALL.len());
    // "JWT" is no explicit type (TOK-07): ID tokens alone have it, since their clients expect it (Core section 2).
    assert!(types.iter().all(|typ| typ.ends_with("+jwt") || *typ == TokenKind::Id.typ()));
}

#[test]
fn a_token_is_written_into_one_buffer_of_the_right_size() {
    for (alg, _) in ALGS {
        for length in 0..4 {
            let token = key(alg).sign(TokenKind::StatusList, &"x".repeat(length)).unwrap();
            assert_eq!(token.capacity(), token.len(), "{alg:?} {length}");
        }
    }
}

#[test]
fn key_03_a_private_key_is_taken_only_for_its_own_algorithm() {
    for (made_for, _) in ALGS {
        let private = match made_for {
            Alg::Rs256 => rsa_private().clone(),
            alg => SigningKey::generate(alg).unwrap().1,
        };
        for (asked, _) in ALGS {
            let parsed = SigningKey::from_pkcs8(asked, &private);
            assert_eq!(parsed.is_ok(), asked == made_for, "{made_for:?} as {asked:?}");
        }
    }
    assert!(SigningKey::from_pkcs8(Alg::Es256, &Secret::new(Vec::new())).is_err());
}

#[test]
fn key_02_weak_keys_are_refused() {
    let short = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let short = Secret::new(short.as_der().unwrap().as_ref().to_vec());
    assert_eq!(SigningKey::from_pkcs8(Alg::Rs256, &short).err(), Some(SignFault::BadKey));
    let p384 = EcdsaKeyPair::generate(&aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let p384 = Secret::new(p384.to_pkcs8v1().unwrap().as_ref().to_vec());
    assert_eq!(SigningKey::from_pkcs8(Alg::Es256, &p384).err(), Some(SignFault::BadKey));
}

#[test]
fn key_04_a_kid_is_the_thumbprint_and_the_same_after_reading_back() {
    for alg in [Alg::Es256, Alg::EdDsa] {
        let (key, private) = SigningKey::generate(alg).unwrap();
        let read = SigningKey::from_pkcs8(alg, &private).unwrap();
        assert_eq!(read.kid(), key.kid());
        assert_eq!(read.public_jwk(), key.public_jwk());
        assert_eq!(key.kid().len(), 43);
    }
}

/// RFC 8037 A.3 and RFC 7638 §3.1.
#[test]
fn key_04_thumbprints_agree_with_the_examples_of_the_rfcs() {
    let ed = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
    assert_eq!(public::ed25519(&ed).unwrap().0, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let modulus = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB\
                   ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8\
                   KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_\
                   xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let modulus = URL_SAFE_NO_PAD.decode(modulus).unwrap();
    let der = [&[0x30, 0x82, 1, 10, 2, 0x82, 1, 1, 0][..], &modulus, &[2, 3, 1, 0, 1]].concat();
    assert_eq!(public::rsa(&der).unwrap().0, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn key_05_a_jwk_has_public_members_only() {
    for (alg, _) in ALGS {
        let key = key(alg);
        let jwk = json!(key.public_jwk());
        let mut names: Vec<_> = jwk.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        let wanted: &[&str] = match alg {
            Alg::Es256 => &["alg", "crv", "kid", "kty", "use", "x", "y"],
            Alg::EdDsa => &["alg", "crv", "kid", "kty", "use", "x"],
            Alg::Rs256 => &["alg", "e", "kid", "kty", "n", "use"],
        };
        assert_eq!(names, wanted);
        assert_eq!(jwk["alg"], alg.as_str());
        assert_eq!(jwk["use"], "sig");
    }
}

#[test]
fn public_keys_that_are_cut_or_padded_are_refused() {
    let key = key(Alg::Rs256);
    let Pair::Rs256(pair) = &key.pair else { panic!("an RSA key") };
    let der = pair.public_key().as_ref();
    assert_eq!(public::rsa(der).unwrap().1, *key.public_jwk());
    for end in 0..der.len() {
        assert_eq!(public::rsa(&der[..end]), None, "cut at {end}");
    }
    assert_eq!(public::rsa(&[der, &[0]].concat()), None);
    assert_eq!(public::p256(&[4; 64]), None);
    assert_eq!(public::p256(&[3; 65]), None);
    assert_eq!(public::ed25519(&[1; 31]), None);
}

#[test]
fn t_36_a_key_prints_its_name_and_nothing_else() {
    let (key, _) = SigningKey::generate(Alg::EdDsa).unwrap();
    assert_eq!(format!("{key:?}"), format!("SigningKey(EdDsa {})", key.kid()));
}
