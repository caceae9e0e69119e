//! Argon2id itself: the stored form, the reused work area, one tag. Must never panic on what is stored, and never
//! allocate a work area per hash: that alone costs a fifth to a third of the rate (`docs/performance.md`).

use std::fmt;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroize;

use super::cost::Cost;
use crate::secret::Secret;

/// Bytes of a salt: 128 bits (PWD-12, RFC 9106 §4).
const SALT: usize = 16;
/// Bytes of a tag: 256 bits (RFC 9106 §4).
const TAG: usize = 32;

/// A password hash: cost, salt and tag. Its text is sealed before it is stored.
pub struct StoredHash {
    cost: Cost,
    salt: [u8; SALT],
    tag: [u8; TAG],
}

/// The work area of one hash thread. It grows to what is asked for and is used again: Argon2 writes every block in its
/// first pass before it reads it, so nothing of one password reaches the next. Wiped when dropped.
#[derive(Default)]
pub struct Memory {
    blocks: Vec<Block>,
}

impl Memory {
    /// An empty area: nothing is allocated before the first hash.
    #[must_use]
    pub const fn new() -> Self {
        Self { blocks: Vec::new() }
    }

    /// What is held, in KiB.
    #[must_use]
    pub fn kib(&self) -> usize {
        self.blocks.len()
    }

    fn area(&mut self, blocks: usize) -> &mut [Block] {
        if let Some(more) = blocks.checked_sub(self.blocks.len()) {
            // Exactly: the doubling of a Vec would hold up to twice the configured memory for ever.
            self.blocks.reserve_exact(more);
            self.blocks.resize(blocks, Block::new());
        }
        self.blocks.get_mut(..blocks).unwrap_or_default()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.blocks.zeroize();
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} KiB)", self.kib())
    }
}

impl StoredHash {
    pub(super) fn new(cost: Cost, salt: [u8; SALT], tag: &Secret<[u8; TAG]>) -> Self {
        Self { cost, salt, tag: *tag.reveal() }
    }

    /// A target of which nobody knows a password, for the decoy.
    pub(super) const fn of_nobody(cost: Cost) -> Self {
        Self { cost, salt: [0; SALT], tag: [0; TAG] }
    }

    /// Reads `$argon2id$v=19$m=…,t=…,p=1$salt$tag`, in its one canonical spelling. `None` for anything else: another
    /// algorithm, version, length, order or spelling, or a cost above the cap.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let (costs, salt, tag) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let mut costs = costs.split(',');
        let memory_kib = number(costs.next()?, "m=")?;
        let passes = number(costs.next()?, "t=")?;
        let lanes = number(costs.next()?, "p=")?;
        if costs.next().is_some() {
            return None;
        }
        Some(Self { cost: Cost::of_stored(memory_kib, passes, lanes)?, salt: bytes(salt)?, tag: bytes(tag)? })
    }

    /// The text that [`StoredHash::parse`] reads. Sealed before it is stored.
    #[must_use]
    pub(crate) fn to_text(&self) -> zeroize::Zeroizing<String> {
        let (m, t, p) = (self.cost.memory_kib(), self.cost.passes(), self.cost.lanes());
        let (salt, tag) = (STANDARD_NO_PAD.encode(self.salt), STANDARD_NO_PAD.encode(self.tag));
        format!("$argon2id$v=19$m={m},t={t},p={p}${salt}${tag}").into()
    }

    /// The cost it was made at.
    #[must_use]
    pub const fn cost(&self) -> Cost {
        self.cost
    }

    pub(super) const fn salt(&self) -> &[u8; SALT] {
        &self.salt
    }

    pub(super) const fn tag(&self) -> &[u8; TAG] {
        &self.tag
    }
}

impl fmt::Debug for StoredHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredHash({:?})", self.cost)
    }
}

impl Drop for StoredHash {
    fn drop(&mut self) {
        self.tag.zeroize();
    }
}

/// One Argon2id tag over the whole of `password`. `None`, which matches nothing, only for lengths and costs that a
/// [`Cost`], a salt and an attempt cannot have: a fault here must not leave a tag that the next fault would equal.
pub(super) fn tag(cost: Cost, salt: &[u8], password: &[u8], memory: &mut Memory) -> Option<Secret<[u8; TAG]>> {
    let mut out = [0; TAG];
    let hashed = Params::new(cost.memory_kib(), cost.passes(), cost.lanes(), Some(TAG)).and_then(|params| {
        let area = memory.area(params.block_count());
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(password, salt, &mut out, area)
    });
    debug_assert!(hashed.is_ok());
    hashed.ok().map(|()| Secret::new(out))
}

/// A decimal number in its one spelling: no sign, no leading zero.
fn number(text: &str, name: &str) -> Option<u32> {
    let digits = text.strip_prefix(name)?;
    let canonical = digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if canonical { digits.parse().ok() } else { None }
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    STANDARD_NO_PAD.decode(text).ok()?.try_into().ok()
}
