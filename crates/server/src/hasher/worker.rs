//! One hash thread: takes the next job, runs it in its own memory, frees its place. Must never die of a job.

use std::panic::{AssertUnwindSafe, catch_unwind};

use poundlock_core::password::Memory;
#[cfg(target_os = "linux")]
use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};

use super::Job;
use super::line::Line;

/// Whose jobs a thread takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Serves {
    /// Known devices first, then strangers; at low priority.
    Everyone,
    /// Known devices alone, at normal priority: a flood of cheap requests at normal priority would otherwise keep every
    /// low one, and with them every owner, from the processor.
    KnownDevices,
}

/// Runs jobs until the line is closed and empty.
pub(super) fn work(line: &Line, serves: Serves) {
    if serves == Serves::Everyone {
        lower_priority();
    }
    let mut memory = Memory::new();
    while let Some(job) = line.next(serves) {
        let Job { work, place, queued_at } = job;
        line.taken_up(queued_at);
        let (before, began) = (memory.kib(), line.now_millis());
        // After a panic the memory is only dirty, which every hash expects. The caller's channel falls with the job,
        // which tells it.
        let done = catch_unwind(AssertUnwindSafe(|| work(&mut memory)));
        if !matches!(done, Ok(None)) {
            line.ran(line.now_millis().saturating_sub(began), memory.kib().saturating_sub(before));
        }
        drop(place);
        match done {
            Ok(tell) => tell.into_iter().for_each(|tell| tell()),
            Err(_) => tracing::error!("a password hash job panicked; its login was refused"),
        }
    }
}

/// Token checks must stay fast while passwords are hashed on every core: at equal priority they are 18 times slower in
/// a flood, at the lowest 1.2 times.
#[cfg(target_os = "linux")]
fn lower_priority() {
    // Idle: whoever else wants the processor gets it at once. Merely nice threads keep it for a slice of milliseconds
    // first, which every token check in a login flood would wait for.
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    if set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle).is_ok() {
        return;
    }
    // On Linux a priority belongs to a thread, and its id names it.
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 19) {
        tracing::warn!(%error, "hash threads stay at normal priority; token checks will be slower in a login flood");
    }
}

/// Elsewhere a priority belongs to the whole process and stays as it is.
#[cfg(not(target_os = "linux"))]
const fn lower_priority() {}
