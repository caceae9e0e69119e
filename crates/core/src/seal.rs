//! Authenticated encryption of what is stored, and the data keys it runs on.
//!
//! A master key from outside the database (CAR-04) wraps random data keys; the data keys do the work. Replacing the
//! master key rewraps them, so counters, device proofs and live logins survive it (CAR-03).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::secret::{Digest, Rng, Secret, random_bytes};

const FORMAT: u8 = 1;
const HEADER: usize = 1 + 4 + NONCE_LEN;

/// The key that wraps data keys: 256 bits from a file, variable or credential, never from the database.
#[derive(Clone, Debug)]
pub struct MasterKey(Secret<[u8; 32]>);

/// What a sealed value belongs to. It is authenticated with the value, so a value copied to another row, kind or
/// version does not open (CAR-01).
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// What kind of row: a name of the table's noun.
    pub kind: &'static str,
    /// The row's id.
    pub id: &'a [u8],
    /// The row's version; 0 where rows have none.
    pub version: i64,
}

/// The value does not open: damaged, moved from another place, or sealed under a key that is gone. The causes look
/// alike on purpose (CAR-06).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored value does not open under the present keys")]
pub struct BadSeal;

/// A data key as stored: random, wrapped by the master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// Number of the key; sealed values name it.
    pub number: u32,
    /// `seal`, `counter`, `device` or `tag`.
    pub purpose: String,
    /// The wrapped bytes.
    pub wrapped: Vec<u8>,
}

type NumberedKey = (u32, Secret<[u8; 32]>);

/// The opened data keys of this process.
pub struct Keyring {
    seal: Vec<NumberedKey>,
    counter: Secret<[u8; 32]>,
    device: Secret<[u8; 32]>,
    tag: Secret<[u8; 32]>,
    check: Secret<[u8; 32]>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({} seal keys)", self.seal.len())
    }
}

const PURPOSES: [&str; 5] = ["seal", "counter", "device", "tag", "check"];

impl MasterKey {
    /// Takes the 32 bytes of a master key.
    #[must_use]
    pub const fn new(bytes: Secret<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// Draws a new master key.
    pub fn random(rng: &dyn Rng) -> Self {
        Self(Secret::random(rng))
    }

    /// The key as 64 hexadecimal digits: the form of the key file.
    #[must_use]
    pub fn to_hex(&self) -> Zeroizing<String> {
        use std::fmt::Write;
        let mut text = Zeroizing::new(String::with_capacity(64));
        for byte in self.0.reveal() {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// Reads 64 hexadecimal digits; white space around them is ignored. `None` for anything else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
        }
        Some(Self(Secret::new(bytes)))
    }

    /// A short public name of this key, so that a wrong key can be told from a damaged store.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, self.0.reveal()), b"poundlock master key");
        mac.as_ref().iter().take(8).map(|b| format!("{b:02x}")).collect()
    }
}

impl Keyring {
    /// Makes a fresh set of data keys, wrapped for storage.
    pub fn create(master: &MasterKey, rng: &dyn Rng) -> Vec<WrappedKey> {
        PURPOSES
            .iter()
            .zip(1..)
            .map(|(purpose, number)| wrap(master, number, purpose, &Secret::random(rng), rng))
            .collect()
    }

    /// Opens stored data keys.
    ///
    /// # Errors
    /// [`BadSeal`] when the master key is not the one that wrapped them, or one is missing or damaged.
    pub fn open(master: &MasterKey, stored: &[WrappedKey]) -> Result<Self, BadSeal> {
        let of = |purpose: &str| -> Result<Vec<NumberedKey>, BadSeal> {
            let mut keys = Vec::new();
            for key in stored.iter().filter(|key| key.purpose == purpose) {
                keys.push((key.number, unwrap(master, key)?));
            }
            keys.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
            Ok(keys)
        };
        let newest = |purpose| of(purpose)?.into_iter().next().map(|(_, key)| key).ok_or(BadSeal);
        let seal = of("seal")?;
        if seal.is_empty() {
            return Err(BadSeal);
        }
        Ok(Self {
            seal,
            counter: newest("counter")?,
            device: newest("device")?,
            tag: newest("tag")?,
            check: newest("check")?,
        })
    }

