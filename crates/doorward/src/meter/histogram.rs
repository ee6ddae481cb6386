use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// How often something took up to each of `N` times, and how long in all.
#[derive(Debug)]
pub struct Histogram<const N: usize> {
    bounds: &'static [Duration; N],
    counts: [AtomicU64; N],
    beyond: AtomicU64,
    nanos: AtomicU64,
}

/// What a histogram holds at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistogramReading<const N: usize> {
    /// The times.
    pub bounds: &'static [Duration; N],
    /// How often each was the shortest that sufficed.
    pub counts: [u64; N],
    /// How often none sufficed.
    pub beyond: u64,
    /// The sum of all times.
    pub sum: Duration,
}

impl<const N: usize> Histogram<N> {
    /// An empty one. `bounds` grow.
    #[must_use]
    pub fn new(bounds: &'static [Duration; N]) -> Self {
        Self {
            bounds,
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            beyond: AtomicU64::new(0),
            nanos: AtomicU64::new(0),
        }
    }

    /// Counts one that took so long.
    pub fn observe(&self, took: Duration) {
        let place = self.bounds.iter().position(|bound| took <= *bound);
        let count = place.and_then(|place| self.counts.get(place));
        count
            .unwrap_or(&self.beyond)
            .fetch_add(1, Ordering::Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// What it holds now.
    #[must_use]
    pub fn read(&self) -> HistogramReading<N> {
        HistogramReading {
            bounds: self.bounds,
            counts: std::array::from_fn(|place| {
                let count = self.counts.get(place);
                count.map_or(0, |count| count.load(Ordering::Relaxed))
            }),
            beyond: self.beyond.load(Ordering::Relaxed),
            sum: Duration::from_nanos(self.nanos.load(Ordering::Relaxed)),
        }
    }
}

impl<const N: usize> HistogramReading<N> {
    /// Nothing yet.
    #[must_use]
    pub fn empty(bounds: &'static [Duration; N]) -> Self {
        Histogram::new(bounds).read()
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum::<u64>() + self.beyond
    }

    /// Both together. They have the same bounds.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.beyond += other.beyond;
        self.sum = self.sum.saturating_add(other.sum);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(10)];

    #[test]
    fn a_time_counts_at_the_shortest_bound_that_it_does_not_pass() {
        let histogram = Histogram::new(&BOUNDS);
        for micros in [0, 1_000, 1_001, 10_000, 10_001] {
            histogram.observe(Duration::from_micros(micros));
        }
        let reading = histogram.read();
        assert_eq!((reading.counts, reading.beyond), ([2, 2], 1));
        assert_eq!(reading.sum, Duration::from_micros(22_002));
        let both = HistogramReading::empty(&BOUNDS)
            .with(&reading)
            .with(&reading);
        assert_eq!((both.count(), both.counts), (10, [4, 4]));
        assert_eq!(both.sum, reading.sum * 2);
    }
}
