//! An application's users table, as doorward works on it in place.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Identifier;

/// Which table holds the users, and which of its columns means what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsersTable {
    /// The table.
    pub table: Identifier,
    /// The whole-number primary key.
    pub id: Identifier,
    /// The name that people log in with.
    pub username: Identifier,
    /// The stored password.
    pub password: Identifier,
    /// Where the role comes from.
    pub role: RoleSource,
    /// A column that is false (0) for users who must not log in.
    pub active: Option<Identifier>,
    /// What a new row needs in columns that mean nothing to us.
    pub fill: BTreeMap<Identifier, Fill>,
}

/// Where a user's role comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum RoleSource {
    /// A column with the role's name.
    Column {
        /// The column.
        column: Identifier,
        /// The values that mean administrator; every other value is a role of that name, or `user` when it can be none.
        #[serde(default = "admin_alone")]
        admin: Vec<String>,
    },
    /// A column that is true (not 0) for administrators.
    Flag {
        /// The column.
        flag: Identifier,
    },
    /// The same role for all.
    Always {
        /// `user`, in most cases.
        always: String,
    },
}

fn admin_alone() -> Vec<String> {
    vec![crate::role::Role::ADMIN.to_owned()]
}

/// What doorward writes into a column that it does not know when it adds a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Fill {
    /// This number, for every user.
    Number(i64),
    /// This text, for every user.
    Text(String),
    /// A value made for each user.
    Generated {
        /// How.
        generate: Generator,
    },
}

/// How a value is made for a new row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Generator {
    /// 32 random hexadecimal digits (Flask-Security's `fs_uniquifier`).
    Hex,
    /// The user's name once more.
    Username,
    /// The current time in UTC as `YYYY-MM-DD HH:MM:SS`.
    Datetime,
    /// The current time in seconds since 1970.
    UnixSeconds,
}