    /// Wraps stored data keys anew under another master key; the keys themselves stay.
    ///
    /// # Errors
    /// [`BadSeal`] when `old` does not open them.
    pub fn rewrap(
        old: &MasterKey,
        new: &MasterKey,
        stored: &[WrappedKey],
        rng: &dyn Rng,
    ) -> Result<Vec<WrappedKey>, BadSeal> {
        stored
            .iter()
            .map(|key| unwrap(old, key).map(|opened| wrap(new, key.number, &key.purpose, &opened, rng)))
            .collect()
    }

    /// Seals `plain` for `place`, under a key used for this place alone, so that no nonce can repeat under one key
    /// (CAR-02).
    pub fn seal(&self, place: Place<'_>, plain: &[u8], rng: &dyn Rng) -> Vec<u8> {
        // `open` and `create` leave no keyring without a seal key.
        let Some((number, key)) = self.seal.first() else { return Vec::new() };
        seal_under(&derive(key, place), *number, place, plain, rng)
    }

    /// Opens what [`Keyring::seal`] made for the same place.
    ///
    /// # Errors
    /// [`BadSeal`] when it was made for another place, damaged, or under a key that is gone.
    pub fn open_sealed(&self, place: Place<'_>, sealed: &[u8]) -> Result<Secret<Vec<u8>>, BadSeal> {
        let number = key_number(sealed)?;
        let (_, key) = self.seal.iter().find(|(n, _)| *n == number).ok_or(BadSeal)?;
        open_under(&derive(key, place), place, sealed)
    }

    /// A stable pseudonym under which attempts are counted (THR-05): tells nothing without the key.
    #[must_use]
    pub fn counter_key(&self, parts: &[&[u8]]) -> Digest {
        mac(&self.counter, parts)
    }

    /// The tag that makes a device token ours.
    #[must_use]
    pub fn device_tag(&self, parts: &[&[u8]]) -> Digest {
        mac(&self.device, parts)
    }

    /// The tag that makes a refresh token ours: without it nothing stored is touched.
    #[must_use]
    pub fn refresh_tag(&self, parts: &[&[u8]]) -> Digest {
        mac(&self.tag, parts)
    }

    /// The tag that makes the token of a form ours (SES-06).
    #[must_use]
    pub fn form_tag(&self, parts: &[&[u8]]) -> Digest {
        let labelled: Vec<&[u8]> = std::iter::once(&b"form"[..]).chain(parts.iter().copied()).collect();
        mac(&self.tag, &labelled)
    }

    /// A value stored beside the data, by which a restore tells at once whether these are its keys.
    #[must_use]
    pub fn check_value(&self) -> Digest {
        mac(&self.check, &[b"poundlock store"])
    }
}

/// Seals `plain` under a key that the holder of `secret` alone can make: the successor of a refresh token, sealed under
/// the token before it.
pub fn seal_to_secret(secret: &Secret<[u8; 32]>, place: Place<'_>, plain: &[u8], rng: &dyn Rng) -> Vec<u8> {
    seal_under(&derive(secret, place), 0, place, plain, rng)
}

/// Opens what [`seal_to_secret`] made.
///
/// # Errors
/// [`BadSeal`] for another secret, another place or a damaged value.
pub fn open_with_secret(
    secret: &Secret<[u8; 32]>,
    place: Place<'_>,
    sealed: &[u8],
) -> Result<Secret<Vec<u8>>, BadSeal> {
    open_under(&derive(secret, place), place, sealed)
}

fn wrap(master: &MasterKey, number: u32, purpose: &str, key: &Secret<[u8; 32]>, rng: &dyn Rng) -> WrappedKey {
    let place = Place { kind: "data_key", id: purpose.as_bytes(), version: i64::from(number) };
    WrappedKey {
        number,
        purpose: purpose.to_owned(),
        wrapped: seal_under(&derive(&master.0, place), 0, place, key.reveal(), rng),
    }
}

