//! Log lines that a thread of their own writes.
//!
//! Whoever reads standard error may stop: a pipe fills, a terminal is halted, a collector hangs. Requests do not wait for
//! it (LG-04). A line that finds no room is lost, and counted.

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

/// How many lines may wait to be written.
const WAITING: usize = 8192;

/// What writes the lines of a server. Dropping it writes what waits, for a second at most.
#[derive(Debug)]
pub(super) struct Lines {
    lost: LostLines,
    _thread: WorkerGuard,
}

/// How many lines were lost since the start.
#[derive(Debug, Clone)]
pub struct LostLines(ErrorCounter);

impl Lines {
    /// Starts the thread; what is given to the second value is written.
    pub(super) fn start() -> (Self, NonBlocking) {
        let (writer, thread) = NonBlockingBuilder::default()
            .lossy(true)
            .buffered_lines_limit(WAITING)
            .thread_name("log")
            .finish(std::io::stderr());
        let lost = LostLines(writer.error_counter());
        let lines = Self {
            lost,
            _thread: thread,
        };
        (lines, writer)
    }

    /// What is lost is counted there.
    pub(super) fn lost(&self) -> LostLines {
        self.lost.clone()
    }
}

impl LostLines {
    /// The lines that found no room.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.dropped_lines()
    }
}
