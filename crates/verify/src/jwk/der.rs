//! The two numbers of an RSA public key in DER (`RSAPublicKey`, RFC 8017 §A.1.1), as key libraries hand it out.
//!
//! It reads exactly this shape and nothing else of ASN.1.

use crate::Reject;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;

/// Modulus and exponent, big-endian, without leading zeros.
///
/// # Errors
/// [`Reject::KeyNotAllowed`] if it is not exactly one such key.
pub(super) fn rsa_numbers(der: &[u8]) -> Result<(&[u8], &[u8]), Reject> {
    let (body, rest) = element(der, SEQUENCE)?;
    let (n, body) = element(body, INTEGER)?;
    let (e, body) = element(body, INTEGER)?;
    if rest.is_empty() && body.is_empty() { Ok((positive(n), positive(e))) } else { Err(Reject::KeyNotAllowed) }
}

/// DER puts one zero byte before a number whose first bit is set.
fn positive(number: &[u8]) -> &[u8] {
    number.strip_prefix(&[0]).unwrap_or(number)
}

/// The content of the first element, which must have this tag, and what follows it.
fn element(input: &[u8], tag: u8) -> Result<(&[u8], &[u8]), Reject> {
    let (found, input) = input.split_first().ok_or(Reject::KeyNotAllowed)?;
    let (short, input) = input.split_first().ok_or(Reject::KeyNotAllowed)?;
    let (length, input) = match short {
        0..=0x7f => (usize::from(*short), input),
        // 0x81 and 0x82: the length stands in the next one or two bytes.
        0x81 | 0x82 => {
            let (long, input) = input.split_at_checked(usize::from(short & 3)).ok_or(Reject::KeyNotAllowed)?;
            (long.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), input)
        }
        _ => return Err(Reject::KeyNotAllowed),
    };
    if *found == tag { input.split_at_checked(length).ok_or(Reject::KeyNotAllowed) } else { Err(Reject::KeyNotAllowed) }
}

#[cfg(test)]
mod tests {
    use super::rsa_numbers;
    use crate::Reject;

    #[test]
    fn reads_two_numbers() {
        let small: [&[u8]; 2] = [&[0x30, 7, 2, 2, 0, 0x81, 2, 1, 3], &[0x30, 0x81, 7, 2, 2, 0, 0x81, 2, 1, 3]];
        for der in small {
            assert_eq!(rsa_numbers(der).unwrap(), (&[0x81][..], &[3][..]));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let wrong: [&[u8]; 9] = [
            &[],
            &[0x30],
            &[0x30, 7, 2, 2, 0, 0x81, 2, 1],
            &[0x30, 7, 2, 2, 0, 0x81, 2, 1, 3, 0],
            &[0x30, 8, 2, 2, 0, 0x81, 2, 1, 3, 0],
            &[0x31, 7, 2, 2, 0, 0x81, 2, 1, 3],
            &[0x30, 7, 4, 2, 0, 0x81, 2, 1, 3],
            &[0x30, 0x80, 2, 2, 0, 0x81, 2, 1, 3],
            &[0x30, 0x82, 7],
        ];
        for der in wrong {
            assert_eq!(rsa_numbers(der), Err(Reject::KeyNotAllowed), "{der:?}");
        }
    }
}
