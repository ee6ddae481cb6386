//! Who waits, who may start: the pool's state, without threads or clocks.

use std::collections::VecDeque;

/// A first-in first-out queue of jobs with a bound on its length, in front of a memory budget.
///
/// The job at the front waits until its memory is free; nothing overtakes it, so that a stream of
/// small jobs cannot starve a large one.
pub(super) struct Queue<W> {
    waiting: VecDeque<Waiting<W>>,
    max_waiting: usize,
    budget_mib: u32,
    free_mib: u32,
    next_ticket: u64,
}

struct Waiting<W> {
    ticket: Ticket,
    mib: u32,
    work: W,
}

/// A place in the queue. Tickets grow from front to back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

/// A job that may run, and the memory it holds until [`Queue::release`].
pub(super) struct Admitted<W> {
    pub(super) mib: u32,
    pub(super) work: W,
}

impl<W> Queue<W> {
    pub(super) const fn new(max_waiting: usize, budget_mib: u32) -> Self {
        Self {
            waiting: VecDeque::new(),
            max_waiting,
            budget_mib,
            free_mib: budget_mib,
            next_ticket: 0,
        }
    }

    /// Puts a job at the back, or gives it back when the queue is full. A job heavier than the
    /// whole budget is counted as the whole budget.
    pub(super) fn push(&mut self, mib: u32, work: W) -> Result<Ticket, W> {
        if self.waiting.len() >= self.max_waiting {
            return Err(work);
        }
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.waiting.push_back(Waiting {
            ticket,
            mib: mib.min(self.budget_mib),
            work,
        });
        Ok(ticket)
    }

    /// Whether the job at the front could start now.
    pub(super) fn is_front_admissible(&self) -> bool {
        self.waiting
            .front()
            .is_some_and(|job| job.mib <= self.free_mib)
    }

    /// Takes the job at the front and its memory, when there is enough.
    pub(super) fn admit(&mut self) -> Option<Admitted<W>> {
        let Waiting { mib, work, .. } =
            self.waiting.pop_front_if(|job| job.mib <= self.free_mib)?;
        self.free_mib -= mib;
        Some(Admitted { mib, work })
    }

    /// Returns the memory of a job that has ended.
    pub(super) fn release(&mut self, mib: u32) {
        self.free_mib = self.free_mib.saturating_add(mib).min(self.budget_mib);
    }

    /// Takes a job out, wherever it stands; `None` when it has been admitted.
    pub(super) fn withdraw(&mut self, ticket: Ticket) -> Option<W> {
        let place = self
            .waiting
            .binary_search_by_key(&ticket, |job| job.ticket)
            .ok()?;
        self.waiting.remove(place).map(|job| job.work)
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn most_waiting(&self) -> usize {
        self.max_waiting
    }

    pub(super) fn is_more_than_half_full(&self) -> bool {
        self.waiting.len() > self.max_waiting / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn admitted(queue: &mut Queue<&'static str>) -> Option<&'static str> {
        queue.admit().map(|job| job.work)
    }

    #[test]
    fn jobs_start_in_the_order_of_their_arrival() {
        let mut queue = Queue::new(4, 100);
        for name in ["a", "b", "c"] {
            queue.push(10, name).unwrap();
        }
        assert_eq!(admitted(&mut queue), Some("a"));
        assert_eq!(admitted(&mut queue), Some("b"));
        assert_eq!(admitted(&mut queue), Some("c"));
        assert_eq!(admitted(&mut queue), None);
    }

    #[test]
    fn a_full_queue_gives_the_job_back() {
        let mut queue = Queue::new(2, 100);
        queue.push(10, "a").unwrap();
        queue.push(10, "b").unwrap();
        assert_eq!(queue.push(10, "c"), Err("c"));
        queue.admit().unwrap();
        assert!(queue.push(10, "c").is_ok());
    }

    #[test]
    fn a_job_waits_for_its_memory_and_nothing_overtakes_it() {
        let mut queue = Queue::new(4, 64);
        queue.push(40, "a").unwrap();
        queue.push(40, "b").unwrap();
        queue.push(1, "c").unwrap();
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
        queue.push(1, "small").unwrap();
        queue.push(500, "huge").unwrap();
        queue.push(1, "next").unwrap();
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
        let first = queue.push(64, "a").unwrap();
        let second = queue.push(64, "b").unwrap();
        queue.push(1, "c").unwrap();
        assert_eq!(queue.withdraw(second), Some("b"));
        assert_eq!(queue.withdraw(second), None);
        assert_eq!(queue.withdraw(first), Some("a"));
        assert_eq!(admitted(&mut queue), Some("c"));
        assert_eq!(queue.free_mib, 63);
    }

    #[test]
    fn an_admitted_job_can_no_longer_be_withdrawn() {
        let mut queue = Queue::new(4, 64);
        let ticket = queue.push(1, "a").unwrap();
        queue.admit().unwrap();
        assert_eq!(queue.withdraw(ticket), None);
    }

    #[test]
    fn half_full_is_not_more_than_half_full() {
        let mut queue = Queue::new(4, 64);
        queue.push(1, "a").unwrap();
        queue.push(1, "b").unwrap();
        assert!(!queue.is_more_than_half_full());
        queue.push(1, "c").unwrap();
        assert!(queue.is_more_than_half_full());
    }

    proptest! {
        #[test]
        fn running_jobs_never_hold_more_than_the_budget_and_all_of_it_returns(
            steps in proptest::collection::vec((0u8..4, 0u32..200), 0..200)
        ) {
            let mut queue = Queue::new(8, 100);
            let mut running: Vec<u32> = Vec::new();
            let mut tickets = Vec::new();
            for (step, mib) in steps {
                match step {
                    0 => tickets.extend(queue.push(mib, ())),
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
}
