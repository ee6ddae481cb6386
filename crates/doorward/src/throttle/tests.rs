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

#[tokio::test]
async fn whoever_asks_hears_how_many_failures_are_left() {
    let folder = tempfile::tempdir().unwrap();
    let throttle = throttle(&folder).await;
    let standing = async |now| {
        let standing = throttle.standing(b"alice", network(1), now).await.unwrap();
        let standing = standing.unwrap();
        assert_eq!((standing.quota, standing.window), (5, QUIET));
        (standing.remaining, standing.reset)
    };
    assert_eq!(standing(NOW).await, (5, None));
    fail(&throttle, b"alice", network(1), 2).await;
    assert_eq!(standing(NOW).await, (3, Some(QUIET)));
    let later = NOW.after(Duration::from_hours(23));
    assert_eq!(standing(later).await, (3, Some(Duration::from_hours(1))));
    // A day after the last failure all is forgotten, and not a moment before.
    let last = NOW.after(QUIET);
    assert_eq!(standing(last).await, (3, Some(Duration::ZERO)));
    let over = last.after(Duration::from_millis(1));
    assert_eq!(standing(over).await, (5, None));
    fail(&throttle, b"alice", network(1), 3).await;
    assert_eq!(standing(NOW).await, (0, Some(Duration::from_secs(1))));
    // When the wait is over there is one more.
    let next = NOW.after(Duration::from_secs(1));
    assert_eq!(standing(next).await.0, 1);
    // A network with one failure left has one left for each name.
    for n in 0..9_u32 {
        fail(&throttle, &n.to_be_bytes(), network(2), 1).await;
    }
    let other = throttle.standing(b"alice", network(2), NOW).await.unwrap();
    assert_eq!(other.map(|other| other.remaining), Some(1));
}

#[test]
fn what_has_been_quiet_is_forgotten() {
    let count = FailureCount {
        failures: 7,
        last_failed_at: Some(NOW),
    };
    for (rule, quiet) in [
        (Rule::Name, Duration::from_hours(24)),
        (Rule::Device, Duration::from_hours(24)),
        (Rule::Network, Duration::from_mins(10)),
    ] {
        let last = NOW.after(quiet);
        assert_eq!(rule.current(count, last), 7);
        assert_eq!(rule.current(count, last.after(Duration::from_millis(1))), 0);
        assert_eq!(rule.current(FailureCount::default(), NOW), 0);
    }
}

#[tokio::test]
async fn a_known_device_has_five_failures_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let throttle = throttle(&folder).await;
    fail(&throttle, b"alice", network(1), 6).await;
    let device = Some(KnownDevice([7; 32]));
    for _ in 0..5 {
        let admission = throttle.admit(b"alice", network(1), device, NOW).await;
        let admission = admission.unwrap();
        assert!(admission.is_of_known_device());
        admission.failed(NOW).await.unwrap();
    }
    let sixth = throttle.admit(b"alice", network(1), device, NOW).await;
    assert!(matches!(sixth, Err(AdmissionError::Throttled(_))));
    // Where nobody waits it is treated as any other.
    let elsewhere = throttle.admit(b"alice", network(2), device, NOW).await;
    assert!(!elsewhere.unwrap().is_of_known_device());
    // A success is what clears its failures.
    let other = Some(KnownDevice([8; 32]));
    for _ in 0..3 {
        for _ in 0..4 {
            let admission = throttle.admit(b"alice", network(1), other, NOW).await;
            admission.unwrap().failed(NOW).await.unwrap();
        }
        let admission = throttle.admit(b"alice", network(1), other, NOW).await;
        admission.unwrap().succeeded(NOW).await.unwrap();
    }
    assert!(matches!(
        throttle.admit(b"alice", network(1), None, NOW).await,
        Err(AdmissionError::Throttled(_))
    ));
}

