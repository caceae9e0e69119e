//! What the machine gives: room and speed of the disk, and how many logins a second its cores can check.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use poundlock_core::password::{Attempt, Cost, Memory, Verifier, check};
use poundlock_core::secret::Secret;

use super::Check;
use crate::clock::Clock;
use crate::config::Config;

const DISK: &str = "Disk";
const HASHING: &str = "Hashing";

/// Less free room than this, in MiB, is told; far less fails.
const ROOM_LOW_MIB: u64 = 1024;
const ROOM_NONE_MIB: u64 = 64;
/// Every login waits for the disk once or twice; slower than this it is felt. In milliseconds.
const SYNC_SLOW_MILLIS: i64 = 50;
/// A hash faster than this is cheap to guess against; one slower is felt. In milliseconds.
const HASH_FAST_MILLIS: i64 = 20;
const HASH_SLOW_MILLIS: i64 = 1_000;

pub(super) fn disk(data: &Path) -> Vec<Check> {
    if !data.is_dir() {
        return Vec::new();
    }
    let mut checks = Vec::new();
    match rustix::fs::statvfs(data) {
        Ok(found) => checks.push(room(found.f_bavail.saturating_mul(found.f_frsize) >> 20)),
        Err(error) => checks.push(Check::fail(DISK, format!("Its room cannot be read: {error}."), "look at the disk")),
    }
    checks.push(match sync_millis(data) {
        Ok(millis) if millis > SYNC_SLOW_MILLIS => Check::warn(
            DISK,
            format!("A write takes {millis} ms to reach it, and every login waits for one or two."),
            "put the data folder on a local disk, or a faster one",
        ),
        Ok(millis) => Check::ok(DISK, format!("A write takes {millis} ms to reach it.")),
        Err(error) => Check::fail(
            DISK,
            format!("{} cannot be written: {error}.", data.display()),
            "run this as the user of the server; look whether the disk is full or read-only",
        ),
    });
    checks
}

fn room(mib: u64) -> Check {
    let says = format!("{mib} MiB are free. A backup takes as much room as the store while it is made.");
    match mib {
        ..ROOM_NONE_MIB => Check::fail(DISK, says, "make room: on a full disk nobody can log in"),
        ROOM_NONE_MIB..ROOM_LOW_MIB => Check::warn(DISK, says, "make room"),
        _ => Check::ok(DISK, says),
    }
}

/// Writes a small file and waits until it is on disk; removes it.
fn sync_millis(data: &Path) -> std::io::Result<i64> {
    let path = data.join("doctor.tmp");
    let clock = Clock::start();
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(&[0; 4096]).and_then(|()| file.sync_all()));
    let millis = clock.running().millis();
    let _ = std::fs::remove_file(&path);
    written.map(|()| millis)
}

/// One hash at the configured cost, and what it comes to.
pub(super) fn hashing(config: &Config) -> Vec<Check> {
    // A cost under the floor is told under the configuration.
    let Ok(cost) = config.cost() else { return Vec::new() };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = if config.password.threads == 0 { cores } else { config.password.threads };
    let Some(millis) = hash_millis(cost) else { return Vec::new() };
    let mut checks = vec![speed(millis, threads, cost)];
    checks.extend(memory(cost, threads, available_mib()));
    if threads > cores {
        checks.push(Check::warn(
            HASHING,
            format!("{threads} hash threads share {cores} cores: each hash takes longer, and none is gained."),
            "set password.threads to 0, which is one for each core",
        ));
    }
    checks
}

fn hash_millis(cost: Cost) -> Option<i64> {
    let attempt = Attempt::parse(Secret::new("how long does one take".to_owned())).ok()?;
    let (verifier, mut blocks) = (Verifier::decoy(cost), Memory::new());
    let clock = Clock::start();
    // Twice: the first one pays for the memory, which the pool keeps.
    std::hint::black_box(check(&verifier, &attempt, clock.wall(), &mut blocks));
    let begun = clock.running().millis();
    std::hint::black_box(check(&verifier, &attempt, clock.wall(), &mut blocks));
    Some((clock.running().millis() - begun).max(1))
}

fn speed(millis: i64, threads: usize, cost: Cost) -> Check {
    let threads = i64::try_from(threads).unwrap_or(1);
    let tenths = threads * 10_000 / millis;
    let says = format!(
        "One password takes {millis} ms ({} MiB, passes: {}): about {}.{} logins a second on {threads} threads.",
        cost.memory_kib() / 1024,
        cost.passes(),
        tenths / 10,
        tenths % 10
    );
    if millis < HASH_FAST_MILLIS {
        return Check::warn(HASHING, says, "this machine can afford more: raise password.memory_kib");
    }
    if millis > HASH_SLOW_MILLIS {
        return Check::warn(HASHING, says, "lower password.passes before password.memory_kib, or use faster cores");
    }
    Check::ok(HASHING, says)
}

fn memory(cost: Cost, threads: usize, available_mib: Option<u64>) -> Option<Check> {
    // One thread more is for known devices.
    let wants = u64::from(cost.memory_kib()) * (threads as u64 + 1) / 1024;
    let available = available_mib?;
    let says = format!("Hash threads hold {wants} MiB together; {available} MiB are available.");
    Some(if wants * 2 > available {
        Check::warn(HASHING, says, "lower password.threads, or give the machine more memory")
    } else {
        Check::ok(HASHING, says)
    })
}

fn available_mib() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib / 1024)
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn little_room_is_told_and_none_is_wrong() {
        let states = [63, 64, 1023, 1024].map(|mib| room(mib).state);
        assert_eq!(states, [State::Fail, State::Warn, State::Warn, State::Ok]);
    }

    #[test]
    fn speed_counts_threads_and_advises() {
        let cost = Cost::DEFAULT;
        let told = speed(100, 4, cost);
        assert!(
            told.state == State::Ok && told.says.contains("about 40.0 logins a second on 4 threads"),
            "{}",
            told.says
        );
        assert!(speed(5, 1, cost).act.is_some_and(|act| act.contains("raise")));
        assert!(speed(3_000, 1, cost).act.is_some_and(|act| act.contains("passes")));
    }

    #[test]
    fn memory_is_compared_with_what_there_is() {
        let state = |available| memory(Cost::DEFAULT, 3, Some(available)).map(|check| check.state);
        assert_eq!((state(100), state(4_000)), (Some(State::Warn), Some(State::Ok)));
        assert!(memory(Cost::DEFAULT, 3, None).is_none());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        assert!(disk(folder.path()).iter().all(|check| check.area == DISK));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the probe is gone");
        std::fs::create_dir(folder.path().join("doctor.tmp")).unwrap();
        assert!(disk(folder.path()).iter().any(|check| check.state == State::Fail));
    }
}
