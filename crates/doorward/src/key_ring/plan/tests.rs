use std::time::Duration;

use proptest::prelude::*;

use super::{
    KeyState::{Active, Pending, Retired, Retiring},
    *,
};
use crate::token::PairAlgorithm;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const ES256: SigningAlgorithm = SigningAlgorithm::Pair(PairAlgorithm::Es256);
const TABLE: Timetable = Timetable {
    lead: Duration::from_mins(15),
    token_life: Duration::from_hours(1),
};
const DAY: Duration = Duration::from_hours(24);

fn id(text: &str) -> KeyId {
    KeyId::parse(text).unwrap()
}

fn new(name: &str, algorithm: SigningAlgorithm) -> NewKey {
    NewKey {
        id: id(name),
        algorithm,
        public: None,
        sealed: Some(vec![1]),
    }
}

fn policy(algorithm: WantedAlgorithm) -> KeyPolicy {
    KeyPolicy {
        algorithm,
        timetable: TABLE,
        rotate_after: Some(DAY * 90),
    }
}

/// The keys after a plan, as the database would have them.
fn apply(keys: &[StoredKey], plan: KeyPlan) -> Vec<StoredKey> {
    let mut keys = keys.to_vec();
    for changed in plan.changed {
        let place = keys.iter().position(|key| key.id == changed.id).unwrap();
        keys[place] = changed;
    }
    keys.extend(plan.added);
    keys
}

fn first(name: &str, algorithm: SigningAlgorithm) -> Vec<StoredKey> {
    let plan = succession(
        &[],
        new(name, algorithm),
        Timetable::at_once(NOW),
        &TABLE,
        NOW,
    );
    apply(&[], plan.unwrap())
}

fn rotated(keys: &[StoredKey], name: &str, now: Timestamp) -> Vec<StoredKey> {
    let plan = succession(keys, new(name, ES256), TABLE.next(now), &TABLE, now);
    apply(keys, plan.unwrap())
}

fn states(keys: &[StoredKey], now: Timestamp) -> Vec<(&str, KeyState)> {
    keys.iter()
        .map(|key| (key.id.as_str(), key.times.state(now)))
        .collect()
}

#[test]
fn a_rotation_publishes_signs_and_retires_in_that_order() {
    let keys = rotated(&first("a", ES256), "b", NOW);
    for (minutes, expected) in [
        (0, [("a", Active), ("b", Pending)]),
        (14, [("a", Active), ("b", Pending)]),
        (15, [("a", Retiring), ("b", Active)]),
        (15 + 60 + 14, [("a", Retiring), ("b", Active)]),
        (15 + 60 + 15, [("a", Retired), ("b", Active)]),
    ] {
        let at = NOW.after(Duration::from_mins(minutes));
        assert_eq!(states(&keys, at), expected, "{minutes}");
    }
}

#[test]
fn nobody_rotates_while_a_key_is_pending() {
    let keys = rotated(&first("a", ES256), "b", NOW);
    let refused = succession(&keys, new("c", ES256), TABLE.next(NOW), &TABLE, NOW);
    let at = NOW.after(TABLE.lead);
    assert_eq!(refused, Err(PlanError::Pending { id: id("b"), at }));
    let refused = succession(&keys, new("a", ES256), TABLE.next(at), &TABLE, at);
    assert_eq!(refused, Err(PlanError::UsedBefore(id("a"))));
}

#[test]
fn a_key_is_due_at_the_start_by_age_and_by_configuration() {
    let secret = id("s");
    let any = policy(WantedAlgorithm::First(ES256));
    let hs256 = SigningAlgorithm::Secret;
    assert_eq!(due(&[], &any, &secret, NOW), Some(Due::AtOnce(ES256)));
    let keys = first("a", ES256);
    let old = NOW.after(DAY * 90);
    assert_eq!(due(&keys, &any, &secret, NOW), None);
    assert_eq!(due(&keys, &any, &secret, old), Some(Due::Rotation(ES256)));
    let by_hand = KeyPolicy {
        rotate_after: None,
        ..any
    };
    assert_eq!(due(&keys, &by_hand, &secret, old), None);
    let keys = rotated(&keys, "b", old);
    assert_eq!(due(&keys, &any, &secret, old), None);
    // A secret is not replaced by age, and one that signs stays until the configuration names another algorithm.
    let keys = first("s", hs256);
    assert_eq!(due(&keys, &any, &secret, old), None);
    let this = policy(WantedAlgorithm::This(ES256));
    assert_eq!(due(&keys, &this, &secret, NOW), Some(Due::Rotation(ES256)));
    // Another secret is configured.
    assert_eq!(due(&keys, &any, &id("t"), NOW), Some(Due::AtOnce(hs256)));
}

