//! The audit trail: what happened to accounts, by whom and from where (ASVS 16; LG-01 to LG-05).
//!
//! An [`Event`] that goes with a change is written in the change's transaction ([`crate::store::Store::record`]), all
//! others by [`crate::authenticator::Authenticator::audit`]. Each also becomes one line of the log, target
//! `doorward::audit`, and counts in a [`Tally`]. A chain of hashes over the stored events shows later whether one was
//! changed or taken away ([`chain`]).

pub mod chain;
mod event;
mod kind;
mod stored;
mod tally;

pub use event::Event;
pub(crate) use event::{Columns, node};
pub use kind::{EventKind, Outcome};
pub use stored::{EventFilter, StoredEvent};
pub use tally::Tally;
