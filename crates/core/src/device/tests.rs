//! A token chooses a lane only when it is genuine, for this account, and its device is live.

use proptest::prelude::*;

use super::*;
use crate::seal::MasterKey;
use crate::testing::SeededRng;

const NOW: Time = Time::from_millis(1_900_000_000_000);

fn ring(seed: u64) -> Keyring {
    let rng = SeededRng::new(seed);
    let master = MasterKey::random(&rng);
    Keyring::open(&master, &Keyring::create(&master, &rng)).unwrap()
}

fn claim(seed: u64) -> DeviceClaim {
    let rng = SeededRng::new(seed);
    DeviceClaim { device: DeviceId::new(NOW, &rng), user: UserId::new(NOW, &rng) }
}

fn text(ring: &Keyring, claim: DeviceClaim) -> String {
    DeviceToken::mint(ring, claim.device, claim.user).reveal().clone()
}

#[test]
fn a_token_reads_back_under_its_own_ring_alone() {
    let (ring, claim) = (ring(1), claim(2));
    let text = text(&ring, claim);
    assert_eq!((&text[..4], text.len()), ("pld_", 90));
    assert_eq!(DeviceToken::parse(&ring, &text), Some(claim));
    assert_eq!(DeviceToken::parse(&self::ring(3), &text), None);
}

#[test]
fn any_changed_bit_makes_a_stranger() {
    let (ring, claim) = (ring(1), claim(2));
    let genuine = URL_SAFE_NO_PAD.decode(&text(&ring, claim)[4..]).unwrap();
    for i in 0..genuine.len() {
        for bit in 0..8 {
            let mut forged = genuine.clone();
            forged[i] ^= 1 << bit;
            assert_eq!(DeviceToken::parse(&ring, &format!("pld_{}", URL_SAFE_NO_PAD.encode(&forged))), None);
        }
    }
}

#[test]
fn a_tag_of_another_use_or_order_is_no_device() {
    let (ring, claim) = (ring(1), claim(2));
    let (device, user) = (claim.device.as_bytes(), claim.user.as_bytes());
    for tag in [
        ring.device_tag(&[device, user]),
        ring.device_tag(&[b"known device", user, device]),
        ring.refresh_tag(&[b"known device", device, user]),
        ring.counter_key(&[b"known device", device, user]),
    ] {
        let bytes = [device.as_slice(), user, tag.as_bytes()].concat();
        assert_eq!(DeviceToken::parse(&ring, &format!("pld_{}", URL_SAFE_NO_PAD.encode(bytes))), None);
    }
}

#[test]
fn one_device_has_one_text() {
    let ring = ring(1);
    let text = text(&ring, claim(2));
    let last = text.chars().last().unwrap();
    // The last character carries two bits of the tag; its four spare bits must be zero.
    let twins = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars().filter(|c| *c != last);
    for twin in twins {
        assert_eq!(DeviceToken::parse(&ring, &format!("{}{twin}", &text[..text.len() - 1])), None);
    }
    for dressed in [
        format!("{text}="),
        format!("{text}A"),
        format!("{text}AAAA"),
        text[..86].to_owned(),
        format!("{text} "),
        format!(" {text}"),
        text.replace("pld_", "PLD_"),
        text.replace("pld_", ""),
        text.replace('_', "/"),
        String::new(),
        "pld_".to_owned(),
    ] {
        assert_eq!(DeviceToken::parse(&ring, &dressed), None, "{dressed:?}");
    }
}

#[test]
fn a_device_is_known_only_to_its_own_account_and_while_it_lives() {
    let (claim, other) = (claim(2), claim(3));
    let row = DeviceRow { id: claim.device, user: claim.user, tried_in_a_row: 9, ended: None };
    let mine = Account::Known(claim.user);
    assert_eq!(lane(Some(claim), Some(&row), mine), Lane::Device(claim.device));
    for (claim, row, account) in [
        (None, Some(row), mine),
        (Some(claim), None, mine),
        (Some(claim), Some(row), Account::Known(other.user)),
        (Some(claim), Some(row), Account::Pseudo(7)),
        (Some(other), Some(row), mine),
        (Some(DeviceClaim { device: other.device, ..claim }), Some(row), mine),
        (Some(DeviceClaim { user: other.user, ..claim }), Some(row), mine),
        (Some(DeviceClaim { user: other.user, ..claim }), Some(row), Account::Known(other.user)),
        (Some(claim), Some(DeviceRow { ended: Some(NOW), ..row }), mine),
        (Some(claim), Some(DeviceRow { tried_in_a_row: DEVICE_FAILS_MAX, ..row }), mine),
        (Some(claim), Some(DeviceRow { tried_in_a_row: u32::MAX, ..row }), mine),
    ] {
        assert_eq!(lane(claim, row.as_ref(), account), Lane::Strangers, "{claim:?} {row:?} {account:?}");
    }
}

proptest! {
    #[test]
    fn no_text_panics_or_passes(text in "(pld_)?\\PC{0,100}") {
        prop_assert_eq!(DeviceToken::parse(&ring(1), &text), None);
    }

    #[test]
    fn no_well_formed_token_passes_without_the_key(bytes in prop::collection::vec(any::<u8>(), 64)) {
        let text = format!("pld_{}", URL_SAFE_NO_PAD.encode(bytes));
        prop_assert_eq!(DeviceToken::parse(&ring(1), &text), None);
    }
}
