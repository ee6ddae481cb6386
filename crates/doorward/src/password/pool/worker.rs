//! One hashing thread.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::Ordering,
};

use super::super::KdfMemory;
use super::shared::Shared;

/// How far below normal priority the threads run. Measured on two cores under a storm of logins:
/// token verification at p99 0.4 ms with nice 10, 3.7 ms with nice 0, at the same hash rate.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Runs jobs until the pool is dropped.
pub(super) fn run(shared: &Shared, usual_kib: u32) {
    lower_priority();
    let mut memory = KdfMemory::new(usual_kib);
    while let Some(job) = shared.next() {
        let work = job.work;
        shared.counters.running.fetch_add(1, Ordering::Relaxed);
        if catch_unwind(AssertUnwindSafe(|| work(&mut memory))).is_err() {
            // The blocks are wiped by their lease; the job's caller sees its reply dropped.
            shared.counters.panicked.fetch_add(1, Ordering::Relaxed);
            tracing::error!("a password hashing job panicked");
        }
        shared.counters.running.fetch_sub(1, Ordering::Relaxed);
        shared.release(job.mib);
    }
}

/// Needs no privilege. On Linux the priority belongs to the thread, elsewhere to the process,
/// where lowering it would slow down the server itself.
#[cfg(target_os = "linux")]
fn lower_priority() {
    let thread = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(thread), NICE) {
        tracing::debug!(%error, "the priority of a password hashing thread could not be lowered");
    }
}

#[cfg(not(target_os = "linux"))]
fn lower_priority() {
    tracing::debug!("password hashing threads run at normal priority on this platform");
}
