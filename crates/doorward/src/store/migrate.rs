//! Bringing a database to the schema this program knows.

use std::{fs::File, path::Path, sync::LazyLock, time::Duration};

use sqlx::migrate::{Migrate, MigrateError, Migrator};

use super::{Database, Sql, StoreError, database::Pools};

const HAS_BOOKKEEPING: Sql = Sql::each(
    "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'",
    "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = '_sqlx_migrations'",
);

const SET_DONE: Sql =
    Sql::both("UPDATE _sqlx_migrations SET success = TRUE WHERE version = ? AND success = FALSE");
const SET_NOT_BEGUN: Sql =
    Sql::both("DELETE FROM _sqlx_migrations WHERE version = ? AND success = FALSE");

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("migrate.HAS_BOOKKEEPING", HAS_BOOKKEEPING),
    ("migrate.SET_DONE", SET_DONE),
    ("migrate.SET_NOT_BEGUN", SET_NOT_BEGUN),
];

static SQLITE: LazyLock<Migrator> =
    LazyLock::new(|| without_locking(sqlx::migrate!("migrations/sqlite")));
static MYSQL: LazyLock<Migrator> =
    LazyLock::new(|| without_locking(sqlx::migrate!("migrations/mysql")));

pub(super) fn sqlite() -> &'static Migrator {
    &SQLITE
}

pub(super) fn mysql() -> &'static Migrator {
    &MYSQL
}

/// The driver's own lock is `GET_LOCK`, which Galera and `TiDB` lack.
fn without_locking(mut migrator: Migrator) -> Migrator {
    migrator.set_locking(false);
    migrator
}

/// Why the schema cannot be used or changed.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The database is newer than this program.
    #[error(
        "the database has migration {version}, which this program does not know: it was written by a newer version. Run that version, or restore the copy made before the upgrade"
    )]
    Newer {
        /// The unknown migration.
        version: i64,
    },
    /// An applied migration is not the one that this program carries.
    #[error(
        "migration {version} in the database differs from the one in this program; the database was changed by something else"
    )]
    Altered {
        /// The migration.
        version: i64,
    },
    /// Tables that doorward did not make have names that it needs.
    #[error(
        "the database already has tables that doorward did not make, with names that it needs: {tables}. If they are an application's, `doorward adopt inspect` shows how to take its users over; otherwise give doorward a database of its own"
    )]
    TablesInTheWay {
        /// Their names.
        tables: String,
    },
    /// A migration stopped half-way (possible on MySQL, where a change of the schema is not part of a transaction).
    #[error(
        "migration {version} stopped half-way; look at the table _sqlx_migrations, mend what it names and run `doorward db migrate` again"
    )]
    HalfDone {
        /// The migration.
        version: i64,
    },
    /// The file beside the database that keeps two processes from migrating at once cannot be used.
    #[error("the lock file {path} cannot be opened: {source}")]
    Lock {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A statement of a migration failed.
    #[error("a migration failed: {0}")]
    Failed(#[source] MigrateError),
}

/// What the schema of a database is, against what this program knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaStatus {
    /// Migrations that are applied, oldest first.
    pub applied: Vec<MigrationName>,
    /// Migrations that are not, in the order in which they will be.
    pub pending: Vec<MigrationName>,
}

/// A migration's number and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationName {
    /// The number at the start of the file's name.
    pub version: i64,
    /// The rest of the name.
    pub description: String,
}

impl SchemaStatus {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.pending.is_empty()
    }
}

/// What [`Database::migrate`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The migrations it applied.
    pub applied: Vec<MigrationName>,
    /// The copy of the SQLite file that it made first, if there was something to lose.
    pub copy: Option<String>,
    /// How long it took.
    pub took: Duration,
}

