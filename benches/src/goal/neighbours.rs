//! Goal 9: what readers of keys and bearers of tokens notice of a flood of logins.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};

use super::flood::{Crowd, meanwhile};
use super::overload::{Scene, TIMES};
use crate::call::Call;
use crate::clock::{monotonic_nanos, seconds_since};
use crate::http::Connection;
use crate::report::{Measure, Section, Unit, Wanted};
use crate::server::Running;
use crate::stats::{percentile, ratios};

/// Goal 9.
pub(super) fn measure(call: &Call) -> Result<Section> {
    let scene = Scene::set(call, 1)?;
    let owner = scene.owners.first().context("an owner")?;
    let (mut token, mut keys, mut logins) = (Pairs::default(), Pairs::default(), Pairs::default());
    // No more than the life of the token allows.
    for _ in 0..scene.rounds.min(4) {
        let peak = scene.peak()?;
        let quiet = timed(scene.slice);
        token.quiet.push(read(&scene.server, "/v1/session", Some(&owner.token), &quiet)?);
        let quiet = timed(scene.slice);
        keys.quiet.push(read(&scene.server, "/.well-known/jwks.json", None, &quiet)?);
        let over = |over: &AtomicBool| over.load(Ordering::Relaxed);
        let (met, p99) = scene.flood(Crowd::Everyone, peak, |flag| {
            read(&scene.server, "/v1/session", Some(&owner.token), &|| over(flag))
        })?;
        token.flooded.push(p99);
        let (_, p99) = scene
            .flood(Crowd::Everyone, peak, |flag| read(&scene.server, "/.well-known/jwks.json", None, &|| over(flag)))?;
        keys.flooded.push(p99);
        logins.quiet.push(peak);
        logins.flooded.push(met.goodput());
    }
    scene.server.stop()?;
    let most = Wanted::AtMost(1.5);
    Ok(Section {
        goal: 9,
        title: "token checks and keys in a login flood",
        measures: vec![
            token.measure("`GET /v1/session` with a token, p99", "the same without a flood", most),
            keys.measure("JWKS, p99", "the same without a flood", most),
            logins.measure("logins while tokens are checked", "the peak", Wanted::AtLeast(0.85)),
            Measure::beside("a token check, p99 in the flood", &token.flooded, Unit::Millis),
            Measure::beside("JWKS, p99 in the flood", &keys.flooded, Unit::Millis),
        ],
        notes: vec![format!(
            "The flood of goal 10, {TIMES} times the peak. One reader on a keep-alive connection, a request about every \
             two milliseconds. The sender of the flood takes processor time of the same machine at normal priority, so \
             the figures hold its share too."
        )],
    })
}

/// Figures without and with a flood, by round.
#[derive(Default)]
struct Pairs {
    quiet: Vec<f64>,
    flooded: Vec<f64>,
}

impl Pairs {
    fn measure(&self, what: &str, yardstick: &str, wanted: Wanted) -> Measure {
        Measure::ratio(what, yardstick, &ratios(&self.flooded, &self.quiet), Unit::Times, wanted)
    }
}

/// Reads a path again and again; its p99 in milliseconds.
fn read(server: &Running, path: &str, token: Option<&str>, over: &impl Fn() -> bool) -> Result<f64> {
    let mut connection = Connection::open(server.address)?;
    let loaded = meanwhile(over, 2, || {
        let reply = connection.get(path, token)?;
        ensure!(reply.status == 200, "{path} was answered {}", reply.status);
        Ok(true)
    })?;
    Ok(percentile(&loaded.millis, 0.99))
}

fn timed(for_seconds: f64) -> impl Fn() -> bool {
    let began = monotonic_nanos();
    move || seconds_since(began) >= for_seconds
}