#[tokio::test]
async fn an_attempt_that_finds_no_room_when_it_ends_learns_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let throttle = throttle(&folder).await;
    fail(&throttle, b"alice", network(1), 3).await;
    let [first, second] = [
        throttle.admit(b"alice", network(1), None, NOW).await,
        throttle.admit(b"alice", network(1), None, NOW).await,
    ];
    let of_network = network_bucket(network(1));
    let before = throttle.store.find_login_failures(&of_network).await;
    let before = before.unwrap().failures;
    // Meanwhile another node has counted two.
    let bucket = name_bucket(b"alice", network(1));
    let store = &throttle.store;
    let seen = store.find_login_failures(&bucket).await.unwrap();
    assert!(
        store
            .set_failures_seen(&bucket, seen, 5, NOW)
            .await
            .unwrap()
    );
    for ended in [
        first.unwrap().failed(NOW).await,
        second.unwrap().succeeded(NOW).await,
    ] {
        let Err(AdmissionError::Throttled(throttled)) = ended else {
            panic!("{ended:?}");
        };
        assert_eq!(throttled.retry_after, Duration::from_secs(1));
    }
    // Neither was counted, nor did the right password clear anything.
    let seen = store.find_login_failures(&bucket).await.unwrap();
    assert_eq!(seen.failures, 5);
    let seen = store.find_login_failures(&of_network).await.unwrap();
    assert_eq!(seen.failures, before);
}

#[tokio::test]
async fn without_limits_everybody_passes_and_nothing_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let store = throttle(&folder).await.store;
    let throttle = Throttle::new(store, None).with_registrations(Allowance::per_hour(0));
    let none = Allowance::per_hour(0);
    for _ in 0..20 {
        let admission = throttle.admit(b"alice", network(1), None, NOW).await;
        let admission = admission.unwrap();
        assert!(!admission.is_of_known_device());
        admission.failed(NOW).await.unwrap();
        let admission = throttle.admit(b"alice", network(1), None, NOW).await;
        admission.unwrap().succeeded(NOW).await.unwrap();
        throttle.spend("mail", b"a", none, NOW).await.unwrap();
        throttle.spend_registration(network(1), NOW).await.unwrap();
    }
    let standing = throttle.standing(b"alice", network(1), NOW).await.unwrap();
    assert_eq!(standing, None);
    let of_network = throttle.standing_of_network("mail", network(1), none, NOW);
    assert_eq!(of_network.await.unwrap(), None);
    let bucket = name_bucket(b"alice", network(1));
    let seen = throttle.store.find_login_failures(&bucket).await.unwrap();
    assert_eq!(seen, FailureCount::default());
    assert!(throttle.devices().is_none());
}

#[tokio::test]
async fn a_network_hears_how_many_registrations_are_left() {
    let folder = tempfile::tempdir().unwrap();
    let two = Allowance::per_hour(2);
    let throttle = throttle(&folder).await.with_registrations(two);
    let standing = async |now| {
        let standing = throttle.standing_of_network("registration", network(1), two, now);
        let standing = standing.await.unwrap().unwrap();
        assert_eq!(standing.quota, 2);
        assert_eq!(standing.window, Duration::from_hours(1));
        (standing.remaining, standing.reset)
    };
    assert_eq!(standing(NOW).await, (2, None));
    throttle.spend_registration(network(1), NOW).await.unwrap();
    assert_eq!(standing(NOW).await, (1, Some(Duration::from_hours(1))));
    let later = NOW.after(Duration::from_mins(50));
    throttle
        .spend_registration(network(1), later)
        .await
        .unwrap();
    assert_eq!(standing(later).await, (0, Some(Duration::from_mins(10))));
    let third = throttle.spend_registration(network(1), later).await;
    assert!(matches!(third, Err(AdmissionError::Throttled(throttled))
        if throttled.retry_after == Duration::from_mins(10)));
    throttle
        .spend_registration(network(2), later)
        .await
        .unwrap();
    let over = NOW.after(Duration::from_hours(1));
    assert_eq!(standing(over).await, (2, None));
    let none = Allowance::per_hour(0);
    let refused = throttle.spend("mail", b"a", none, NOW).await;
    assert!(matches!(refused, Err(AdmissionError::Throttled(throttled))
        if throttled.retry_after == Duration::from_secs(1)));
}

#[tokio::test]
async fn counts_that_have_been_quiet_for_a_day_are_purged() {
    let folder = tempfile::tempdir().unwrap();
    let throttle = throttle(&folder).await;
    fail(&throttle, b"alice", network(1), 1).await;
    let later = NOW.after(Duration::from_hours(1));
    let admission = throttle.admit(b"bob", network(2), None, later).await;
    admission.unwrap().failed(later).await.unwrap();
    let last = NOW.after(QUIET);
    assert_eq!(throttle.purge(last).await.unwrap(), 0);
    let over = last.after(Duration::from_millis(1));
    // Alice's name and her network.
    assert_eq!(throttle.purge(over).await.unwrap(), 2);
    assert_eq!(throttle.purge(over).await.unwrap(), 0);
}
