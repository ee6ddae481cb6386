//! The audit trail: what happened to accounts, by whom and from where (ASVS 16; LG-01 to LG-05).
//!
//! An [`Event`] that goes with a change is written in the change's transaction ([`crate::store::Store::record`]), all
//! others by [`crate::authenticator::Authenticator::audit`]. Each also becomes one line of the log, target
//! `doorward::audit`, and counts in a [`Tally`].

mod event;
mod kind;
mod tally;

pub use event::Event;
pub(crate) use event::{Columns, node};
pub use kind::{EventKind, Outcome};
pub use tally::Tally;
