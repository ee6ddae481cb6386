use super::*;
use proptest::prelude::*;

fn admitted(queue: &mut Queue<&'static str>) -> Option<&'static str> {
    queue.admit().map(|job| job.work)
}

#[test]
fn jobs_start_in_the_order_of_their_arrival() {
    let mut queue = Queue::new(4, 100);
    for name in ["a", "b", "c"] {
        queue.push(Lane::Ordinary, 10, name).unwrap();
    }
    assert_eq!(admitted(&mut queue), Some("a"));
    assert_eq!(admitted(&mut queue), Some("b"));
    assert_eq!(admitted(&mut queue), Some("c"));
    assert_eq!(admitted(&mut queue), None);
}

#[test]
fn a_full_queue_gives_the_job_back() {
    let mut queue = Queue::new(2, 100);
    queue.push(Lane::Ordinary, 10, "a").unwrap();
    queue.push(Lane::Ordinary, 10, "b").unwrap();
    assert_eq!(queue.push(Lane::Ordinary, 10, "c"), Err("c"));
    queue.admit().unwrap();
    assert!(queue.push(Lane::Ordinary, 10, "c").is_ok());
}

#[test]
fn a_job_waits_for_its_memory_and_nothing_overtakes_it() {
    let mut queue = Queue::new(4, 64);
    queue.push(Lane::Ordinary, 40, "a").unwrap();
    queue.push(Lane::Ordinary, 40, "b").unwrap();
    queue.push(Lane::Ordinary, 1, "c").unwrap();
    let first = queue.admit().unwrap();
    assert!(!queue.is_front_admissible());
    assert_eq!(admitted(&mut queue), None);
    queue.release(first.mib);
    assert!(queue.is_front_admissible());
    assert_eq!(admitted(&mut queue), Some("b"));
    assert_eq!(admitted(&mut queue), Some("c"));
}

#[test]
fn a_job_heavier_than_the_budget_takes_all_of_it_and_gives_all_of_it_back() {
    let mut queue = Queue::new(4, 64);
    queue.push(Lane::Ordinary, 1, "small").unwrap();
    queue.push(Lane::Ordinary, 500, "huge").unwrap();
    queue.push(Lane::Ordinary, 1, "next").unwrap();
    let small = queue.admit().unwrap();
    assert_eq!(admitted(&mut queue), None);
    queue.release(small.mib);
    let huge = queue.admit().unwrap();
    assert_eq!((huge.work, huge.mib), ("huge", 64));
    assert_eq!(admitted(&mut queue), None);
    queue.release(huge.mib);
    assert_eq!(admitted(&mut queue), Some("next"));
}

#[test]
fn a_withdrawn_job_never_starts_and_holds_no_memory() {
    let mut queue = Queue::new(4, 64);
    let first = queue.push(Lane::Ordinary, 64, "a").unwrap();
    let second = queue.push(Lane::Ordinary, 64, "b").unwrap();
    queue.push(Lane::Ordinary, 1, "c").unwrap();
    assert_eq!(queue.withdraw(second), Some("b"));
    assert_eq!(queue.withdraw(second), None);
    assert_eq!(queue.withdraw(first), Some("a"));
    assert_eq!(admitted(&mut queue), Some("c"));
    assert_eq!(queue.free_mib, 63);
}

#[test]
fn an_admitted_job_can_no_longer_be_withdrawn() {
    let mut queue = Queue::new(4, 64);
    let ticket = queue.push(Lane::Ordinary, 1, "a").unwrap();
    queue.admit().unwrap();
    assert_eq!(queue.withdraw(ticket), None);
}

#[test]
fn the_preferred_go_first_and_let_one_other_pass_after_three() {
    let mut queue = Queue::new(16, 100);
    for name in ["a", "b", "c"] {
        queue.push(Lane::Ordinary, 1, name).unwrap();
    }
    for name in ["P", "Q", "R", "S", "T"] {
        queue.push(Lane::Preferred, 1, name).unwrap();
    }
    let order: Vec<_> = std::iter::from_fn(|| admitted(&mut queue)).collect();
    assert_eq!(order.concat(), "PQRaSTbc");
}

#[test]
fn those_who_were_alone_do_not_wait_for_who_comes_later() {
    let mut queue = Queue::new(16, 100);
    for _ in 0..8 {
        queue.push(Lane::Preferred, 1, "P").unwrap();
        assert_eq!(admitted(&mut queue), Some("P"));
    }
    queue.push(Lane::Ordinary, 1, "a").unwrap();
    queue.push(Lane::Preferred, 1, "Q").unwrap();
    assert_eq!(admitted(&mut queue), Some("Q"));
}

#[test]
fn neither_lane_takes_the_last_quarter_from_the_other() {
    for (full, other) in [
        (Lane::Ordinary, Lane::Preferred),
        (Lane::Preferred, Lane::Ordinary),
    ] {
        let mut queue = Queue::new(8, 100);
        for _ in 0..6 {
            queue.push(full, 1, "f").unwrap();
        }
        assert!(queue.push(full, 1, "f").is_err());
        queue.push(other, 1, "o").unwrap();
        queue.push(other, 1, "o").unwrap();
        assert!(queue.push(other, 1, "o").is_err());
    }
}

#[test]
fn a_preferred_job_can_be_withdrawn_too() {
    let mut queue = Queue::new(8, 100);
    queue.push(Lane::Ordinary, 1, "a").unwrap();
    let ticket = queue.push(Lane::Preferred, 1, "P").unwrap();
    assert_eq!(queue.withdraw(ticket), Some("P"));
    assert_eq!(admitted(&mut queue), Some("a"));
}

#[test]
fn half_full_is_not_more_than_half_full() {
    let mut queue = Queue::new(4, 64);
    queue.push(Lane::Ordinary, 1, "a").unwrap();
    queue.push(Lane::Ordinary, 1, "b").unwrap();
    assert!(!queue.is_more_than_half_full());
    queue.push(Lane::Ordinary, 1, "c").unwrap();
    assert!(queue.is_more_than_half_full());
}

proptest! {
    #[test]
    fn running_jobs_never_hold_more_than_the_budget_and_all_of_it_returns(
        steps in proptest::collection::vec((0u8..5, 0u32..200), 0..200)
    ) {
        let mut queue = Queue::new(8, 100);
        let mut running: Vec<u32> = Vec::new();
        let mut tickets = Vec::new();
        for (step, mib) in steps {
            match step {
                0 => tickets.extend(queue.push(Lane::Ordinary, mib, ())),
                4 => tickets.extend(queue.push(Lane::Preferred, mib, ())),
                1 => running.extend(queue.admit().map(|job| job.mib)),
                2 => if let Some(mib) = running.pop() { queue.release(mib) },
                _ => { tickets.pop().and_then(|ticket| queue.withdraw(ticket)); }
            }
            prop_assert!(running.iter().sum::<u32>() <= 100);
            prop_assert!(queue.len() <= 8);
        }
        for mib in running {
            queue.release(mib);
        }
        prop_assert_eq!(queue.free_mib, 100);
    }
}
