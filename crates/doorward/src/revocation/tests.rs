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
    assert_eq!(follower.settled, 0);
    follower.note(9, start + UNSETTLED);
    assert_eq!(follower.settled, 5);
    follower.note(12, start + UNSETTLED * 2);
    assert_eq!(follower.settled, 9);
}
