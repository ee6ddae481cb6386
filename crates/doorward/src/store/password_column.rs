//! The width of a password column that somebody else made. Only MySQL enforces one.

use std::fmt::Write as _;

use sqlx::AssertSqlSafe;

use super::{Database, Sql, StoreError, database::Pools};
use crate::adoption::UsersTable;

const DESCRIBE: Sql = Sql::each(
    "SELECT '', 0, '', '', '', NULL, '' FROM pragma_table_info(?) WHERE name = ? AND 0",
    "SELECT CAST(data_type AS CHAR(64)), CAST(COALESCE(character_maximum_length, 0) AS SIGNED), \
     CAST(COALESCE(character_set_name, '') AS CHAR(64)), CAST(COALESCE(collation_name, '') AS CHAR(64)), \
     CAST(is_nullable AS CHAR(3)), CAST(column_default AS CHAR(1024)), CAST(column_comment AS CHAR(1024)) \
     FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? AND column_name = ?",
);
const VERSION: Sql = Sql::each("SELECT '', ''", "SELECT VERSION(), @@sql_mode");

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("password_column.DESCRIBE", DESCRIBE),
    ("password_column.VERSION", VERSION),
];

/// Type, characters, character set, collation, whether NULL is allowed, default, comment.
type Described = (String, i64, String, String, String, Option<String>, String);

/// A column whose width the database enforces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PasswordColumn {
    described: Described,
}

impl PasswordColumn {
    /// The most characters that fit (bytes, for a binary column).
    pub(crate) fn chars(&self) -> i64 {
        self.described.1
    }

    /// Everything but the width.
    fn rest(&self) -> Described {
        let mut rest = self.described.clone();
        rest.1 = 0;
        rest
    }
}

impl Database {
    /// The password column, if the database enforces its width.
    pub(crate) async fn password_column(
        &self,
        users: &UsersTable,
    ) -> Result<Option<PasswordColumn>, StoreError> {
        let args = [users.table.as_str().into(), users.password.as_str().into()];
        let described: Option<Described> = self.fetch_optional(DESCRIBE, &args).await?;
        Ok(described
            .filter(|described| described.1 > 0)
            .map(|described| PasswordColumn { described }))
    }

    /// Makes the password column `chars` wide. Character set, collation, nullability, default and comment stay.
    pub(crate) async fn widen_password_column(
        &self,
        users: &UsersTable,
        before: &PasswordColumn,
        chars: u16,
    ) -> Result<(), StoreError> {
        let Pools::MySql(pool) = &self.pools else {
            return Ok(());
        };
        let server: Option<(String, String)> = self.fetch_optional(VERSION, &[]).await?;
        let (version, sql_mode) = server.unwrap_or_default();
        let is_mariadb = version.to_lowercase().contains("mariadb");
        let escapes = !sql_mode.contains("NO_BACKSLASH_ESCAPES");
        let (kind, _, charset, collation, nullable, default, comment) = &before.described;
        let kind = if kind.contains("binary") {
            "VARBINARY"
        } else {
            "VARCHAR"
        };
        let mut text = format!(
            "ALTER TABLE {} MODIFY COLUMN {} {kind}({chars})",
            users.table.quoted(),
            users.password.quoted()
        );
        if !charset.is_empty() {
            // Writing to a String cannot fail.
            let _ = write!(text, " CHARACTER SET {charset} COLLATE {collation}");
        }
        text.push_str(if nullable == "YES" {
            " NULL"
        } else {
            " NOT NULL"
        });
        if let Some(default) = default {
            // MariaDB has the expression there, MySQL the value.
            let expression = if is_mariadb {
                default.clone()
            } else {
                quoted(default, escapes)
            };
            let _ = write!(text, " DEFAULT {expression}");
        }
        if !comment.is_empty() {
            let _ = write!(text, " COMMENT {}", quoted(comment, escapes));
        }
        sqlx::raw_sql(AssertSqlSafe(text)).execute(pool).await?;
        let after = self.password_column(users).await?;
        let same =
            |after: PasswordColumn| after.rest() == before.rest() || kind_changed(&after, before);
        if after.is_some_and(same) {
            Ok(())
        } else {
            Err(StoreError::Corrupt {
                table: "the users table",
                column: "the password column, after it was widened",
            })
        }
    }
}

/// `CHAR` has become `VARCHAR`; the rest is as it was.
fn kind_changed(after: &PasswordColumn, before: &PasswordColumn) -> bool {
    let (mut after, mut before) = (after.rest(), before.rest());
    after.0.clear();
    before.0.clear();
    after == before
}

/// A string literal.
fn quoted(text: &str, backslash_escapes: bool) -> String {
    let mut text = text.replace('\'', "''");
    if backslash_escapes {
        text = text.replace('\\', "\\\\");
    }
    format!("'{text}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_cannot_end_itself() {
        assert_eq!(quoted(r"it's \ here", true), r"'it''s \\ here'");
        assert_eq!(quoted(r"it's \ here", false), r"'it''s \ here'");
    }
}
