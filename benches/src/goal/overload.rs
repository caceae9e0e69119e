//! Goal 10: ten times as many logins as the machine can hash. What gets in, what is refused and how fast, what the process
//! holds, and what owners on known devices notice of it.

use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::json;

use super::flood::{Crowd, Flood, Met, address_of};
use super::login::{Known, seeded};
use super::share;
use crate::call::Call;
use crate::clock::{monotonic_nanos, pause, seconds_since, wall};
use crate::http::{Connection, text};
use crate::load;
use crate::machine::{cores, memory_of};
use crate::report::{Measure, Section, Unit, Wanted};
use crate::server::{Place, Running};
use crate::stats::{percentile, ratios};
use crate::world::{PASSWORD, code};

/// How much more than the machine can do is asked of it.
pub(super) const TIMES: f64 = 10.0;
/// As many logins at once as keep every hash thread busy, for the peak.
const CONNECTIONS: usize = 6;
/// Strangers in the flood. Each is admitted now and then, and never so often that a delay follows.
const STRANGERS: usize = 6_000;
/// A hash thread's work area at the default cost, in MiB.
const WORK_AREA: f64 = 46.0;

/// A served place with people in it, some of whom own a known device.
pub(super) struct Scene {
    pub(super) server: Running,
    strangers: Vec<Known>,
    pub(super) owners: Vec<Owner>,
    turn: AtomicUsize,
    pub(super) slice: f64,
    pub(super) rounds: usize,
    _place: Place,
}

/// Somebody on a device that logged in before.
pub(super) struct Owner {
    known: Known,
    address: Ipv4Addr,
    device: String,
    /// A token for the account API.
    pub(super) token: String,
    /// The step of the last code.
    step: i64,
}

impl Scene {
    pub(super) fn set(call: &Call, owners: usize) -> Result<Self> {
        let place = Place::new(&call.server, &call.work)?;
        let mut strangers = seeded(&place, call.pick(STRANGERS, 2_000) + owners)?;
        let server = place.serve_behind_a_proxy()?;
        let owners = strangers.split_off(strangers.len() - owners);
        let owners = owners.into_iter().enumerate();
        let owners = owners.map(|(number, known)| Owner::first(&server, known, number)).collect::<Result<_>>()?;
        let (slice, rounds) = (call.pick(10.0, 3.0), call.pick(5, 1));
        Ok(Self { server, strangers, owners, turn: AtomicUsize::new(0), slice, rounds, _place: place })
    }

    /// People whom no flood names.
    pub(super) fn bystanders(&mut self, count: usize) -> Vec<Known> {
        self.strangers.split_off(self.strangers.len().saturating_sub(count))
    }

    /// Logins begun a second when just enough are asked for.
    pub(super) fn peak(&self) -> Result<f64> {
        let loaded = load::run(self.server.address, CONNECTIONS, self.slice, |_, connection| {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let who = self.strangers.get(turn % self.strangers.len()).context("somebody")?;
            connection.speak_for(address_of(turn));
            connection.post("/v1/login", &json!({ "name": who.name, "password": PASSWORD }))?.json()?;
            Ok(true)
        })?;
        Ok(loaded.rate())
    }

    /// A flood by a crowd, and what somebody does beside it.
    pub(super) fn flood<T: Send>(
        &self,
        crowd: Crowd,
        peak: f64,
        beside: impl FnOnce(&AtomicBool) -> Result<T> + Send,
    ) -> Result<(Met, T)> {
        let (address, rate) = (self.server.address, peak * TIMES);
        let flood = Flood { crowd, address, known: &self.strangers, rate, turn: &self.turn };
        flood.run(self.slice, beside)
    }
}

impl Owner {
    /// The login that makes the device known, from an address of their own.
    fn first(server: &Running, known: Known, number: usize) -> Result<Self> {
        let address = Ipv4Addr::from(0x0a00_0001 + (number as u32) * 0x100);
        let mut owner = Self { known, address, device: String::new(), token: String::new(), step: 0 };
        owner.log_in(server)?;
        Ok(owner)
    }

    /// A whole login, on the device if there is one yet. Waits for a code that was not used.
    fn log_in(&mut self, server: &Running) -> Result<()> {
        let (mut connection, port) = (Connection::open(server.address)?, server.address.port());
        connection.speak_for(self.address);
        let body = match self.device.as_str() {
            "" => json!({ "name": self.known.name, "password": PASSWORD }),
            device => json!({ "name": self.known.name, "password": PASSWORD, "device": device }),
        };
        let asked = connection.post("/v1/login", &body)?.json()?;
        let body = json!({ "login": text(&asked, "login")?, "code": code(&self.known.app, wall()) });
        let tokens = connection.post("/v1/login/totp", &body)?.json()?;
        self.step = wall().seconds() / 30;
        text(&tokens, "device")?.clone_into(&mut self.device);
        let audience = format!("http://localhost:{port}/account");
        let body = json!({ "refresh_token": text(&tokens, "refresh_token")?, "audience": audience });
        let tokens = connection.post("/v1/session/refresh", &body)?.json()?;
        text(&tokens, "access_token")?.clone_into(&mut self.token);
        Ok(())
    }
}