impl Database {
    pub(super) fn migrator(&self) -> &'static Migrator {
        match self.pools {
            Pools::Sqlite { .. } => &SQLITE,
            Pools::MySql(_) => &MYSQL,
        }
    }

    /// Compares the database's schema with the one this program knows. Changes nothing.
    ///
    /// # Errors
    /// [`MigrationError`] when the database is newer, altered, or was left half-way.
    pub async fn schema_status(&self) -> Result<SchemaStatus, StoreError> {
        let migrator = self.migrator();
        let (dirty, applied) = self.bookkeeping().await?;
        if let Some(version) = dirty {
            return Err(MigrationError::HalfDone { version }.into());
        }
        for (version, checksum) in &applied {
            match migrator.iter().find(|known| known.version == *version) {
                None => return Err(MigrationError::Newer { version: *version }.into()),
                Some(known) if known.checksum.as_ref() != checksum.as_slice() => {
                    return Err(MigrationError::Altered { version: *version }.into());
                }
                Some(_) => {}
            }
        }
        let (done, pending) = migrator.iter().partition::<Vec<_>, _>(|known| {
            applied.iter().any(|(version, _)| *version == known.version)
        });
        let names = |list: Vec<&sqlx::migrate::Migration>| {
            list.into_iter()
                .map(|m| MigrationName {
                    version: m.version,
                    description: m.description.to_string(),
                })
                .collect()
        };
        Ok(SchemaStatus {
            applied: names(done),
            pending: names(pending),
        })
    }

    async fn bookkeeping(&self) -> Result<Applied, StoreError> {
        let migrator = self.migrator();
        match &self.pools {
            _ if !self.has_bookkeeping().await? => Ok((None, Vec::new())),
            Pools::Sqlite { writer, .. } => state(&mut *writer.acquire().await?, migrator).await,
            Pools::MySql(pool) => state(&mut *pool.acquire().await?, migrator).await,
        }
    }

    /// The migration that was begun and not finished, if there is one.
    pub(super) async fn half_done(&self) -> Result<Option<i64>, StoreError> {
        Ok(self.bookkeeping().await?.0)
    }

    /// Writes down that a half-done migration was done, or was not begun.
    pub(super) async fn settle(&self, version: i64, done: bool) -> Result<(), StoreError> {
        let sql = if done { SET_DONE } else { SET_NOT_BEGUN };
        self.execute(sql, &[version.into()]).await.map(drop)
    }

    /// Whether any migration was ever begun here. (The driver makes its table when it is asked for the state.)
    async fn has_bookkeeping(&self) -> Result<bool, StoreError> {
        let row: Option<(i64,)> = self.fetch_optional(HAS_BOOKKEEPING, &[]).await?;
        Ok(row.is_some_and(|(tables,)| tables > 0))
    }

    /// Applies all pending migrations. A SQLite database that holds something is copied first, to a file beside it.
    ///
    /// # Errors
    /// [`MigrationError`], or any other [`StoreError`] of the database.
    pub async fn migrate(&self) -> Result<Migrated, StoreError> {
        let started = tokio::time::Instant::now();
        let _one_at_a_time = self.lock_schema().await?;
        self.mend_half_done().await?;
        let before = self.schema_status().await?;
        if before.applied.is_empty() {
            self.refuse_tables_in_the_way(Self::own_tables()).await?;
        }
        let copy = if before.applied.is_empty() || before.is_current() {
            None
        } else {
            self.copy_before(&before).await?
        };
        if !before.is_current() {
            let migrator = self.migrator();
            let result = match &self.pools {
                Pools::Sqlite { writer, .. } => migrator.run(writer).await,
                Pools::MySql(pool) => migrator.run(pool).await,
            };
            result.map_err(MigrationError::Failed)?;
        }
        Ok(Migrated {
            applied: before.pending,
            copy,
            took: started.elapsed(),
        })
    }

    /// Holds a lock on a file beside the SQLite database, so that two processes starting at once do not both migrate.
    /// (MySQL migrates only by an operator's command.)
    async fn lock_schema(&self) -> Result<Option<File>, StoreError> {
        let Pools::Sqlite { writer, .. } = &self.pools else {
            return Ok(None);
        };
        let path = writer
            .connect_options()
            .get_filename()
            .with_extension("lock");
        let failed = |source| MigrationError::Lock {
            path: path.display().to_string(),
            source,
        };
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        // try_lock and wait, since a blocking lock would hold up the runtime.
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(file)),
                Err(std::fs::TryLockError::WouldBlock) => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(std::fs::TryLockError::Error(source)) => return Err(failed(source).into()),
            }
        }
    }

    async fn copy_before(&self, status: &SchemaStatus) -> Result<Option<String>, StoreError> {
        let Pools::Sqlite { writer, .. } = &self.pools else {
            return Ok(None);
        };
        let last = status.applied.last().map_or(0, |name| name.version);
        let options = writer.connect_options();
        let file = options.get_filename();
        let copy = file.with_extension(format!("db.schema-{last:04}.copy"));
        if Path::new(&copy).exists() {
            return Ok(Some(copy.display().to_string()));
        }
        let name = copy.display().to_string();
        sqlx::query("VACUUM INTO ?")
            .bind(&name)
            .execute(writer)
            .await?;
        Ok(Some(name))
    }
}

type Applied = (Option<i64>, Vec<(i64, Vec<u8>)>);

async fn state<C: Migrate>(connection: &mut C, migrator: &Migrator) -> Result<Applied, StoreError> {
    let failed = MigrationError::Failed;
    let dirty = connection
        .dirty_version(&migrator.table_name)
        .await
        .map_err(failed)?;
    let applied = connection
        .list_applied_migrations(&migrator.table_name)
        .await
        .map_err(failed)?;
    Ok((
        dirty,
        applied
            .into_iter()
            .map(|m| (m.version, m.checksum.into_owned()))
            .collect(),
    ))
}
