//! A disk that fills up and a database that goes away: nothing is granted, readiness says which part and what to do,
//! and all goes on by itself when the cause is gone (OPS-05, AUD-07).

use poundlock_store::testing::Disk;
use reqwest::Method;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::{Value, json};

use super::database::Database;
use super::site::{Caller, Node, Site, Told};
use super::storm::load::{Gone, Person};

pub(crate) async fn enrolled(caller: &Caller, name: &str) -> Person {
    Person::enrol(caller, name).await.unwrap_or_else(|Gone| panic!("no enrolment"))
}

/// What still works while nothing can be written or read: offline checks go on.
pub(crate) async fn serves_verifiers(caller: &Caller, node: &mut Node) {
    assert_eq!(caller.get("/health/live").await.0, 200);
    let (status, keys) = caller.get("/.well-known/jwks.json").await;
    assert!(status == 200 && keys["keys"][0]["kid"].is_string(), "{keys}");
    assert_eq!(caller.get("/status/1").await.0, 200);
    assert!(node.lives());
}

/// That this request is put off, with all that whoever asks needs to go on.
pub(crate) async fn put_off(caller: &Caller, path: &str, body: Value) {
    let (status, waits, problem) = caller.raw(Method::POST, path, Some(&body)).await.unwrap();
    assert_eq!((status, waits), (503, true), "{path}: {problem}");
    assert_eq!(problem["type"], "urn:poundlock:problem:unavailable", "{path}");
    assert!(problem["reference"].as_str().is_some_and(|reference| !reference.is_empty()), "{problem}");
}

/// Every way to something is put off: nobody is let in, and nobody is told that a wrong password was wrong.
async fn fails_closed(caller: &Caller, person: &Person) {
    let name = &person.name;
    put_off(caller, "/v1/login", json!({ "name": name, "password": person.password })).await;
    put_off(caller, "/v1/login", json!({ "name": name, "password": "wrong" })).await;
    put_off(caller, "/v1/session/refresh", json!({ "refresh_token": person.sessions[0].token })).await;
}

/// Refreshes until that is put off; the newest token that was promised stays.
async fn refresh_until_put_off(caller: &Caller, person: &mut Person) {
    for _ in 0..20_000 {
        match caller.refresh(&person.sessions[0].token).await {
            Told::Yes(tokens) => person.sessions[0].token = tokens["refresh_token"].as_str().unwrap().to_owned(),
            Told::Nothing => return,
            refused => panic!("{refused:?}"),
        }
    }
    panic!("the store takes everything");
}

