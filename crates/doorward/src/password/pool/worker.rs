//! One hashing thread.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::Ordering,
    time::Duration,
};

use super::super::KdfMemory;
use super::queue::Admitted;
use super::shared::{Next, Shared, Work};

/// How far below normal priority the threads run. Measured on two cores under a storm of logins:
/// token verification at p99 0.4 ms with nice 10, 3.7 ms with nice 0, at the same hash rate.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// How long a thread keeps its memory without a job: logins that follow each other do not pay for it anew, and soon after a storm
/// nothing is held for the next one.
const KEEPS_MEMORY: Duration = Duration::from_secs(10);

/// Runs jobs until the pool is dropped.
pub(super) fn run(shared: &Shared, usual_kib: u32) {
    lower_priority();
    let mut memory = KdfMemory::new(usual_kib);
    loop {
        let patience = (memory.held_kib() > 0).then_some(KEEPS_MEMORY);
        match shared.next(patience) {
            Next::Job(job) => run_job(shared, job, &mut memory),
            Next::Quiet => memory.release(),
            Next::Stopped => return,
        }
    }
}

fn run_job(shared: &Shared, job: Admitted<Work>, memory: &mut KdfMemory) {
    let work = job.work;
    shared.counters.running.fetch_add(1, Ordering::Relaxed);
    if catch_unwind(AssertUnwindSafe(|| work(memory))).is_err() {
        // The blocks are wiped by their lease; the job's caller sees its reply dropped.
        shared.counters.panicked.fetch_add(1, Ordering::Relaxed);
        tracing::error!("a password hashing job panicked");
    }
    shared.counters.running.fetch_sub(1, Ordering::Relaxed);
    shared.release(job.mib);
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

#[cfg(test)]
mod tests {
    use super::super::queue::Lane;
    use super::*;

    #[test]
    fn a_thread_that_waits_in_vain_hears_so_and_then_gets_its_job_and_the_end() {
        let shared = Shared::new(1, 64);
        assert!(matches!(shared.next(Some(Duration::ZERO)), Next::Quiet));
        assert!(shared.submit(Lane::Ordinary, 1, Box::new(|_| ())).is_ok());
        assert!(matches!(shared.next(Some(Duration::ZERO)), Next::Job(_)));
        shared.stop();
        assert!(matches!(shared.next(Some(Duration::ZERO)), Next::Stopped));
        assert!(matches!(shared.next(None), Next::Stopped));
    }
}
