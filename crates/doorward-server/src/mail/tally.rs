//! How often what became of letters, for the metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use doorward::meter::{Counters, Label};

/// What became of an attempt to send a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterOutcome {
    /// The mail server has taken it.
    Sent,
    /// It is tried again later.
    PutOff,
    /// It is never tried again.
    GivenUp,
}

impl Label for LetterOutcome {
    const ALL: &'static [Self] = &[Self::Sent, Self::PutOff, Self::GivenUp];

    fn place(self) -> usize {
        self as usize
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::PutOff => "put_off",
            Self::GivenUp => "given_up",
        }
    }
}

/// The letters of this process since its start, and how many wait.
#[derive(Debug, Default)]
pub struct LetterTally {
    /// The attempts of this process.
    pub attempts: Counters<LetterOutcome, 3>,
    waiting: AtomicU64,
}

impl LetterTally {
    /// How many letters of all nodes waited when the queue was counted last, a few seconds ago.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(super) fn note_waiting(&self, letters: u64) {
        self.waiting.store(letters, Ordering::Relaxed);
    }
}
