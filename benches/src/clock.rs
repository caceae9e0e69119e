//! The clocks of the bench: wall, monotonic, and CPU time of a thread or of another process. Nothing else here reads one.

use std::time::Duration;

use anyhow::{Context, Result};
use poundlock_core::time::Time;
use rustix::time::{ClockId, clock_gettime};

/// What `/proc` counts CPU time in; the same on every Linux that is built for.
const TICKS_PER_SECOND: f64 = 100.0;

/// Now, by the wall clock.
pub(crate) fn wall() -> Time {
    let now = clock_gettime(ClockId::Realtime);
    Time::from_millis(now.tv_sec.saturating_mul(1000).saturating_add(now.tv_nsec / 1_000_000))
}

/// Nanoseconds on a clock that nobody sets.
pub(crate) fn monotonic_nanos() -> u64 {
    nanos(ClockId::Monotonic)
}

/// Nanoseconds of CPU that this thread has used: what keeps the neighbours out of a rate.
pub(crate) fn thread_cpu_nanos() -> u64 {
    nanos(ClockId::ThreadCPUTime)
}

/// Seconds since `began`, a reading of [`monotonic_nanos`].
pub(crate) fn seconds_since(began: u64) -> f64 {
    seconds(monotonic_nanos().saturating_sub(began))
}

/// Nanoseconds as seconds.
pub(crate) fn seconds(nanos: u64) -> f64 {
    Duration::from_nanos(nanos).as_secs_f64()
}

/// Seconds of CPU that another process has used, all its threads together.
pub(crate) fn process_cpu_seconds(pid: u32) -> Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("the process is gone")?;
    let ticks = cpu_ticks(&text).context("/proc/PID/stat does not read")?;
    Ok(ticks as f64 / TICKS_PER_SECOND)
}

/// Lets others run. Only between two looks at something that tells nobody when it is ready.
pub(crate) fn pause(millis: u64) {
    std::thread::park_timeout(Duration::from_millis(millis));
}

/// User and system time: the 12th and 13th word behind the program's name, which may hold spaces.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut words = rest.split_whitespace().skip(11);
    let user: u64 = words.next()?.parse().ok()?;
    let system: u64 = words.next()?.parse().ok()?;
    Some(user + system)
}

fn nanos(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    let (seconds, nanos) = (u64::try_from(now.tv_sec).unwrap_or(0), u64::try_from(now.tv_nsec).unwrap_or(0));
    seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_read_past_a_name_with_spaces_and_brackets() {
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 1 0 1 0 0";
        assert_eq!(cpu_ticks(stat), Some(300));
        assert_eq!(cpu_ticks("42 no brackets"), None);
    }

    #[test]
    fn this_process_has_used_some_cpu_and_time_goes_on() {
        let (began, cpu) = (monotonic_nanos(), thread_cpu_nanos());
        let spun: u64 = (0..5_000_000_u64).fold(0, |sum, n| sum ^ std::hint::black_box(n));
        assert!(std::hint::black_box(spun) < u64::MAX);
        assert!(monotonic_nanos() > began && thread_cpu_nanos() > cpu && seconds_since(began) > 0.0);
        assert!(process_cpu_seconds(std::process::id()).unwrap() >= 0.0);
        assert!(process_cpu_seconds(u32::MAX).is_err());
    }
}
