use super::*;
use crate::password::{Argon2idParams, SaltUnavailable};
use std::{
    num::NonZeroUsize,
    sync::{
        atomic::{AtomicBool, AtomicUsize},
        mpsc,
    },
    time::Duration,
};
use tokio::task::{JoinHandle, yield_now};

/// Ends a test that would otherwise hang; never waited for in a passing one.
const HANG: Duration = Duration::from_secs(30);

fn config(threads: usize, max_waiting: usize, budget_mib: u32) -> HashPoolConfig {
    HashPoolConfig {
        budget_mib,
        max_waiting: NonZeroUsize::new(max_waiting).unwrap(),
        form: Argon2idParams::new(7_168, 5, 1).unwrap().into(),
        ..HashPoolConfig::with_threads(NonZeroUsize::new(threads).unwrap())
    }
}

fn pool(threads: usize, max_waiting: usize, budget_mib: u32) -> Arc<HashPool> {
    Arc::new(HashPool::start(config(threads, max_waiting, budget_mib)).unwrap())
}

fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

/// A running job that lasts until it is told to end.
struct Blocker {
    end: mpsc::Sender<()>,
    ended: JoinHandle<Result<(), HashPoolError>>,
}

impl Blocker {
    /// Returns once the job runs.
    async fn start(pool: &Arc<HashPool>, mib: u32) -> Self {
        let (end, wait) = mpsc::channel();
        let (started, has_started) = oneshot::channel();
        let pool = Arc::clone(pool);
        let ended = tokio::spawn(async move {
            pool.run(Lane::Ordinary, mib * 1024, move |_| {
                started.send(()).unwrap();
                wait.recv_timeout(HANG).unwrap();
            })
            .await
        });
        has_started.await.unwrap();
        Self { end, ended }
    }

    async fn end(self) -> Result<(), HashPoolError> {
        self.end.send(()).unwrap();
        self.ended.await.unwrap()
    }
}

/// Queues a job that sets the flag, and returns once it is in the queue.
async fn queue_flag(
    pool: &Arc<HashPool>,
    mib: u32,
) -> (Arc<AtomicBool>, JoinHandle<Result<(), HashPoolError>>) {
    let has_run = Arc::new(AtomicBool::new(false));
    let already = pool.counters().waiting;
    let task = tokio::spawn({
        let (pool, has_run) = (Arc::clone(pool), Arc::clone(&has_run));
        async move {
            pool.run(Lane::Ordinary, mib * 1024, move |_| {
                has_run.store(true, Ordering::SeqCst);
            })
            .await
        }
    });
    while pool.counters().waiting == already {
        yield_now().await;
    }
    (has_run, task)
}

fn is_busy<T>(result: &Result<T, HashPoolError>) -> bool {
    matches!(result, Err(HashPoolError::Busy { .. }))
}

#[tokio::test]
async fn a_hash_made_by_the_pool_verifies_its_password_only() {
    let pool = pool(2, 8, 64);
    let hash = Arc::new(pool.hash(password("correct horse")).await.unwrap());
    assert!(hash.as_str().starts_with("$argon2id$v=19$m=7168,t=5,p=1$"));
    assert!(
        pool.verify(password("correct horse"), Arc::clone(&hash))
            .await
            .unwrap()
    );
    assert!(!pool.verify(password("wrong horse"), hash).await.unwrap());
    let counters = pool.counters();
    assert_eq!((counters.hashed, counters.verified), (1, 2));
}

#[tokio::test]
async fn a_shared_password_can_be_verified_and_then_hashed_anew() {
    let pool = pool(1, 8, 64);
    let password = Arc::new(password("correct horse"));
    let old = pool.hash(Arc::clone(&password)).await.unwrap();
    assert!(
        pool.verify(Arc::clone(&password), old.clone())
            .await
            .unwrap()
    );
    let new = pool.hash(password).await.unwrap();
    assert_ne!(old.as_str(), new.as_str());
}

#[tokio::test]
async fn a_werkzeug_hash_is_verified_on_the_same_threads() {
    let pool = pool(1, 8, 64);
    let hash = PasswordHash::parse(
        "pbkdf2:sha256:1000$YjSVATsIytVhXwiz$78238362a4cc756cbbe9d81b65074394b55d7f3f5b28021891eaa8dd2045b987",
    )
    .unwrap();
    assert!(pool.verify(password("pw"), hash).await.unwrap());
}

/// Answers CVE-2021-29621, CVE-2022-21659.
#[tokio::test]
async fn an_unknown_user_costs_a_verification_and_is_never_let_in() {
    let pool = pool(1, 8, 64);
    assert_eq!(pool.verify_unknown(password("anything")).await, Ok(false));
    assert_eq!(pool.counters().verified, 1);
    assert_eq!(
        pool.dummy.memory_kib(),
        pool.form().memory_kib(),
        "the dummy must cost what a real hash costs"
    );
}

