//! The bits of a status list and their text form: packed from the lowest bit up, zlib, base64url
//! (Token Status List §4.1). Every index is checked, and what inflates is capped (a small text can inflate hugely).

use std::io::Read as _;

use flate2::Compression;
use flate2::bufread::{ZlibDecoder, ZlibEncoder};

use crate::{Reject, b64};

/// The largest list after inflating, in bytes: eight times what 2^17 entries of 8 bits take.
const INFLATED_MAX: u64 = 1024 * 1024;

/// A state in a status list (Token Status List §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusValue {
    /// 0: valid.
    Valid,
    /// 1: ended for good.
    Invalid,
    /// 2: ended for now.
    Suspended,
    /// Any other value: the issuer's own, and never valid.
    Other(u8),
}

/// The entries of a status list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusBits {
    bits: u8,
    bytes: Vec<u8>,
}

impl StatusBits {
    /// A list of single bits, all valid, with at least this many entries (rounded up to a whole byte).
    #[must_use]
    pub fn all_valid(entries: u32) -> Self {
        Self { bits: 1, bytes: vec![0; entries.div_ceil(8) as usize] }
    }

    /// A list from packed bytes with entries of this many bits.
    ///
    /// # Errors
    /// [`Reject::Malformed`] unless `bits` is 1, 2, 4 or 8.
    pub fn from_bytes(bits: u8, bytes: Vec<u8>) -> Result<Self, Reject> {
        if matches!(bits, 1 | 2 | 4 | 8) { Ok(Self { bits, bytes }) } else { Err(Reject::Malformed) }
    }

    /// The packed bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bits in one entry.
    #[must_use]
    pub const fn bits(&self) -> u8 {
        self.bits
    }

    /// How many entries there are.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.bytes.len() as u64 * u64::from(8 / self.bits)
    }

    /// The value at `idx`, or `None` beyond the end.
    #[must_use]
    pub fn value(&self, idx: u64) -> Option<StatusValue> {
        let (byte, shift, mask) = self.place(idx);
        let value = self.bytes.get(byte?)? >> shift & mask;
        Some(match value {
            0 => StatusValue::Valid,
            1 => StatusValue::Invalid,
            2 => StatusValue::Suspended,
            other => StatusValue::Other(other),
        })
    }

    /// Marks the entry at `idx` as invalid.
    ///
    /// # Errors
    /// [`Reject::StatusOutOfRange`] beyond the end.
    pub fn invalidate(&mut self, idx: u64) -> Result<(), Reject> {
        let (byte, shift, mask) = self.place(idx);
        let byte = byte.and_then(|byte| self.bytes.get_mut(byte)).ok_or(Reject::StatusOutOfRange)?;
        *byte = *byte & !(mask << shift) | 1 << shift;
        Ok(())
    }

    /// Byte, shift and mask of an entry. The byte is `None` where `usize` ends.
    fn place(&self, idx: u64) -> (Option<usize>, u8, u8) {
        let per_byte = u64::from(8 / self.bits);
        // The remainder is under 8.
        let shift = (idx % per_byte) as u8 * self.bits;
        (usize::try_from(idx / per_byte).ok(), shift, u8::MAX >> (8 - self.bits))
    }

    /// The text of the list: `lst`.
    ///
    /// # Errors
    /// None is known: compressing in memory does not fail. The type is that of the compressor.
    pub fn encode(&self) -> std::io::Result<String> {
        Ok(b64::encode(&compress(&self.bytes)?))
    }

    /// A list from its text.
    ///
    /// # Errors
    /// [`Reject::Malformed`] unless `bits` is 1, 2, 4 or 8 and `lst` is canonical base64url of one zlib stream;
    /// [`Reject::TooLarge`] if it inflates to more than 1 MiB.
    pub fn decode(bits: u8, lst: &str) -> Result<Self, Reject> {
        Self::from_bytes(bits, decompress(&b64::decode(lst)?)?)
    }
}

/// One zlib stream (RFC 1950), at the best level: a list is compressed once and sent often.
fn compress(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = Vec::new();
    ZlibEncoder::new(bytes, Compression::best()).read_to_end(&mut stream)?;
    Ok(stream)
}

/// Inflates exactly one zlib stream. It stops at the cap, so memory is bounded before the size is known.
fn decompress(stream: &[u8]) -> Result<Vec<u8>, Reject> {
    let mut decoder = ZlibDecoder::new(stream);
    let mut bytes = Vec::new();
    decoder.by_ref().take(INFLATED_MAX + 1).read_to_end(&mut bytes).map_err(|_| Reject::Malformed)?;
    if bytes.len() as u64 > INFLATED_MAX {
        return Err(Reject::TooLarge);
    }
    if decoder.get_ref().is_empty() { Ok(bytes) } else { Err(Reject::Malformed) }
}

#[cfg(test)]
mod tests;