/// The last promise holds, and new things pass.
pub(crate) async fn is_back(caller: &Caller, site: &Site, person: &Person) {
    caller.refresh(&person.sessions[0].token).await.yes("the newest token");
    let first = json!({ "name": person.name, "password": person.password });
    let login = caller.post("/v1/login", &first).await.yes("the password")["login"].clone();
    let code = json!({ "login": login, "code": person.codes[0] });
    caller.post("/v1/login/recovery-code", &code).await.yes("a code");
    enrolled(caller, "late").await;
    site.verify_audit();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_05_a_full_disk_fails_closed_and_recovers_by_itself() {
    let site = Site::new(None);
    let disk = Disk::mount(&site.data(), "16m");
    let mut node = site.serve();
    let caller = node.caller();
    let mut ada = enrolled(&caller, "ada").await;
    disk.fill();
    refresh_until_put_off(&caller, &mut ada).await;
    let unready = caller.until_ready(|status, _| status == 503).await;
    assert!(unready["store"].as_str().unwrap().contains("full or read-only"), "{unready}");
    assert!(unready["to_do"][0].as_str().unwrap().contains("Free space"), "{unready}");
    fails_closed(&caller, &ada).await;
    serves_verifiers(&caller, &mut node).await;
    site.until_said("the store takes no writes").await;
    disk.free();
    let ready = caller.until_ready(|status, _| status == 200).await;
    assert!(ready.get("to_do").is_none(), "{ready}");
    site.until_said("the store takes writes again").await;
    is_back(&caller, &site, &ada).await;
    drop(node);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_05_a_database_that_goes_away_fails_closed_and_recovers_by_itself() {
    let mut database = Database::start();
    let site = Site::new(Some(&database.url()));
    let mut node = site.serve();
    let caller = node.caller();
    let mut ada = enrolled(&caller, "ada").await;
    assert_eq!(caller.get("/status/1").await.0, 200);
    database.stop();
    refresh_until_put_off(&caller, &mut ada).await;
    let unready = caller.until_ready(|status, _| status == 503).await;
    assert_eq!(unready["store"], "does not answer");
    assert!(unready["to_do"][0].as_str().unwrap().contains("can be reached"), "{unready}");
    fails_closed(&caller, &ada).await;
    serves_verifiers(&caller, &mut node).await;
    database.again();
    caller.until_ready(|status, _| status == 200).await;
    is_back(&caller, &site, &ada).await;
    drop(node);
}

/// Every write of the process to a file fails with an I/O error, as on a disk that breaks.
fn break_disk(node: &Node, broken: bool) {
    let most = broken.then_some(0);
    prlimit(Some(Pid::from_raw(node.pid()).unwrap()), Resource::Fsize, Rlimit { current: most, maximum: None })
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_05_a_disk_with_write_errors_fails_closed_and_recovers_by_itself() {
    let site = Site::new(None);
    let mut node = site.serve_despite_limits();
    let caller = node.caller();
    let mut ada = enrolled(&caller, "ada").await;
    assert_eq!(caller.get("/status/1").await.0, 200);
    break_disk(&node, true);
    refresh_until_put_off(&caller, &mut ada).await;
    let unready = caller.until_ready(|status, _| status == 503).await;
    assert_eq!(unready["store"], "takes no writes", "{unready}");
    fails_closed(&caller, &ada).await;
    serves_verifiers(&caller, &mut node).await;
    break_disk(&node, false);
    caller.until_ready(|status, _| status == 200).await;
    is_back(&caller, &site, &ada).await;
    drop(node);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_05_a_full_disk_under_the_database_fails_closed_and_recovers_by_itself() {
    let database = Database::start();
    // The log of the server lies elsewhere: were that full, PostgreSQL would end itself.
    let disk = Disk::mount(&database.folder_for("space"), "32m");
    Database::own(disk.path());
    database.sql(&format!("CREATE TABLESPACE small LOCATION '{}'", disk.path().display()));
    database.sql("CREATE DATABASE small TABLESPACE small");
    let site = Site::new(Some(&database.url().replace("/postgres", "/small")));
    let mut node = site.serve();
    let caller = node.caller();
    let mut ada = enrolled(&caller, "ada").await;
    assert_eq!(caller.get("/status/1").await.0, 200);
    disk.fill();
    refresh_until_put_off(&caller, &mut ada).await;
    let unready = caller.until_ready(|status, _| status == 503).await;
    assert!(unready["store"].as_str().unwrap().contains("full or read-only"), "{unready}");
    serves_verifiers(&caller, &mut node).await;
    disk.free();
    caller.until_ready(|status, _| status == 200).await;
    is_back(&caller, &site, &ada).await;
    drop(node);
    drop(database);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_05_a_database_that_became_a_standby_fails_closed_and_recovers_by_itself() {
    let mut database = Database::start();
    let site = Site::new(Some(&database.url()));
    let mut node = site.serve();
    let caller = node.caller();
    let mut ada = enrolled(&caller, "ada").await;
    assert_eq!(caller.get("/status/1").await.0, 200);
    database.stop();
    database.again_as_standby();
    refresh_until_put_off(&caller, &mut ada).await;
    let read_only = |status: u16, ready: &Value| status == 503 && ready["store"] != "does not answer";
    let unready = caller.until_ready(read_only).await;
    assert!(unready["store"].as_str().unwrap().contains("full or read-only"), "{unready}");
    fails_closed(&caller, &ada).await;
    serves_verifiers(&caller, &mut node).await;
    database.sql("SELECT pg_promote()");
    caller.until_ready(|status, _| status == 200).await;
    is_back(&caller, &site, &ada).await;
    drop(node);
}
