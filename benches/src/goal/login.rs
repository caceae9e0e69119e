//! Goal 4: logins over HTTP against bare hashes of the same code, with as many threads at the same priority.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, anyhow, bail};
use poundlock_core::password::{Attempt, Cost, Memory, Verifier, check};
use poundlock_core::secret::Secret;
use poundlock_store::{Batch, Store, factor, status, user};
use serde_json::json;
use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};
use totp_rs::Totp;

use crate::call::Call;
use crate::clock::{monotonic_nanos, process_cpu_seconds, seconds, seconds_since, thread_cpu_nanos, wall};
use crate::http::text;
use crate::load::{self, Loaded};
use crate::machine::cores;
use crate::report::{Measure, Section, Unit, Wanted};
use crate::server::{Place, Running};
use crate::stats::ratios;
use crate::world::{PASSWORD, Person, World, code};

/// Fewer than the places one source may hold in the hash queue, and enough to keep every hash thread busy.
const CONNECTIONS: usize = 6;
/// Attempts at one account that no delay follows. The first of them may be a whole login.
const ATTEMPTS: usize = 4;

/// People for so many times the logins of a machine that does what it did in one second.
const SPARE: f64 = 2.0;

/// Somebody as the load client knows them.
pub(super) struct Known {
    pub(super) name: String,
    pub(super) app: Totp,
}

/// What the rounds gave, by round.
#[derive(Default)]
struct Rates {
    bare: Vec<f64>,
    /// CPU of a bare hash, in milliseconds.
    bare_millis: Vec<f64>,
    first: Vec<f64>,
    whole: Vec<f64>,
    cpu_millis: Vec<f64>,
    p99: Vec<f64>,
}

pub(super) fn measure(call: &Call) -> Result<Section> {
    let (rounds, slice) = (call.pick(7, 2), call.pick(5.0, 1.5));
    let place = Place::new(&call.server, &call.work)?;
    // Somebody new for each login that this machine can do: nobody's code is asked for twice.
    let (rate, _) = bare_hashes(1.0)?;
    let people = call.pick(2_000, 200).max((rate * (rounds as f64 + 1.0) * slice * SPARE) as usize);
    let known = seeded(&place, people)?;
    let server = place.serve()?;
    let rates = rates(&server, &known, rounds, slice)?;
    server.stop()?;
    let hashes = format!("bare hashes/s, {} threads", cores());
    let at_least = Wanted::AtLeast(0.95);
    Ok(Section {
        goal: 4,
        title: "password logins over HTTP",
        measures: vec![
            Measure::ratio(
                "password + code → tokens",
                &hashes,
                &ratios(&rates.whole, &rates.bare),
                Unit::Percent,
                at_least,
            ),
            Measure::ratio(
                "password + code → tokens, per second of CPU",
                "bare hashes per second of CPU",
                &ratios(&rates.bare_millis, &rates.cpu_millis),
                Unit::Percent,
                at_least,
            ),
            Measure::ratio("password step alone", &hashes, &ratios(&rates.first, &rates.bare), Unit::Percent, at_least),
            Measure::beside("whole logins", &rates.whole, Unit::PerSecond),
            Measure::beside("password steps", &rates.first, Unit::PerSecond),
            Measure::beside("bare hashes", &rates.bare, Unit::PerSecond),
            Measure::beside("whole login, p99 of both requests", &rates.p99, Unit::Millis),
            Measure::beside("server CPU of a whole login, hash and all", &rates.cpu_millis, Unit::Millis),
        ],
        notes: vec![
            format!(
                "The release binary on a new SQLite store with {people} users, Argon2id at its default cost, \
                 `synchronous=FULL`; {CONNECTIONS} keep-alive connections on the same machine, every user at most once \
                 for a whole login."
            ),
            "Yardstick: `password::check` in a loop with reused memory, at the priority of the server's hash threads \
             (idle), while the server rests. On a machine with other work the rates by the clock say little, since low \
             priority gets what is left; the ratio of CPU seconds holds."
                .to_owned(),
        ],
    })
}

fn rates(server: &Running, known: &[Known], rounds: usize, slice: f64) -> Result<Rates> {
    let (first_from, whole_from) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let mut rates = Rates::default();
    // The first round lets the hash threads take their memory and is not counted.
    for round in 0..=rounds {
        let slice = if round == 0 { slice.min(1.0) } else { slice };
        let (bare, bare_millis) = bare_hashes(slice)?;
        let before = process_cpu_seconds(server.pid())?;
        let whole = whole_logins(server.address, known, &whole_from, slice)?;
        let cpu = process_cpu_seconds(server.pid())? - before;
        let first = password_steps(server.address, known, &first_from, slice)?;
        if round > 0 {
            rates.bare.push(bare);
            rates.bare_millis.push(bare_millis);
            rates.first.push(first.rate());
            rates.whole.push(whole.rate());
            rates.cpu_millis.push(cpu * 1000.0 / whole.done.max(1) as f64);
            rates.p99.push(crate::stats::percentile(&whole.millis, 0.99));
        }
    }
    Ok(rates)
}

