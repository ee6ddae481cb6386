//! A database that somebody else made: its tables, its columns, and what our account may do there. Nothing is changed.

use std::{collections::BTreeSet, fs::File, io::Read as _, path::Path};

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, MySql, MySqlPool, Sqlite, SqlitePool,
    sqlite::SqliteConnectOptions,
};

use super::{Database, DatabaseUrl, Sql, StoreError, database::Pools};
use crate::adoption::{
    Identifier,
    inspect::{Column, Kind, Table},
};

/// Name, `table` or `view`, engine.
const TABLES: Sql = Sql::each(
    "SELECT name, type, '' FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!' \
     ORDER BY name LIMIT 5000",
    "SELECT CAST(table_name AS CHAR(64)), CASE WHEN table_type LIKE '%VIEW' THEN 'view' ELSE 'table' END, \
     CAST(COALESCE(engine, '') AS CHAR(64)) FROM information_schema.tables WHERE table_schema = DATABASE() \
     ORDER BY table_name LIMIT 5000",
);
/// Table, column, type, type in full, widest in characters (0: not enforced), 1 for NOT NULL, 1 for a value of its own
/// (default, generated), place in the primary key.
const COLUMNS: Sql = Sql::each(
    "SELECT m.name, c.name, LOWER(c.type), LOWER(c.type), 0, CAST(c.\"notnull\" OR c.pk > 0 AS INTEGER), \
     CAST(c.dflt_value IS NOT NULL OR c.hidden > 0 AS INTEGER), c.pk \
     FROM sqlite_master AS m, pragma_table_xinfo(m.name) AS c \
     WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY m.name, c.cid LIMIT 100000",
    "SELECT CAST(c.table_name AS CHAR(64)), CAST(c.column_name AS CHAR(64)), LOWER(CAST(c.data_type AS CHAR(64))), \
     CAST(c.column_type AS CHAR(1024)), CAST(COALESCE(c.character_maximum_length, 0) AS SIGNED), \
     CAST(c.is_nullable = 'NO' AS SIGNED), CAST(c.column_default IS NOT NULL OR c.extra <> '' AS SIGNED), \
     CAST(COALESCE(k.seq_in_index, 0) AS SIGNED) FROM information_schema.columns AS c \
     LEFT JOIN information_schema.statistics AS k ON k.table_schema = c.table_schema AND k.table_name = c.table_name \
     AND k.column_name = c.column_name AND k.index_name = 'PRIMARY' \
     WHERE c.table_schema = DATABASE() ORDER BY c.table_name, c.ordinal_position LIMIT 100000",
);
/// Table and column of each unique key over one column.
const UNIQUE_COLUMNS: Sql = Sql::each(
    "SELECT m.name, MIN(i.name) FROM sqlite_master AS m, pragma_index_list(m.name) AS l, pragma_index_info(l.name) AS i \
     WHERE m.type = 'table' AND l.\"unique\" = 1 AND l.partial = 0 GROUP BY m.name, l.name HAVING COUNT(*) = 1",
    "SELECT CAST(table_name AS CHAR(64)), CAST(MIN(column_name) AS CHAR(64)) FROM information_schema.statistics \
     WHERE table_schema = DATABASE() AND non_unique = 0 GROUP BY table_name, index_name HAVING COUNT(*) = 1",
);
const VERSION: Sql = Sql::each("SELECT sqlite_version()", "SELECT VERSION()");
const DATABASE_NAME: Sql = Sql::each("SELECT 'main'", "SELECT CAST(DATABASE() AS CHAR(64))");
const GRANTS: Sql = Sql::each(
    "SELECT 'GRANT ALL PRIVILEGES ON *.*'",
    "SHOW GRANTS FOR CURRENT_USER",
);

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("foreign_schema.TABLES", TABLES),
    ("foreign_schema.COLUMNS", COLUMNS),
    ("foreign_schema.UNIQUE_COLUMNS", UNIQUE_COLUMNS),
    ("foreign_schema.VERSION", VERSION),
    ("foreign_schema.DATABASE_NAME", DATABASE_NAME),
    ("foreign_schema.GRANTS", GRANTS),
];

/// Connections that only read.
#[derive(Debug, Clone)]
pub(crate) enum Reading {
    Sqlite(SqlitePool),
    MySql(MySqlPool),
}

/// Fetches all rows of a statement without arguments.
macro_rules! fetch {
    ($reading:expr, $row:ty, $sqlite:expr, $mysql:expr) => {
        match $reading {
            Reading::Sqlite(pool) => {
                sqlx::query_as::<Sqlite, $row>($sqlite)
                    .fetch_all(pool)
                    .await
            }
            Reading::MySql(pool) => sqlx::query_as::<MySql, $row>($mysql).fetch_all(pool).await,
        }
        .map_err(StoreError::from)
    };
}

impl Database {
    /// Connections to a database that is not ours: a SQLite file is neither made nor changed.
    pub(crate) async fn open_foreign(url: &DatabaseUrl) -> Result<Reading, StoreError> {
        match url {
            DatabaseUrl::Sqlite(path) => {
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .read_only(true)
                    .immutable(is_idle_wal(path))
                    .disable_statement_logging();
                match SqlitePool::connect_with(options.clone()).await {
                    Ok(pool) => Ok(Reading::Sqlite(pool)),
                    // SQLITE_CANTOPEN: a WAL database in a folder where nothing can be written. Nobody else writes there
                    // either, so the file can be read as it is.
                    Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("14") => {
                        let options = options.immutable(true);
                        Ok(Reading::Sqlite(SqlitePool::connect_with(options).await?))
                    }
                    Err(error) => Err(error.into()),
                }
            }
            DatabaseUrl::MySql(_) => Ok(Self::connect(url, 2).await?.reading()),
        }
    }

