//! One text for each run of bytes; any other spelling of them is refused.

use proptest::prelude::*;

use super::{decode, encode};
use crate::Reject;

#[test]
fn known_texts() {
    assert_eq!(encode(b""), "");
    assert_eq!(encode(&[0xfb, 0xff]), "-_8");
    assert_eq!(decode("-_8").unwrap(), [0xfb, 0xff]);
    assert_eq!(decode("Zm9v").unwrap(), b"foo");
}

#[test]
fn t_07_other_spellings_of_the_same_bytes_are_refused() {
    for text in ["Zg==", "Zg=", "Zh", "Zm9v\n", " Zm9v", "Zm 9v", "+_8", "-/8", "Z", "Zm9v=", "Zm9vé", "Zm9v\0"] {
        assert_eq!(decode(text), Err(Reject::Malformed), "{text:?}");
    }
}

proptest! {
    #[test]
    fn bytes_survive(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        prop_assert_eq!(decode(&encode(&bytes)).unwrap(), bytes);
    }

    #[test]
    fn what_decodes_is_canonical(text in "[A-Za-z0-9_=+/ -]{0,12}") {
        if let Ok(bytes) = decode(&text) {
            prop_assert_eq!(encode(&bytes), text);
        }
    }
}