/// Name and password, then the code: tokens.
fn whole_logins(address: SocketAddr, known: &[Known], from: &AtomicUsize, slice: f64) -> Result<Loaded> {
    let loaded = load::run(address, CONNECTIONS, slice, |_, connection| {
        let Some(who) = known.get(from.fetch_add(1, Ordering::Relaxed)) else { return Ok(false) };
        let asked = connection.post("/v1/login", &json!({ "name": who.name, "password": PASSWORD }))?.json()?;
        let step = json!({ "login": text(&asked, "login")?, "code": code(&who.app, wall()) });
        let tokens = connection.post("/v1/login/totp", &step)?.json()?;
        text(&tokens, "access_token").map(|token| !token.is_empty())
    })?;
    refuse_exhausted(loaded, slice)
}

/// Name and password alone. Each account takes only as many as no delay follows.
fn password_steps(address: SocketAddr, known: &[Known], from: &AtomicUsize, slice: f64) -> Result<Loaded> {
    let loaded = load::run(address, CONNECTIONS, slice, |_, connection| {
        let number = from.fetch_add(1, Ordering::Relaxed);
        if number >= known.len() * (ATTEMPTS - 1) {
            return Ok(false);
        }
        let who = known.get(known.len() - 1 - number % known.len()).context("somebody")?;
        let asked = connection.post("/v1/login", &json!({ "name": who.name, "password": PASSWORD }))?.json()?;
        text(&asked, "login").map(|login| !login.is_empty())
    })?;
    refuse_exhausted(loaded, slice)
}

/// A round that ran out of people measured nothing.
fn refuse_exhausted(loaded: Loaded, slice: f64) -> Result<Loaded> {
    if loaded.done == 0 || loaded.seconds < slice * 0.9 {
        bail!("only {} logins were left for a round: this machine is faster than the seed allows for", loaded.done);
    }
    Ok(loaded)
}

/// Hashes a second with a thread a core, for a while, and the CPU of one in milliseconds.
fn bare_hashes(slice: f64) -> Result<(f64, f64)> {
    let outcomes: Vec<Result<Hashed>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores()).map(|_| scope.spawn(|| hash_for(slice))).collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a hash thread died"))?).collect()
    });
    let outcomes = outcomes.into_iter().collect::<Result<Vec<_>>>()?;
    let rate = outcomes.iter().map(|one| one.done / one.seconds).sum();
    let done: f64 = outcomes.iter().map(|one| one.done).sum();
    let cpu: f64 = outcomes.iter().map(|one| one.cpu_seconds).sum();
    Ok((rate, cpu * 1000.0 / done.max(1.0)))
}

/// What one hash thread did.
struct Hashed {
    done: f64,
    seconds: f64,
    cpu_seconds: f64,
}

fn hash_for(slice: f64) -> Result<Hashed> {
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle)
        .map_err(|error| anyhow!("the priority: {error}"))?;
    let verifier = Verifier::decoy(Cost::DEFAULT);
    let attempt = Attempt::parse(Secret::new(PASSWORD.to_owned()))?;
    let (mut memory, mut done) = (Memory::new(), 0.0);
    // The memory is taken before the clocks run, as the server's has been.
    std::hint::black_box(check(&verifier, &attempt, wall(), &mut memory));
    let (began, cpu) = (monotonic_nanos(), thread_cpu_nanos());
    while seconds_since(began) < slice {
        std::hint::black_box(check(&verifier, &attempt, wall(), &mut memory));
        done += 1.0;
    }
    Ok(Hashed { done, seconds: seconds_since(began), cpu_seconds: seconds(thread_cpu_nanos() - cpu) })
}

/// Makes the people of a new place.
pub(super) fn seeded(place: &Place, people: usize) -> Result<Vec<Known>> {
    let (runtime, store, world) = place.world()?;
    let mut known = Vec::with_capacity(people);
    runtime.block_on(async {
        for group in 0..people.div_ceil(100) {
            let made =
                (group * 100..people.min(group * 100 + 100)).map(|number| world.person(&format!("user{number}")));
            let made = made.collect::<Result<Vec<_>>>()?;
            insert(&store, &world, &made).await?;
            known.extend(made.into_iter().map(|person| Known { name: person.row.name, app: person.app }));
        }
        store.close().await;
        anyhow::Ok(())
    })?;
    Ok(known)
}

/// Stores people with their factors.
pub(crate) async fn insert(store: &Store, world: &World, people: &[Person]) -> Result<()> {
    let mut batch = Batch::new();
    for person in people {
        user::insert(&mut batch, &person.row);
        factor::insert_totp(&mut batch, &person.totp, "authenticator app", world.now);
    }
    store.commit(batch).await?;
    Ok(())
}

/// Opens the status lists that sessions made here have their places in.
pub(crate) async fn open_lists(store: &Store, world: &World, lists: &[i64]) -> Result<()> {
    let mut batch = Batch::new();
    for list in lists {
        status::open(&mut batch, *list, world.now);
    }
    store.commit(batch).await?;
    Ok(())
}
