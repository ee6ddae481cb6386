//! What the kernel says of a process.

use std::fs;
use std::process::Child;
use std::thread;
use std::time::Duration;

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

/// A process and all that it has started, and they.
pub(crate) fn family(pid: &str) -> Vec<String> {
    let children: Vec<(String, String)> = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .filter_map(|name| {
            let stat = fs::read_to_string(format!("/proc/{name}/stat")).ok()?;
            let parent = stat
                .rsplit_once(')')?
                .1
                .split_whitespace()
                .nth(1)?
                .to_owned();
            Some((name, parent))
        })
        .collect();
    let mut family = vec![pid.to_owned()];
    let mut at = 0;
    while at < family.len() {
        let parent = family[at].clone();
        let found = children.iter().filter(|(_, of)| *of == parent);
        family.extend(found.map(|(child, _)| child.clone()));
        at += 1;
    }
    family
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
            // One that has ended, and waits for its parent to ask, has no memory and no such line.
            let kib = status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .and_then(|rest| rest.split_whitespace().next())
                .map_or(0.0, |kib| kib.parse::<f64>().unwrap());
            kib * 1024.0 / 1e6
        };
        Self {
            resident: megabytes("VmRSS:"),
            highest: megabytes("VmHWM:"),
        }
    }
}

/// Waits for a process, and answers its last figures before the end: CPU seconds and the largest resident memory in MB.
pub(crate) fn watch(child: &mut Child) -> (f64, f64) {
    let status = format!("/proc/{}/status", child.id());
    let stat = format!("/proc/{}/stat", child.id());
    let (mut cpu, mut memory) = (0.0, 0.0);
    while child.try_wait().unwrap().is_none() {
        // A process that has ended is in neither file any more.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let highest = text
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        memory = highest.map_or(memory, |kib| kib * 1024.0 / 1e6);
        let text = fs::read_to_string(&stat).unwrap_or_default();
        if let Some((_, rest)) = text.rsplit_once(')') {
            let fields: Vec<&str> = rest.split_whitespace().collect();
            cpu = (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / TICKS;
        }
        thread::sleep(Duration::from_millis(10));
    }
    (cpu, memory)
}
