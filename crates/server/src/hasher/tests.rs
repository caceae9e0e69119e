//! The pool under load. Nothing here sleeps: jobs are held and let go by hand.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use poundlock_core::id::UserId;
use poundlock_core::password::{Attempt, Context, Cost, Hashing, NewPassword, Verifier, check, set};
use poundlock_core::seal::{Keyring, MasterKey};
use poundlock_core::secret::Secret;
use poundlock_core::testing::SeededRng;
use poundlock_core::time::Time;
use proptest::prelude::*;

use super::*;

const NOW: Time = Time::from_millis(1_800_000_000_000);

fn key(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn stranger(source: &str) -> Lane {
    Lane::Stranger { source: key(source) }
}

/// Limits that stand in no test's way until it lowers one.
const WIDE: Limits = Limits {
    threads: 1,
    known_max: 10_000,
    strangers_max: 10_000,
    per_account_max: 10_000,
    per_source_max: 10_000,
    known_wait_max: Span::from_hours(1),
    stranger_wait_max: Span::from_hours(1),
    first_guess: Span::from_millis(100),
};

fn pool(limits: Limits) -> Hasher {
    Hasher::start(limits, Arc::new(|| 0)).unwrap()
}

/// A job that holds its thread until told to go on.
struct Held {
    release: Sender<()>,
    done: std::pin::Pin<Box<dyn Future<Output = Result<(), Unfinished>> + Send>>,
}

/// Holds one thread; returns when it is held.
fn hold(hasher: &Hasher, lane: Lane) -> Held {
    let (started, begun) = channel();
    let (release, wait) = channel::<()>();
    let place = hasher.admit(lane, key("holder")).unwrap();
    let done = place.run(move |_| {
        started.send(()).unwrap();
        // An error means that the test let go by dropping the sender.
        let _ = wait.recv();
    });
    begun.recv().unwrap();
    Held { release, done: Box::pin(done) }
}

impl Held {
    async fn let_go(self) {
        let _ = self.release.send(());
        self.done.await.unwrap();
    }
}

fn tried(password: &str) -> Attempt {
    Attempt::parse(Secret::new(password.to_owned())).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_22_five_hundred_logins_at_once_stay_within_the_limits() {
    let hasher = Arc::new(pool(Limits { threads: 2, strangers_max: 40, ..WIDE }));
    let held = [hold(&hasher, stranger("a")), hold(&hasher, stranger("b"))];
    let logins: Vec<_> = (0..500)
        .map(|i| {
            let hasher = Arc::clone(&hasher);
            tokio::spawn(async move {
                let place = hasher.admit(stranger(&format!("source {i}")), key(&format!("account {i}")))?;
                assert!(hasher.counts().places <= 40);
                let job = place.run(|memory| check(&Verifier::decoy(Cost::FOR_TESTS), &tried("guess"), NOW, memory));
                Ok::<_, Busy>(job)
            })
        })
        .collect();
    let (mut queued, mut shed) = (Vec::new(), 0);
    for login in logins {
        match login.await.unwrap() {
            Ok(job) => queued.push(job),
            Err(busy) => {
                assert_eq!(busy.crowd, Crowd::Pool);
                shed += 1;
            }
        }
    }
    assert_eq!((queued.len(), shed), (38, 462));
    assert_eq!(hasher.counts().memory_kib, 0, "no hash has run yet");
    for one in held {
        one.let_go().await;
    }
    for job in queued {
        assert!(job.await.unwrap().proof.is_none());
    }
    let counts = hasher.counts();
    assert_eq!((counts.checks, counts.shed_strangers, counts.places), (40, 462, 0));
    let one_area = Cost::FOR_TESTS.memory_kib() as usize;
    assert!([one_area, 2 * one_area].contains(&counts.memory_kib), "{counts:?}");
}

#[tokio::test]
async fn thr_09_strangers_are_shed_before_any_work_when_the_wait_exceeds_two_seconds() {
    let hasher = pool(Limits { strangers_max: 10_000, per_source_max: 10_000, ..Limits::of_cores(2) });
    // 100 ms each on two threads: behind 40 others one waits 2.0 s, behind 41 it would be 2.05 s.
    let places: Vec<Place> = (0..41).map(|i| hasher.admit(stranger("s"), key(&i.to_string())).unwrap()).collect();
    let busy = hasher.admit(stranger("s"), key("one more")).unwrap_err();
    assert_eq!(busy, Busy { retry_after: Span::from_millis(2050), crowd: Crowd::Pool });
    assert!(hasher.admit(Lane::KnownDevice, key("one more")).is_ok(), "strangers first");
    let counts = hasher.counts();
    assert_eq!((counts.checks, counts.memory_kib, counts.shed_strangers), (0, 0, 1));
    drop(places);
    assert!(hasher.admit(stranger("s"), key("one more")).is_ok());
}

#[tokio::test]
async fn known_devices_are_shed_only_after_ten_seconds_and_lengthen_the_wait_of_strangers() {
    let hasher = pool(Limits { known_max: 10_000, ..Limits::of_cores(1) });
    let known = |i: usize| hasher.admit(Lane::KnownDevice, key(&i.to_string()));
    // 100 ms each on one thread and the one more that is theirs.
    let places: Vec<Place> = (0..201).map(|i| known(i).unwrap()).collect();
    let busy = known(201).unwrap_err();
    assert_eq!((busy.crowd, busy.retry_after), (Crowd::Pool, Span::from_millis(10_050)));
    let busy = hasher.admit(stranger("s"), key("s")).unwrap_err();
    assert_eq!(busy.retry_after, Span::from_millis(20_100));
    assert_eq!((hasher.counts().shed_known, hasher.counts().shed_strangers), (1, 1));
    drop(places);
}

#[tokio::test]
async fn known_devices_overtake_strangers() {
    let hasher = pool(WIDE);
    // Only the one common thread takes strangers, so the second holder sits on the known devices' own.
    let common = hold(&hasher, stranger("s"));
    let own = hold(&hasher, Lane::KnownDevice);
    let order = Arc::new(Mutex::new(Vec::new()));
    let queue = |lane, name: &'static str| {
        let order = Arc::clone(&order);
        hasher.admit(lane, key(name)).unwrap().run(move |_| order.lock().unwrap().push(name))
    };
    let jobs = [queue(stranger("s"), "s1"), queue(stranger("s"), "s2")];
    let more = [queue(Lane::KnownDevice, "k1"), queue(Lane::KnownDevice, "k2")];
    common.let_go().await;
    for job in more.into_iter().chain(jobs) {
        job.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), ["k1", "k2", "s1", "s2"]);
    own.let_go().await;
}

