//! The chain of hashes over stored events: what a later look can tell of rows that were changed or taken away.
//!
//! Each event is sealed with SHA-256 over the hash before it and the event's columns. Whoever can write the tables can
//! make a whole new chain; against that the operator keeps a [`Head`] elsewhere and compares ([`Walk::expecting`]).

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};

use super::{EventKind, StoredEvent};

/// What the first seal is made over.
const BEGINNING: [u8; 32] = [0; 32];

/// A place of the chain: how many events were sealed so far, and the hash over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number of the seal. The first has the number 1.
    pub seq: i64,
    /// The hash.
    pub hash: [u8; 32],
}

impl Head {
    /// A chain with no event.
    pub const EMPTY: Self = Self {
        seq: 0,
        hash: BEGINNING,
    };

    /// The chain with one event more.
    #[must_use]
    pub fn with(self, event: &StoredEvent) -> Self {
        let mut hash = Sha256::new_with_prefix(b"doorward audit event 1\0");
        hash.update(self.hash);
        event.canonical(|field| match field {
            None => hash.update([0]),
            Some(bytes) => {
                hash.update([1]);
                hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
                hash.update(bytes);
            }
        });
        Self {
            seq: self.seq.saturating_add(1),
            hash: hash.finalize().into(),
        }
    }

    /// The hash as hexadecimal digits.
    #[must_use]
    pub fn hash_text(&self) -> String {
        self.hash
            .iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }
}

/// `SEQ:HASH`, as [`Head::from_str`] reads it.
impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash_text())
    }
}

/// A text is no `SEQ:HASH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "it must be SEQ:HASH as `doorward audit verify` prints it: a number, a colon, 64 hexadecimal digits"
)]
pub struct InvalidHead;

impl FromStr for Head {
    type Err = InvalidHead;

    fn from_str(text: &str) -> Result<Self, InvalidHead> {
        let (seq, digits) = text.split_once(':').ok_or(InvalidHead)?;
        let seq = seq.parse().map_err(|_| InvalidHead)?;
        if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) || seq < 0 {
            return Err(InvalidHead);
        }
        let mut hash = [0; 32];
        for (byte, place) in hash.iter_mut().zip((0..64).step_by(2)) {
            let pair = digits.get(place..place + 2).ok_or(InvalidHead)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| InvalidHead)?;
        }
        Ok(Self { seq, hash })
    }
}

/// A seal as it is stored, with the event it seals if that is still there.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// The number and the hash.
    pub head: Head,
    /// The event.
    pub event: Option<StoredEvent>,
}

/// What was done to the trail behind our back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Tampering {
    /// A seal is missing, and its event with it.
    #[error("the seal {seq} is missing: an event was removed together with its seal")]
    SealMissing {
        /// The number it had.
        seq: i64,
    },
    /// The event of a seal is missing, and no purge deleted it.
    #[error("the event of the seal {seq} is missing: it was removed")]
    EventMissing {
        /// The number of the seal.
        seq: i64,
    },
    /// The event of a seal is not what was sealed.
    #[error("the event of the seal {seq} is not what was sealed: it, or the seal, was changed")]
    EventChanged {
        /// The number of the seal.
        seq: i64,
    },
    /// The chain ends before a place it had reached.
    #[error("the trail ends at {head}, before the expected seal {seq}: its end was cut off")]
    EndMissing {
        /// The number of the last seal there is.
        head: i64,
        /// The number that was expected.
        seq: i64,
    },
    /// The chain does not lead through a place it had reached.
    #[error("the seal {seq} is not the expected one: the trail was written anew")]
    OtherChain {
        /// The number.
        seq: i64,
    },
    /// The place to compare with was purged.
    #[error("the expected seal {seq} was purged since; compare with a newer one")]
    ExpectedPurged {
        /// The number.
        seq: i64,
    },
}

/// A walk along the chain, from its beginning.
#[derive(Debug, Default)]
pub struct Walk {
    last: Option<Head>,
    /// The seal of the last purged event, until the event that tells of the purge has come by.
    unconfirmed: Option<Head>,
    expected: Option<Head>,
    is_expected_seen: bool,
    events: u64,
}

impl Walk {
    /// A walk that must come through `expected`.
    #[must_use]
    pub fn expecting(expected: Option<Head>) -> Self {
        Self {
            expected,
            is_expected_seen: expected.is_none_or(|head| head == Head::EMPTY),
            ..Self::default()
        }
    }

    /// Takes the next seal, in the order of their numbers.
    ///
    /// # Errors
    /// [`Tampering`], at the first sign of it.
    pub fn step(&mut self, sealed: &Sealed) -> Result<(), Tampering> {
        let head = sealed.head;
        match (self.last, &sealed.event) {
            (None, None) => self.unconfirmed = Some(head),
            (last, event) => {
                let last = last.unwrap_or(Head::EMPTY);
                let due = last.seq.saturating_add(1);
                if head.seq != due {
                    return Err(Tampering::SealMissing { seq: due });
                }
                let event = event
                    .as_ref()
                    .ok_or(Tampering::EventMissing { seq: head.seq })?;
                if last.with(event) != head {
                    return Err(Tampering::EventChanged { seq: head.seq });
                }
                self.events += 1;
                if self
                    .unconfirmed
                    .is_some_and(|purged| tells_of(event, purged))
                {
                    self.unconfirmed = None;
                }
            }
        }
        if let Some(expected) = self.expected.filter(|expected| expected.seq == head.seq) {
            if expected != head {
                return Err(Tampering::OtherChain { seq: head.seq });
            }
            self.is_expected_seen = true;
        }
        self.last = Some(head);
        Ok(())
    }

    /// Ends the walk. Returns the last seal and how many events were verified.
    ///
    /// # Errors
    /// [`Tampering`], when something is missing that should have come.
    pub fn end(self) -> Result<(Head, u64), Tampering> {
        let head = self.last.unwrap_or(Head::EMPTY);
        if let Some(purged) = self.unconfirmed {
            return Err(Tampering::EventMissing { seq: purged.seq });
        }
        if let Some(expected) = self.expected.filter(|_| !self.is_expected_seen) {
            return Err(if expected.seq > head.seq {
                Tampering::EndMissing {
                    head: head.seq,
                    seq: expected.seq,
                }
            } else {
                Tampering::ExpectedPurged { seq: expected.seq }
            });
        }
        Ok((head, self.events))
    }
}

/// Whether `event` tells that all events up to `purged` were deleted.
fn tells_of(event: &StoredEvent, purged: Head) -> bool {
    event.kind == EventKind::AuditPurged.as_str()
        && event
            .detail_value("through")
            .is_some_and(|through| through == purged.to_string())
}
