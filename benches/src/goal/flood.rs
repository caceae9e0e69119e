//! A flood of logins: so many a second whatever the server answers, each from an address of its own, as a proxy in front
//! would pass them on. Counts what got in, what was refused and how fast; beside it others go on with their work.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Result, anyhow, bail};
use serde_json::json;

use super::login::Known;
use crate::clock::{monotonic_nanos, pause, seconds, seconds_since};
use crate::http::Connection;
use crate::load::Loaded;
use crate::world::PASSWORD;

/// Threads that send. An admitted login holds one for as long as it waits in the queue, two seconds at most: more than
/// twice what a machine hashes in that time.
const SENDERS: usize = 480;

/// What a flood met.
#[derive(Debug, Default)]
pub(super) struct Met {
    pub(super) seconds: f64,
    /// Milliseconds of each login whose password was checked and found right.
    pub(super) admitted: Vec<f64>,
    /// Milliseconds of each refusal by 429 or 503.
    pub(super) refused: Vec<f64>,
}

/// Who floods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crowd {
    /// Everyone from everywhere, each at an account of their own.
    Everyone,
    /// One address, at everybody's account.
    OneSource,
    /// Everyone from everywhere, at one account.
    OneAccount,
}

impl Crowd {
    /// Where the login of this turn comes from.
    fn address(self, turn: usize) -> Ipv4Addr {
        address_of(if self == Self::OneSource { 0 } else { turn })
    }

    /// Whose the login of this turn is.
    fn account(self, turn: usize, known: &[Known]) -> Option<&Known> {
        if self == Self::OneAccount { known.first() } else { known.get(turn % known.len().max(1)) }
    }
}

/// A flood that goes on in the background of something else.
pub(super) struct Flood<'a> {
    pub(super) crowd: Crowd,
    pub(super) address: SocketAddr,
    pub(super) known: &'a [Known],
    /// Logins begun a second.
    pub(super) rate: f64,
    /// Whose turn it is; goes on from round to round.
    pub(super) turn: &'a AtomicUsize,
}

impl Met {
    /// Logins that got in, a second.
    pub(super) fn goodput(&self) -> f64 {
        self.admitted.len() as f64 / self.seconds.max(1e-9)
    }

    /// Logins sent, a second.
    pub(super) fn offered(&self) -> f64 {
        (self.admitted.len() + self.refused.len()) as f64 / self.seconds.max(1e-9)
    }

    fn add(&mut self, other: Self) {
        self.admitted.extend(other.admitted);
        self.refused.extend(other.refused);
    }
}

impl Flood<'_> {
    /// Floods for `for_seconds`, and lets `beside` work meanwhile, over a connection of its own and until its flag says
    /// that the flood is over.
    pub(super) fn run<T: Send>(
        &self,
        for_seconds: f64,
        beside: impl FnOnce(&AtomicBool) -> Result<T> + Send,
    ) -> Result<(Met, T)> {
        let (began, over, moment) = (monotonic_nanos(), AtomicBool::new(false), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            let beside = scope.spawn(|| beside(&over));
            let senders: Vec<_> =
                (0..SENDERS).map(|_| scope.spawn(|| self.send(&moment, began, for_seconds))).collect();
            let mut met = Met::default();
            let sent = senders.into_iter().try_for_each(|sender| {
                met.add(sender.join().map_err(|_| anyhow!("a sender died"))??);
                anyhow::Ok(())
            });
            met.seconds = seconds_since(began);
            over.store(true, Ordering::Relaxed);
            let beside = beside.join().map_err(|_| anyhow!("who worked beside the flood died"))?;
            sent?;
            Ok((met, beside?))
        })
    }

    /// One sender: takes the next moment that nobody has taken, and sends a login then. Who waits for an answer takes none,
    /// so that slow answers do not make the flood thinner.
    fn send(&self, moment: &AtomicUsize, began: u64, for_seconds: f64) -> Result<Met> {
        let (mut connection, mut met) = (Connection::open(self.address)?, Met::default());
        loop {
            let next = moment.fetch_add(1, Ordering::Relaxed) as f64 / self.rate;
            if next >= for_seconds || seconds_since(began) >= for_seconds {
                return Ok(met);
            }
            wait_until(began, next);
            self.one(&mut connection, &mut met)?;
        }
    }

    fn one(&self, connection: &mut Connection, met: &mut Met) -> Result<()> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let Some(who) = self.crowd.account(turn, self.known) else { bail!("nobody to log in") };
        connection.speak_for(self.crowd.address(turn));
        let asked = monotonic_nanos();
        let reply = connection.post("/v1/login", &json!({ "name": who.name, "password": PASSWORD }))?;
        let took = seconds(monotonic_nanos() - asked) * 1000.0;
        match reply.status {
            200 => met.admitted.push(took),
            429 | 503 => met.refused.push(took),
            other => bail!("a login in the flood was answered {other}: {}", String::from_utf8_lossy(&reply.body)),
        }
        Ok(())
    }
}