#[tokio::test]
async fn a_flood_of_strangers_leaves_known_devices_a_thread_at_normal_priority() {
    let hasher = pool(Limits { threads: 2, ..WIDE });
    let flood = [hold(&hasher, stranger("a")), hold(&hasher, stranger("b"))];
    let waiting = hasher.admit(stranger("c"), key("c")).unwrap().run(|_| yields());
    let known = hasher.admit(Lane::KnownDevice, key("owner")).unwrap().run(|_| yields());
    assert!(!known.await.unwrap(), "the thread of known devices is like any other");
    for one in flood {
        one.let_go().await;
    }
    assert!(waiting.await.unwrap() || cfg!(not(target_os = "linux")), "strangers' hashes give way");
}

/// Whether this thread gives way to every other.
#[cfg(target_os = "linux")]
fn yields() -> bool {
    use thread_priority::{NormalThreadSchedulePolicy, ThreadSchedulePolicy, thread_schedule_policy};
    let policy = thread_schedule_policy().unwrap();
    let nice = rustix::process::getpriority_process(Some(rustix::thread::gettid())).unwrap();
    policy == ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle) || nice == 19
}

#[cfg(not(target_os = "linux"))]
fn yields() -> bool {
    false
}

#[tokio::test]
async fn thr_09_an_account_has_three_places_in_each_lane() {
    let hasher = pool(Limits { per_account_max: 3, ..WIDE });
    let mut places: Vec<Place> = (0..3).map(|i| hasher.admit(stranger(&i.to_string()), key("anna")).unwrap()).collect();
    let busy = hasher.admit(stranger("4"), key("anna")).unwrap_err();
    assert_eq!(busy.crowd, Crowd::Account);
    assert!(busy.retry_after >= Span::from_seconds(1));
    assert!(hasher.admit(stranger("4"), key("berg")).is_ok(), "another account");
    // Strangers who fill an account's places must not lock out its owner.
    places.extend((0..3).map(|_| hasher.admit(Lane::KnownDevice, key("anna")).unwrap()));
    assert_eq!(hasher.admit(Lane::KnownDevice, key("anna")).unwrap_err().crowd, Crowd::Account);
    drop(places);
    assert!(hasher.admit(stranger("4"), key("anna")).is_ok());
}

