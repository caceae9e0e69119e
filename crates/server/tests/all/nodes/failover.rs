//! The database's primary is killed and its standby promoted under two nodes at work: what a client was told holds, and
//! the nodes come back by themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use poundlock_core::audit::Record;
use poundlock_store::testing::Cluster;
use poundlock_store::{Options, Store, StoreUrl, audit};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::service::{Answer, Service, User};

/// No answer may take longer, whatever the database does.
const PATIENCE: Duration = Duration::from_secs(25);

/// What the clients share.
struct Load {
    service: Service,
    stop: AtomicBool,
    acknowledged: AtomicU64,
}

/// Refreshes by turns on both nodes, going on from what was last acknowledged; gives the last token.
async fn client(load: Arc<Load>, user: User) -> Value {
    let mut token = user.refresh_token;
    for turn in 0_usize.. {
        if load.stop.load(Ordering::SeqCst) {
            break;
        }
        let asked = load.service.refresh(Some(turn % 2), &token);
        let answer = timeout(PATIENCE, asked).await.expect("an answer, whatever it is");
        match (answer.status, answer.refusal()) {
            (200, _) => {
                load.acknowledged.fetch_add(1, Ordering::SeqCst);
                token = answer.body["refresh_token"].clone();
            }
            // Not decided, or asked too often for what was not decided: the same again.
            (503, "unavailable") => assert!(has_reference(&answer), "{answer:?}"),
            (429, "refresh_too_often") => {}
            _ => panic!("a token that was acknowledged is refused: {answer:?}"),
        }
    }
    token
}

fn has_reference(answer: &Answer) -> bool {
    answer.body["reference"].as_str().is_some_and(|reference| reference.starts_with("req_"))
}

/// Waits until this many more refreshes were acknowledged.
async fn more(load: &Load, count: u64) {
    let wanted = load.acknowledged.load(Ordering::SeqCst) + count;
    let going = async {
        while load.acknowledged.load(Ordering::SeqCst) < wanted {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(60), going).await.expect("the service goes on");
}

/// Waits until `/health/ready` of both nodes answers so.
async fn both_are(load: &Load, status: u16) {
    let asked = async {
        for node in [0, 1] {
            while load.service.get(Some(node), "/health/ready").await.status != status {}
        }
    };
    timeout(Duration::from_secs(60), asked).await.unwrap_or_else(|_| panic!("no node said {status}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promoted_standby_knows_everything_that_was_acknowledged() {
    let mut cluster = Cluster::start().await;
    let service = Service::on(&cluster.url());
    let nodes = [service.start(0), service.start(1)];
    let mut users = Vec::new();
    for name in ["ada", "bob", "cyd"] {
        users.push(service.enrol(0, name).await);
    }
    let load = Arc::new(Load { service, stop: AtomicBool::new(false), acknowledged: AtomicU64::new(0) });
    let clients: Vec<_> = users.iter().map(|user| tokio::spawn(client(Arc::clone(&load), user.clone()))).collect();
    more(&load, 60).await;

    // A session opened a moment before the end, and never used since.
    let login = load.service.password(Some(0), &users[0]).await.ok()["login"].clone();
    let step = json!({ "login": login, "code": users[0].code() });
    let last = load.service.post(Some(1), "/v1/login/totp", &step).await.ok();
    cluster.kill_primary();
    both_are(&load, 503).await;
    let down = timeout(PATIENCE, load.service.password(Some(0), &users[1])).await.expect("an answer");
    assert_eq!((down.status, down.refusal()), (503, "unavailable"), "{down:?}");
    assert!(has_reference(&down));
    assert_eq!(load.service.get(Some(0), "/health/live").await.status, 200);
    // What needs no database is served on.
    load.service.get(Some(1), "/.well-known/jwks.json").await.ok();

    cluster.promote();
    both_are(&load, 200).await;
    more(&load, 60).await;
    load.stop.store(true, Ordering::SeqCst);
    for client in clients {
        let token = client.await.unwrap();
        load.service.refresh(Some(0), &token).await.ok();
    }
    load.service.refresh(Some(1), &last["refresh_token"]).await.ok();
    drop(nodes);

    let store = Store::open(&StoreUrl::parse(&cluster.url()).unwrap(), &Options::default()).await.unwrap();
    let rows = audit::tail(&store, 100_000).await.unwrap();
    let records = rows.iter().map(|row| Record::parse(std::str::from_utf8(&row.body).unwrap()).unwrap());
    let events: Vec<_> = records.map(|record| record.event().name()).collect();
    let of = |names: &[&str]| events.iter().filter(|event| names.contains(event)).count() as u64;
    let refreshes = of(&["refresh.rotated", "refresh.retried"]);
    let told = load.acknowledged.load(Ordering::SeqCst) + 4;
    assert!(refreshes >= told, "{told} refreshes were acknowledged and {refreshes} are on record");
    assert_eq!(of(&["login.completed"]), 3 + 1, "three enrolments and a login");
}