/// What the rounds of goal 10 gave, by round.
#[derive(Default)]
struct Rounds {
    peaks: Vec<f64>,
    good: Vec<f64>,
    offered: Vec<f64>,
    refused: Vec<f64>,
    held: Vec<f64>,
    owners_in: Vec<f64>,
    owners_took: Vec<f64>,
}

/// Goal 10.
pub(super) fn measure(call: &Call) -> Result<Section> {
    let mut scene = Scene::set(call, call.pick(40, 6))?;
    let bystanders = scene.bystanders(scene.rounds * share::PER_ROUND);
    let mut rounds = Rounds::default();
    let mut owners = std::mem::take(&mut scene.owners);
    let per_round = (owners.len() / scene.rounds).max(1);
    for _ in 0..scene.rounds {
        let peak = scene.peak()?;
        let mine = owners.split_off(owners.len().saturating_sub(per_round));
        let (met, (most, took)) = scene.flood(Crowd::Everyone, peak, |over| beside(&scene.server, mine, over))?;
        ensure!(!met.refused.is_empty(), "nothing was refused: this was no overload");
        rounds.peaks.push(peak);
        rounds.good.push(met.goodput());
        rounds.offered.push(met.offered() / peak);
        rounds.refused.push(percentile(&met.refused, 0.99));
        rounds.held.push(most);
        rounds.owners_in.push(took.len() as f64 / per_round as f64);
        rounds.owners_took.push(percentile(&took, 0.99));
    }
    let mut measures = rounds.measures();
    measures.extend(share::measures(&scene, &bystanders, &rounds.peaks)?);
    scene.server.stop()?;
    Ok(Section { goal: 10, title: "overload", measures, notes: notes() })
}

impl Rounds {
    fn measures(&self) -> Vec<Measure> {
        let gets_in = ratios(&self.good, &self.peaks);
        let memory = Wanted::AtMost(memory_allowed());
        vec![
            Measure::ratio("logins that get in", "the peak", &gets_in, Unit::Percent, Wanted::AtLeast(0.9)),
            Measure::absolute("a refusal, p99", &self.refused, Unit::Millis, Wanted::AtMost(50.0)),
            Measure::absolute("resident, highest", &self.held, Unit::Mib, memory),
            Measure::ratio(
                "whole logins of owners on a known device that succeed",
                "those begun",
                &self.owners_in,
                Unit::Percent,
                Wanted::AtLeast(1.0),
            ),
            Measure::beside("such a login of an owner, p99", &self.owners_took, Unit::Millis),
            Measure::beside("logins begun at the peak", &self.peaks, Unit::PerSecond),
            Measure::beside("offered, times the peak", &self.offered, Unit::Times),
        ]
    }
}

fn notes() -> Vec<String> {
    vec![
        format!(
            "The release binary on a new SQLite store, Argon2id at its default cost. Peak: {CONNECTIONS} connections in a \
             closed loop. Flood: {TIMES} times that in logins a second, sent whatever is answered, each with the right \
             password of somebody else and from a network of its own, over a proxy on the same machine. Client and \
             server share the processors."
        ),
        format!(
            "Memory allowed: {} hash threads × {WORK_AREA} MiB and 64 MiB. Owners log in whole, password and code, one \
             after the other while the flood goes on.",
            cores() + 1
        ),
        share::NOTE.to_owned(),
    ]
}

/// The threads that hash, one for known devices among them, and 64 MiB for all else.
fn memory_allowed() -> f64 {
    (cores() + 1) as f64 * WORK_AREA + 64.0
}

/// Owners log in one after the other; the process is looked at after each. What it held at most, in MiB, and how long each
/// login took, in milliseconds: one that failed took no time and is missing.
fn beside(server: &Running, owners: Vec<Owner>, over: &AtomicBool) -> Result<(f64, Vec<f64>)> {
    let most = Mutex::new(0.0_f64);
    let look = || -> Result<()> {
        let held = memory_of(server.pid())?.resident;
        let mut most = most.lock().map_err(|_| anyhow!("a client died"))?;
        *most = most.max(held);
        Ok(())
    };
    let mut took = Vec::new();
    for mut owner in owners {
        while wall().seconds() / 30 <= owner.step {
            pause(50);
        }
        let began = monotonic_nanos();
        match owner.log_in(server) {
            Ok(()) => took.push(seconds_since(began) * 1000.0),
            Err(fault) => eprintln!("an owner was kept out: {fault:#}"),
        }
        look()?;
    }
    while !over.load(Ordering::Relaxed) {
        look()?;
        pause(20);
    }
    let most = *most.lock().map_err(|_| anyhow!("a client died"))?;
    Ok((most, took))
}
