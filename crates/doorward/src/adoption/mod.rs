//! Taking over the users of an application that is already there.
//!
//! A [`Plan`] says where they are and what their columns mean. *In place* doorward works on the application's own users
//! table and puts its tables beside it, so that both can run; a *copy* brings the users into doorward's database.
//! [`Adoption`] carries a plan out.

mod census;
mod coexistence;
mod error;
mod identifier;
pub mod inspect;
mod plan;
mod progress;
mod report;
mod row;
mod run;
mod settle;
mod source;
mod stored_form;
mod users_table;
mod write;

pub use census::census;
pub use coexistence::{FinishCheck, UndoCheck, finish_check, undo_check};
pub use error::AdoptionError;
pub use identifier::{Identifier, InvalidIdentifier};
pub use plan::{
    Columns, InvalidPlan, Mode, PasswordRules, PlaintextRule, Plan, UnknownHashRule, WrittenForm,
};
pub use progress::{Progress, Snapshot};
pub use report::Report;
pub use row::Reject;
pub(crate) use row::{Adoptable, AdoptedPassword, RowRules, SourceRow};
pub use run::{Adoption, Outcome};
pub use source::SourceAddress;
pub use stored_form::StoredForm;
pub use users_table::{Fill, Generator, RoleSource, UsersTable};
