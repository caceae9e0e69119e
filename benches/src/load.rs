//! A closed loop: so many connections, each asking again as soon as it was answered, for a while. Every operation that
//! was begun is finished and counted.

use std::net::SocketAddr;

use anyhow::{Result, anyhow};

use crate::clock::{monotonic_nanos, seconds, seconds_since};
use crate::http::Connection;

/// What a while of load came to.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) done: usize,
    pub(crate) seconds: f64,
    /// How long each operation took, in milliseconds.
    pub(crate) millis: Vec<f64>,
}

impl Loaded {
    /// So many operations, each with its time, in so many seconds.
    pub(crate) fn of(millis: Vec<f64>, seconds: f64) -> Self {
        Self { done: millis.len(), seconds, millis }
    }

    /// Operations a second.
    pub(crate) fn rate(&self) -> f64 {
        if self.seconds > 0.0 { self.done as f64 / self.seconds } else { 0.0 }
    }
}

/// Runs `connections` loops of `operation` for `for_seconds`. The operation gets its connection's number, and gives
/// `false` when there is nothing left to do.
pub(crate) fn run(
    address: SocketAddr,
    connections: usize,
    for_seconds: f64,
    operation: impl Fn(usize, &mut Connection) -> Result<bool> + Sync,
) -> Result<Loaded> {
    let open: Result<Vec<_>> = (0..connections).map(|_| Connection::open(address)).collect();
    each(&mut open?, for_seconds, operation)
}

/// The same with a thread for each of `workers`, whatever they hold.
pub(crate) fn each<W: Send>(
    workers: &mut [W],
    for_seconds: f64,
    operation: impl Fn(usize, &mut W) -> Result<bool> + Sync,
) -> Result<Loaded> {
    let began = monotonic_nanos();
    let outcomes: Vec<Result<Vec<f64>>> = std::thread::scope(|scope| {
        let operation = &operation;
        let started: Vec<_> = workers
            .iter_mut()
            .enumerate()
            .map(|(number, worker)| scope.spawn(move || one(began, for_seconds, || operation(number, worker))))
            .collect();
        started.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a client died"))?).collect()
    });
    let took = seconds_since(began);
    Ok(Loaded::of(outcomes.into_iter().collect::<Result<Vec<_>>>()?.concat(), took))
}

/// One loop: how long each of its operations took, in milliseconds.
fn one(began: u64, for_seconds: f64, mut operation: impl FnMut() -> Result<bool>) -> Result<Vec<f64>> {
    let mut millis = Vec::new();
    while seconds_since(began) < for_seconds {
        let asked = monotonic_nanos();
        if !operation()? {
            break;
        }
        millis.push(seconds(monotonic_nanos() - asked) * 1000.0);
    }
    Ok(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_ends_with_its_time_or_its_work() {
        let mut left = 3;
        let mut work = || {
            left -= 1;
            Ok(left >= 0)
        };
        assert_eq!(one(monotonic_nanos(), 60.0, &mut work).unwrap().len(), 3);
        assert!(one(monotonic_nanos(), 0.0, || Ok(true)).unwrap().is_empty());
        assert!(one(monotonic_nanos(), 60.0, || Err(anyhow!("no"))).is_err());
    }

    #[test]
    fn each_worker_is_counted_and_one_fault_ends_all() {
        let mut workers = [3_u32, 4];
        let count_down = |_: usize, left: &mut u32| {
            let more = *left > 0;
            *left = left.saturating_sub(1);
            Ok(more)
        };
        assert_eq!(each(&mut workers, 60.0, count_down).unwrap().done, 7);
        assert!(
            each(&mut workers, 60.0, |number, _| if number == 1 { Err(anyhow!("no")) } else { Ok(false) }).is_err()
        );
    }

    #[test]
    fn the_rate_of_nothing_is_nothing() {
        assert!(Loaded::default().rate() == 0.0);
        assert!(Loaded { done: 10, seconds: 2.0, millis: Vec::new() }.rate() == 5.0);
    }
}