#[tokio::test]
async fn a_full_queue_answers_busy_and_says_when_to_come_back() {
    let pool = pool(1, 1, 64);
    let blocker = Blocker::start(&pool, 1).await;
    let (has_run, waiting) = queue_flag(&pool, 1).await;
    let mut waits = Vec::new();
    for _ in 0..10 {
        match pool.verify_unknown(password("anything")).await {
            Err(HashPoolError::Busy { retry_after }) => waits.push(retry_after.as_secs()),
            other => panic!("not busy: {other:?}"),
        }
    }
    assert_eq!(waits, [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
    assert_eq!(pool.counters().rejected_busy, 10);
    blocker.end().await.unwrap();
    waiting.await.unwrap().unwrap();
    assert!(has_run.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_job_that_waits_too_long_is_refused_and_never_runs() {
    let pool = pool(1, 8, 64);
    let blocker = Blocker::start(&pool, 1).await;
    // Paused only while no thread of the pool is waited for: an idle runtime skips time ahead.
    tokio::time::pause();
    let start = tokio::time::Instant::now();
    let (has_run, late) = queue_flag(&pool, 1).await;
    assert!(is_busy(&late.await.unwrap()));
    assert!(start.elapsed() >= HashPoolConfig::MAX_WAIT);
    tokio::time::resume();
    let counters = pool.counters();
    assert_eq!(
        (
            counters.waiting,
            counters.rejected_busy,
            counters.skipped_gone
        ),
        (0, 1, 0)
    );
    blocker.end().await.unwrap();
    pool.run(Lane::Ordinary, 1, |_| ()).await.unwrap();
    assert!(!has_run.load(Ordering::SeqCst));
}

#[tokio::test]
async fn the_deadline_does_not_cut_a_job_that_runs() {
    let pool = pool(1, 8, 64);
    let blocker = Blocker::start(&pool, 1).await;
    tokio::time::pause();
    tokio::time::sleep(10 * HashPoolConfig::MAX_WAIT).await;
    tokio::time::resume();
    assert_eq!(blocker.end().await, Ok(()));
}

#[tokio::test]
async fn a_job_whose_caller_has_gone_is_skipped() {
    let pool = pool(1, 8, 64);
    let blocker = Blocker::start(&pool, 1).await;
    let (has_run, gone) = queue_flag(&pool, 1).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    let counters = pool.counters();
    assert_eq!((counters.waiting, counters.skipped_gone), (0, 1));
    blocker.end().await.unwrap();
    pool.run(Lane::Ordinary, 1, |_| ()).await.unwrap();
    assert!(!has_run.load(Ordering::SeqCst));
}

#[tokio::test]
async fn jobs_behind_a_heavy_one_start_when_its_caller_goes() {
    let pool = pool(2, 8, 64);
    let blocker = Blocker::start(&pool, 40).await;
    let (heavy_has_run, heavy) = queue_flag(&pool, 64).await;
    let (_, light) = queue_flag(&pool, 1).await;
    heavy.abort();
    // The second thread has room for the light job while the blocker still runs.
    light.await.unwrap().unwrap();
    assert!(!heavy_has_run.load(Ordering::SeqCst));
    blocker.end().await.unwrap();
}

#[tokio::test]
async fn an_idle_thread_does_not_start_a_job_beyond_the_memory_budget() {
    let pool = pool(2, 8, 64);
    let blocker = Blocker::start(&pool, 40).await;
    let (first_has_run, first) = queue_flag(&pool, 40).await;
    let (second_has_run, second) = queue_flag(&pool, 1).await;
    // The second thread may start neither the heavy job nor the light one behind it.
    assert_eq!(pool.counters().waiting, 2);
    assert!(!first_has_run.load(Ordering::SeqCst) && !second_has_run.load(Ordering::SeqCst));
    blocker.end().await.unwrap();
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_that_run_together_stay_within_the_memory_budget() {
    let pool = pool(4, 64, 100);
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let jobs: Vec<_> = (0..40)
        .map(|number| {
            let mib = [30, 45, 60, 99][number % 4];
            let (pool, running, most) =
                (Arc::clone(&pool), Arc::clone(&running), Arc::clone(&most));
            tokio::spawn(async move {
                pool.run(Lane::Ordinary, mib * 1024, move |_| {
                    let now = running.fetch_add(mib as usize, Ordering::SeqCst) + mib as usize;
                    most.fetch_max(now, Ordering::SeqCst);
                    // Lets the other threads run meanwhile, so that an overrun shows.
                    for _ in 0..1000 {
                        thread::yield_now();
                    }
                    running.fetch_sub(mib as usize, Ordering::SeqCst);
                })
                .await
            })
        })
        .collect();
    for job in jobs {
        job.await.unwrap().unwrap();
    }
    let most = most.load(Ordering::SeqCst);
    assert!(most <= 100, "{most} MiB at once");
}

#[tokio::test]
async fn a_job_heavier_than_the_whole_budget_runs() {
    let pool = pool(2, 8, 4);
    assert!(pool.hash(password("correct horse")).await.is_ok());
}

/// scrypt as Werkzeug writes it takes 33 MiB beside the 10 that are taken of 40.
#[tokio::test]
async fn a_hash_in_another_form_and_the_unknown_user_wait_for_the_memory_of_that_form() {
    let config = HashPoolConfig {
        form: NewHashForm::WerkzeugScrypt,
        ..config(2, 8, 40)
    };
    let pool = Arc::new(HashPool::start(config).unwrap());
    let blocker = Blocker::start(&pool, 10).await;
    let jobs = [true, false].map(|known| {
        let pool = Arc::clone(&pool);
        tokio::spawn(async move {
            if known {
                let hash = pool.hash(password("correct horse")).await.unwrap();
                hash.scheme().to_string()
            } else {
                let known = pool.verify_unknown(password("correct horse")).await;
                known.unwrap().to_string()
            }
        })
    });
    let waiting = || {
        let counters = pool.counters();
        counters.waiting < 2 && counters.hashed + counters.verified == 0
    };
    while waiting() {
        yield_now().await;
    }
    assert_eq!(pool.counters().waiting, 2);
    blocker.end().await.unwrap();
    let mut answers = Vec::new();
    for job in jobs {
        answers.push(job.await.unwrap());
    }
    assert_eq!(answers, ["werkzeug-scrypt", "false"]);
}

#[tokio::test]
async fn a_panic_is_an_error_for_its_caller_and_the_thread_goes_on() {
    let pool = pool(1, 8, 64);
    let panicked = pool
        .run(Lane::Ordinary, 64 * 1024, |_| panic!("on purpose"))
        .await;
    assert_eq!(panicked, Err::<(), _>(HashPoolError::Panicked));
    // One thread and the whole budget: both must have come back.
    assert_eq!(pool.run(Lane::Ordinary, 64 * 1024, |_| 7).await, Ok(7));
    assert_eq!(pool.counters().panicked, 1);
}

#[tokio::test]
async fn a_random_source_that_fails_is_an_error() {
    let calls = AtomicUsize::new(0);
    let salts = SaltSource::new(move |salt| {
        salt.fill(1);
        match calls.fetch_add(1, Ordering::SeqCst) {
            // The dummy hash takes two.
            0 | 1 => Ok(()),
            _ => Err(SaltUnavailable),
        }
    });
    let pool = HashPool::start(HashPoolConfig {
        salts,
        ..config(1, 8, 64)
    })
    .unwrap();
    assert_eq!(
        pool.hash(password("correct horse")).await.unwrap_err(),
        HashPoolError::Salt(SaltUnavailable)
    );
}

#[tokio::test]
async fn the_queue_says_when_it_is_more_than_half_full() {
    let pool = pool(1, 2, 64);
    let blocker = Blocker::start(&pool, 1).await;
    let (_, first) = queue_flag(&pool, 1).await;
    assert!(!pool.is_more_than_half_full());
    let (_, second) = queue_flag(&pool, 1).await;
    assert!(pool.is_more_than_half_full());
    blocker.end().await.unwrap();
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert!(!pool.is_more_than_half_full());
}

#[tokio::test]
async fn every_thread_works() {
    let pool = pool(3, 8, 64);
    let blockers = [
        Blocker::start(&pool, 1).await,
        Blocker::start(&pool, 1).await,
        Blocker::start(&pool, 1).await,
    ];
    for blocker in blockers {
        blocker.end().await.unwrap();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn jobs_run_at_nice_ten_or_below() {
    let pool = pool(1, 8, 64);
    let nice = pool
        .run(Lane::Ordinary, 1, |_| {
            rustix::process::getpriority_process(Some(rustix::thread::gettid()))
        })
        .await
        .unwrap();
    assert!(nice.unwrap() >= 10);
}

#[tokio::test]
async fn the_threads_end_when_the_pool_is_dropped() {
    let (alive, all_dropped) = mpsc::channel::<()>();
    let shared = {
        let pool = pool(3, 8, 64);
        // Lives in a thread's local storage, so it is dropped when the thread ends.
        let blockers = [
            Blocker::start(&pool, 1).await,
            Blocker::start(&pool, 1).await,
            Blocker::start(&pool, 1).await,
        ];
        for blocker in blockers {
            blocker.end().await.unwrap();
        }
        for _ in 0..3 {
            let alive = alive.clone();
            pool.run(Lane::Ordinary, 1, move |_| ALIVE.set(Some(alive)))
                .await
                .unwrap();
        }
        Arc::downgrade(&pool.shared)
    };
    drop(alive);
    assert_eq!(
        all_dropped.recv_timeout(HANG),
        Err(mpsc::RecvTimeoutError::Disconnected)
    );
    drop(shared);
}

thread_local! {
    static ALIVE: std::cell::Cell<Option<mpsc::Sender<()>>> = const { std::cell::Cell::new(None) };
}

#[test]
fn debug_output_and_messages_hold_no_hash() {
    let pool = HashPool::start(config(1, 8, 64)).unwrap();
    let shown = format!("{pool:?}");
    assert!(!shown.contains("$argon2id$"), "{shown}");
}
