//! The sealed form of a login. The types here are private to the parent, so that nothing but an opened seal can become
//! a login, and with it evidence.

use serde::{Deserialize, Serialize};

use super::{Enrolment, Login, LoginRow, Request, State, Then};
use crate::evidence::{Evidence, StoredEvidence};
use crate::id::{FactorId, UserId};
use crate::invite::{EnrolRight, StoredRight};
use crate::passkey::{Asked, Offered};
use crate::seal::{BadSeal, Keyring, Place};
use crate::secret::Rng;
use crate::time::Time;
use crate::totp::Seed;

#[derive(Serialize, Deserialize)]
struct StoredLogin {
    digest: [u8; 32],
    expires_at: Time,
    request: Request,
    then: Then,
    state: StoredState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum StoredState {
    Second { evidence: StoredEvidence },
    Reprove { user: UserId },
    Alone { user: UserId, user_version: i64 },
    Enrol { enrolment: StoredEnrolment },
    Confirm { enrolment: StoredEnrolment, factor: FactorId, seed: Vec<u8> },
    Register { enrolment: StoredEnrolment, factor: FactorId, offered: String },
}

#[derive(Serialize, Deserialize)]
struct StoredEnrolment {
    right: StoredRight,
    evidence: Option<StoredEvidence>,
    password: Option<Vec<u8>>,
}

pub(super) fn seal(login: &Login, version: i64, ring: &Keyring, rng: &dyn Rng) -> LoginRow {
    let stored = StoredLogin {
        digest: *login.digest.as_bytes(),
        expires_at: login.expires_at,
        request: login.request.clone(),
        then: login.then.clone(),
        state: store_state(&login.state),
        asked: login.asked.as_ref().map(|(asked, until)| asked.stored(*until)),
    };
    // Plain data with text keys always becomes JSON; an empty text would not open again.
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(&stored).unwrap_or_default());
    LoginRow {
        id: login.id,
        user: login.user(),
        digest: login.digest,
        version,
        expires_at: login.expires_at,
        sealed: ring.seal(place(login.id.as_bytes(), version), &plain, rng),
    }
}

pub(super) fn open(ring: &Keyring, row: &LoginRow) -> Result<Login, BadSeal> {
    let plain = ring.open_sealed(place(row.id.as_bytes(), row.version), &row.sealed)?;
    let stored: StoredLogin = serde_json::from_slice(plain.reveal()).map_err(|_| BadSeal)?;
    if stored.digest != *row.digest.as_bytes() {
        return Err(BadSeal);
    }
    let login = Login {
        id: row.id,
        version: row.version,
        digest: row.digest,
        // The sealed one: the column is only what the sweep goes by.
        expires_at: stored.expires_at,
        request: stored.request,
        then: stored.then,
        state: open_state(stored.state)?,
        asked: stored.asked.map(|asked| Asked::from_stored(&asked).ok_or(BadSeal)).transpose()?,
    };
    // Attack: a row pointed at another account, so that its login outlives the shutting of its own.
    if login.user() == row.user { Ok(login) } else { Err(BadSeal) }
}

const fn place(id: &[u8], version: i64) -> Place<'_> {
    Place { kind: "login", id, version }
}

fn store_state(state: &State) -> StoredState {
    match state {
        State::Second { evidence } => StoredState::Second { evidence: evidence.stored() },
        State::Reprove { user } => StoredState::Reprove { user: *user },
        State::Alone { user, user_version } => StoredState::Alone { user: *user, user_version: *user_version },
        State::Enrol { enrolment } => StoredState::Enrol { enrolment: store_enrolment(enrolment) },
        State::Confirm { enrolment, factor, seed } => {
            StoredState::Confirm { enrolment: store_enrolment(enrolment), factor: *factor, seed: seed.bytes().to_vec() }
        }
        State::Register { enrolment, factor, offered } => {
            StoredState::Register { enrolment: store_enrolment(enrolment), factor: *factor, offered: offered.stored() }
        }
    }
}

fn open_state(state: StoredState) -> Result<State, BadSeal> {
    Ok(match state {
        StoredState::Second { evidence } => State::Second { evidence: Evidence::from_stored(evidence) },
        StoredState::Reprove { user } => State::Reprove { user },
        StoredState::Alone { user, user_version } => State::Alone { user, user_version },
        StoredState::Enrol { enrolment } => State::Enrol { enrolment: open_enrolment(enrolment) },
        StoredState::Confirm { enrolment, factor, seed } => State::Confirm {
            enrolment: open_enrolment(enrolment),
            factor,
            seed: Seed::from_bytes(&seed).ok_or(BadSeal)?,
        },
        StoredState::Register { enrolment, factor, offered } => State::Register {
            enrolment: open_enrolment(enrolment),
            factor,
            offered: Offered::from_stored(&offered).ok_or(BadSeal)?,
        },
    })
}

fn store_enrolment(enrolment: &Enrolment) -> StoredEnrolment {
    StoredEnrolment {
        right: enrolment.right.stored(),
        evidence: enrolment.evidence.as_ref().map(Evidence::stored),
        password: enrolment.password.clone(),
    }
}

fn open_enrolment(stored: StoredEnrolment) -> Enrolment {
    Enrolment {
        right: EnrolRight::from_stored(stored.right),
        evidence: stored.evidence.map(Evidence::from_stored),
        password: stored.password,
    }
}
