//! How long refusals of a login take: whether time tells a known name from an unknown one (T-23). Measures the release
//! binary from outside, in an order drawn by a seed, and writes what it found.

mod report;

use anyhow::{Context, Result, bail};
use poundlock_store::{Batch, user};
use serde_json::{Value, json};

use crate::call::Call;
use crate::clock::{monotonic_nanos, seconds, seconds_since};
use crate::goal::insert;
use crate::http::{Connection, Reply};
use crate::load;
use crate::machine;
use crate::random::Shuffler;
use crate::server::{Place, Running};
use crate::world::PASSWORD;

/// As long as the right one, and wrong.
const WRONG: &str = "quite unguessable wrong phrase";
/// The order of the samples.
const SEED: u64 = 0x706f_756e_646c_6f63;

/// What is tried. The first is what the others are compared to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    KnownWrong,
    UnknownName,
    KnownEmpty,
    UnknownEmpty,
    DisabledRight,
}

impl Kind {
    const ALL: [Self; 5] =
        [Self::KnownWrong, Self::UnknownName, Self::KnownEmpty, Self::UnknownEmpty, Self::DisabledRight];

    const fn says(self) -> &'static str {
        match self {
            Self::KnownWrong => "known name, wrong password",
            Self::UnknownName => "unknown name",
            Self::KnownEmpty => "known name, empty password",
            Self::UnknownEmpty => "unknown name, empty password",
            Self::DisabledRight => "disabled account, right password",
        }
    }

    /// Everybody's name is as long as everybody else's, and tried once: no delay and no count comes in.
    fn name(self, number: usize) -> String {
        format!("user{}{number:05}", self as usize)
    }

    const fn password(self) -> &'static str {
        match self {
            Self::KnownWrong | Self::UnknownName => WRONG,
            Self::KnownEmpty | Self::UnknownEmpty => "",
            Self::DisabledRight => PASSWORD,
        }
    }

    const fn exists(self) -> bool {
        matches!(self, Self::KnownWrong | Self::KnownEmpty | Self::DisabledRight)
    }
}

/// The samples of one kind, in milliseconds, and what it was answered.
#[derive(Clone, Debug)]
struct Sampled {
    kind: Kind,
    millis: Vec<f64>,
    answer: Option<(u16, Value)>,
}

/// Measures, prints the report and writes it. Whether no difference was seen.
pub(crate) fn run(call: &Call) -> Result<bool> {
    let samples = call.pick(1_000, 60);
    let place = Place::new(&call.server, &call.work)?;
    seed(&place, samples)?;
    let (date, busy, began) = (machine::date(), machine::busy(), monotonic_nanos());
    let server = place.serve()?;
    warm_up(&server, call.pick(3.0, 1.0))?;
    let sampled = sample(&server, samples)?;
    server.stop()?;
    let mode = call.pick("full", "quick: too few samples to judge by");
    let head = [
        format!("{date}, {mode}, {samples} samples of each kind, {:.0} s", seconds_since(began)),
        machine::line(),
        format!("load average {busy} before, {} after", machine::busy()),
    ];
    let (text, same) = report::text(&head, &sampled);
    println!("{text}");
    if let Some(out) = &call.out {
        std::fs::write(out, &text).with_context(|| format!("cannot write {}", out.display()))?;
    }
    Ok(same)
}

/// Lets both hash threads take their memory. The names here are in no sample.
fn warm_up(server: &Running, slice: f64) -> Result<()> {
    load::run(server.address, 4, slice, |number, connection| {
        let name = format!("warm{number}{:05}", monotonic_nanos() % 100_000);
        connection.post("/v1/login", &json!({ "name": name, "password": WRONG })).map(|_| true)
    })?;
    Ok(())
}

/// Tries everything once, in a drawn order, over one connection for each kind.
fn sample(server: &Running, samples: usize) -> Result<Vec<Sampled>> {
    let mut order: Vec<(usize, usize)> =
        (0..samples).flat_map(|number| (0..Kind::ALL.len()).map(move |kind| (kind, number))).collect();
    Shuffler::new(SEED).shuffle(&mut order);
    let mut lanes = Vec::new();
    for kind in Kind::ALL {
        let sampled = Sampled { kind, millis: Vec::with_capacity(samples), answer: None };
        lanes.push((Connection::open(server.address)?, sampled));
    }
    for (kind, number) in order {
        let (connection, sampled) = lanes.get_mut(kind).context("a lane")?;
        let body = json!({ "name": sampled.kind.name(number), "password": sampled.kind.password() }).to_string();
        let asked = monotonic_nanos();
        let reply = connection.post_text("/v1/login", &body)?;
        sampled.millis.push(seconds(monotonic_nanos() - asked) * 1000.0);
        take_answer(sampled, &reply)?;
    }
    Ok(lanes.into_iter().map(|(_, sampled)| sampled).collect())
}

/// Keeps the first answer of a kind without its reference, and holds the others to it.
fn take_answer(sampled: &mut Sampled, reply: &Reply) -> Result<()> {
    let mut body: Value = serde_json::from_slice(&reply.body).context("an answer that is no JSON")?;
    body.as_object_mut().context("an answer that is no object")?.remove("reference");
    let answer = (reply.status, body);
    if sampled.answer.as_ref().is_some_and(|first| *first != answer) || reply.status != 401 {
        bail!("{}: answered {} {}", sampled.kind.says(), answer.0, answer.1);
    }
    sampled.answer = Some(answer);
    Ok(())
}

/// Makes everybody who exists, with one hash for all.
fn seed(place: &Place, samples: usize) -> Result<()> {
    let (runtime, store, world) = place.world()?;
    runtime.block_on(async {
        for kind in Kind::ALL.into_iter().filter(|kind| kind.exists()) {
            let people: Result<Vec<_>> = (0..samples).map(|number| world.person(&kind.name(number))).collect();
            let people = people?;
            insert(&store, &world, &people).await?;
            let mut batch = Batch::new();
            for person in people.iter().filter(|_| kind == Kind::DisabledRight) {
                user::disable(&mut batch, person.row.id, 1, world.now, "bench");
            }
            store.commit(batch).await?;
        }
        store.close().await;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_alike_in_length_and_never_the_same() {
        let names: Vec<String> = Kind::ALL.iter().flat_map(|kind| [kind.name(0), kind.name(99_999)]).collect();
        assert!(names.iter().all(|name| name.len() == 10));
        assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), names.len());
        assert_eq!(WRONG.len(), PASSWORD.len());
    }

    #[test]
    fn an_answer_that_differs_by_more_than_its_reference_ends_the_run() {
        let mut sampled = Sampled { kind: Kind::KnownWrong, millis: Vec::new(), answer: None };
        let reply = |status, body: &str| Reply { status, body: body.as_bytes().to_vec() };
        take_answer(&mut sampled, &reply(401, r#"{"title":"a","reference":"1"}"#)).unwrap();
        take_answer(&mut sampled, &reply(401, r#"{"title":"a","reference":"2"}"#)).unwrap();
        assert!(take_answer(&mut sampled, &reply(401, r#"{"title":"b","reference":"3"}"#)).is_err());
        assert!(take_answer(&mut sampled, &reply(429, r#"{"title":"a","reference":"4"}"#)).is_err());
    }
}
