//! What a session allows over time, and which of its rows open. Grants come from the policy, the rest from real logins.

mod rows;
mod said;

use super::*;
use crate::evidence::Means;
use crate::evidence::tests::{NOW, evidence_of, factor, user};
use crate::id::LoginId;
use crate::login::{Channel, Login, Request, Step, StepUpFor};
use crate::policy::tests::grant_of;
use crate::seal::MasterKey;
use crate::step_up::Action;
use crate::testing::SeededRng;
use crate::totp::{self, Code, Seed, TotpProof};

pub(crate) fn ring(seed: u64) -> Keyring {
    let rng = SeededRng::new(seed);
    let master = MasterKey::random(&rng);
    Keyring::open(&master, &Keyring::create(&master, &rng)).unwrap()
}

pub(super) fn opening(id: SessionId) -> Opening {
    Opening {
        id,
        client: "shop".to_owned(),
        audience: "orders".to_owned(),
        scope: Some("read write".to_owned()),
        status: (3, 77),
        device: Some(DeviceId::new(NOW, &SeededRng::new(5))),
        idle: Span::from_hours(2),
        absolute: Span::from_hours(24),
        now: NOW,
    }
}

pub(super) fn id(seed: u64) -> SessionId {
    SessionId::new(NOW, &SeededRng::new(seed))
}

pub(crate) fn session() -> Session {
    Session::open(grant_of(user(1), Means::Totp(factor(1)), NOW), opening(id(1)))
}

pub(super) fn recovered() -> Session {
    Session::open(grant_of(user(1), Means::RecoveryCode, NOW), opening(id(1)))
}

/// A client whose sessions may rest for two hours.
pub(super) fn client() -> Client {
    let spec = serde_json::json!({"id": "shop", "kind": "public", "audiences": ["orders"], "scopes": ["read", "write"],
        "idle_seconds": 7_200, "groups_released": ["staff"]});
    let audience = crate::client::Audience::service("orders", crate::jws::Alg::EdDsa, "https://login.example").unwrap();
    let around = crate::client::Surroundings { issuer: "https://login.example", audiences: &[audience] };
    Client::build(&serde_json::from_value(spec).unwrap(), around).unwrap().client
}

/// A code of this user's authenticator, shown now.
fn code_of(user: UserId, now: Time) -> TotpProof {
    let seed = Seed::random(&SeededRng::new(9));
    let device = totp_rs::Builder::new().with_secret(*seed.bytes()).build().unwrap();
    let digits = device.generate(u64::try_from(now.seconds()).unwrap()).to_string();
    totp::confirm(&seed, user, factor(1), &Code::parse(&digits).unwrap(), now).unwrap().0
}

fn request() -> Request {
    let (client, audience) = ("shop".to_owned(), "orders".to_owned());
    Request { client, audience, scope: None, channel: Channel::Api, device: None }
}

/// Both factors proved for removing factor `fac_1`.
pub(crate) fn raised(session: SessionId, user: UserId, now: Time) -> Raised {
    let evidence = evidence_of(user, &[(Means::Password, now)]);
    let (rng, action, target) = (SeededRng::new(8), Action::RemoveFactor, "fac_1".to_owned());
    let wanted = StepUpFor { session, action, target, token: None };
    let (login, _) = Login::step_up(LoginId::new(now, &rng), evidence, request(), wanted, (now, &rng));
    match login.totp(code_of(user, now)) {
        Step::Raise(raised) => raised,
        other => panic!("not raised: {other:?}"),
    }
}

/// The second factor proved again.
pub(super) fn fresh(session: SessionId, user: UserId, now: Time) -> Fresh {
    let rng = SeededRng::new(7);
    let (login, _) = Login::reprove(LoginId::new(now, &rng), user, request(), (session, vec![]), (now, &rng));
    match login.totp(code_of(user, now)) {
        Step::Fresh(fresh) => fresh,
        other => panic!("not fresh: {other:?}"),
    }
}

fn minutes(minutes: i64) -> Time {
    NOW + Span::from_minutes(minutes)
}

const MILLI: Span = Span::from_millis(1);

#[test]
fn a_session_rests_at_most_its_idle_limit() {
    let session = session();
    assert!(session.lives(NOW) && session.lives(minutes(120) - MILLI));
    assert!(!session.lives(minutes(120)));
    let used = session.used(&client(), minutes(60));
    assert_eq!((used.used_at(), used.idle_until(), used.version()), (minutes(60), minutes(180), 1));
    assert!(used.lives(minutes(180) - MILLI) && !used.lives(minutes(180)));
}

#[test]
fn rft_04_rft_05_no_use_carries_a_session_past_its_end() {
    let mut session = session();
    for hour in 1..24 {
        session = session.used(&client(), minutes(hour * 60));
        assert!(session.idle_until() <= session.expires_at());
    }
    assert_eq!(session.expires_at(), minutes(24 * 60));
    assert!(session.lives(minutes(24 * 60) - MILLI) && !session.lives(minutes(24 * 60)));
    // Even with a column that says otherwise.
    let ring = ring(1);
    let row = session.row(&ring, &SeededRng::new(2));
    let prolonged = SessionRow { idle_until: minutes(9_999), ..row };
    assert!(!Session::from_row(&ring, &prolonged).unwrap().lives(minutes(24 * 60)));
}

