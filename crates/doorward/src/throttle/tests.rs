use super::*;
use crate::store::{Database, DatabaseUrl};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

async fn throttle(folder: &tempfile::TempDir) -> Throttle {
    let url = DatabaseUrl::parse(&format!(
        "sqlite://{}",
        folder.path().join("t.db").display()
    ))
    .unwrap();
    let database = Database::connect(&url, 2).await.unwrap();
    database.migrate().await.unwrap();
    Throttle::new(Store::new(database), Some(ThrottlePolicy::default()))
}

fn network(last: u8) -> Network {
    IpAddr::from([192, 0, 2, last]).into()
}

/// Fails so often, with the last failure at `NOW` and the longest wait between two.
async fn fail(throttle: &Throttle, name: &[u8], network: Network, times: u32) {
    for left in (0..times).rev() {
        let now = before(NOW, Duration::from_secs(901) * left);
        throttle
            .admit(name, network, None, now)
            .await
            .unwrap()
            .failed(now)
            .await
            .unwrap();
    }
}

async fn wait(
    throttle: &Throttle,
    name: &[u8],
    network: Network,
    now: Timestamp,
) -> Option<Duration> {
    match throttle.admit(name, network, None, now).await {
        Ok(_) => None,
        Err(AdmissionError::Throttled(throttled)) => Some(throttled.retry_after),
        Err(AdmissionError::Store(error)) => panic!("{error}"),
    }
}

#[tokio::test]
async fn five_failures_are_free_and_then_the_wait_doubles() {
    for (failures, seconds) in [
        (4, None),
        (5, Some(1)),
        (6, Some(2)),
        (7, Some(4)),
        (14, Some(512)),
        (15, Some(900)),
        (26, Some(900)),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let throttle = throttle(&folder).await;
        fail(&throttle, b"alice", network(1), failures).await;
        let expected = seconds.map(Duration::from_secs);
        assert_eq!(wait(&throttle, b"alice", network(1), NOW).await, expected);
        let over = NOW.after(expected.unwrap_or_default());
        assert_eq!(wait(&throttle, b"alice", network(1), over).await, None);
    }
}

/// Answers keycloak#30939.
#[tokio::test]
async fn after_billions_of_failures_the_wait_is_still_fifteen_minutes() {
    let folder = tempfile::tempdir().unwrap();
    let throttle = throttle(&folder).await;
    // keycloak#30939: the wait overflowed, and nobody had to.
    for failures in [1_u64 << 31, 1 << 32, i64::MAX.unsigned_abs()] {
        let name = failures.to_be_bytes();
        let bucket = name_bucket(&name, network(1));
        let seen = FailureCount::default();
        let store = &throttle.store;
        assert!(
            store
                .set_failures_seen(&bucket, seen, 1, NOW)
                .await
                .unwrap()
        );
        let seen = store.find_login_failures(&bucket).await.unwrap();
        assert!(
            store
                .set_failures_seen(&bucket, seen, failures, NOW)
                .await
                .unwrap()
        );
        let longest = Some(Duration::from_mins(15));
        assert_eq!(wait(&throttle, &name, network(1), NOW).await, longest);
        let over = NOW.after(Duration::from_mins(15));
        let admission = throttle.admit(&name, network(1), None, over).await.unwrap();
        admission.failed(over).await.unwrap();
        assert_eq!(wait(&throttle, &name, network(1), over).await, longest);
    }
}

#[tokio::test]
async fn failures_elsewhere_do_not_slow_the_owner_down() {
    let folder = tempfile::tempdir().unwrap();
    let throttle = throttle(&folder).await;
    fail(&throttle, b"alice", network(1), 12).await;
    assert_eq!(wait(&throttle, b"alice", network(2), NOW).await, None);
}

#[tokio::test]
async fn a_success_forgets_the_failures() {
    let folder = tempfile::tempdir().unwrap();
    let throttle = throttle(&folder).await;
    fail(&throttle, b"alice", network(1), 5).await;
    let later = NOW.after(Duration::from_secs(5));
    let admission = throttle.admit(b"alice", network(1), None, later).await;
    admission.unwrap().succeeded(later).await.unwrap();
    assert_eq!(wait(&throttle, b"alice", network(1), NOW).await, None);
}

#[tokio::test]
async fn a_network_that_tries_many_names_has_to_wait_too() {
    let folder = tempfile::tempdir().unwrap();
    let throttle = throttle(&folder).await;
    for n in 0..10_u32 {
        fail(&throttle, &n.to_be_bytes(), network(1), 1).await;
    }
    assert_eq!(
        wait(&throttle, b"another", network(1), NOW).await,
        Some(Duration::from_secs(3))
    );
    assert_eq!(wait(&throttle, b"another", network(2), NOW).await, None);
}

/// Answers CVE-2019-5421.
#[tokio::test]
async fn guesses_sent_at_once_do_not_slip_through_together() {
    let folder = tempfile::tempdir().unwrap();
    let throttle = throttle(&folder).await;
    fail(&throttle, b"alice", network(1), 3).await;
    let first = throttle
        .admit(b"alice", network(1), None, NOW)
        .await
        .unwrap();
    let second = throttle
        .admit(b"alice", network(1), None, NOW)
        .await
        .unwrap();
    assert!(wait(&throttle, b"alice", network(1), NOW).await.is_some());
    drop((first, second));
    assert_eq!(wait(&throttle, b"alice", network(1), NOW).await, None);
}

#[test]
fn an_ipv6_network_is_its_first_half() {
    let a: IpAddr = "2001:db8:1:2:3::4".parse().unwrap();
    let b: IpAddr = "2001:db8:1:2:ffff::1".parse().unwrap();
    let c: IpAddr = "2001:db8:1:3::1".parse().unwrap();
    assert_eq!(Network::from(a), Network::from(b));
    assert_ne!(Network::from(a), Network::from(c));
    let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
    assert_eq!(Network::from(mapped), network(1));
}

#[tokio::test]
async fn an_allowance_is_spent_per_purpose_and_key_and_comes_back_with_the_next_window() {
    let folder = tempfile::tempdir().unwrap();
    let throttle = throttle(&folder).await;
    let three = Allowance::per_hour(3);
    let spend = async |purpose: &str, key: &[u8], seconds: u64| {
        let now = NOW.after(Duration::from_secs(seconds));
        match throttle.spend(purpose, key, three, now).await {
            Ok(()) => None,
            Err(AdmissionError::Throttled(throttled)) => Some(throttled.retry_after.as_secs()),
            Err(AdmissionError::Store(error)) => panic!("{error}"),
        }
    };
    for seconds in [0, 10, 20] {
        assert_eq!(spend("mail", b"a", seconds).await, None);
    }
    assert_eq!(spend("mail", b"a", 600).await, Some(3000));
    assert_eq!(spend("mail", b"b", 600).await, None);
    assert_eq!(spend("else", b"a", 600).await, None);
    assert_eq!(spend("mail", b"a", 3599).await, Some(1));
    for seconds in [3600, 3601, 3602] {
        assert_eq!(spend("mail", b"a", seconds).await, None);
    }
    assert_eq!(spend("mail", b"a", 3603).await, Some(3597));
}
