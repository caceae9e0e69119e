//! What the machine is and how busy it was, and what a process holds of its memory. Reads `/proc`; measures nothing.

use anyhow::{Context, Result};

use crate::clock::wall;

/// Memory of a process, in MiB.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Memory {
    /// All that is resident.
    pub(crate) resident: f64,
    /// The part that no file backs: heap, stacks, arenas.
    pub(crate) anonymous: f64,
}

/// A line for the head of a report.
pub(crate) fn line() -> String {
    let model = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let memory = field("/proc/meminfo", "MemTotal").and_then(|text| kib(&text)).unwrap_or(0.0) / 1024.0 / 1024.0;
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{} processors ({model}), {memory:.0} GiB, Linux {}", cores(), kernel.trim())
}

/// How many processors this process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The load average of the last minute.
pub(crate) fn busy() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("?").to_owned()
}

/// Now, as a date and a time of day in UTC.
pub(crate) fn date() -> String {
    let now = jiff::Timestamp::from_millisecond(wall().millis()).unwrap_or_default();
    now.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// What a process holds now.
pub(crate) fn memory_of(pid: u32) -> Result<Memory> {
    let path = format!("/proc/{pid}/status");
    let mib = |name: &str| field(&path, name).and_then(|text| kib(&text)).map(|kib| kib / 1024.0);
    Ok(Memory {
        resident: mib("VmRSS").with_context(|| format!("process {pid} is gone"))?,
        anonymous: mib("RssAnon").unwrap_or(0.0),
    })
}

fn field(path: &str, name: &str) -> Option<String> {
    named(&std::fs::read_to_string(path).ok()?, name)
}

/// The value of the first line `name : value`.
fn named(text: &str, name: &str) -> Option<String> {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    lines
        .map(|(key, value)| (key.trim(), value.trim()))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

fn kib(text: &str) -> Option<f64> {
    text.strip_suffix(" kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "VmRSSx:\t1 kB\nVmRSS:\t   2048 kB\nmodel name\t: A: B\n";
        assert_eq!(named(text, "VmRSS").as_deref().and_then(kib), Some(2048.0));
        assert_eq!(named(text, "model name").as_deref(), Some("A: B"));
        assert_eq!(named(text, "Vm"), None);
        assert_eq!(kib("2048"), None);
    }

    #[test]
    fn this_process_holds_something() {
        let held = memory_of(std::process::id()).unwrap();
        assert!(held.resident > 0.0 && held.anonymous <= held.resident);
        assert!(memory_of(u32::MAX).is_err());
        assert!(cores() > 0 && line().contains("processors") && date().ends_with("UTC"));
    }
}
