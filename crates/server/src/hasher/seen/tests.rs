//! Waits, hashes and refusals as operators see them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;

use poundlock_core::secret::Digest;
use poundlock_core::time::Span;

use super::super::{Crowd, Hasher, Lane, Limits};

fn key(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn stranger(source: &str) -> Lane {
    Lane::Stranger { source: key(source) }
}

/// The value of one series of what the pool shows.
fn shown(hasher: &Hasher, series: &str) -> String {
    let mut registry = prometheus_client::registry::Registry::default();
    let seen = hasher.seen();
    registry.register("wait", "", seen.wait.clone());
    registry.register("took", "", seen.took.clone());
    registry.register("shed", "", seen.shed.clone());
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or("none").to_owned()
}

#[tokio::test]
async fn thr_09_waits_hashes_and_refusals_are_shown() {
    let clock = Arc::new(AtomicU64::new(0));
    let hands = Arc::clone(&clock);
    let patient = Span::from_hours(1);
    let limits = Limits { threads: 1, per_account_max: 1, per_source_max: 2, ..Limits::of_cores(1) };
    let limits = Limits { known_wait_max: patient, stranger_wait_max: patient, ..limits };
    let hasher = Hasher::start(limits, Arc::new(move || hands.load(Ordering::SeqCst))).unwrap();
    let (started, begun) = channel();
    let (release, wait) = channel::<()>();
    let held = hasher.admit(stranger("a"), key("holder")).unwrap().run(move |_| {
        started.send(()).unwrap();
        wait.recv().unwrap();
    });
    begun.recv().unwrap();
    let waiting = hasher.admit(stranger("a"), key("waiting")).unwrap().run(|_| ());
    for (lane, account) in [(stranger("b"), "holder"), (stranger("a"), "third")] {
        assert!(hasher.admit(lane, key(account)).is_err());
    }
    assert_eq!(shown(&hasher, "shed_total{lane=\"strangers\",crowd=\"account\"}"), "1");
    assert_eq!(shown(&hasher, "shed_total{lane=\"strangers\",crowd=\"source\"}"), "1");
    clock.store(300, Ordering::SeqCst);
    release.send(()).unwrap();
    held.await.unwrap();
    waiting.await.unwrap();
    // The held one took 300 ms, and the other one waited for it.
    assert_eq!((shown(&hasher, "took_sum").as_str(), shown(&hasher, "wait_sum").as_str()), ("0.3", "0.3"));
    assert_eq!((shown(&hasher, "took_count").as_str(), shown(&hasher, "wait_count").as_str()), ("2", "2"));
    hasher.close();
    assert_eq!(hasher.admit(Lane::KnownDevice, key("late")).unwrap_err().crowd, Crowd::Closing);
    assert_eq!(shown(&hasher, "shed_total{lane=\"devices\",crowd=\"closing\"}"), "1");
}

#[test]
fn every_crowd_and_lane_has_a_word_of_its_own() {
    let crowds = [Crowd::Pool, Crowd::Account, Crowd::Source, Crowd::Closing].map(Crowd::as_str);
    assert_eq!(crowds, ["pool", "account", "source", "closing"]);
    assert_eq!((Lane::KnownDevice.as_str(), stranger("x").as_str()), ("devices", "strangers"));
}