#[test]
fn the_key_that_signs_is_retired_in_favour_of_a_new_one_or_the_pending_one() {
    let keys = first("a", ES256);
    let plan = retirement(&keys, &id("a"), Some(new("b", ES256)), &TABLE, NOW).unwrap();
    assert_eq!(plan.changed[0].sealed, None);
    let after = apply(&keys, plan);
    assert_eq!(states(&after, NOW), [("a", Retired), ("b", Active)]);
    let keys = rotated(&keys, "b", NOW);
    let plan = retirement(&keys, &id("a"), None, &TABLE, NOW).unwrap();
    let after = apply(&keys, plan);
    assert_eq!(states(&after, NOW), [("a", Retired), ("b", Active)]);
    let refused = retirement(&after, &id("a"), None, &TABLE, NOW);
    assert_eq!(refused, Err(PlanError::Retired(id("a"))));
    let refused = retirement(&after, &id("x"), None, &TABLE, NOW);
    assert_eq!(refused, Err(PlanError::Unknown(id("x"))));
    let refused = retirement(&after, &id("b"), None, &TABLE, NOW);
    assert_eq!(refused, Err(PlanError::Secret(id("b"))));
}

#[test]
fn a_pending_key_that_is_retired_is_replaced_and_the_active_one_signs_on() {
    let keys = rotated(&first("a", ES256), "b", NOW);
    let later = NOW.after(Duration::from_mins(10));
    let plan = retirement(&keys, &id("b"), Some(new("c", ES256)), &TABLE, later).unwrap();
    let keys = apply(&keys, plan);
    let expected = [("a", Active), ("b", Retired), ("c", Pending)];
    assert_eq!(states(&keys, later), expected);
    // When b would have signed, a still does.
    assert_eq!(states(&keys, NOW.after(TABLE.lead))[0], ("a", Active));
    let expected = [("a", Retiring), ("b", Retired), ("c", Active)];
    assert_eq!(states(&keys, later.after(TABLE.lead)), expected);
}

#[test]
fn pending_keys_that_are_retired_one_after_the_other_leave_the_active_one_signing_until_the_last_of_them()
 {
    let keys = rotated(&first("a", ES256), "b", NOW);
    let minutes = |minutes| NOW.after(Duration::from_mins(minutes));
    let plan = retirement(&keys, &id("b"), Some(new("c", ES256)), &TABLE, minutes(1)).unwrap();
    let keys = apply(&keys, plan);
    let plan = retirement(&keys, &id("c"), Some(new("d", ES256)), &TABLE, minutes(2)).unwrap();
    let keys = apply(&keys, plan);
    let takeover = minutes(2).after(TABLE.lead);
    let before = Timestamp::from_millis(takeover.as_millis() - 1);
    assert_eq!(states(&keys, before)[0], ("a", Active));
    assert_eq!(states(&keys, takeover)[3], ("d", Active));
    // The one that signs is retired: the one that waits takes over, not one that was retired while it waited.
    let plan = retirement(&keys, &id("a"), None, &TABLE, minutes(3)).unwrap();
    let keys = apply(&keys, plan);
    let expected = [
        ("a", Retired),
        ("b", Retired),
        ("c", Retired),
        ("d", Active),
    ];
    assert_eq!(states(&keys, minutes(3)), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Whatever happens in whatever order, at every moment exactly one key signs, and what signed within the life of a token
    /// and was not retired by hand is accepted.
    #[test]
    fn there_is_always_one_key_that_signs(steps in prop::collection::vec((0_u64..200, 0_u8..3, 0_usize..9), 1..40)) {
        let mut now = NOW;
        let mut keys = first("k0", ES256);
        for (number, (minutes, deed, which)) in steps.into_iter().enumerate() {
            for minute in 0..=minutes {
                let at = now.after(Duration::from_mins(minute));
                let active = keys.iter().filter(|key| key.times.state(at) == Active).count();
                prop_assert_eq!(active, 1, "{:?}", states(&keys, at));
            }
            now = now.after(Duration::from_mins(minutes));
            let name = format!("k{}", number + 1);
            let plan = match deed {
                0 => continue,
                1 => succession(&keys, new(&name, ES256), TABLE.next(now), &TABLE, now),
                _ => {
                    let id = keys[which % keys.len()].id.clone();
                    retirement(&keys, &id, Some(new(&name, ES256)), &TABLE, now)
                }
            };
            if let Ok(plan) = plan {
                keys = apply(&keys, plan);
                let last = keys.iter().filter(|key| {
                    !keys.iter().any(|other| other.follows.as_ref() == Some(&key.id))
                });
                prop_assert_eq!(last.count(), 1);
            }
        }
    }
}