fn unwrap(master: &MasterKey, key: &WrappedKey) -> Result<Secret<[u8; 32]>, BadSeal> {
    let place = Place { kind: "data_key", id: key.purpose.as_bytes(), version: i64::from(key.number) };
    let opened = open_under(&derive(&master.0, place), place, &key.wrapped)?;
    opened.reveal().as_slice().try_into().map(Secret::new).map_err(|_| BadSeal)
}

fn mac(key: &Secret<[u8; 32]>, parts: &[&[u8]]) -> Digest {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key.reveal()));
    for part in parts {
        // The length first: ("ab", "c") and ("a", "bc") must not share a tag.
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let tag = context.sign();
    let mut bytes = [0; 32];
    bytes.copy_from_slice(tag.as_ref());
    Digest::from_raw(bytes)
}

fn derive(key: &Secret<[u8; 32]>, place: Place<'_>) -> Secret<[u8; 32]> {
    let mut out = [0; 32];
    let aad = associated(place);
    let info = [aad.as_slice()];
    let filled = hkdf::Salt::new(hkdf::HKDF_SHA256, b"poundlock seal v1")
        .extract(key.reveal())
        .expand(&info, hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut out));
    // HKDF refuses only outputs over 255 blocks; this asks for one.
    debug_assert!(filled.is_ok());
    Secret::new(out)
}

fn associated(place: Place<'_>) -> Vec<u8> {
    let mut aad = Vec::with_capacity(place.kind.len() + place.id.len() + 24);
    aad.extend_from_slice(&(place.kind.len() as u64).to_be_bytes());
    aad.extend_from_slice(place.kind.as_bytes());
    aad.extend_from_slice(&(place.id.len() as u64).to_be_bytes());
    aad.extend_from_slice(place.id);
    aad.extend_from_slice(&place.version.to_be_bytes());
    aad
}

fn key_number(sealed: &[u8]) -> Result<u32, BadSeal> {
    let bytes = sealed.get(1..5).ok_or(BadSeal)?;
    Ok(u32::from_be_bytes(bytes.try_into().map_err(|_| BadSeal)?))
}

fn seal_under(key: &Secret<[u8; 32]>, number: u32, place: Place<'_>, plain: &[u8], rng: &dyn Rng) -> Vec<u8> {
    let nonce: [u8; NONCE_LEN] = random_bytes(rng);
    let mut body = Zeroizing::new(plain.to_vec());
    let sealed = UnboundKey::new(&AES_256_GCM, key.reveal()).and_then(|unbound| {
        let aad = Aad::from(associated(place));
        LessSafeKey::new(unbound).seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut *body)
    });
    // AES-GCM refuses only keys of a wrong length and texts over 64 GiB.
    debug_assert!(sealed.is_ok());
    if sealed.is_err() {
        return Vec::new();
    }
    let mut out = Vec::with_capacity(HEADER + body.len());
    out.push(FORMAT);
    out.extend_from_slice(&number.to_be_bytes());
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&body);
    out
}