    /// The connections that only read (on MySQL, all).
    pub(crate) fn reading(&self) -> Reading {
        match &self.pools {
            Pools::Sqlite { readers, .. } => Reading::Sqlite(readers.clone()),
            Pools::MySql(pool) => Reading::MySql(pool.clone()),
        }
    }
}

/// Whether the file is in WAL mode and nobody has it open. Reading it as usual would leave two files of ours beside it.
/// Whoever opens it while we read finds it as it was; we may miss what is written then.
fn is_idle_wal(path: &Path) -> bool {
    // The read version of the file's format, 2 for WAL: https://www.sqlite.org/fileformat.html#file_format_version_numbers
    let mut header = [0; 20];
    let is_wal = File::open(path)
        .and_then(|mut file| file.read_exact(&mut header))
        .is_ok_and(|()| header.last() == Some(&2));
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    is_wal && !Path::new(&log).exists()
}

/// A column as [`COLUMNS`] tells it.
type ColumnRow = (String, String, String, String, i64, i64, i64, i64);

impl Reading {
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::MySql(pool) => pool.close().await,
        }
    }

    /// `sqlite` or `mysql`.
    pub(crate) fn engine(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::MySql(_) => "mysql",
        }
    }

    /// The server's version, as it tells it.
    pub(crate) async fn version(&self) -> Result<String, StoreError> {
        self.text(VERSION).await
    }

    /// The name of the database that is open.
    pub(crate) async fn database_name(&self) -> Result<String, StoreError> {
        self.text(DATABASE_NAME).await
    }

    async fn text(&self, sql: Sql) -> Result<String, StoreError> {
        let rows = fetch!(self, (String,), sql.sqlite(), sql.mysql())?;
        Ok(rows
            .into_iter()
            .next()
            .map(|(text,)| text)
            .unwrap_or_default())
    }

    /// The account's rights as `SHOW GRANTS` lists them, one line each.
    pub(crate) async fn grants(&self) -> Result<Vec<String>, StoreError> {
        let rows = fetch!(self, (String,), GRANTS.sqlite(), GRANTS.mysql())?;
        Ok(rows.into_iter().map(|(line,)| line).collect())
    }

    /// Every table and view with its columns, by name. Those with a name that we cannot write are left out.
    pub(crate) async fn tables(&self) -> Result<Vec<Table>, StoreError> {
        let tables = fetch!(
            self,
            (String, String, String),
            TABLES.sqlite(),
            TABLES.mysql()
        )?;
        let columns = fetch!(self, ColumnRow, COLUMNS.sqlite(), COLUMNS.mysql())?;
        let unique: BTreeSet<(String, String)> = fetch!(
            self,
            (String, String),
            UNIQUE_COLUMNS.sqlite(),
            UNIQUE_COLUMNS.mysql()
        )?
        .into_iter()
        .collect();
        let mut by_table: std::collections::BTreeMap<String, Vec<Column>> =
            std::collections::BTreeMap::new();
        for row in columns {
            let is_unique = unique.contains(&(row.0.clone(), row.1.clone()));
            let table = row.0.clone();
            if let Some(column) = self.column(row, is_unique) {
                by_table.entry(table).or_default().push(column);
            }
        }
        Ok(tables
            .into_iter()
            .filter_map(|(name, kind, engine)| {
                Some(Table {
                    columns: by_table.remove(&name).unwrap_or_default(),
                    name: Identifier::parse(name).ok()?,
                    is_view: kind == "view",
                    engine: (!engine.is_empty()).then_some(engine),
                })
            })
            .collect())
    }

    fn column(&self, row: ColumnRow, is_unique: bool) -> Option<Column> {
        let (_, name, kind, declared, width, not_null, own_value, place) = row;
        let kind = match self {
            Self::Sqlite(_) => Kind::of_sqlite(&kind),
            Self::MySql(_) => Kind::of_mysql(&kind, &declared),
        };
        // SQLite numbers an INTEGER PRIMARY KEY by itself.
        let numbers_itself = matches!(self, Self::Sqlite(_)) && place == 1 && declared == "integer";
        Some(Column {
            name: Identifier::parse(name).ok()?,
            kind,
            declared,
            max_chars: u32::try_from(width).ok().filter(|width| *width > 0),
            is_nullable: not_null == 0,
            has_own_value: own_value == 1 || numbers_itself,
            key_place: u8::try_from(place).unwrap_or(u8::MAX),
            is_unique,
        })
    }

    /// How many members each role of a table of memberships has, the largest first, at most 20.
    pub(crate) async fn memberships(
        &self,
        members: &Identifier,
        member_role: &Identifier,
        roles: &Identifier,
        role_name: &Identifier,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let name = role_name.quoted();
        let as_text = |cast: &str| {
            format!(
                "SELECT CAST(r.{name} AS {cast}), COUNT(*) FROM {} AS m JOIN {} AS r ON r.`id` = m.{} GROUP BY r.{name} \
                 ORDER BY 2 DESC LIMIT 20",
                members.quoted(),
                roles.quoted(),
                member_role.quoted()
            )
        };
        fetch!(
            self,
            (String, i64),
            AssertSqlSafe(as_text("TEXT")),
            AssertSqlSafe(as_text("CHAR(255)"))
        )
    }
}
