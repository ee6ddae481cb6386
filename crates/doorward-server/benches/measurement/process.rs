//! What the kernel says of a process.

use std::fs;

use super::machine::TICKS;

/// CPU seconds, user and system, of all threads of a process so far. Ours is `self`.
pub(crate) fn cpu_seconds(pid: &str) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The name may hold anything, also parentheses.
    let (_, rest) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |place: usize| fields[place].parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / TICKS
}

/// CPU milliseconds of the threads that a process has now, in steps that are finer than those of [`cpu_seconds`].
pub(crate) fn cpu_millis_of_threads(pid: &str) -> f64 {
    let nanos: f64 = fs::read_dir(format!("/proc/{pid}/task"))
        .unwrap()
        .map(|thread| fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap())
        .map(|stat| {
            let nanos = stat.split_whitespace().next().unwrap();
            nanos.parse::<f64>().unwrap()
        })
        .sum();
    nanos / 1e6
}

/// Memory of a process in MB (10^6 bytes).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// `VmRSS`.
    pub(crate) resident: f64,
    /// `VmHWM`.
    pub(crate) highest: f64,
}

impl Memory {
    pub(crate) fn of(pid: &str) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let megabytes = |name: &str| {
            let kib: f64 = status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .and_then(|rest| rest.split_whitespace().next())
                .unwrap()
                .parse()
                .unwrap();
            kib * 1024.0 / 1e6
        };
        Self {
            resident: megabytes("VmRSS:"),
            highest: megabytes("VmHWM:"),
        }
    }
}
