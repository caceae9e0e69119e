//! Nodes are restarted one after the other behind a balancer, and no client notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use poundlock_store::StoreUrl;
use poundlock_store::testing::TestStore;
use serde_json::json;

use super::service::{Answer, Service, User};

/// What clients do, on and on: how much of it, and what of it failed.
#[derive(Default)]
struct Done {
    count: u32,
    failed: Vec<(&'static str, Answer)>,
}

impl Done {
    fn note(&mut self, what: &'static str, answer: Answer) -> Option<serde_json::Value> {
        self.count += 1;
        if (200..300).contains(&answer.status) {
            return Some(answer.body);
        }
        self.failed.push((what, answer));
        None
    }
}

/// One client: reads the keys, refreshes, and logs in as long as it has codes.
async fn client(service: Arc<Service>, mut user: User, stop: Arc<AtomicBool>) -> Done {
    let mut done = Done::default();
    let mut logins = 0;
    while !stop.load(Ordering::SeqCst) && done.failed.is_empty() {
        done.note("keys", service.get(None, "/.well-known/jwks.json").await);
        let refreshed = service.refresh(None, &user.refresh_token).await;
        let Some(tokens) = done.note("refresh", refreshed) else { break };
        user.refresh_token = tokens["refresh_token"].clone();
        if done.count < 40 * logins || user.recovery_codes.is_empty() {
            continue;
        }
        logins += 1;
        let Some(begun) = done.note("password", service.password(None, &user).await) else { break };
        let body = json!({ "login": begun["login"], "code": user.recovery_codes.remove(0) });
        done.note("second factor", service.post(None, "/v1/login/recovery-code", &body).await);
    }
    done
}

async fn until_ready(service: &Service, node: usize) {
    let ready = async { while service.get(Some(node), "/health/ready").await.status != 200 {} };
    tokio::time::timeout(Duration::from_secs(30), ready).await.expect("ready");
}

/// Waits until a node that was told to end says so, and no longer than it says so.
async fn until_stopping(service: &Service, node: usize) {
    let told = async {
        loop {
            let told = service.get(Some(node), "/health/ready").await;
            assert!(told.status != 0, "it closed its doors before it said that it would: {told:?}");
            if (told.status, &told.body["status"]) == (503, &json!("stopping")) {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), told).await.expect("stopping");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_under_load_fails_no_request() {
    let store = TestStore::postgres().await;
    let StoreUrl::Postgres(url) = store.url() else { panic!("not PostgreSQL") };
    let service = Arc::new(Service::on(url));
    let mut nodes = [Some(service.start(0)), Some(service.start(1))];
    let _balancer = service.balance().await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = Vec::new();
    for name in ["ada", "bob", "cyd", "dee"] {
        let user = service.enrol(0, name).await;
        clients.push(tokio::spawn(client(Arc::clone(&service), user, Arc::clone(&stop))));
    }
    for node in [0, 1] {
        let old = nodes[node].take().unwrap();
        old.signal(rustix::process::Signal::TERM);
        // It says so, and answers all the same.
        until_stopping(&service, node).await;
        service.get(Some(node), "/.well-known/jwks.json").await.ok();
        old.ended().await;
        nodes[node] = Some(service.start(node));
        until_ready(&service, node).await;
    }
    stop.store(true, Ordering::SeqCst);
    let mut count = 0;
    for client in clients {
        let done = client.await.unwrap();
        assert!(done.failed.is_empty(), "after {} requests: {:?}", done.count, done.failed);
        count += done.count;
    }
    assert!(count > 200, "a load of {count} requests proves little");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_the_wait() {
    let store = TestStore::postgres().await;
    let StoreUrl::Postgres(url) = store.url() else { panic!("not PostgreSQL") };
    let service = Service::stopping(url, 3_600);
    let node = service.start(0);
    node.signal(rustix::process::Signal::TERM);
    until_stopping(&service, 0).await;
    node.signal(rustix::process::Signal::TERM);
    tokio::time::timeout(Duration::from_secs(30), node.ended()).await.expect("it waits on");
}
