//! A thousand clients that hang up somewhere on the way, on real sockets: what was spent has its outcome recorded,
//! nothing stands half, and no place, login or connection stays taken (THR-06, AUD-07).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use poundlock_core::audit::{Event, Record};
use poundlock_store::testing::tries;
use poundlock_store::{Statement, Store, audit, params};
use serde_json::{Value, json};

use super::database::Database;
use super::site::{Caller, Node, Site, Told};
use super::storm::checks;
use super::storm::load::{Dice, Person, Tally, enrol_all, text};
use crate::attempt::at_once;

const HANG_UPS: usize = 1_000;
const PEOPLE: usize = 24;
/// As often as a lost answer may be asked for again.
const BURST: usize = 3;

static OPEN: Statement = Statement::new(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'",
);

/// Sends a request, or a part of it, and is gone: in order, or with a reset.
fn hang_up(address: &str, (method, path, body): (&str, &str, &Value), dice: &Dice) {
    let body = body.to_string();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost:8080\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let Ok(mut stream) = TcpStream::connect(address) else { panic!("the server stopped to answer") };
    let sent = if dice.below(4) == 0 { dice.below(request.len()) } else { request.len() };
    stream.write_all(&request.as_bytes()[..sent]).unwrap();
    match dice.below(4) {
        0 => {}
        1 => rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap(),
        // Some time passes, of nobody's choosing.
        2 => (0..dice.below(5_000)).for_each(|_| std::thread::yield_now()),
        // What there is of an answer within a moment, and a reset in the middle of it.
        _ => {
            stream.set_read_timeout(Some(Duration::from_millis(1 + dice.below(30) as u64))).unwrap();
            let _ = stream.read(&mut [0; 16]);
            rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
        }
    }
}

/// What those who hang up share.
struct World {
    node: Node,
    caller: Caller,
    dice: Dice,
    people: Vec<Person>,
    /// Whose first session nobody has refreshed yet.
    unused: Vec<usize>,
}

impl World {
    /// One request of some kind, and its end; how many hung up.
    async fn abandon(&mut self) -> usize {
        let at = self.dice.below(PEOPLE);
        let right = json!({ "name": self.people[at].name, "password": self.people[at].password });
        match self.dice.below(10) {
            0..4 => {
                let body = json!({ "name": format!("nobody{}", self.dice.below(1 << 40)), "password": "wrong" });
                self.hang_up("POST", "/v1/login", &body)
            }
            4 => {
                self.caller.unlock(&self.people[at].name).await;
                self.hang_up("POST", "/v1/login", &right)
            }
            5 | 6 => {
                let Some((login, code)) = self.half_way(at, &right).await else { return 0 };
                self.hang_up("POST", "/v1/login/recovery-code", &json!({ "login": login, "code": code }))
            }
            7 => {
                let Some((login, code)) = self.half_way(at, &right).await else { return 0 };
                let second = json!({ "login": login, "code": code });
                let tokens = self.caller.post("/v1/login/recovery-code", &second).await.yes("a right code");
                self.hang_up("DELETE", "/v1/session", &json!({ "refresh_token": tokens["refresh_token"] }))
            }
            8 => {
                let guest = format!("guest{}", self.dice.below(1 << 40));
                let Some(invite) = self.caller.invite(&guest).await else { return 0 };
                let body = json!({ "invite": invite, "password": "a phrase of five odd words" });
                self.hang_up("POST", "/v1/invite/accept", &body)
            }
            _ => self.lose_a_refresh().await,
        }
    }

    fn hang_up(&self, method: &str, path: &str, body: &Value) -> usize {
        hang_up(self.node.address(), (method, path, body), &self.dice);
        1
    }

    /// A login that awaits its code, and a code.
    async fn half_way(&mut self, at: usize, right: &Value) -> Option<(Value, String)> {
        self.caller.unlock(&self.people[at].name).await;
        let Told::Yes(begun) = self.caller.post("/v1/login", right).await else { return None };
        Some((begun["login"].clone(), self.people[at].codes.pop()?))
    }

