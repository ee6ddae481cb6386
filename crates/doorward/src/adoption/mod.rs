//! Taking over the users of an application that is already there.
//!
//! A [`Plan`] says where they are and what their columns mean. *In place* doorward works on the application's own users
//! table and puts its tables beside it, so that both can run; a *copy* brings the users into doorward's database.

mod identifier;
mod plan;
mod users_table;

pub use identifier::{Identifier, InvalidIdentifier};
pub use plan::{
    Columns, InvalidPlan, Mode, PasswordRules, PlaintextRule, Plan, UnknownHashRule, WrittenForm,
};
pub use users_table::{Fill, Generator, RoleSource, UsersTable};
