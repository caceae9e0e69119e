//! The bits of a status list: the vectors of the draft, every bound, and streams that inflate to too much.

use proptest::prelude::*;

use super::{INFLATED_MAX, StatusBits, StatusValue, compress};
use crate::{Reject, b64};

/// The examples of the Token Status List specification, §4.1 and §4.2.
#[test]
fn tok_14_the_examples_of_the_specification() {
    let one = StatusBits::decode(1, "eNrbuRgAAhcBXQ").unwrap();
    assert_eq!(one.bytes(), [0xb9, 0xa3]);
    let values: Vec<_> = (0..16).map(|idx| u8::from(one.value(idx).unwrap() == StatusValue::Invalid)).collect();
    assert_eq!(values, [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]);
    assert_eq!(one.value(16), None);

    let two = StatusBits::decode(2, "eNo76fITAAPfAgc").unwrap();
    assert_eq!(two.bytes(), [0xc9, 0x44, 0xf9]);
    let expected = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3];
    for (idx, value) in (0..).zip(expected) {
        let value = match value {
            0 => StatusValue::Valid,
            1 => StatusValue::Invalid,
            2 => StatusValue::Suspended,
            other => StatusValue::Other(other),
        };
        assert_eq!(two.value(idx), Some(value), "{idx}");
    }
}

#[test]
fn wider_entries() {
    let four = StatusBits::from_bytes(4, vec![0x21, 0xf0]).unwrap();
    let values: Vec<_> = (0..5).map(|idx| four.value(idx)).collect();
    let expected = [StatusValue::Invalid, StatusValue::Suspended, StatusValue::Valid, StatusValue::Other(15)];
    assert_eq!(values[..4], expected.map(Some));
    assert_eq!(values[4], None);
    let eight = StatusBits::from_bytes(8, vec![0, 1, 255]).unwrap();
    assert_eq!((eight.entries(), eight.value(2), eight.value(3)), (3, Some(StatusValue::Other(255)), None));
    for bits in [0, 3, 5, 6, 7, 9, 16, 255] {
        assert_eq!(StatusBits::from_bytes(bits, vec![0]), Err(Reject::Malformed), "{bits}");
        assert_eq!(StatusBits::decode(bits, "eNrbuRgAAhcBXQ"), Err(Reject::Malformed), "{bits}");
    }
}

#[test]
fn tok_15_every_index_is_checked() {
    let mut list = StatusBits::all_valid(1 << 17);
    assert_eq!((list.entries(), list.bits()), (1 << 17, 1));
    list.invalidate((1 << 17) - 1).unwrap();
    assert_eq!(list.value((1 << 17) - 1), Some(StatusValue::Invalid));
    for idx in [1 << 17, u64::from(u32::MAX), u64::MAX] {
        assert_eq!(list.value(idx), None);
        assert_eq!(list.invalidate(idx), Err(Reject::StatusOutOfRange));
    }
    assert_eq!(StatusBits::all_valid(9).entries(), 16);
    assert_eq!(StatusBits::all_valid(0).value(0), None);
}

#[test]
fn invalidating_replaces_a_wider_value_and_leaves_its_neighbours() {
    let mut list = StatusBits::from_bytes(2, vec![0b1110_1011]).unwrap();
    list.invalidate(2).unwrap();
    assert_eq!(list.bytes(), [0b1101_1011]);
}

#[test]
fn only_one_whole_zlib_stream_inflates() {
    let good = compress(&[1, 2, 3]).unwrap();
    let decode = |stream: &[u8]| StatusBits::decode(8, &b64::encode(stream)).map(|list| list.bytes().to_vec());
    assert_eq!(decode(&good), Ok(vec![1, 2, 3]));
    assert_eq!(decode(&[&good[..], &[0]].concat()), Err(Reject::Malformed));
    assert_eq!(decode(&good[..good.len() - 1]), Err(Reject::Malformed));
    assert_eq!(decode(&good[2..]), Err(Reject::Malformed));
    assert_eq!(decode(&[]), Err(Reject::Malformed));
    let mut damaged = good;
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(decode(&damaged), Err(Reject::Malformed));
    assert_eq!(StatusBits::decode(1, "eNrbuRgAAhcBXQ=="), Err(Reject::Malformed));
}

#[test]
fn a_bomb_stops_at_the_cap() {
    let cap = usize::try_from(INFLATED_MAX).unwrap();
    let largest = b64::encode(&compress(&vec![0; cap]).unwrap());
    assert_eq!(StatusBits::decode(1, &largest).unwrap().bytes().len(), cap);
    let bomb = b64::encode(&compress(&vec![0; 64 << 20]).unwrap());
    assert!(bomb.len() < 100_000);
    assert_eq!(StatusBits::decode(1, &bomb), Err(Reject::TooLarge));
}

proptest! {
    #[test]
    fn exactly_the_ended_entries_are_ended(ended in prop::collection::btree_set(0_u64..4096, 0..200)) {
        let mut list = StatusBits::all_valid(4096);
        for idx in &ended {
            list.invalidate(*idx).unwrap();
        }
        let again = StatusBits::decode(1, &list.encode().unwrap()).unwrap();
        prop_assert_eq!(&again, &list);
        for idx in 0..4096 {
            prop_assert_eq!(again.value(idx) == Some(StatusValue::Invalid), ended.contains(&idx));
        }
    }
}
