//! The passwords that everyone uses, compiled in. Must never be kept unpacked: it is read through when somebody sets a
//! password, which is rare, and costs no memory between.

use std::io::{BufRead, BufReader};

use flate2::bufread::GzDecoder;
use zeroize::Zeroizing;

/// Lower-cased, NFC, sorted, one a line; where it comes from is written in its first lines and in `data/README.md`.
static LIST: &[u8] = include_bytes!("../../data/common-passwords.txt.gz");

/// Starts a line that is no entry.
const REMARK: u8 = b'#';

/// Whether the whole of `password`, in any case, is one of them (PWD-09).
pub(super) fn contains(password: &str) -> bool {
    let folded = Zeroizing::new(password.to_lowercase());
    any_entry(|entry| entry == folded.as_bytes())
}

/// Reads entries until one fits. The list is compiled in and a test reads it through, so it cannot fail to unpack; if
/// it did, it would end early.
fn any_entry(mut fits: impl FnMut(&[u8]) -> bool) -> bool {
    let mut lines = BufReader::new(GzDecoder::new(LIST));
    let mut line = Vec::new();
    loop {
        line.clear();
        match lines.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return false,
            Ok(_) => {}
        }
        let entry = line.strip_suffix(b"\n").unwrap_or(&line);
        if entry.first() != Some(&REMARK) && fits(entry) {
            return true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use icu_normalizer::ComposingNormalizerBorrowed;

    #[test]
    fn pwd_09_the_list_holds_thirty_thousand_that_length_alone_would_allow() {
        let mut entries: Vec<String> = Vec::new();
        assert!(!any_entry(|entry| {
            entries.push(String::from_utf8(entry.to_vec()).unwrap());
            false
        }));
        assert!(entries.len() >= 30_000, "{}", entries.len());
        for pair in entries.windows(2) {
            assert!(pair[0] < pair[1], "sorted and distinct: {pair:?}");
        }
        for entry in &entries {
            assert!(entry.chars().count() >= 8, "{entry}: the length rule refuses it already");
            assert_eq!(*entry, entry.to_lowercase());
            assert!(ComposingNormalizerBorrowed::new_nfc().is_normalized(entry));
        }
    }

    #[test]
    fn pwd_09_only_the_whole_password_is_compared() {
        for common in ["password1", "PASSWORD1", "12345678", "1qaz2wsx", "iloveyou1", "Football", "dragon123"] {
            assert!(contains(common), "{common}");
        }
        for other in ["", "password1 of the lake", "xpassword1", "passwor", "correct horse battery", "#password1"] {
            assert!(!contains(other), "{other}");
        }
    }
}
