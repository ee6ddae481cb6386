//! What is adopted, and how.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Fill, Identifier, RoleSource, UsersTable};
use crate::password::NewHashForm;

/// An adoption, as `doorward adopt inspect` proposes it and an operator edits it. It holds no secret: the address of the
/// source is given with each command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The form of this plan; 1.
    pub version: u32,
    /// Whether the users stay where they are.
    pub mode: Mode,
    /// What the source's columns mean.
    pub users: Columns,
    /// What happens to stored passwords.
    #[serde(default)]
    pub passwords: PasswordRules,
}

/// Whether the users stay where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Doorward works on the application's table and puts its own beside it.
    InPlace,
    /// The users are copied into doorward's database.
    Copy,
}

/// The columns of a table or of a CSV file, or the keys of JSON lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The table; none for a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Identifier>,
    /// The user's number. A copy without it, or of ids that are no whole numbers, gives new numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Identifier>,
    /// The name that people log in with.
    pub username: Identifier,
    /// The stored password.
    pub password: Identifier,
    /// A column that is false (0) for users who must not log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<Identifier>,
    /// Where the role comes from.
    pub role: RoleSource,
    /// In place: what a new row needs in columns that mean nothing to us.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fill: BTreeMap<Identifier, Fill>,
}

/// What happens to stored passwords.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordRules {
    /// What a stored string in no known format is.
    pub plaintext: PlaintextRule,
    /// What happens to a row whose hash cannot be verified here.
    pub unknown: UnknownHashRule,
    /// In place: the form of the hashes that doorward writes while the application reads them too.
    pub write: WrittenForm,
    /// In place: make the password column this many characters wide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub widen_to: Option<u16>,
}

/// What a stored string in no known format is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaintextRule {
    /// An unknown hash.
    #[default]
    Refuse,
    /// The password itself (lecture, programs 8 to 10): it is hashed at adoption and never compared as text.
    Hash,
}

/// What happens to a row whose hash cannot be verified here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnknownHashRule {
    /// It is not adopted and stands in the report.
    #[default]
    Reject,
    /// It is adopted; the user needs a new password.
    Keep,
}

/// A form of new hashes that the application can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WrittenForm {
    /// `scrypt:32768:8:1$…`, what Werkzeug writes since 3.0.
    #[default]
    WerkzeugScrypt,
    /// `pbkdf2:sha256:…`, which every Werkzeug reads.
    WerkzeugPbkdf2,
    /// `$2b$…`, for Flask-Bcrypt.
    Bcrypt,
    /// `$argon2id$…`, when the application does not verify passwords any more.
    Argon2id,
}

impl WrittenForm {
    /// The form in the hashing threads' terms; `None` for doorward's own, Argon2id. `prehash`: whether Flask-Bcrypt
    /// hashes the password before bcrypt does (`BCRYPT_HANDLE_LONG_PASSWORDS`).
    #[must_use]
    pub const fn to_write(self, prehash: bool) -> Option<NewHashForm> {
        match self {
            Self::WerkzeugScrypt => Some(NewHashForm::WerkzeugScrypt),
            Self::WerkzeugPbkdf2 => Some(NewHashForm::WerkzeugPbkdf2),
            Self::Bcrypt => Some(NewHashForm::Bcrypt { prehash }),
            Self::Argon2id => None,
        }
    }
}

/// Why a plan cannot be carried out as it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlan {
    /// Written for another version of this program.
    #[error("the plan has version {0}; this program reads version 1")]
    Version(u32),
    /// In place, the table must be named.
    #[error("the plan is in place but names no table; set users.table")]
    NoTable,
    /// In place, the primary key must be named.
    #[error(
        "the plan is in place but names no id column; set users.id to the whole-number primary key, or use mode = \"copy\""
    )]
    NoId,
    /// A role that no user can have.
    #[error("users.role.always = {0:?} is no role; a role has 1 to 20 characters without spaces")]
    Role(String),
    /// A column for roles in which nothing means administrator.
    #[error(
        "users.role.admin is empty, so nobody could be an administrator; list the values that mean one"
    )]
    NoAdminValue,
    /// A width that no column can have.
    #[error("passwords.widen_to = {0} is no useful width; take 255")]
    Width(u16),
    /// One column with two meanings.
    #[error("the plan uses the column {0} twice")]
    ColumnTwice(Identifier),
}

impl Plan {
    /// The form of plan that this program reads and writes.
    pub const VERSION: u32 = 1;

    /// Checks what the form of the file cannot say.
    ///
    /// # Errors
    /// [`InvalidPlan`] names the key to change.
    pub fn check(&self) -> Result<(), InvalidPlan> {
        if self.version != Self::VERSION {
            return Err(InvalidPlan::Version(self.version));
        }
        if let RoleSource::Always { always } = &self.users.role
            && crate::role::Role::parse(always).is_err()
        {
            return Err(InvalidPlan::Role(always.clone()));
        }
        if matches!(&self.users.role, RoleSource::Column { admin, .. } if admin.is_empty()) {
            return Err(InvalidPlan::NoAdminValue);
        }
        if let Some(width) = self
            .passwords
            .widen_to
            .filter(|width| !(60..=1024).contains(width))
        {
            return Err(InvalidPlan::Width(width));
        }
        if self.mode == Mode::InPlace {
            self.in_place()?;
        }
        self.no_column_twice()
    }

    /// The users table of a plan in place.
    ///
    /// # Errors
    /// [`InvalidPlan::NoTable`], [`InvalidPlan::NoId`].
    pub fn in_place(&self) -> Result<UsersTable, InvalidPlan> {
        let columns = self.users.clone();
        Ok(UsersTable {
            table: columns.table.ok_or(InvalidPlan::NoTable)?,
            id: columns.id.ok_or(InvalidPlan::NoId)?,
            username: columns.username,
            password: columns.password,
            role: columns.role,
            active: columns.active,
            fill: columns.fill,
        })
    }

    fn no_column_twice(&self) -> Result<(), InvalidPlan> {
        let columns = &self.users;
        let mut seen = std::collections::BTreeSet::new();
        let role = match &columns.role {
            RoleSource::Column { column, .. } | RoleSource::Flag { flag: column } => Some(column),
            RoleSource::Always { .. } => None,
        };
        [
            columns.id.as_ref(),
            Some(&columns.username),
            Some(&columns.password),
            columns.active.as_ref(),
            role,
        ]
        .into_iter()
        .flatten()
        .chain(columns.fill.keys())
        .find(|column| !seen.insert(column.as_str().to_lowercase()))
        .map_or(Ok(()), |column| {
            Err(InvalidPlan::ColumnTwice(column.clone()))
        })
    }
}

#[cfg(test)]
mod tests;
