//! Rows as they come out of the store: bytes that anybody with SQL may have written. Never opens without our seal; and
//! what is inside a good seal is still read as hostile.

use poundlock_core::audit::CheckpointKey;
use poundlock_core::id::{FactorId, FamilyId, InviteId, LoginId, SessionId, UserId};
use poundlock_core::invite::{self, InviteRow};
use poundlock_core::login::{Channel, Login, LoginHandle, LoginRow};
use poundlock_core::password::Cost;
use poundlock_core::refresh::{Family, FamilyRow, Presented};
use poundlock_core::seal::Place;
use poundlock_core::secret::Digest;
use poundlock_core::session::{Session, SessionRow};
use poundlock_core::time::Time;
use poundlock_core::totp::{Authenticator, TotpRow};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::genuine::{ring, rng};

const VERSION: i64 = 3;
const ID: [u8; 16] = [9; 16];

/// The first byte says which row, and whether the rest lies in a seal or is the sealed column itself.
pub(crate) fn rows(bytes: &[u8]) {
    let Some((mode, rest)) = bytes.split_first() else { return };
    let inside = mode & 0x80 == 0;
    assert!(inside || !opens(mode & 7, inside, rest), "a row opened without our seal");
}

/// Whether the row of this kind opens.
pub(crate) fn opens(kind: u8, inside: bool, rest: &[u8]) -> bool {
    let sealed = |kind, version| {
        let place = Place { kind, id: &ID, version };
        if inside { ring().seal(place, rest, &rng()) } else { rest.to_vec() }
    };
    match kind {
        0 => session(rest, sealed("session", VERSION)),
        1 => login(rest, sealed("login", VERSION)),
        2 => invite(sealed("invite", 0)),
        3 => presented(&sealed("refresh_in_login", 0)),
        4 => totp(rest, sealed("totp", 0)),
        5 => family(rest, sealed("refresh", 0)),
        6 => {
            let place = Place { kind: "checkpoint_key", id: b"", version: 0 };
            let stored = if inside { ring().seal(place, rest, &rng()) } else { rest.to_vec() };
            CheckpointKey::from_stored(&stored, ring()).is_ok()
        }
        _ => password(&sealed("password", 0)),
    }
}

/// A column that holds what the sealed part says, as an honest writer would have it.
fn column<T: DeserializeOwned>(facts: &Value, name: &str) -> Option<T> {
    serde_json::from_value(facts.get(name)?.clone()).ok()
}

fn session(facts: &[u8], sealed: Vec<u8>) -> bool {
    let facts: Value = serde_json::from_slice(facts).unwrap_or_default();
    let zero = Time::from_millis(0);
    let row = SessionRow {
        id: SessionId::from_bytes(&ID).unwrap_or(SessionId::NIL),
        user: column(&facts, "user").unwrap_or(UserId::NIL),
        client: column(&facts, "client").unwrap_or_default(),
        factor: column(&facts, "factor"),
        device: column(&facts, "device"),
        version: VERSION,
        opened_at: column(&facts, "opened_at").unwrap_or(zero),
        used_at: zero,
        idle_until: zero,
        expires_at: column(&facts, "expires_at").unwrap_or(zero),
        ended_at: None,
        status: column(&facts, "status").unwrap_or_default(),
        sealed,
    };
    let Ok(session) = Session::from_row(ring(), &row) else { return false };
    let again = Session::from_row(ring(), &session.row(ring(), &rng()));
    assert_eq!(again.map(|again| format!("{again:?}")).ok(), Some(format!("{session:?}")), "read otherwise");
    let other = SessionRow { user: UserId::from_bytes(&[1; 16]).unwrap_or(UserId::NIL), ..row };
    assert!(session.user() == other.user || Session::from_row(ring(), &other).is_err(), "another owner's session");
    true
}

fn login(facts: &[u8], sealed: Vec<u8>) -> bool {
    let facts: Value = serde_json::from_slice(facts).unwrap_or_default();
    let digest: Option<[u8; 32]> = column(&facts, "digest");
    let user = ["/state/evidence/user", "/state/user", "/state/enrolment/evidence/user"];
    let user = user.iter().find_map(|path| serde_json::from_value(facts.pointer(path)?.clone()).ok());
    let row = LoginRow {
        id: LoginId::from_bytes(&ID).unwrap_or(LoginId::NIL),
        user: user.unwrap_or(UserId::NIL),
        digest: Digest::from_bytes(&digest.unwrap_or_default()).unwrap_or_else(|| Digest::of(b"")),
        version: VERSION,
        expires_at: Time::from_millis(i64::MAX),
        sealed,
    };
    let Some(handle) = LoginHandle::parse(&format!("pll_{}", "A".repeat(64))) else { return false };
    let opened = Login::open(ring(), &row, &handle, Channel::Api, Time::from_millis(0));
    // Nobody knows a secret whose digest is all there is.
    assert!(!matches!(opened, Ok(Ok(_))), "a login without its handle");
    opened.is_ok()
}

fn invite(sealed: Vec<u8>) -> bool {
    let row = InviteRow {
        id: InviteId::from_bytes(&ID).unwrap_or(InviteId::NIL),
        digest: Digest::of(b""),
        sealed,
        made_at: Time::from_millis(0),
        expires_at: Time::from_millis(i64::MAX),
        used_at: None,
    };
    invite::purpose(ring(), &row).is_ok()
}

fn presented(sealed: &[u8]) -> bool {
    let login = LoginId::from_bytes(&ID).unwrap_or(LoginId::NIL);
    let Ok(opened) = Presented::from_stored(ring(), &login, sealed) else { return false };
    let again = Presented::from_stored(ring(), &login, &opened.to_stored(ring(), &login, &rng()));
    let token = |presented: &Presented| presented.token.text(ring());
    assert!(again.is_ok_and(|again| token(&again).reveal() == token(&opened).reveal() && again.at == opened.at));
    true
}

fn totp(plain: &[u8], sealed: Vec<u8>) -> bool {
    let row = TotpRow {
        id: FactorId::from_bytes(&ID).unwrap_or(FactorId::NIL),
        user: plain.get(..16).and_then(UserId::from_bytes).unwrap_or(UserId::NIL),
        sealed,
        last_step: 0,
        drift: 0,
        resync: None,
        held_until: None,
    };
    Authenticator::open(ring(), &row).is_ok()
}

fn family(plain: &[u8], sealed: Vec<u8>) -> bool {
    let row = FamilyRow {
        id: FamilyId::from_bytes(&ID).unwrap_or(FamilyId::NIL),
        session: plain.get(..16).and_then(SessionId::from_bytes).unwrap_or(SessionId::NIL),
        client: String::new(),
        binding: None,
        granted: None,
        generation: 1,
        current: Digest::of(b""),
        previous: None,
        successor: None,
        rotated_at: None,
        retries: 0,
        rotated_source: None,
        ended: None,
        seal: sealed,
    };
    let longer = FamilyRow { client: "web".to_owned(), ..row.clone() };
    let opened = Family::open(ring(), row).is_ok();
    assert!(!(opened && Family::open(ring(), longer).is_ok()), "two families of one seal");
    opened
}

/// What does not open is a decoy, which matches no password: there is nothing to tell from outside but the cost.
fn password(sealed: &[u8]) -> bool {
    let user = UserId::from_bytes(&ID).unwrap_or(UserId::NIL);
    let _ = poundlock_core::password::Verifier::open(ring(), user, sealed, Cost::DEFAULT);
    false
}
