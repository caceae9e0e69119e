//! Fair share (goal 10): while one source floods, or everyone floods one account, others ask for less than their share of
//! the machine, and get it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use super::flood::Crowd;
use super::login::Known;
use super::overload::Scene;
use crate::clock::{monotonic_nanos, pause, seconds_since};
use crate::http::Connection;
use crate::report::{Measure, Unit, Wanted};
use crate::stats::percentile;
use crate::world::PASSWORD;

/// Most people who log in beside the floods of one round, half of them beside each.
pub(super) const PER_ROUND: usize = 40;
/// Between two of their logins, in milliseconds: two a second, a small part of what two cores hash.
const PAUSE_MILLIS: u64 = 500;

/// How it was measured.
pub(super) const NOTE: &str = "Fair share: the same flood from one address at everybody's account, and from everywhere at \
    one account. Beside each, one more address logs in twice a second, each time at an account that nobody else names, with \
    the right password.";

/// What those beside one kind of flood met, by round.
#[derive(Default)]
struct Beside {
    /// The part of their logins that got in.
    got_in: Vec<f64>,
    /// Milliseconds, p99.
    took: Vec<f64>,
    /// Logins of the flood that got in, as a part of the peak.
    flood: Vec<f64>,
}

impl Beside {
    fn measures(&self, whom: &str, while_what: &str) -> [Measure; 3] {
        let what = format!("logins of {whom} while {while_what} that get in");
        [
            Measure::ratio(&what, "those begun", &self.got_in, Unit::Percent, Wanted::AtLeast(1.0)),
            Measure::beside(&format!("such a login of {whom}, p99"), &self.took, Unit::Millis),
            Measure::beside(&format!("what gets in while {while_what}, of the peak"), &self.flood, Unit::Percent),
        ]
    }
}

/// Floods once a round and kind; gives the measures.
pub(super) fn measures(scene: &Scene, people: &[Known], peaks: &[f64]) -> Result<Vec<Measure>> {
    let (mut source, mut account) = (Beside::default(), Beside::default());
    let mut groups = people.chunks(PER_ROUND / 2);
    for (round, peak) in peaks.iter().enumerate() {
        for (kind, crowd, beside) in [(0, Crowd::OneSource, &mut source), (1, Crowd::OneAccount, &mut account)] {
            let mine = groups.next().context("people for a round")?;
            let address = Ipv4Addr::from(0x0a80_0001 + ((round * 2 + kind) as u32) * 0x100);
            let (met, took) =
                scene.flood(crowd, *peak, |over| one_after_the_other(scene.server.address, address, mine, over))?;
            ensure!(!met.refused.is_empty(), "nothing was refused: this was no flood");
            beside.got_in.push(took.in_part());
            beside.took.push(percentile(&took.millis, 0.99));
            beside.flood.push(met.goodput() / peak);
        }
    }
    let mut all = source.measures("another source", "one source floods").to_vec();
    all.extend(account.measures("other accounts", "everyone floods one account"));
    Ok(all)
}

/// What one address met.
#[derive(Debug, Default)]
struct Took {
    begun: usize,
    /// Of each login that got in.
    millis: Vec<f64>,
}

impl Took {
    fn in_part(&self) -> f64 {
        self.millis.len() as f64 / self.begun.max(1) as f64
    }
}

/// Logs in one account after the other until the flood is over.
fn one_after_the_other(server: SocketAddr, from: Ipv4Addr, people: &[Known], over: &AtomicBool) -> Result<Took> {
    let (mut connection, mut took) = (Connection::open(server)?, Took::default());
    connection.speak_for(from);
    for who in people {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let began = monotonic_nanos();
        let reply = connection.post("/v1/login", &json!({ "name": who.name, "password": PASSWORD }))?;
        took.begun += 1;
        match reply.status {
            200 => took.millis.push(seconds_since(began) * 1000.0),
            429 | 503 => {
                eprintln!("somebody beside the flood was kept out: {}", String::from_utf8_lossy(&reply.body));
            }
            other => bail!("a login beside the flood was answered {other}"),
        }
        pause(PAUSE_MILLIS);
    }
    Ok(took)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_kept_out_counts_as_begun() {
        let took = Took { begun: 4, millis: vec![1.0; 3] };
        assert!((took.in_part() - 0.75).abs() < 1e-9);
        assert!(Took::default().in_part() == 0.0, "nothing begun is nothing proved");
    }

    #[test]
    fn only_the_part_that_gets_in_is_judged() {
        let beside = Beside { got_in: vec![0.9], took: vec![3.0], flood: vec![0.1] };
        let met: Vec<_> = beside.measures("another source", "one source floods").iter().map(Measure::met).collect();
        assert_eq!(met, [Some(false), None, None]);
    }
}
