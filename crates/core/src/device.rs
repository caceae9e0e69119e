//! Known devices: a signed token that names one device and one account, made by a completed login. It chooses a lane
//! of the guard and never replaces a factor (C-4).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::guard::{Account, Lane};
use crate::id::{DeviceId, UserId};
use crate::seal::Keyring;
use crate::secret::{Digest, Secret};
use crate::time::Time;

/// Tries without a completed login after which a device counts as a stranger.
pub const DEVICE_FAILS_MAX: u32 = 10;

const PREFIX: &str = "pld_";
const ID_BYTES: usize = 16;
const TAG_BYTES: usize = 32;
const TOKEN_BYTES: usize = 2 * ID_BYTES + TAG_BYTES;

/// What a genuine token says. Whether the device is still listed is the row's to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceClaim {
    /// The device.
    pub device: DeviceId,
    /// The account it is known to.
    pub user: UserId,
}

/// The text that a device keeps: `pld_`, then device, account and tag in base64url.
#[derive(Debug)]
pub struct DeviceToken;

impl DeviceToken {
    /// Makes the token of a device.
    #[must_use]
    pub fn mint(ring: &Keyring, device: DeviceId, user: UserId) -> Secret<String> {
        let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
        let parts = device.as_bytes().iter().chain(user.as_bytes());
        let tag = tag(ring, &DeviceClaim { device, user });
        for (byte, part) in bytes.iter_mut().zip(parts.chain(tag.as_bytes())) {
            *byte = *part;
        }
        // Its final size at once: a growing string leaves copies behind that nobody wipes.
        let mut text = String::with_capacity(PREFIX.len() + TOKEN_BYTES.div_ceil(3) * 4);
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
        Secret::new(text)
    }

    /// Reads a token and compares its tag in constant time. `None` for anything that this ring did not make; the
    /// causes look alike (CAR-06).
    #[must_use]
    pub fn parse(ring: &Keyring, text: &str) -> Option<DeviceClaim> {
        let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
        let body = text.strip_prefix(PREFIX)?;
        // Strict: another length, padding and stray last bits are refused, so one device has one text.
        if URL_SAFE_NO_PAD.decode_slice(body, bytes.as_mut_slice()) != Ok(TOKEN_BYTES) {
            return None;
        }
        let (ids, shown_tag) = bytes.split_at_checked(2 * ID_BYTES)?;
        let (device, user) = ids.split_at_checked(ID_BYTES)?;
        let claim = DeviceClaim { device: DeviceId::from_bytes(device)?, user: UserId::from_bytes(user)? };
        tag(ring, &claim).matches(&Digest::from_bytes(shown_tag)?).then_some(claim)
    }
}

fn tag(ring: &Keyring, claim: &DeviceClaim) -> Digest {
    ring.device_tag(&[b"known device", claim.device.as_bytes(), claim.user.as_bytes()])
}

/// A device as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceRow {
    /// The device.
    pub id: DeviceId,
    /// The account it is known to.
    pub user: UserId,
    /// Tries since its last completed login. Raised in the batch that spends (`… WHERE tried_in_a_row < 10`), before
    /// the check, so that parallel tries cannot overrun it; set to 0 by the login.
    pub tried_in_a_row: u32,
    /// When it was revoked, if it was.
    pub ended: Option<Time>,
}

/// The lane of an attempt on `account`. A device is known only with a genuine token for this very account and a live
/// row of its own that has not failed too often in a row; everyone else is a stranger, never an error, so that an old
/// cookie locks nobody out.
#[must_use]
pub fn lane(claim: Option<DeviceClaim>, row: Option<&DeviceRow>, account: Account) -> Lane {
    let (Some(claim), Some(row)) = (claim, row) else { return Lane::Strangers };
    let named = row.id == claim.device && row.user == claim.user && account == Account::Known(claim.user);
    let live = row.ended.is_none() && row.tried_in_a_row < DEVICE_FAILS_MAX;
    if named && live { Lane::Device(row.id) } else { Lane::Strangers }
}

#[cfg(test)]
mod tests;