#[test]
fn rcv_08_a_session_of_a_recovery_code_lives_one_hour_whatever_the_client_may() {
    let mut session = recovered();
    assert_eq!(session.expires_at(), minutes(60));
    assert!(session.idle_until() <= minutes(60));
    session = session.used(&client(), minutes(59));
    assert!(session.lives(minutes(60) - MILLI) && !session.lives(minutes(60)));
    // A client with shorter sessions keeps them shorter.
    let short = Opening { absolute: Span::from_minutes(5), ..opening(id(1)) };
    let short = Session::open(grant_of(user(1), Means::RecoveryCode, NOW), short);
    assert_eq!(short.expires_at(), minutes(5));
}

/// STP-07: the strongest proof is of a person who is there; it does not stay true for a day.
#[test]
fn stp_07_a_session_of_a_hardware_key_rests_fifteen_minutes_and_lives_twelve_hours() {
    let key = |attested| {
        let signed = crate::evidence::Signed { verified: true, attested, held: false };
        Session::open(grant_of(user(1), Means::Passkey(factor(4), signed), NOW), opening(id(1)))
    };
    let mut hardware = key(true);
    assert_eq!(hardware.event(NOW).acr(), Acr::Phrh);
    assert_eq!((hardware.idle_until(), hardware.expires_at()), (minutes(15), minutes(12 * 60)));
    hardware = hardware.used(&client(), minutes(10));
    assert_eq!(hardware.idle_until(), minutes(25));
    assert_eq!(hardware.used_beside(&client(), minutes(12 * 60 - 5)).idle_until(), minutes(12 * 60));
    // A passkey that is not bound to its device rests as long as its client may, and shorter limits stay shorter.
    assert_eq!((key(false).idle_until(), key(false).expires_at()), (minutes(120), minutes(24 * 60)));
    let signed = crate::evidence::Signed { verified: true, attested: true, held: false };
    let short = Opening { idle: Span::from_minutes(5), absolute: Span::from_minutes(9), ..opening(id(1)) };
    let short = Session::open(grant_of(user(1), Means::Passkey(factor(4), signed), NOW), short);
    assert_eq!((short.idle_until(), short.expires_at()), (minutes(5), minutes(9)));
}

#[test]
fn freshness_moves_when_and_never_how() {
    for (session, acr) in [(session(), Acr::Aal2), (recovered(), Acr::Recovery)] {
        let before = session.event(minutes(50));
        let fresh = session.freshened(fresh(id(1), user(1), minutes(50))).unwrap();
        assert_eq!(fresh.mfa_time(), minutes(50));
        assert_eq!((fresh.event(minutes(50)), fresh.event(minutes(50)).acr()), (before, acr));
        assert_eq!((fresh.version(), fresh.opened_at(), fresh.used_at()), (2, NOW, NOW));
    }
}

#[test]
fn a_proof_for_another_session_or_by_another_user_changes_nothing() {
    assert!(session().freshened(fresh(id(2), user(1), NOW)).is_none());
    assert!(session().freshened(fresh(id(1), user(2), NOW)).is_none());
    assert!(session().raised(&raised(id(2), user(1), NOW), NOW).is_none());
    assert!(session().raised(&raised(id(1), user(2), NOW), NOW).is_none());
}

/// A proof that overtakes a newer one must not make the session look older than it is.
#[test]
fn an_older_proof_never_takes_freshness_back() {
    let session = session().freshened(fresh(id(1), user(1), minutes(30))).unwrap();
    let session = session.freshened(fresh(id(1), user(1), minutes(20))).unwrap();
    assert_eq!(session.mfa_time(), minutes(30));
    let session = session.raised(&raised(id(1), user(1), minutes(10)), minutes(31)).unwrap();
    assert_eq!(session.mfa_time(), minutes(30));
}

#[test]
fn stp_05_a_raise_shows_its_own_time_for_fifteen_minutes_and_then_the_login_again() {
    let session = session().raised(&raised(id(1), user(1), minutes(100)), minutes(100)).unwrap();
    assert_eq!((session.version(), session.mfa_time()), (2, minutes(100)));
    for (at, auth_time) in [(100, 100), (114, 100), (115, 0), (119, 0)] {
        assert_eq!(session.event(minutes(at)).auth_time(), minutes(auth_time), "after {at} minutes");
    }
    assert_eq!(session.event(minutes(115) - MILLI).auth_time(), minutes(100));
    assert_eq!(session.id(), id(1));
    assert_eq!(session.status(), (3, 77));
}

#[test]
fn stp_10_a_weaker_event_never_replaces_a_stronger_one() {
    let strong = StoredEvent { acr: Acr::Phr, amr: vec![Amr::Hwk, Amr::User], auth_time: NOW };
    let mut based = session();
    based.facts.base = strong.clone();
    let based = based.raised(&raised(id(1), user(1), minutes(1)), minutes(1)).unwrap();
    assert_eq!(based.event(minutes(1)).acr(), Acr::Phr);
    // Nor one that lives; once it has lapsed, the next may stand.
    let mut lifted = session();
    lifted.facts.raised = Some((strong, minutes(15)));
    let lifted = lifted.raised(&raised(id(1), user(1), minutes(14)), minutes(14)).unwrap();
    assert_eq!(lifted.event(minutes(14)).acr(), Acr::Phr);
    let lapsed = lifted.raised(&raised(id(1), user(1), minutes(15)), minutes(15)).unwrap();
    assert_eq!((lapsed.event(minutes(15)).acr(), lapsed.event(minutes(15)).auth_time()), (Acr::Aal2, minutes(15)));
}