/// Repeats `operation` until the flood is over, or for so long; pauses a little in between, as one reader does.
pub(super) fn meanwhile(
    mut over: impl FnMut() -> bool,
    pause_millis: u64,
    mut operation: impl FnMut() -> Result<bool>,
) -> Result<Loaded> {
    let (began, mut millis) = (monotonic_nanos(), Vec::new());
    while !over() {
        let asked = monotonic_nanos();
        if !operation()? {
            break;
        }
        millis.push(seconds(monotonic_nanos() - asked) * 1000.0);
        pause(pause_millis);
    }
    Ok(Loaded::of(millis, seconds_since(began)))
}

/// An address that no other turn of the last quarter million had, nor its neighbours in one network.
pub(super) fn address_of(turn: usize) -> Ipv4Addr {
    let turn = turn as u32;
    Ipv4Addr::from(0x6440_0000 | ((turn.wrapping_mul(64)) & 0x003f_ffff) | (turn >> 16 & 0x3f))
}

fn wait_until(began: u64, moment: f64) {
    loop {
        let left = moment - seconds_since(began);
        if left <= 0.0 {
            return;
        }
        pause((left * 1000.0).ceil() as u64);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_login_of_a_flood_has_an_address_of_its_own() {
        let addresses: HashSet<_> = (0..250_000).map(address_of).collect();
        assert_eq!(addresses.len(), 250_000);
        assert!(addresses.iter().all(|address| address.octets()[0] == 100));
    }

    #[test]
    fn a_crowd_shares_its_address_or_its_account_or_nothing() {
        let uri = "otpauth://totp/bench:a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=bench";
        let app = totp_rs::Totp::from_url(uri).unwrap();
        let known: Vec<_> =
            ["a", "b", "c"].into_iter().map(|name| Known { name: name.to_owned(), app: app.clone() }).collect();
        let met = |crowd: Crowd| {
            let addresses: HashSet<_> = (0..30).map(|turn| crowd.address(turn)).collect();
            let accounts: HashSet<_> = (0..30).map(|turn| &crowd.account(turn, &known).unwrap().name).collect();
            (addresses.len(), accounts.len())
        };
        assert_eq!(met(Crowd::Everyone), (30, 3));
        assert_eq!(met(Crowd::OneSource), (1, 3));
        assert_eq!(met(Crowd::OneAccount), (30, 1));
        assert!(Crowd::Everyone.account(7, &[]).is_none());
    }

    #[test]
    fn goodput_counts_only_who_got_in() {
        let mut met = Met { seconds: 2.0, admitted: vec![1.0; 4], refused: vec![1.0; 36] };
        met.add(Met { seconds: 9.0, admitted: vec![1.0; 2], refused: vec![] });
        assert!((met.goodput() - 3.0).abs() < 1e-9 && (met.offered() - 21.0).abs() < 1e-9);
    }

    #[test]
    fn who_works_beside_stops_with_the_flood_or_the_work() {
        let mut left = 3;
        let mut turns = 0;
        let stop_by_work = meanwhile(
            || false,
            0,
            || {
                left -= 1;
                Ok(left >= 0)
            },
        );
        assert_eq!(stop_by_work.unwrap().done, 3);
        assert_eq!(
            meanwhile(
                || {
                    turns += 1;
                    turns > 5
                },
                0,
                || Ok(true)
            )
            .unwrap()
            .done,
            5
        );
    }
}
