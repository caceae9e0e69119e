//! Goal 6: durable refresh rotations through the store, against the same rows through two plain stacks on SQLite.

mod ours;
mod plain;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::call::Call;
use crate::load::Loaded;
use crate::report::{Measure, Section, Unit, Wanted};
use crate::server::Place;
use crate::stats::{percentile, ratios};

/// How many clients rotate at once.
pub(super) const CLIENTS: usize = 64;

/// Rates and latencies of one stack, by round.
#[derive(Default)]
struct Stack {
    rates: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
}

impl Stack {
    fn take(&mut self, loaded: &Loaded) {
        self.rates.push(loaded.rate());
        self.p50.push(percentile(&loaded.millis, 0.5));
        self.p99.push(percentile(&loaded.millis, 0.99));
    }
}

pub(super) fn measure(call: &Call) -> Result<Section> {
    let place = Place::new(&call.server, &call.work)?;
    let clients = ours::seed(&place)?;
    let (plain_file, sqlx_file) = (copy(&place, "plain.db")?, copy(&place, "sqlx.db")?);
    let mut ours = ours::Store::open(&place, clients)?;
    let (mut store, mut plain, mut sqlx) = (Stack::default(), Stack::default(), Stack::default());
    let slice = call.pick(3.0, 0.7);
    // The first round fills caches and is not counted.
    for round in 0..=call.pick(7, 2) {
        let rotated = ours.rotate(slice)?;
        let naive = plain::rotate(&plain_file, slice)?;
        let through_sqlx = call.sqlx.as_deref().map(|program| run_sqlx(program, &sqlx_file, slice)).transpose()?;
        if round > 0 {
            store.take(&rotated);
            plain.take(&naive);
            through_sqlx.iter().for_each(|loaded| sqlx.take(loaded));
        }
    }
    ours.close();
    Ok(section(&store, &plain, &sqlx))
}

fn section(store: &Stack, plain: &Stack, sqlx: &Stack) -> Section {
    let times = |other: &Stack, least| (ratios(&store.rates, &other.rates), Unit::Times, Wanted::AtLeast(least));
    let (to_sqlx, unit, sqlx_wanted) = times(sqlx, 15.0);
    let (to_plain, _, plain_wanted) = times(plain, 10.0);
    let mut notes = vec![
        format!(
            "{CLIENTS} clients at once, each answered after its commit is on the disk (WAL, `synchronous=FULL`). One \
             rotation: the family row, the session row and the account row under their guards, and an audit record, \
             with values that are ready: the same four statements for every stack, each on a file of its own."
        ),
        "Yardsticks: `sqlx` with one connection, which is its quickest pool for writes, and `rusqlite` with a \
         connection and a thread for each client; both with a transaction for each rotation."
            .to_owned(),
    ];
    if sqlx.rates.is_empty() {
        notes.push("`sqlx` was not there: no ratio to it.".to_owned());
    }
    Section {
        goal: 6,
        title: "durable refresh rotations at the store",
        measures: vec![
            Measure::ratio("store", "sqlx-sqlite, a transaction each", &to_sqlx, unit, sqlx_wanted),
            Measure::ratio("store", "rusqlite, a connection each", &to_plain, unit, plain_wanted),
            Measure::absolute("store, p99", &store.p99, Unit::Millis, Wanted::AtMost(12.0)),
            Measure::beside("store, p50", &store.p50, Unit::Millis),
            Measure::beside("rusqlite, p99", &plain.p99, Unit::Millis),
            Measure::beside("sqlx-sqlite, p99", &sqlx.p99, Unit::Millis),
            Measure::beside("store", &store.rates, Unit::PerSecond),
            Measure::beside("rusqlite", &plain.rates, Unit::PerSecond),
            Measure::beside("sqlx-sqlite", &sqlx.rates, Unit::PerSecond),
        ],
        notes,
    }
}

/// A copy of the seeded file, beside it and so on the same file system.
fn copy(place: &Place, name: &str) -> Result<PathBuf> {
    let to = place.data().join(name);
    std::fs::copy(place.file(), &to).with_context(|| format!("cannot copy the store to {}", to.display()))?;
    Ok(to)
}

/// One slice through `sqlx`, which cannot be linked into this program.
fn run_sqlx(program: &Path, file: &Path, slice: f64) -> Result<Loaded> {
    let ran = Command::new(program).arg(file).args([slice.to_string(), CLIENTS.to_string()]).output();
    let ran = ran.with_context(|| format!("cannot start {}", program.display()))?;
    if !ran.status.success() {
        bail!("{} failed: {}", program.display(), String::from_utf8_lossy(&ran.stderr));
    }
    let answer: Value = serde_json::from_slice(&ran.stdout).context("its answer is no JSON")?;
    let millis = answer.get("millis").and_then(Value::as_array).context("no times")?;
    let seconds = answer.get("seconds").and_then(Value::as_f64).context("no seconds")?;
    Ok(Loaded::of(millis.iter().filter_map(Value::as_f64).collect(), seconds))
}
