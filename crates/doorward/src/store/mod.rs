//! The database: one code path over SQLite and MySQL/MariaDB.
//!
//! SQL is written once, as constants at the top of the file of its table. See `docs/storage.md` for the rules and
//! for the recipe "add a column".

mod adoption_rejects;
mod adoptions;
mod api_keys;
mod audit_events;
mod audit_seals;
pub mod backup;
mod beside;
mod bulk;
mod connections;
mod database;
mod demo_mark;
mod emails;
mod epochs;
mod error;
mod foreign_logins;
mod foreign_rows;
mod foreign_schema;
mod foreign_table;
mod forgetting;
mod in_place;
mod inspection;
mod job_steps;
mod jobs;
mod login_failures;
mod mail_queue;
mod migrate;
mod one_time_links;
mod password_column;
mod private_file;
mod revocations;
mod rights;
mod role_holders;
mod roles;
mod scratch;
mod sessions;
mod setup_link;
mod signing_keys;
mod sql;
mod transaction;
mod undo;
mod url;
mod user_changes;
mod user_list;
mod user_removal;
mod user_statements;
mod user_version;
mod users;

use std::sync::Arc;

use user_statements::UserStatements;

pub use adoptions::{
    AdoptionCounts, AdoptionId, AdoptionRecord, AdoptionState, FormCounts, NewAdoption,
};
pub use api_keys::{AddKeyError, FoundKey};
pub use audit_seals::SealReach;
pub(crate) use bulk::{FoundAccount, NewAccount, NewUser, Tables};
pub use connections::Connections;
pub(crate) use database::pause;
pub use database::{AsStoreError, Database, Outcome, Row};
pub use emails::{AccountEmail, EmailProof, PasswordSetting, ProofLink};
pub use epochs::EndSessions;
pub use error::StoreError;
pub use foreign_logins::ForeignLogins;
pub(crate) use foreign_schema::Reading;
pub(crate) use foreign_table::{ForeignRow, ForeignTable};
pub use in_place::InPlace;
pub use inspection::MigrationText;
pub use job_steps::{Lease, Step};
pub use login_failures::FailureCount;
pub use migrate::{Migrated, MigrationError, MigrationName, SchemaStatus};
pub use one_time_links::{FoundLink, HandOverError, LinkError, NewLink};
pub use revocations::{Revocation, Revoked};
pub use roles::{DefinedRole, RoleStoreError};
pub use sessions::{NewSession, SessionTimes, StoredSession};
pub use setup_link::SetupError;
pub use signing_keys::{KeysChange, KeysChangeError};
pub use sql::{Arg, Sql};
pub use transaction::Transaction;
pub use url::{DatabaseUrl, InvalidDatabaseUrl, MySqlUrl};
pub use user_changes::{ChangeUserError, UserChange, UserDeed};
pub use user_list::{UserFilter, UserState};
pub use user_removal::RemoveUserError;
pub use user_version::UserVersion;

/// Every statement of the core with its name, for the test that prepares each on both engines.
pub fn statements() -> impl Iterator<Item = (&'static str, Sql)> {
    let constants = login_failures::STATEMENTS
        .iter()
        .chain(setup_link::STATEMENTS)
        .chain(emails::STATEMENTS)
        .chain(one_time_links::STATEMENTS)
        .chain(mail_queue::STATEMENTS)
        .chain(jobs::STATEMENTS)
        .chain(job_steps::STATEMENTS)
        .chain(demo_mark::STATEMENTS)
        .chain(epochs::STATEMENTS)
        .chain(revocations::STATEMENTS)
        .chain(sessions::STATEMENTS)
        .chain(foreign_logins::STATEMENTS)
        .chain(forgetting::STATEMENTS)
        .chain(inspection::STATEMENTS)
        .chain(foreign_schema::STATEMENTS)
        .chain(migrate::STATEMENTS)
        .chain(adoptions::STATEMENTS)
        .chain(adoption_rejects::STATEMENTS)
        .chain(bulk::STATEMENTS)
        .chain(roles::STATEMENTS)
        .chain(role_holders::STATEMENTS)
        .chain(rights::STATEMENTS)
        .chain(api_keys::STATEMENTS)
        .chain(password_column::STATEMENTS)
        .chain(scratch::STATEMENTS)
        .chain(database::STATEMENTS)
        .chain(in_place::STATEMENTS)
        .chain(beside::STATEMENTS)
        .chain(audit_events::STATEMENTS)
        .chain(audit_seals::STATEMENTS)
        .chain(signing_keys::STATEMENTS)
        .chain(backup::STATEMENTS)
        .cloned();
    UserStatements::own().named().into_iter().chain(constants)
}

/// The core's tables.
#[derive(Debug, Clone)]
pub struct Store {
    database: Database,
    users: Arc<UserStatements>,
    /// Set when the users are in a table that was there before doorward.
    in_place: Option<Arc<InPlace>>,
    audit_tally: Arc<crate::audit::Tally>,
}

impl Store {
    /// The tables in `database`, which must have been migrated, with doorward's own table of users. See [`Store::open`].
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self {
            database,
            users: UserStatements::own(),
            in_place: None,
            audit_tally: Arc::default(),
        }
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }
}
