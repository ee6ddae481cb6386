//! Guesses sent at once to two nodes over one database: no more of them learn anything than if they came one by one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may stop at once, and reads which servers it may use from the environment"
)]

mod databases;

use std::{net::IpAddr, sync::Arc, time::Duration};

use databases::Databases;
use doorward::{
    clock::Timestamp,
    store::Store,
    throttle::{AdmissionError, Allowance, Network, Throttle, ThrottlePolicy},
};
use tokio::sync::Barrier;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn nodes(stores: &[Store; 2]) -> [Arc<Throttle>; 2] {
    stores
        .clone()
        .map(|store| Arc::new(Throttle::new(store, Some(ThrottlePolicy::default()))))
}

fn network() -> Network {
    IpAddr::from([192, 0, 2, 1]).into()
}

/// What became of guesses that were all admitted before the first of them was counted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    /// Hashed.
    admitted: usize,
    /// Answered with what the hash said.
    learnt: usize,
}

/// Sends `each` guesses to each node; the last of all is right, if so.
async fn guess(nodes: &[Arc<Throttle>; 2], each: usize, now: Timestamp, right: bool) -> Outcome {
    let everybody_asked = Arc::new(Barrier::new(2 * each));
    let tasks: Vec<_> = (0..2 * each)
        .map(|number| {
            let throttle = Arc::clone(&nodes[number % 2]);
            let everybody_asked = Arc::clone(&everybody_asked);
            let right = right && number + 1 == 2 * each;
            tokio::spawn(async move {
                let admission = throttle.admit(b"una", network(), None, now).await;
                everybody_asked.wait().await;
                let Ok(admission) = admission else {
                    return (false, false);
                };
                let counted = if right {
                    admission.succeeded(now).await
                } else {
                    admission.failed(now).await
                };
                match counted {
                    Ok(()) => (true, true),
                    Err(AdmissionError::Throttled(_)) => (true, false),
                    Err(AdmissionError::Store(error)) => panic!("{error}"),
                }
            })
        })
        .collect();
    let mut outcome = Outcome::default();
    for task in tasks {
        let (admitted, learnt) = task.await.unwrap();
        outcome.admitted += usize::from(admitted);
        outcome.learnt += usize::from(learnt);
    }
    outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn of_guesses_at_two_nodes_at_once_exactly_the_free_ones_learn_anything() {
    let databases = Databases::fresh().await;
    for stores in databases.pairs().await {
        let nodes = nodes(&stores);
        let outcome = guess(&nodes, 40, NOW, false).await;
        assert_eq!(outcome.learnt, 5, "CVE-2019-5421");
        assert_eq!(outcome.admitted, 10, "each process hashes five at most");
        // Then one for each wait, however many ask.
        let mut now = NOW;
        for seconds in [1, 2, 4] {
            let early = now.after(Duration::from_millis(seconds * 1000 - 1));
            assert_eq!(guess(&nodes, 10, early, false).await, Outcome::default());
            now = now.after(Duration::from_secs(seconds));
            assert_eq!(guess(&nodes, 10, now, false).await.learnt, 1);
        }
    }
}

#[tokio::test]
async fn a_right_password_that_comes_too_late_is_refused_like_a_wrong_one() {
    let databases = Databases::fresh().await;
    for stores in databases.pairs().await {
        let [here, there] = nodes(&stores);
        let right = here.admit(b"una", network(), None, NOW).await.unwrap();
        for _ in 0..5 {
            let wrong = there.admit(b"una", network(), None, NOW).await.unwrap();
            wrong.failed(NOW).await.unwrap();
        }
        let refused = right.succeeded(NOW).await;
        assert!(
            matches!(refused, Err(AdmissionError::Throttled(throttled)) if throttled.retry_after.as_secs() == 1)
        );
        // It has not cleared the count either.
        assert!(here.admit(b"una", network(), None, NOW).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allowance_spent_at_two_nodes_at_once_is_spent_exactly() {
    let databases = Databases::fresh().await;
    for stores in databases.pairs().await {
        let nodes = nodes(&stores);
        let tasks: Vec<_> = (0..40)
            .map(|number| {
                let throttle = Arc::clone(&nodes[number % 2]);
                tokio::spawn(async move {
                    let ten = Allowance::per_hour(10);
                    throttle.spend("test", b"key", ten, NOW).await.is_ok()
                })
            })
            .collect();
        let mut passed = 0;
        for task in tasks {
            passed += usize::from(task.await.unwrap());
        }
        assert_eq!(passed, 10);
    }
}
