use super::*;

fn session(byte: u8) -> SessionId {
    SessionId::from_bytes([byte; 16])
}

fn remember(revocations: &Revocations, revoked: Revoked, expires: i64) {
    revocations.remember(revoked, Timestamp::from_millis(expires));
}

#[test]
fn a_session_or_an_epoch_is_refused_until_nobody_can_have_a_token() {
    let revocations = Revocations::default();
    let (user, other) = (UserId::new(7), UserId::new(71));
    assert!(!revocations.refuse(user, Some(session(1)), 0));
    remember(&revocations, Revoked::Session(session(1)), 100);
    remember(&revocations, Revoked::User { user, epoch: 3 }, 200);
    assert!(revocations.refuse(other, Some(session(1)), 9));
    assert!(!revocations.refuse(other, Some(session(2)), 0));
    assert!(revocations.refuse(user, None, 2));
    assert!(!revocations.refuse(user, None, 3));
    // An older row that arrives late does not bring back what a later one made void.
    remember(&revocations, Revoked::User { user, epoch: 2 }, 150);
    assert!(revocations.refuse(user, None, 2));
    revocations.forget_expired(Timestamp::from_millis(150));
    assert!(!revocations.refuse(other, Some(session(1)), 9));
    assert!(revocations.refuse(user, None, 2));
    revocations.forget_expired(Timestamp::from_millis(200));
    assert!(revocations.is_empty());
}

#[test]
fn numbers_are_read_again_until_nothing_below_them_can_appear() {
    let mut follower = Follower::default();
    let start = Instant::now();
    follower.note(5, start);
    follower.note(9, start + UNSETTLED / 2);
    follower.note(9, start + UNSETTLED - Duration::from_millis(1));
    assert_eq!(follower.settled, 0);
    follower.note(9, start + UNSETTLED);
    assert_eq!(follower.settled, 5);
    follower.note(12, start + UNSETTLED * 2);
    assert_eq!(follower.settled, 9);
}

#[test]
fn what_is_remembered_is_counted_once_and_no_more_when_it_is_forgotten() {
    let revocations = Revocations::default();
    assert!(revocations.is_empty());
    for byte in 1..=200 {
        remember(&revocations, Revoked::Session(session(byte)), 100);
    }
    for id in 1..=70 {
        let user = UserId::new(id);
        remember(&revocations, Revoked::User { user, epoch: 1 }, 200);
    }
    remember(&revocations, Revoked::Session(session(1)), 100);
    assert_eq!(revocations.len(), 270);
    assert!(!revocations.is_empty());
    revocations.forget_expired(Timestamp::from_millis(99));
    assert_eq!(revocations.len(), 270);
    revocations.forget_expired(Timestamp::from_millis(100));
    assert_eq!(revocations.len(), 70);
    assert!(revocations.refuse(UserId::new(70), None, 0));
}

#[test]
fn what_is_remembered_twice_is_remembered_for_the_longer_time() {
    let revocations = Revocations::default();
    let user = UserId::new(7);
    for expires in [100, 300, 200] {
        remember(&revocations, Revoked::Session(session(1)), expires);
        remember(&revocations, Revoked::User { user, epoch: 1 }, expires);
    }
    revocations.forget_expired(Timestamp::from_millis(299));
    assert!(revocations.refuse(user, Some(session(1)), 1));
    assert!(revocations.refuse(user, None, 0));
    revocations.forget_expired(Timestamp::from_millis(300));
    assert!(revocations.is_empty());
}
