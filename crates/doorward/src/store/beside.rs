//! Migrating a database that is not doorward's alone, or whose last migration was cut off.

use sqlx::migrate::Migration;

use super::{Database, MigrationError, Sql, StoreError, database::Pools, migrate};

const HAS_TABLE: Sql = Sql::each(
    "SELECT COUNT(*) FROM sqlite_master WHERE type IN ('table', 'view') AND lower(name) = lower(?)",
    "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND LOWER(table_name) = LOWER(?)",
);
const HAS_COLUMN: Sql = Sql::each(
    "SELECT COUNT(*) FROM pragma_table_info(?) WHERE name = ?",
    "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? AND column_name = ?",
);

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("beside.HAS_TABLE", HAS_TABLE),
    ("beside.HAS_COLUMN", HAS_COLUMN),
];

/// The migration that makes doorward's own users table.
const USERS: i64 = 1;

/// What a migration leaves in the schema. Each does one of these, so whether it was done can be seen.
#[derive(Debug, PartialEq, Eq)]
enum Effect {
    Table(String),
    Column { table: String, column: String },
}

impl Effect {
    fn of(migration: &Migration) -> Option<Self> {
        let sql = migration.sql.as_str();
        let mut words = sql
            .lines()
            .filter(|line| !line.trim_start().starts_with("--"))
            .flat_map(|line| line.split_whitespace());
        let mut next = || words.next();
        match (next()?, next()?, next()?) {
            ("CREATE", "TABLE", table) => Some(Self::Table(table.to_owned())),
            ("ALTER", "TABLE", table) => match (next()?, next()?, next()?) {
                ("ADD", "COLUMN", column) => Some(Self::Column {
                    table: table.to_owned(),
                    column: column.to_owned(),
                }),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Database {
    /// Whether there is a table or view of this name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn has_table(&self, name: &str) -> Result<bool, StoreError> {
        let row: Option<(i64,)> = self.fetch_optional(HAS_TABLE, &[name.into()]).await?;
        Ok(row.is_some_and(|(count,)| count > 0))
    }

    /// The tables that doorward's migrations make on either engine, in the order in which they are made; the users table
    /// first. Their bookkeeping, `_sqlx_migrations`, is not among them.
    #[must_use]
    pub fn own_tables() -> Vec<String> {
        migrate::sqlite()
            .iter()
            .filter_map(|migration| match Effect::of(migration)? {
                Effect::Table(name) => Some(name),
                Effect::Column { .. } => None,
            })
            .collect()
    }

    /// Brings the schema up to date beside a users table that was there before: doorward makes none of its own. Does
    /// nothing when that was done already.
    ///
    /// # Errors
    /// [`MigrationError::TablesInTheWay`] when another of doorward's names is taken, or any other [`StoreError`].
    pub async fn migrate_beside(&self) -> Result<migrate::Migrated, StoreError> {
        self.mend_half_done().await?;
        if self.schema_status().await?.applied.is_empty() {
            let others = Self::own_tables().split_off(1);
            self.refuse_tables_in_the_way(others).await?;
            let migrator = self.migrator();
            let skipped = match &self.pools {
                Pools::Sqlite { writer, .. } => migrator.skip(writer, Some(USERS)).await,
                Pools::MySql(pool) => migrator.skip(pool, Some(USERS)).await,
            };
            skipped.map_err(MigrationError::Failed)?;
        }
        self.migrate().await
    }

    /// Refuses to migrate into a database in which `names` are taken.
    pub(super) async fn refuse_tables_in_the_way(
        &self,
        names: Vec<String>,
    ) -> Result<(), StoreError> {
        let mut taken = Vec::new();
        for name in names {
            if self.has_table(&name).await? {
                taken.push(name);
            }
        }
        if taken.is_empty() {
            return Ok(());
        }
        let tables = taken.join(", ");
        Err(MigrationError::TablesInTheWay { tables }.into())
    }

    /// Settles a migration that was cut off on MySQL, where a change of the schema is not part of a transaction: each
    /// of ours is one atomic statement, so it was done or it was not.
    pub(super) async fn mend_half_done(&self) -> Result<(), StoreError> {
        let Some(version) = self.half_done().await? else {
            return Ok(());
        };
        let effect = self
            .migrator()
            .iter()
            .find(|known| known.version == version)
            .and_then(Effect::of);
        let done = match effect {
            Some(Effect::Table(table)) => self.has_table(&table).await?,
            Some(Effect::Column { table, column }) => {
                let args = [table.as_str().into(), column.as_str().into()];
                let row: Option<(i64,)> = self.fetch_optional(HAS_COLUMN, &args).await?;
                row.is_some_and(|(count,)| count > 0)
            }
            None => return Ok(()),
        };
        tracing::warn!(target: "doorward::store", event = "migration_mended", version, done);
        self.settle(version, done).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effect_of_every_migration_can_be_seen() {
        for migrator in [migrate::sqlite(), migrate::mysql()] {
            for migration in migrator.iter() {
                assert!(Effect::of(migration).is_some(), "{}", migration.description);
            }
        }
    }

    #[test]
    fn the_first_migration_makes_the_users_table() {
        for migrator in [migrate::sqlite(), migrate::mysql()] {
            let first = migrator.iter().find(|known| known.version == USERS);
            let table = first.and_then(Effect::of);
            assert_eq!(table, Some(Effect::Table("users".to_owned())));
        }
    }
}
