//! A request between two pages: sealed, in the address of the next page. It opens nothing, and nobody can change what it
//! asks for (STP-03).

use serde::{Deserialize, Serialize};

use super::Asked;
use crate::seal::{Keyring, Place};
use crate::secret::Rng;
use crate::time::{Span, Time};

/// How long a person may take from the client's link to the end of the login.
pub const REQUEST_LIFE: Span = Span::from_minutes(60);

/// The longest sealed request, in bytes.
pub const REQUEST_BYTES_MAX: usize = 4096;

#[derive(Serialize, Deserialize)]
struct Stored {
    asked: Asked,
}

const PLACE: Place<'_> = Place { kind: "authorize", id: &[], version: 0 };

impl Asked {
    /// The request as one word of letters, digits, `-` and `_`; `None` when it is too long for an address.
    pub fn seal(&self, ring: &Keyring, rng: &dyn Rng) -> Option<String> {
        let plain = serde_json::to_vec(&Stored { asked: self.clone() }).ok()?;
        let text = poundlock_verify::b64::encode(&ring.seal(PLACE, &plain, rng));
        (text.len() <= REQUEST_BYTES_MAX).then_some(text)
    }

    /// Reads it back; `None` when it is none of ours, or too old.
    #[must_use]
    pub fn open(text: &str, now: Time, ring: &Keyring) -> Option<Self> {
        let sealed = poundlock_verify::b64::decode(text).ok()?;
        let plain = ring.open_sealed(PLACE, &sealed).ok()?;
        let Stored { asked } = serde_json::from_slice(plain.reveal()).ok()?;
        (now - asked.asked_at < REQUEST_LIFE).then_some(asked)
    }
}