fn open_under(key: &Secret<[u8; 32]>, place: Place<'_>, sealed: &[u8]) -> Result<Secret<Vec<u8>>, BadSeal> {
    let (header, body) = sealed.split_at_checked(HEADER).ok_or(BadSeal)?;
    let format = header.first().copied().unwrap_or(0);
    let nonce: [u8; NONCE_LEN] = header.get(5..).and_then(|n| n.try_into().ok()).ok_or(BadSeal)?;
    if !bool::from(format.ct_eq(&FORMAT)) {
        return Err(BadSeal);
    }
    let mut body = body.to_vec();
    let unbound = UnboundKey::new(&AES_256_GCM, key.reveal()).map_err(|_| BadSeal)?;
    let plain = LessSafeKey::new(unbound)
        .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(associated(place)), &mut body)
        .map_err(|_| BadSeal)?
        .len();
    body.truncate(plain);
    Ok(Secret::new(body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededRng;

    const HERE: Place<'static> = Place { kind: "login", id: b"one", version: 3 };

    fn ring(seed: u64) -> (MasterKey, Vec<WrappedKey>, Keyring) {
        let rng = SeededRng::new(seed);
        let master = MasterKey::random(&rng);
        let stored = Keyring::create(&master, &rng);
        let ring = Keyring::open(&master, &stored).unwrap();
        (master, stored, ring)
    }

    #[test]
    fn car_01_a_sealed_value_opens_only_in_its_place() {
        let (_, _, ring) = ring(1);
        let sealed = ring.seal(HERE, b"evidence", &SeededRng::new(9));
        assert_eq!(ring.open_sealed(HERE, &sealed).unwrap().reveal(), b"evidence");
        for other in [
            Place { kind: "session", ..HERE },
            Place { kind: "nogil", ..HERE },
            Place { id: b"two", ..HERE },
            Place { version: 4, ..HERE },
        ] {
            assert!(ring.open_sealed(other, &sealed).is_err());
        }
    }

    #[test]
    fn car_01_any_changed_byte_is_noticed() {
        let (_, _, ring) = ring(2);
        let sealed = ring.seal(HERE, b"evidence", &SeededRng::new(9));
        for i in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[i] ^= 1;
            assert!(ring.open_sealed(HERE, &damaged).is_err(), "byte {i}");
            assert!(ring.open_sealed(HERE, &sealed[..i]).is_err(), "cut at {i}");
        }
    }

    #[test]
    fn car_04_the_wrong_master_key_opens_nothing() {
        let (_, stored, _) = ring(3);
        let stranger = MasterKey::random(&SeededRng::new(4));
        assert!(Keyring::open(&stranger, &stored).is_err());
    }

    #[test]
    fn car_03_a_new_master_key_leaves_counters_and_seals_alive() {
        let (old, stored, before) = ring(5);
        let rng = SeededRng::new(6);
        let new = MasterKey::random(&rng);
        let rewrapped = Keyring::rewrap(&old, &new, &stored, &rng).unwrap();
        let after = Keyring::open(&new, &rewrapped).unwrap();
        assert!(Keyring::open(&old, &rewrapped).is_err());
        assert_eq!(before.counter_key(&[b"x"]), after.counter_key(&[b"x"]));
        assert_eq!(before.check_value(), after.check_value());
        let sealed = before.seal(HERE, b"live login", &rng);
        assert_eq!(after.open_sealed(HERE, &sealed).unwrap().reveal(), b"live login");
    }

    #[test]
    fn tags_keep_their_parts_apart() {
        let (_, _, ring) = ring(7);
        assert_ne!(ring.refresh_tag(&[b"ab", b"c"]), ring.refresh_tag(&[b"a", b"bc"]));
        assert_ne!(ring.refresh_tag(&[b"a"]), ring.device_tag(&[b"a"]));
    }

    #[test]
    fn a_successor_opens_only_for_the_holder_of_the_previous_secret() {
        let rng = SeededRng::new(8);
        let (mine, other) = (Secret::random(&rng), Secret::random(&rng));
        let sealed = seal_to_secret(&mine, HERE, b"next", &rng);
        assert_eq!(open_with_secret(&mine, HERE, &sealed).unwrap().reveal(), b"next");
        assert!(open_with_secret(&other, HERE, &sealed).is_err());
    }

    #[test]
    fn a_master_key_reads_back_from_its_file_form() {
        let master = MasterKey::random(&SeededRng::new(10));
        let read = MasterKey::from_hex(&format!("  {}\n", *master.to_hex())).unwrap();
        assert_eq!(read.fingerprint(), master.fingerprint());
        assert!(MasterKey::from_hex("abc").is_none());
        assert!(MasterKey::from_hex(&"é".repeat(32)).is_none());
    }
}
