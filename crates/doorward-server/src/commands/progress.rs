//! How far long work is: in place on a terminal, a line every five seconds otherwise.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

/// Rows between two looks at the clock.
const STEP: u64 = 4096;

/// Tells how many rows are done, on standard error.
#[derive(Debug)]
pub struct Progress {
    what: &'static str,
    terminal: bool,
    last: Instant,
    next: u64,
    shown: bool,
}

impl Progress {
    /// Progress that reads `12345 WHAT`.
    #[must_use]
    pub fn new(what: &'static str) -> Self {
        Self {
            what,
            terminal: io::stderr().is_terminal(),
            last: Instant::now(),
            next: STEP,
            shown: false,
        }
    }

    /// Tells how many rows are done, when it is time to.
    pub fn tell(&mut self, rows: u64) {
        if rows < self.next {
            return;
        }
        self.next = rows + STEP;
        let every = Duration::from_millis(if self.terminal { 200 } else { 5000 });
        if self.last.elapsed() < every {
            return;
        }
        self.last = Instant::now();
        self.shown = true;
        let (before, after) = if self.terminal {
            ("\r", "")
        } else {
            ("", "\n")
        };
        // Progress that cannot be shown is no reason to stop.
        let _ = write!(io::stderr(), "{before}{rows} {}{after}", self.what);
    }

    /// Clears the line on a terminal.
    pub fn end(&self) {
        if self.terminal && self.shown {
            let _ = write!(io::stderr(), "\r{:48}\r", "");
        }
    }
}
