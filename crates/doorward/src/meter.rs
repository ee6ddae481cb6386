//! Counting and timing beside the work that is counted: no lock, no allocation, and threads seldom meet.

mod counters;
mod histogram;

pub use counters::{Counters, Label, lane};
pub use histogram::{Histogram, HistogramReading};
