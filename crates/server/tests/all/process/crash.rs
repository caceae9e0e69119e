//! Attempts across crashes and broken connections (T-08, THR-06), and a start with a clock set back (OPS-10).

use std::io::Write;
use std::net::TcpStream;

use poundlock_core::audit::{Event, Record};
use poundlock_core::guard::delay_after;
use poundlock_store::testing::tries;
use poundlock_store::{Batch, audit, setting};
use serde_json::{Value, json};

use super::{Place, Server};
use crate::attempt::at_once;

/// Tries a password; gives the status and the body, or nothing when the server is gone.
async fn attempt(base: &str, name: &str, password: &str) -> Option<(u16, Value)> {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = json!({ "name": name, "password": password });
    let reply = http.post(format!("{base}/v1/login")).json(&body).send().await.ok()?;
    let status = reply.status().as_u16();
    Some((status, reply.json().await.ok()?))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_08_the_count_is_exact_across_kill_9() {
    let place = Place::new();
    let server = place.up();
    for n in 1..=5 {
        assert_eq!(attempt(&server.base, "ada", "wrong").await.unwrap().0, 401, "attempt {n}");
    }
    // Killed at once after the fifth answer: an answer leaves only when its attempt is on disk.
    server.kill();
    let store = place.store().await;
    assert_eq!(tries(&store).await, 5);
    store.close().await;

    let server = place.up();
    assert!(server.printed.get("tokens").is_none(), "it set itself up again");
    let mut checked = 5;
    let body = loop {
        let (status, body) = attempt(&server.base, "ADA", "wrong").await.unwrap();
        match status {
            401 => checked += 1,
            _ => break body,
        }
        assert!(checked < 12, "the delays of the first start were forgotten");
    };
    // This clock runs by itself, so some of the wait may be over.
    let wait = body["retry_after"].as_i64().unwrap();
    assert!((1..=delay_after(checked).seconds()).contains(&wait), "{wait} s after {checked} tries");
    server.kill();
    let store = place.store().await;
    assert_eq!(tries(&store).await, i64::from(checked), "what is refused unchecked does not count");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_08_killed_in_the_middle_no_check_goes_uncounted() {
    let place = Place::new();
    let mut answered = 0;
    for round in 0..2 {
        let server = place.up();
        let base = server.base.clone();
        let flood = tokio::spawn(at_once(60, move |n| {
            let base = base.clone();
            // Names of their own: no delay holds them back, so that some are under way when the end comes.
            async move { attempt(&base, &format!("name{round}-{n}"), "wrong").await }
        }));
        while attempt(&server.base, "probe", "wrong").await.is_none_or(|(status, _)| status == 503) {}
        answered += 1;
        server.kill();
        answered += flood.await.unwrap().iter().filter(|reply| matches!(reply, Some((401, _)))).count();
    }
    let store = place.store().await;
    let spent = usize::try_from(tries(&store).await).unwrap();
    assert!(spent >= answered, "{answered} were checked and {spent} counted");
    assert!(spent <= answered + 2 * 61);
    store.close().await;
}

/// A login whose client closes the connection without waiting.
fn hang_up(server: &Server, n: usize) {
    let host = server.base.trim_start_matches("http://");
    let body = json!({ "name": format!("name{n}"), "password": "wrong" }).to_string();
    let request = format!(
        "POST /v1/login HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let Ok(mut stream) = TcpStream::connect(host) else { panic!("the server stopped to answer") };
    // Some hang up in the middle of their own request.
    let sent = if n.is_multiple_of(3) { request.len() - n % 40 } else { request.len() };
    stream.write_all(&request.as_bytes()[..sent]).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_06_hundreds_of_hang_ups_leave_as_many_outcomes_as_attempts() {
    let place = Place::new();
    let server = place.up();
    for n in 0..240 {
        hang_up(&server, n);
        if n % 8 == 7 {
            // As many as one source has places: without a pause all others would be shed, and so not spent.
            while attempt(&server.base, &format!("between{n}"), "wrong").await.unwrap().0 == 503 {}
        }
    }
    assert_eq!(reqwest::get(format!("{}/health/ready", server.base)).await.unwrap().status(), 200);
    // The line for hashes is served in its order, so when these are answered, those before them have been.
    for n in 0..4 {
        while attempt(&server.base, &format!("last{n}"), "wrong").await.unwrap().0 == 503 {}
    }
    server.stop();
    let store = place.store().await;
    let records: Vec<Record> = audit::tail(&store, 100_000)
        .await
        .unwrap()
        .iter()
        .map(|row| Record::parse(std::str::from_utf8(&row.body).unwrap()).unwrap())
        .collect();
    let refused: i64 = records
        .iter()
        .filter(|record| record.event() == Event::LoginFirstRefused)
        .map(|record| i64::from(record.count()))
        .sum();
    let spent = tries(&store).await;
    assert!(spent > 40, "only {spent} were spent");
    assert_eq!(refused, spent);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_10_a_start_with_the_clock_set_back_is_refused_in_one_sentence() {
    let place = Place::new();
    place.up().stop();
    let store = place.store().await;
    let mut batch = Batch::new();
    // The store has seen a moment of the year 2100.
    setting::put(&mut batch, "clock.mark", &4_102_444_800_000_i64.to_be_bytes());
    store.commit(batch).await.unwrap();
    store.close().await;
    let (code, said) = place.fails();
    assert_eq!(code, Some(1));
    let sentence: Vec<&str> = said.lines().filter(|line| line.starts_with("poundlock:")).collect();
    assert_eq!(sentence.len(), 1, "{said}");
    assert!(sentence[0].contains("clock") && sentence[0].contains("set the clock"), "{said}");
}