#[tokio::test]
async fn a_source_has_its_cap_and_known_devices_have_none() {
    let hasher = pool(Limits { per_source_max: 2, ..WIDE });
    let places = ["a", "b"].map(|account| hasher.admit(stranger("one"), key(account)).unwrap());
    assert_eq!(hasher.admit(stranger("one"), key("c")).unwrap_err().crowd, Crowd::Source);
    assert!(hasher.admit(stranger("two"), key("c")).is_ok());
    let devices = ["a", "b", "c", "d"].map(|account| hasher.admit(Lane::KnownDevice, key(account)).unwrap());
    drop((places, devices));
    assert!(hasher.admit(stranger("one"), key("c")).is_ok());
}

#[tokio::test]
async fn a_caller_who_went_away_frees_its_place_and_breaks_nothing() {
    let hasher = pool(WIDE);
    let held = hold(&hasher, stranger("s"));
    let ran = Arc::new(AtomicU64::new(0));
    let count = || {
        let ran = Arc::clone(&ran);
        hasher.admit(stranger("s"), key("gone")).unwrap().run(move |_| ran.fetch_add(1, Ordering::SeqCst))
    };
    drop(count());
    drop(count());
    let last = count();
    assert_eq!(hasher.counts().places, 4);
    // The holder's caller goes while its job runs: that job goes on to its end.
    drop(held.done);
    held.release.send(()).unwrap();
    assert_eq!(last.await.unwrap(), 0, "the two before it were skipped");
    let counts = hasher.counts();
    assert_eq!((counts.places, counts.checks), (0, 2));
}

#[tokio::test]
async fn a_panicking_job_is_refused_and_the_pool_lives_on() {
    let hasher = pool(WIDE);
    for round in 0..5 {
        let place = hasher.admit(stranger("s"), key("bad")).unwrap();
        let job = place.run(move |memory| {
            check(&Verifier::decoy(Cost::FOR_TESTS), &tried("x"), NOW, memory);
            assert!(round > 9, "this panic is part of the test");
        });
        assert_eq!(job.await, Err(Unfinished));
    }
    let after = hasher.admit(stranger("s"), key("good")).unwrap().run(|memory| memory.kib()).await;
    assert_eq!(after, Ok(Cost::FOR_TESTS.memory_kib() as usize), "the same thread, with its memory");
    let counts = hasher.counts();
    assert_eq!((counts.places, counts.checks), (0, 6));
}

/// The keys and the sealed hash of an account whose password is none of the guesses.
fn account_of(user: UserId, rng: &SeededRng) -> (Keyring, Vec<u8>) {
    let master = MasterKey::random(rng);
    let ring = Keyring::open(&master, &Keyring::create(&master, rng)).unwrap();
    let context = Context { name: "anna", display_name: "", service: "" };
    let new = NewPassword::parse(Secret::new("four unrelated old boats".to_owned()), &context, 8).unwrap();
    let hashing = Hashing { cost: Cost::FOR_TESTS, memory: &mut Memory::new(), rng };
    let (hash, _) = set(&new, user, NOW, hashing);
    let sealed = hash.seal(&ring, user, rng);
    (ring, sealed)
}

#[tokio::test]
async fn t_23_unknown_known_and_empty_leave_the_same_trace() {
    let (hasher, user, rng) = (pool(WIDE), UserId::new(NOW, &SeededRng::new(1)), SeededRng::new(2));
    let (ring, sealed) = account_of(user, &rng);
    let mut traces = Vec::new();
    for (known, password) in [(false, "guess"), (true, "guess"), (false, ""), (true, "")] {
        let before = hasher.checks();
        let account = known.then(|| Verifier::open(&ring, user, &sealed, Cost::FOR_TESTS));
        assert!(account.as_ref().is_none_or(|account| !account.damaged()));
        let verifier = Verifier::or_decoy(account, Cost::FOR_TESTS);
        let place = hasher.admit(stranger("s"), key(password)).unwrap();
        let job = place.run(move |memory| check(&verifier, &tried(password), NOW, memory).proof.is_some());
        traces.push((job.await.unwrap(), hasher.checks() - before, hasher.counts().memory_kib));
    }
    assert_eq!(traces, [(false, 1, 64); 4]);
}

