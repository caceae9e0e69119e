//! Refresh tokens in text and in a login: what is not ours must not open.

use super::super::{BadToken, Presented, RefreshToken};
use super::{Bench, START, login, minted, ring};
use crate::id::FamilyId;
use crate::secret::{Digest, Secret};
use crate::testing::SeededRng;

fn parse(keys: u64, text: &str) -> Result<RefreshToken, BadToken> {
    RefreshToken::parse(&ring(keys), &Secret::new(text.to_owned()))
}

#[test]
fn tok_10_a_token_reads_back_from_its_text() {
    let (bench, token) = Bench::new(1, None);
    let text = token.text(&bench.ring);
    assert!(text.reveal().starts_with("plr1."));
    assert_eq!(text.reveal().len(), 5 + 112);
    let read = RefreshToken::parse(&bench.ring, &text).unwrap();
    assert_eq!((read.family(), read.generation()), (bench.row.id, 1));
    assert_eq!(read.secret().reveal(), token.secret().reveal());
}

#[test]
fn rft_02_every_flipped_bit_is_a_bad_token() {
    let (bench, token) = Bench::new(2, None);
    let good = token.text(&bench.ring).reveal().clone().into_bytes();
    for i in 0..good.len() {
        for bit in 0..7 {
            let mut bad = good.clone();
            bad[i] ^= 1 << bit;
            let bad = String::from_utf8(bad).unwrap();
            assert_eq!(parse(2, &bad).err(), Some(BadToken), "byte {i} bit {bit}");
        }
    }
}

#[test]
fn rft_02_every_flipped_byte_of_the_body_and_tag_is_a_bad_token() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let (bench, token) = Bench::new(3, None);
    let bytes = URL_SAFE_NO_PAD.decode(&token.text(&bench.ring).reveal()[5..]).unwrap();
    assert_eq!(bytes.len(), 84);
    for i in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[i] ^= 0x80;
        let text = format!("plr1.{}", URL_SAFE_NO_PAD.encode(&bad));
        assert_eq!(parse(3, &text).err(), Some(BadToken), "byte {i}");
    }
}

#[test]
fn rft_02_malformed_texts_look_like_bad_tags() {
    let (bench, token) = Bench::new(4, None);
    let good = token.text(&bench.ring).reveal().clone();
    assert!(parse(4, &good).is_ok());
    let long = format!("plr1.{}", "A".repeat(1 << 20));
    let bad = [
        String::new(),
        "plr1.".to_owned(),
        good[5..].to_owned(),
        good[..good.len() - 1].to_owned(),
        format!("{good}A"),
        format!("{good}="),
        format!(" {good}"),
        format!("{good}\n"),
        good.replace("plr1.", "PLR1."),
        good.replace("plr1.", "plr2."),
        format!("plr1.{}é", &good[5..good.len() - 2]),
        format!("plr1.{}", "A".repeat(112)),
        long,
    ];
    for text in bad {
        assert_eq!(parse(4, &text).err(), Some(BadToken), "{}", text.chars().take(20).collect::<String>());
    }
}

#[test]
fn rft_09_a_token_of_another_key_is_a_bad_token() {
    let (bench, token) = Bench::new(5, None);
    assert_eq!(parse(6, token.text(&bench.ring).reveal()).err(), Some(BadToken));
}

#[test]
fn t_26_a_tag_of_another_kind_makes_no_refresh_token() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let (bench, token) = Bench::new(7, None);
    let mut bytes = URL_SAFE_NO_PAD.decode(&token.text(&bench.ring).reveal()[5..]).unwrap();
    let digest = Digest::of(token.secret().reveal());
    let (family, generation) = (token.family(), token.generation().to_be_bytes());
    let parts: [&[u8]; 3] = [family.as_bytes(), &generation, digest.as_bytes()];
    for (tag, ours) in [
        (bench.ring.refresh_tag(&parts), true),
        (bench.ring.device_tag(&parts), false),
        (bench.ring.counter_key(&parts), false),
    ] {
        bytes[52..].copy_from_slice(tag.as_bytes());
        assert_eq!(parse(7, &format!("plr1.{}", URL_SAFE_NO_PAD.encode(&bytes))).is_ok(), ours);
    }
}

#[test]
fn car_06_a_token_prints_nothing_of_its_secret() {
    let token = minted(FamilyId::new(START, &SeededRng::new(8)), 3, 0xab);
    let printed = format!("{token:?}");
    assert!(printed.contains("fam_") && printed.contains("Secret(…)"));
    assert!(!printed.contains("171") && !printed.contains("abab"));
}

#[test]
fn a_presented_token_waits_in_its_own_login_only() {
    let (bench, token) = Bench::new(9, None);
    let presented = Presented { token, at: START };
    let stored = presented.to_stored(&bench.ring, &login(1), &bench.rng);
    let back = Presented::from_stored(&bench.ring, &login(1), &stored).unwrap();
    assert_eq!((back.token.family(), back.token.generation(), back.at), (bench.row.id, 1, START));
    assert_eq!(back.token.secret().reveal(), presented.token.secret().reveal());
    assert!(Presented::from_stored(&bench.ring, &login(2), &stored).is_err());
    assert!(Presented::from_stored(&ring(10), &login(1), &stored).is_err());
    for i in 0..stored.len() {
        let mut bad = stored.clone();
        bad[i] ^= 1;
        assert!(Presented::from_stored(&bench.ring, &login(1), &bad).is_err(), "byte {i}");
        assert!(Presented::from_stored(&bench.ring, &login(1), &stored[..i]).is_err(), "cut at {i}");
    }
}

#[test]
fn car_01_a_presented_token_is_not_readable_in_the_row() {
    let (bench, token) = Bench::new(11, None);
    let secret = *token.secret().reveal();
    let stored = Presented { token, at: START }.to_stored(&bench.ring, &login(1), &bench.rng);
    assert!(!stored.windows(32).any(|window| window == secret));
}

#[test]
fn t_26_a_family_seal_is_no_presented_token() {
    let (bench, _) = Bench::new(12, None);
    assert!(Presented::from_stored(&bench.ring, &login(1), &bench.row.seal).is_err());
}
