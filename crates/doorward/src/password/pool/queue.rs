//! Who waits, who may start: the pool's state, without threads or clocks.

use std::collections::VecDeque;

/// Preferred jobs that may start in a row while ordinary ones wait.
const IN_A_ROW: u32 = 3;

/// Who is asking for a job, and so which places of the queue it may take and when its turn comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Anybody.
    Ordinary,
    /// Somebody who has shown who they are before. Served first, three times of four, so that a flood of strangers does not
    /// keep them out, nor they the strangers.
    Preferred,
}

/// A queue of jobs with a bound on its length, in front of a memory budget. Each lane is first-in first-out, and neither takes
/// more than three quarters of the places.
///
/// The job whose turn it is waits until its memory is free; nothing overtakes it, so that a stream of
/// small jobs cannot starve a large one.
pub(super) struct Queue<W> {
    ordinary: VecDeque<Waiting<W>>,
    preferred: VecDeque<Waiting<W>>,
    /// Preferred jobs admitted since the last ordinary one, or since none waits.
    in_a_row: u32,
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

/// A place in the queue. Tickets grow from front to back of a lane.
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
            ordinary: VecDeque::new(),
            preferred: VecDeque::new(),
            in_a_row: 0,
            max_waiting,
            budget_mib,
            free_mib: budget_mib,
            next_ticket: 0,
        }
    }

    /// Puts a job at the back of its lane, or gives it back when there is no place. A job heavier than the
    /// whole budget is counted as the whole budget.
    pub(super) fn push(&mut self, lane: Lane, mib: u32, work: W) -> Result<Ticket, W> {
        let of_one_lane = self.max_waiting - self.max_waiting / 4;
        if self.len() >= self.max_waiting || self.lane(lane).len() >= of_one_lane {
            return Err(work);
        }
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        let mib = mib.min(self.budget_mib);
        self.lane(lane).push_back(Waiting { ticket, mib, work });
        Ok(ticket)
    }

    fn lane(&mut self, lane: Lane) -> &mut VecDeque<Waiting<W>> {
        match lane {
            Lane::Ordinary => &mut self.ordinary,
            Lane::Preferred => &mut self.preferred,
        }
    }

    /// Whose turn it is.
    fn turn(&self) -> Lane {
        let is_theirs = self.ordinary.is_empty() || self.in_a_row < IN_A_ROW;
        if is_theirs && !self.preferred.is_empty() {
            Lane::Preferred
        } else {
            Lane::Ordinary
        }
    }

    /// Whether the job whose turn it is could start now.
    pub(super) fn is_front_admissible(&self) -> bool {
        let lane = match self.turn() {
            Lane::Ordinary => &self.ordinary,
            Lane::Preferred => &self.preferred,
        };
        lane.front().is_some_and(|job| job.mib <= self.free_mib)
    }

    /// Takes the job whose turn it is and its memory, when there is enough.
    pub(super) fn admit(&mut self) -> Option<Admitted<W>> {
        let free = self.free_mib;
        let turn = self.turn();
        let front = self.lane(turn).pop_front_if(|job| job.mib <= free);
        let Waiting { mib, work, .. } = front?;
        self.free_mib -= mib;
        self.in_a_row = match turn {
            Lane::Preferred if !self.ordinary.is_empty() => self.in_a_row + 1,
            _ => 0,
        };
        Some(Admitted { mib, work })
    }

    /// Returns the memory of a job that has ended.
    pub(super) fn release(&mut self, mib: u32) {
        self.free_mib = self.free_mib.saturating_add(mib).min(self.budget_mib);
    }

    /// Takes a job out, wherever it stands; `None` when it has been admitted.
    pub(super) fn withdraw(&mut self, ticket: Ticket) -> Option<W> {
        [&mut self.ordinary, &mut self.preferred]
            .into_iter()
            .find_map(|lane| {
                let place = lane.binary_search_by_key(&ticket, |job| job.ticket).ok()?;
                lane.remove(place).map(|job| job.work)
            })
    }

    pub(super) fn len(&self) -> usize {
        self.ordinary.len() + self.preferred.len()
    }

    pub(super) fn most_waiting(&self) -> usize {
        self.max_waiting
    }

    pub(super) fn is_more_than_half_full(&self) -> bool {
        self.len() > self.max_waiting / 2
    }
}

#[cfg(test)]
mod tests;
