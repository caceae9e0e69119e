//! What must be so after a crash: every promise is kept, and nothing stands half.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use poundlock_core::audit::{Event, Record};
use poundlock_core::id::SessionId;
use poundlock_store::testing::tries;
use poundlock_store::{Statement, Store, audit, params};
use serde_json::json;

use super::super::site::{Caller, Told};
use super::load::{Person, Tally, code, step_now, text};

/// Each counts what no batch leaves behind when it is whole.
static HALVES: [(&str, Statement); 6] = [
    (
        "sessions without their one family",
        Statement::new(
            "SELECT count(*) FROM session s WHERE 1 <> (SELECT count(*) FROM refresh r WHERE r.session = s.id)",
        ),
    ),
    (
        "sessions that ended without their family, or the other way",
        Statement::new(
            "SELECT count(*) FROM session s JOIN refresh r ON r.session = s.id
             WHERE (s.ended_at IS NULL) <> (r.ended_at IS NULL)",
        ),
    ),
    (
        "accounts without an authenticator",
        Statement::new("SELECT count(*) FROM account a WHERE NOT EXISTS (SELECT 1 FROM totp t WHERE t.account = a.id)"),
    ),
    (
        "accounts without ten recovery codes",
        Statement::new(
            "SELECT count(*) FROM account a
             WHERE 10 <> (SELECT count(*) FROM recovery_code c WHERE c.account = a.id)",
        ),
    ),
    (
        "records that are linked and not marked, or the other way",
        Statement::new(
            "SELECT count(*) FROM audit_record r
             WHERE (r.sealed = 1) <> EXISTS (SELECT 1 FROM audit_link l WHERE l.record = r.id)",
        ),
    ),
    (
        "successors of a family's first generation",
        Statement::new("SELECT count(*) FROM refresh r WHERE r.generation = 1 AND r.successor IS NOT NULL"),
    ),
];

static EVENTS: Statement = Statement::new("SELECT count(*) FROM audit_record WHERE event = ?1");
static SESSIONS: Statement = Statement::new("SELECT count(*) FROM session");
static ACCOUNTS: Statement = Statement::new("SELECT count(*) FROM account");
static ROTATIONS: Statement = Statement::new("SELECT CAST(coalesce(sum(generation - 1), 0) AS BIGINT) FROM refresh");
static STEP: Statement =
    Statement::new("SELECT t.last_step FROM totp t JOIN account a ON a.id = t.account WHERE a.name = ?1");
static ENDS: Statement = Statement::new("SELECT id, ended_at FROM session");

/// Keeps a person's promises against them, over HTTP, and settles what was left open.
pub(crate) async fn promises(caller: &Caller, store: &Store, person: &mut Person, tally: &Tally) {
    for held in std::mem::take(&mut person.sessions) {
        match caller.refresh(&held.token).await {
            Told::Yes(tokens) => {
                let token = text(&tokens, "refresh_token");
                person.sessions.push(super::load::Held { token, ending: false, ..held });
            }
            Told::No(401, _) if held.ending => {}
            lost => panic!("{}: the newest token of session {} was forgotten: {lost:?}", person.name, held.id),
        }
    }
    for (id, token) in person.ended.drain(..) {
        let told = caller.refresh(&token).await;
        assert!(matches!(told, Told::No(401, _)), "{}: session {id} lives again: {told:?}", person.name);
    }
    if let Some(invite) = person.spent_invite.take() {
        let told = caller.post("/v1/invite/accept", &json!({ "invite": invite, "password": person.password })).await;
        assert!(matches!(told, Told::No(400..500, _)), "{}: the invite opens again: {told:?}", person.name);
    }
    let kept = store.query_opt(&STEP, params![person.name.as_str()]).await.unwrap().unwrap().int(0).unwrap();
    if let Some((_, step, _)) = &person.spent_totp {
        assert!(kept >= i64::try_from(*step).unwrap(), "{}: step {step} was forgotten", person.name);
    }
    replays(caller, person, tally).await;
}