#[tokio::test]
async fn the_expected_wait_follows_what_jobs_take() {
    let clock = Arc::new(AtomicU64::new(0));
    let read = Arc::clone(&clock);
    let hasher = Hasher::start(WIDE, Arc::new(move || read.load(Ordering::SeqCst))).unwrap();
    assert_eq!(hasher.counts().mean_micros, 100_000);
    for _ in 0..40 {
        let clock = Arc::clone(&clock);
        let slow = move |_: &mut Memory| clock.fetch_add(900, Ordering::SeqCst);
        hasher.admit(stranger("s"), key("a")).unwrap().run(slow).await.unwrap();
    }
    let slow = hasher.counts().mean_micros;
    assert!((890_000..=900_000).contains(&slow), "{slow}");
    for _ in 0..40 {
        hasher.admit(stranger("s"), key("a")).unwrap().run(|_| ()).await.unwrap();
    }
    assert!(hasher.counts().mean_micros < 10_000, "{:?}", hasher.counts());
}

#[tokio::test]
async fn closing_finishes_what_is_queued_and_takes_in_nothing_more() {
    let hasher = pool(WIDE);
    let held = hold(&hasher, stranger("s"));
    let queued = hasher.admit(stranger("s"), key("queued")).unwrap().run(|_| "done");
    let reserved = hasher.admit(stranger("s"), key("reserved")).unwrap();
    hasher.close();
    assert_eq!(hasher.admit(Lane::KnownDevice, key("new")).unwrap_err().crowd, Crowd::Closing);
    assert_eq!(reserved.run(|_| "never").await, Err(Unfinished));
    held.let_go().await;
    // Joins the threads, so it returns only when the queue is empty.
    drop(hasher);
    assert_eq!(queued.await, Ok("done"));
}

#[tokio::test]
async fn a_job_that_holds_the_last_reference_does_not_wait_for_itself() {
    let hasher = Arc::new(pool(WIDE));
    let (go, wait): (Sender<()>, Receiver<()>) = channel();
    let inner = Arc::clone(&hasher);
    let job = hasher.admit(stranger("s"), key("a")).unwrap().run(move |_| {
        wait.recv().unwrap();
        drop(inner);
    });
    drop(hasher);
    go.send(()).unwrap();
    assert_eq!(job.await, Ok(()));
}

#[test]
fn limits_of_a_machine_scale_with_its_cores() {
    assert_eq!(Limits::of_cores(0).threads, 1);
    let (two, four) = (Limits::of_cores(2), Limits::of_cores(4));
    assert_eq!((two.threads, four.threads, four.strangers_max), (2, 4, 2 * two.strangers_max));
    assert_eq!(two.per_account_max, 3);
    assert_eq!((two.stranger_wait_max, two.known_wait_max), (Span::from_seconds(2), Span::from_seconds(10)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever is reserved and freed in whatever order: the caps hold, and nothing is left behind.
    #[test]
    fn thr_09_places_are_counted_right(steps in prop::collection::vec((0..3_u8, 0..4_u8, any::<prop::sample::Index>()), 0..120)) {
        let hasher = pool(Limits { per_account_max: 3, per_source_max: 5, strangers_max: 9, known_max: 7, ..WIDE });
        let mut places: Vec<(Place, u8, u8)> = Vec::new();
        for (what, account, index) in steps {
            if what == 0 && !places.is_empty() {
                drop(places.swap_remove(index.index(places.len())));
                continue;
            }
            let what = what.max(1);
            let lane = if what == 1 { Lane::KnownDevice } else { stranger(&(account % 2).to_string()) };
            let of_lane = places.iter().filter(|place| place.1 == what).count();
            let of_account = places.iter().filter(|place| (place.1, place.2) == (what, account)).count();
            let of_source = places.iter().filter(|place| place.1 == 2 && place.2 % 2 == account % 2).count();
            let free = of_account < 3 && if what == 1 { of_lane < 7 } else { of_lane < 9 && of_source < 5 };
            match hasher.admit(lane, key(&account.to_string())) {
                Ok(place) => {
                    prop_assert!(free);
                    places.push((place, what, account));
                }
                Err(_) => prop_assert!(!free),
            }
            prop_assert_eq!(hasher.counts().places, places.len());
        }
        places.clear();
        prop_assert_eq!(hasher.counts().places, 0);
        let again: Vec<_> = (0..3).map(|_| hasher.admit(stranger("0"), key("0"))).collect();
        prop_assert!(again.iter().all(Result::is_ok));
    }
}
