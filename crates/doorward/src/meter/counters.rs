use std::{
    cell::Cell,
    marker::PhantomData,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

/// How many threads count without meeting another; a power of two.
const LANES: usize = 16;

/// What the counts of a [`Counters`] are told apart by: an enumeration without data.
pub trait Label: Copy + 'static {
    /// Every label, each at its own place.
    const ALL: &'static [Self];

    /// Where it stands in [`Self::ALL`].
    fn place(self) -> usize;

    /// The word in a metric.
    fn as_str(self) -> &'static str;
}

/// The number of the calling thread, below `lanes`. Threads take them by turns.
#[must_use]
pub fn lane(lanes: usize) -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: Cell<Option<usize>> = const { Cell::new(None) };
    }
    let own = OWN.get().unwrap_or_else(|| {
        let own = NEXT.fetch_add(1, Ordering::Relaxed);
        OWN.set(Some(own));
        own
    });
    own % lanes.max(1)
}

/// A count for each of up to `N` labels. One more costs a few instructions on a cache line that the thread shares with few.
#[derive(Debug)]
pub struct Counters<L, const N: usize> {
    lanes: [Lane<N>; LANES],
    labels: PhantomData<L>,
}

/// Two cache lines, since processors fetch them in pairs.
#[derive(Debug)]
#[repr(align(128))]
struct Lane<const N: usize>([AtomicU64; N]);

impl<L: Label, const N: usize> Default for Counters<L, N> {
    fn default() -> Self {
        const { assert!(L::ALL.len() == N, "a count for each label") };
        Self {
            lanes: std::array::from_fn(|_| Lane(std::array::from_fn(|_| AtomicU64::new(0)))),
            labels: PhantomData,
        }
    }
}

impl<L: Label, const N: usize> Counters<L, N> {
    /// Counts one.
    pub fn count(&self, label: L) {
        let lane = self.lanes.get(lane(LANES));
        if let Some(count) = lane.and_then(|lane| lane.0.get(label.place())) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The counts since the process started, in the order of the labels.
    pub fn read(&self) -> impl Iterator<Item = (L, u64)> {
        L::ALL.iter().map(|label| {
            let lanes = self.lanes.iter();
            let counts = lanes.filter_map(|lane| lane.0.get(label.place()));
            let sum = counts.map(|count| count.load(Ordering::Relaxed)).sum();
            (*label, sum)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Coin {
        Head,
        Tail,
    }

    impl Label for Coin {
        const ALL: &'static [Self] = &[Self::Head, Self::Tail];

        fn place(self) -> usize {
            self as usize
        }

        fn as_str(self) -> &'static str {
            "coin"
        }
    }

    #[test]
    fn what_many_threads_count_adds_up() {
        let counters: Counters<Coin, 2> = Counters::default();
        std::thread::scope(|scope| {
            for _ in 0..40 {
                scope.spawn(|| {
                    for _ in 0..250 {
                        counters.count(Coin::Head);
                    }
                    counters.count(Coin::Tail);
                });
            }
        });
        let counts: Vec<_> = counters.read().collect();
        assert_eq!(counts, [(Coin::Head, 10_000), (Coin::Tail, 40)]);
    }
}
