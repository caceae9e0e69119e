//! Single keys: the vectors of the RFCs, and every key whose members disagree or that is no public key.

use super::Jwk;
use super::weak::refuse_weak_rsa;
use crate::{Alg, Reject, b64};

/// RFC 7638 §3.1.
const RSA_N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCi\
                     FV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgn\
                     Yb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqb\
                     w0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
/// RFC 8037 §A.2.
const ED_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
/// RFC 7515 §A.3.1.
const EC_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const EC_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

fn bytes(text: &str) -> Vec<u8> {
    b64::decode(text).unwrap()
}

fn read(json: &str) -> Result<Jwk, serde_json::Error> {
    serde_json::from_str(json)
}

#[test]
fn thumbprints_of_the_rfcs() {
    let rsa = Jwk::rsa(&bytes(RSA_N), &[1, 0, 1], "a").unwrap();
    assert_eq!(rsa.thumbprint().unwrap(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    let ed = Jwk::ed25519(&bytes(ED_X), "b").unwrap();
    assert_eq!(ed.thumbprint().unwrap(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn a_thumbprint_does_not_depend_on_the_name() {
    let one = Jwk::ec_p256(&bytes(EC_X), &bytes(EC_Y), "one").unwrap();
    let two = Jwk::ec_p256_point(&[vec![4], bytes(EC_X), bytes(EC_Y)].concat(), "two").unwrap();
    assert_ne!(one, two);
    assert_eq!(one.thumbprint(), two.thumbprint());
    assert_eq!(one.thumbprint().unwrap().len(), 43);
}

#[test]
fn constructors_refuse_what_is_no_key() {
    let (x, y) = (bytes(EC_X), bytes(EC_Y));
    assert_eq!(Jwk::ec_p256(&y, &x, "k"), Err(Reject::KeyNotAllowed));
    assert_eq!(Jwk::ec_p256(&x[1..], &y, "k"), Err(Reject::KeyNotAllowed));
    assert_eq!(Jwk::ec_p256(&[0; 32], &[0; 32], "k"), Err(Reject::KeyNotAllowed));
    let compressed = [vec![2], x].concat();
    assert_eq!(Jwk::ec_p256_point(&compressed, "k"), Err(Reject::KeyNotAllowed));
    assert_eq!(Jwk::ed25519(&[1; 31], "k"), Err(Reject::KeyNotAllowed));
    assert_eq!(Jwk::rsa_pkcs1(b"no", "k"), Err(Reject::KeyNotAllowed));
}

#[test]
fn a_key_survives_json_and_says_what_it_is() {
    let keys = [
        (Jwk::ec_p256(&bytes(EC_X), &bytes(EC_Y), "e").unwrap(), Alg::Es256),
        (Jwk::ed25519(&bytes(ED_X), "d").unwrap(), Alg::EdDsa),
        (Jwk::rsa(&bytes(RSA_N), &[1, 0, 1], "r").unwrap(), Alg::Rs256),
    ];
    for (jwk, alg) in keys {
        let json = serde_json::to_string(&jwk).unwrap();
        assert_eq!(read(&json).unwrap(), jwk);
        assert!(json.contains(&format!("\"alg\":\"{alg}\",\"use\":\"sig\"")), "{json}");
        let key = jwk.public_key().unwrap();
        assert_eq!((jwk.alg(), key.alg()), (Some(alg), alg));
        assert_eq!(format!("{key:?}"), format!("PublicKey({alg})"));
        assert_eq!(key.verify(b"message", &[1; 64]), Err(Reject::BadSignature));
    }
}

#[test]
fn key_05_private_parts_are_refused_whatever_their_value() {
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"] {
        for value in ["\"AA\"", "null", "1", "[]", "{}"] {
            let json = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{ED_X}","alg":"EdDSA","{member}":{value}}}"#);
            assert!(read(&json).unwrap_err().to_string().contains("key_set_private"), "{json}");
        }
    }
    assert!(read(r#"["EC"]"#).is_err());
}

#[test]
fn key_03_all_members_must_agree_on_one_algorithm() {
    let usable = |members: &str| read(&format!("{{{members}}}")).unwrap().public_key().map(|key| key.alg());
    let ec = format!(r#""kty":"EC","crv":"P-256","x":"{EC_X}","y":"{EC_Y}""#);
    let ed = format!(r#""kty":"OKP","crv":"Ed25519","x":"{ED_X}""#);
    let rsa = format!(r#""kty":"RSA","n":"{RSA_N}","e":"AQAB""#);
    assert_eq!(usable(&format!(r#"{ec},"alg":"ES256""#)), Ok(Alg::Es256));
    assert_eq!(usable(&format!(r#"{ec},"alg":"ES256","key_ops":["verify"]"#)), Ok(Alg::Es256));
    assert_eq!(usable(&format!(r#"{ed},"alg":"Ed25519","use":"sig""#)), Ok(Alg::EdDsa));
    assert_eq!(usable(&format!(r#"{rsa},"alg":"RS256""#)), Ok(Alg::Rs256));
    for wrong in [
        ec.clone(),
        rsa.clone(),
        format!(r#"{ec},"alg":"EdDSA""#),
        format!(r#"{ec},"alg":"RS256""#),
        format!(r#"{ec},"alg":"ES384""#),
        format!(r#"{ec},"alg":"ES256","use":"enc""#),
        format!(r#"{ec},"alg":"ES256","key_ops":["encrypt"]"#),
        format!(r#"{ed},"alg":"ES256""#),
        format!(r#"{rsa},"alg":"PS256""#),
        format!(r#"{rsa},"alg":"RS256","crv":"P-256""#),
        format!(r#""kty":"RSA","n":"{RSA_N}","e":"AQ","alg":"RS256""#),
        format!(r#""kty":"EC","crv":"P-384","x":"{EC_X}","y":"{EC_Y}","alg":"ES256""#),
        format!(r#""kty":"EC","crv":"P-256","x":"{EC_X}=","y":"{EC_Y}","alg":"ES256""#),
        format!(r#""kty":"EC","crv":"P-256","x":"{EC_X}","alg":"ES256""#),
    ] {
        assert_eq!(usable(&wrong), Err(Reject::KeyNotAllowed), "{wrong}");
    }
}

#[test]
fn weak_rsa_keys_are_refused() {
    let n = bytes(RSA_N);
    assert_eq!(refuse_weak_rsa(&n, &[1, 0, 1]), Ok(()));
    let mut even = n.clone();
    even[255] &= 0xfe;
    let mut short = n.clone();
    short[0] = 0x7f;
    let zero_first = [&[0], n.as_slice()].concat();
    let long = [n.clone(), n.clone(), n.clone(), n.clone(), vec![1]].concat();
    for modulus in [&even, &short, &zero_first, &long, &n[1..].to_vec(), &vec![]] {
        assert_eq!(refuse_weak_rsa(modulus, &[1, 0, 1]), Err(Reject::KeyNotAllowed), "{}", modulus.len());
    }
    for e in [&[][..], &[1], &[3], &[0xff, 0xff], &[1, 0, 0], &[0, 1, 0, 1], &[1, 0, 0, 0, 1]] {
        assert_eq!(refuse_weak_rsa(&n, e), Err(Reject::KeyNotAllowed), "{e:?}");
    }
}
