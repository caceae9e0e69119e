//! The family of one session and client: its row, and the opened row that decisions take. Only [`Family::open`] makes
//! the second from the first, so a row edited in SQL cannot move a family to another session, client or key.

use crate::id::{FamilyId, SessionId};
use crate::seal::{BadSeal, Keyring, Place};
use crate::secret::{Digest, Rng, Secret};
use crate::time::Time;

use super::RefreshToken;

const FIRST_GENERATION: u32 = 1;

/// A family as stored. Plain data: proves nothing before [`Family::open`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyRow {
    /// The family's id; tokens name it.
    pub id: FamilyId,
    /// The session that it lives and dies with (RFT-08).
    pub session: SessionId,
    /// The client that it is bound to (RFT-06).
    pub client: String,
    /// Thumbprint of the `DPoP` key that it is bound to (`jkt`, RFC 9449 §6.1); `None` for bearer tokens.
    pub binding: Option<String>,
    /// What its tokens are for, where that is not the session's own affair.
    pub granted: Option<Granted>,
    /// Generation of the present token; the first is 1.
    pub generation: u32,
    /// Digest of the present token's secret.
    pub current: Digest,
    /// Digest of the secret before it; `None` in the first generation.
    pub previous: Option<Digest>,
    /// The present token's secret, sealed under the one before it; `None` where there is none to repeat.
    pub successor: Option<Vec<u8>>,
    /// When the present token was made by a rotation; `None` in the first generation.
    pub rotated_at: Option<Time>,
    /// How often the present token was handed out again.
    pub retries: u32,
    /// Digest of the source address of that rotation, if known.
    pub rotated_source: Option<Digest>,
    /// When and why the family ended; `None` while it lives.
    pub ended: Option<Ending>,
    /// Seal over id, session, client, binding and grant, which never change.
    pub seal: Vec<u8>,
}

/// The end of a family. Never undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// When.
    pub at: Time,
    /// Why, as a stable word ([`super::TheftKind::as_str`], or that of whatever ended the session).
    pub reason: String,
}

/// What a client was granted inside a session that other clients share: the tokens of its family are for this alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The audience of access tokens that name none.
    pub audience: String,
    /// The scope words.
    pub scope: String,
}

/// What a new family is for. All of it is sealed and stays for ever.
#[derive(Clone, Debug)]
pub struct Start {
    /// The session.
    pub session: SessionId,
    /// The client's id.
    pub client: String,
    /// Thumbprint of the `DPoP` key that was proved at the issue, if one was (RFT-11).
    pub binding: Option<String>,
    /// What its tokens are for; `None` for what the session was opened for.
    pub granted: Option<Granted>,
}

/// A family whose seal was opened: it is the one that was started.
#[derive(Clone, Debug)]
pub struct Family {
    pub(super) row: FamilyRow,
}

impl Family {
    /// Starts a family: its first token, and the row to insert with the session. The caller holds a session, and so a
    /// grant: nothing is proved here.
    pub fn start(start: Start, now: Time, ring: &Keyring, rng: &dyn Rng) -> (RefreshToken, FamilyRow) {
        let id = FamilyId::new(now, rng);
        let token = RefreshToken::new(id, FIRST_GENERATION, Secret::random(rng));
        let mut row = FamilyRow {
            id,
            session: start.session,
            client: start.client,
            binding: start.binding,
            granted: start.granted,
            generation: FIRST_GENERATION,
            current: token.digest(),
            previous: None,
            successor: None,
            rotated_at: None,
            retries: 0,
            rotated_source: None,
            ended: None,
            seal: Vec::new(),
        };
        row.seal = ring.seal(place(&id), &sealed_facts(&row), rng);
        (token, row)
    }

    /// Takes a stored row, if its seal says that it is what was started.
    ///
    /// # Errors
    /// [`BadSeal`] when session, client or binding are not those of the start, or the seal is damaged or another
    /// family's.
    pub fn open(ring: &Keyring, row: FamilyRow) -> Result<Self, BadSeal> {
        let opened = ring.open_sealed(place(&row.id), &row.seal)?;
        if *opened.reveal() == sealed_facts(&row) { Ok(Self { row }) } else { Err(BadSeal) }
    }

    /// The family's id.
    #[must_use]
    pub const fn id(&self) -> FamilyId {
        self.row.id
    }

    /// The session that it belongs to.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.row.session
    }

    /// The client that it belongs to.
    #[must_use]
    pub fn client(&self) -> &str {
        &self.row.client
    }

    /// Thumbprint of the key that each use must prove; `None` for bearer tokens.
    #[must_use]
    pub fn binding(&self) -> Option<&str> {
        self.row.binding.as_deref()
    }

    /// What its tokens are for; `None` for what the session was opened for.
    #[must_use]
    pub const fn granted(&self) -> Option<&Granted> {
        self.row.granted.as_ref()
    }

    /// When it was started.
    #[must_use]
    pub fn started_at(&self) -> Time {
        self.row.id.made_at()
    }

    /// When a token of it was last exchanged; when it was started, if none was.
    #[must_use]
    pub fn used_at(&self) -> Time {
        self.row.rotated_at.unwrap_or_else(|| self.started_at())
    }

    /// Whether it has ended.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.row.ended.is_some()
    }

    /// Generation of the present token.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.row.generation
    }
}

fn place(id: &FamilyId) -> Place<'_> {
    Place { kind: "refresh", id: id.as_bytes(), version: 0 }
}

/// Lengths come first, and a byte tells nothing from an empty text: two families never share a text. One without a grant
/// has the text that it had before there were grants, or an update would end every session.
fn sealed_facts(row: &FamilyRow) -> Vec<u8> {
    let mut facts = Vec::with_capacity(row.client.len() + 80);
    facts.extend_from_slice(row.session.as_bytes());
    facts.extend_from_slice(&(row.client.len() as u64).to_be_bytes());
    facts.extend_from_slice(row.client.as_bytes());
    facts.push(u8::from(row.binding.is_some()) | u8::from(row.granted.is_some()) << 1);
    let binding = row.binding.as_deref().unwrap_or_default();
    if row.granted.is_some() {
        facts.extend_from_slice(&(binding.len() as u64).to_be_bytes());
    }
    facts.extend_from_slice(binding.as_bytes());
    if let Some(granted) = &row.granted {
        facts.extend_from_slice(&(granted.audience.len() as u64).to_be_bytes());
        facts.extend_from_slice(granted.audience.as_bytes());
        facts.extend_from_slice(granted.scope.as_bytes());
    }
    facts
}