    /// Answers get lost, and whoever asks again gets the successor. It is not used before the end: a request that hung
    /// up may still be read, and would then show a used token.
    async fn lose_a_refresh(&mut self) -> usize {
        let Some(at) = self.unused.pop() else { return 0 };
        let token = self.people[at].sessions[0].token.clone();
        for _ in 0..BURST {
            self.hang_up("POST", "/v1/session/refresh", &json!({ "refresh_token": token }));
        }
        let told = self.caller.refresh(&token).await;
        self.people[at].sessions[0].token = text(&told.yes("a lost answer, asked for again"), "refresh_token");
        BURST
    }
}

/// Nothing stays taken: as many at once as one source has places, all answered, and all connections in use.
async fn nothing_is_taken(caller: &Caller, people: &[Person]) {
    // What the last of those who hung up began may still be hashed, so some of the first waves are shed.
    let free = async {
        for wave in 0.. {
            let asking = caller.clone();
            let all = at_once(8, move |n| {
                let (asking, name) = (asking.clone(), format!("after{wave}.{n}"));
                async move { asking.post("/v1/login", &json!({ "name": name, "password": "x" })).await }
            })
            .await;
            assert!(all.iter().all(|told| matches!(told, Told::No(401 | 503, _))), "{all:?}");
            if !all.iter().any(|told| matches!(told, Told::No(503, _))) {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), free).await.expect("a place stays taken");
    let (asking, tokens) = (caller.clone(), people.iter().map(|p| p.sessions[0].token.clone()).collect::<Vec<_>>());
    let all = at_once(64, move |n| {
        let (asking, token) = (asking.clone(), tokens[n % PEOPLE].clone());
        async move { asking.refresh(&token).await }
    })
    .await;
    // Each token's first is a rotation, the next three are repeats of it, and the rest are slowed down.
    let refused = all.iter().filter(|told| !matches!(told, Told::Yes(_) | Told::No(429, _))).count();
    assert_eq!(refused, 0);
}

/// Every attempt that was spent on a name of nobody's, against the records of how it ended.
async fn outcomes(store: &Store) {
    let rows = audit::tail(store, 1_000_000).await.unwrap();
    let records = rows.iter().map(|row| Record::parse(std::str::from_utf8(&row.body).unwrap()).unwrap());
    let refused = records.filter(|record| record.event() == Event::LoginFirstRefused);
    let refused: i64 = refused.map(|record| i64::from(record.count())).sum();
    let spent = tries(store).await;
    assert!(spent > 100, "only {spent} were spent: nobody got so far");
    assert_eq!(refused, spent, "attempts and their outcomes");
}

async fn a_thousand(database: Option<Database>) {
    let site = Site::new(database.as_ref().map(Database::url).as_deref());
    let node = site.serve();
    let caller = node.caller();
    let people = enrol_all(&caller, PEOPLE).await;
    let mut world = World { node, caller, dice: Dice::new(1), people, unused: (0..PEOPLE).collect() };
    let (mut done, mut since) = (0, 0);
    while done < HANG_UPS {
        let hung_up = world.abandon().await;
        (done, since) = (done + hung_up, since + hung_up);
        if since >= 8 {
            since = 0;
            // As many as one source has places: without a pause all others would be shed, and so not spent.
            let between = json!({ "name": format!("between{done}"), "password": "x" });
            while matches!(world.caller.post("/v1/login", &between).await, Told::No(503, _)) {}
        }
    }
    let World { mut node, caller, people, .. } = world;
    nothing_is_taken(&caller, &people).await;
    for person in &people {
        caller.unlock(&person.name).await;
    }
    assert!(node.lives());
    assert_eq!(caller.get("/health/ready").await.0, 200);
    let store = site.store().await;
    if database.is_some() {
        let open = store.query_opt(&OPEN, params![]).await.unwrap().unwrap().int(0).unwrap();
        assert_eq!(open, 0, "transactions that nobody ends");
    }
    // What runs on after its client is gone ends before the server does.
    node.stop();
    outcomes(&store).await;
    let tally = Tally::default();
    tally.open.store(u64::MAX, std::sync::atomic::Ordering::SeqCst);
    checks::wholeness(&store, &tally).await;
    checks::records(&store).await;
    store.close().await;
    site.verify_audit();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_06_a_thousand_hang_ups_leave_nothing_half_sqlite() {
    a_thousand(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_06_a_thousand_hang_ups_leave_nothing_half_postgres() {
    a_thousand(Some(Database::start())).await;
}
