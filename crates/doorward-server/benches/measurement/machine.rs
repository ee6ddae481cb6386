//! The machine: what it is, and how much of it others used.

use std::fs;

/// Kernel ticks per second in `/proc`: 100 on every Linux that matters here.
pub(crate) const TICKS: f64 = 100.0;

/// One line: cores and processor.
pub(crate) fn describe() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("unknown processor", |(_, model)| model.trim());
    format!("{} cores, {model}", cores())
}

/// How many cores this process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().unwrap().get()
}

/// Busy and all time of all cores so far, in seconds; time stolen by the host counts as busy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MachineTime {
    busy: f64,
    all: f64,
}

impl MachineTime {
    pub(crate) fn now() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap();
        let ticks: Vec<f64> = stat
            .lines()
            .next()
            .unwrap()
            .split_whitespace()
            .skip(1)
            .take(8)
            .map(|field| field.parse().unwrap())
            .collect();
        let all: f64 = ticks.iter().sum();
        // user nice system IDLE IOWAIT irq softirq steal
        let idle = ticks[3] + ticks[4];
        Self {
            busy: (all - idle) / TICKS,
            all: all / TICKS,
        }
    }

    /// The share of the machine, 0 to 1, that was busy since `earlier` with other things than `ours` CPU seconds.
    pub(crate) fn others_since(self, earlier: Self, ours: f64) -> f64 {
        ((self.busy - earlier.busy - ours) / (self.all - earlier.all)).max(0.0)
    }
}