/// What was spent before the crash is spent after it.
async fn replays(caller: &Caller, person: &mut Person, tally: &Tally) {
    let (codes, totp) = (std::mem::take(&mut person.spent_codes), person.spent_totp.take());
    if codes.is_empty() && totp.is_none() {
        return;
    }
    tally.open.fetch_add(2, Ordering::SeqCst);
    let first = json!({ "name": person.name, "password": person.password });
    // The guard may want a pause after several of these; the next round comes back to it.
    let Told::Yes(begun) = caller.post("/v1/login", &first).await else { return };
    let login = text(&begun, "login");
    for spent in codes {
        let told = caller.post("/v1/login/recovery-code", &json!({ "login": login, "code": spent })).await;
        assert!(matches!(told, Told::No(400..500, _)), "{}: a code opens twice: {told:?}", person.name);
    }
    let Some((spent, step, completed)) = totp else { return };
    let told =
        caller.post("/v1/login/totp", &json!({ "login": completed, "code": code(&person.uri, step_now()) })).await;
    assert!(matches!(told, Told::No(400..500, _)), "{}: a login completes twice: {told:?}", person.name);
    if step + 1 >= step_now() {
        let told = caller.post("/v1/login/totp", &json!({ "login": login, "code": spent })).await;
        assert!(matches!(told, Told::No(400..500, _)), "{}: a step passes twice: {told:?}", person.name);
    }
}

/// Looks for halves and for changes without their record.
pub(crate) async fn wholeness(store: &Store, tally: &Tally) {
    for (what, count) in &HALVES {
        assert_eq!(number(store, count, None).await, 0, "{what}");
    }
    let events = async |event: Event| number(store, &EVENTS, Some(event.name())).await;
    assert_eq!(events(Event::LoginCompleted).await, number(store, &SESSIONS, None).await, "grants and records of them");
    assert_eq!(events(Event::InviteAccepted).await, number(store, &ACCOUNTS, None).await, "accounts and their records");
    assert_eq!(
        events(Event::RefreshRotated).await,
        number(store, &ROTATIONS, None).await,
        "rotations and their records"
    );
    let (spent, wrong) = (tries(store).await.unsigned_abs(), tally.wrong.load(Ordering::SeqCst));
    assert!(spent >= wrong, "{wrong} passwords were checked and {spent} counted");
    assert!(spent <= wrong + tally.open.load(Ordering::SeqCst), "{spent} counted, {wrong} checked");
}

/// Reads every record: one grant for each session and at least one end for each that ended.
pub(crate) async fn records(store: &Store) -> usize {
    let rows = audit::tail(store, i64::MAX).await.unwrap();
    let (mut opened, mut ended) = (BTreeMap::new(), BTreeMap::new());
    for row in &rows {
        let record = Record::parse(std::str::from_utf8(&row.body).unwrap()).unwrap();
        let Some(session) = record.session() else { continue };
        match record.event() {
            Event::LoginCompleted => *opened.entry(session).or_insert(0) += 1,
            Event::SessionEnded => *ended.entry(session).or_insert(0) += 1,
            _ => {}
        }
    }
    for row in store.query(&ENDS, params![]).await.unwrap() {
        let id = SessionId::from_bytes(row.bytes(0).unwrap()).unwrap();
        assert_eq!(opened.remove(&id), Some(1), "records of the grant of {id}");
        let has_ended = row.opt_int(1).unwrap().is_some();
        assert_eq!(ended.contains_key(&id), has_ended, "the record of the end of {id}");
    }
    assert!(opened.is_empty(), "grants without a session: {opened:?}");
    rows.len()
}

async fn number(store: &Store, statement: &'static Statement, of: Option<&str>) -> i64 {
    let params = of.map_or_else(Vec::new, |of| params![of]);
    store.query_opt(statement, params).await.unwrap().unwrap().int(0).unwrap()
}
