//! A table that somebody else made: what it has, and its rows in order.

use std::fmt::Write as _;

use futures_util::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use sqlx::{AssertSqlSafe, MySql, Sqlite};

use super::{StoreError, Transaction, foreign_schema::Reading, transaction::Open};
use crate::adoption::{AdoptionError, Columns, Identifier, RoleSource};

/// Fetches all rows of a statement with texts for arguments.
macro_rules! fetch {
    ($reading:expr, $row:ty, $sqlite:expr, $mysql:expr, $args:expr) => {
        match $reading {
            Reading::Sqlite(pool) => {
                let mut query = sqlx::query_as::<Sqlite, $row>(AssertSqlSafe($sqlite));
                for arg in $args {
                    query = query.bind(arg);
                }
                query.fetch_all(pool).await.map_err(StoreError::from)?
            }
            Reading::MySql(pool) => {
                let mut query = sqlx::query_as::<MySql, $row>(AssertSqlSafe($mysql));
                for arg in $args {
                    query = query.bind(arg);
                }
                query.fetch_all(pool).await.map_err(StoreError::from)?
            }
        }
    };
}

/// Name, type, whether it may be NULL, and the `EXTRA` of MySQL.
const SQLITE_COLUMNS: &str = "SELECT name, LOWER(type), CASE WHEN \"notnull\" OR pk THEN 'NO' ELSE 'YES' END, '' FROM pragma_table_info(?) ORDER BY cid";
const MYSQL_COLUMNS: &str = "SELECT CAST(column_name AS CHAR(64)), CAST(data_type AS CHAR(64)), CAST(is_nullable AS CHAR(3)), CAST(extra AS CHAR(255)) \
     FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position";
/// Unique keys: index, place in it, column. The primary key first.
const SQLITE_KEYS: &str = "SELECT 'PRIMARY', pk, name FROM pragma_table_info(?) WHERE pk > 0 UNION ALL \
     SELECT list.name, info.seqno + 1, info.name FROM pragma_index_list(?) AS list, pragma_index_info(list.name) AS info \
     WHERE list.\"unique\" = 1 AND list.partial = 0 AND list.origin <> 'pk' ORDER BY 1, 2";
const MYSQL_KEYS: &str = "SELECT CAST(index_name AS CHAR(64)), CAST(seq_in_index AS SIGNED), CAST(column_name AS CHAR(64)) \
     FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name IN (?, ?) AND non_unique = 0 \
     ORDER BY index_name, seq_in_index";

/// One row of theirs: id, name, password, role, active; every value as the bytes of its text.
pub(crate) type ForeignRow = (
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
);

/// A column of theirs.
#[derive(Debug, Clone)]
struct Column {
    name: String,
    kind: String,
    nullable: bool,
    extra: String,
}

/// A table of theirs with the columns that a plan names.
#[derive(Debug, Clone)]
pub(crate) struct ForeignTable {
    reading: Reading,
    table: Identifier,
    id: Option<Identifier>,
    /// Whether the id is a whole number that no two rows share.
    has_number: bool,
    primary_key: Vec<Identifier>,
    /// The selected expressions.
    values: String,
    password: Identifier,
    password_text: String,
    /// Columns that the database would change by itself when a row is changed.
    self_changing: Vec<Identifier>,
}

impl ForeignTable {
    /// Looks at a table.
    ///
    /// # Errors
    /// [`AdoptionError`] names the table or column that is not there.
    pub(crate) async fn open(reading: Reading, columns: &Columns) -> Result<Self, AdoptionError> {
        let table = columns.table.clone().ok_or(AdoptionError::TableNotNamed)?;
        let found = columns_of(&reading, &table).await?;
        let column = |wanted: &Identifier| {
            let same = |column: &&Column| column.name.eq_ignore_ascii_case(wanted.as_str());
            found
                .iter()
                .find(same)
                .ok_or_else(|| AdoptionError::NoColumn {
                    place: table.to_string(),
                    column: wanted.clone(),
                    there: found
                        .iter()
                        .map(|column| column.name.as_str())
                        .collect::<Vec<_>>()
                        .join(", "),
                })
        };
        let is_mysql = matches!(reading, Reading::MySql(_));
        let text = |wanted: Option<&Identifier>| match wanted {
            None => Ok("NULL".to_owned()),
            Some(wanted) => {
                Ok::<_, AdoptionError>(as_bytes(is_mysql, wanted, &column(wanted)?.kind))
            }
        };
        let role = match &columns.role {
            RoleSource::Column { column, .. } | RoleSource::Flag { flag: column } => Some(column),
            RoleSource::Always { .. } => None,
        };
        let password_text = text(Some(&columns.password))?;
        let values = [
            text(columns.id.as_ref())?,
            text(Some(&columns.username))?,
            password_text.clone(),
            text(role)?,
            text(columns.active.as_ref())?,
        ]
        .join(", ");
        let keys: Vec<(String, i64, String)> = fetch!(
            &reading,
            (String, i64, String),
            SQLITE_KEYS.to_owned(),
            MYSQL_KEYS.to_owned(),
            [table.as_str(), table.as_str()]
        );
        let is_key = |wanted: &Identifier| {
            keys.iter().any(|(index, place, name)| {
                *place == 1
                    && name.eq_ignore_ascii_case(wanted.as_str())
                    && !keys
                        .iter()
                        .any(|(other, place, _)| other == index && *place > 1)
            })
        };
        let has_number = match &columns.id {
            None => false,
            Some(id) => {
                let column = column(id)?;
                column.kind.contains("int") && !column.nullable && is_key(id)
            }
        };
        let primary_key = keys
            .iter()
            .filter(|(index, _, _)| index == "PRIMARY")
            .filter_map(|(_, _, name)| Identifier::parse(name).ok())
            .collect();
        let self_changing = found
            .iter()
            .filter(|column| column.extra.contains("on update"))
            .filter_map(|column| Identifier::parse(&column.name).ok())
            .collect();
        Ok(Self {
            table,
            id: columns.id.clone(),
            has_number,
            primary_key,
            values,
            password: columns.password.clone(),
            password_text,
            self_changing,
            reading,
        })
    }

    /// The id that rows can be read by, in order, if there is one.
    pub(crate) fn number(&self) -> Option<&Identifier> {
        self.id.as_ref().filter(|_| self.has_number)
    }

    /// How many rows there are behind `after`.
    pub(crate) async fn count(&self, after: i64) -> Result<i64, StoreError> {
        let table = self.table.quoted();
        let text = match self.number() {
            Some(id) => format!("SELECT COUNT(*) FROM {table} WHERE {} > ?", id.quoted()),
            None => format!("SELECT COUNT(*) FROM {table} WHERE ? IS NOT NULL"),
        };
        let rows: Vec<(i64,)> = fetch!(&self.reading, (i64,), text, text, [after]);
        Ok(rows.first().map_or(0, |(count,)| *count))
    }

    /// At most `limit` rows with an id from behind `after` to `last`, by id; none without a number.
    pub(crate) async fn page(
        &self,
        after: i64,
        last: i64,
        limit: i64,
    ) -> Result<Vec<ForeignRow>, StoreError> {
        let Some(id) = self.number() else {
            return Ok(Vec::new());
        };
        let (id, table, values) = (id.quoted(), self.table.quoted(), &self.values);
        let text = format!(
            "SELECT {values} FROM {table} WHERE {id} > ? AND {id} <= ? ORDER BY {id} LIMIT ?"
        );
        Ok(fetch!(
            &self.reading,
            ForeignRow,
            text,
            text,
            [after, last, limit]
        ))
    }

    /// All rows in the order of the primary key, once.
    pub(crate) fn stream(&self) -> BoxStream<'_, Result<ForeignRow, StoreError>> {
        let order = if self.primary_key.is_empty() {
            String::new()
        } else {
            let columns: Vec<String> = self.primary_key.iter().map(Identifier::quoted).collect();
            format!(" ORDER BY {}", columns.join(", "))
        };
        let text = format!("SELECT {} FROM {}{order}", self.values, self.table.quoted());
        match &self.reading {
            Reading::Sqlite(pool) => sqlx::query_as::<Sqlite, ForeignRow>(AssertSqlSafe(text))
                .fetch(pool)
                .map_err(StoreError::from)
                .boxed(),
            Reading::MySql(pool) => sqlx::query_as::<MySql, ForeignRow>(AssertSqlSafe(text))
                .fetch(pool)
                .map_err(StoreError::from)
                .boxed(),
        }
    }

    /// Rows without an account that are no reject of the adoption, and at most ten of their ids.
    pub(crate) async fn without_account(
        &self,
        adoption: &[u8],
    ) -> Result<(i64, Vec<i64>), StoreError> {
        let id = self.number().map(Identifier::quoted).unwrap_or_default();
        let table = self.table.quoted();
        let missing = format!(
            "FROM {table} AS theirs WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE user_id = theirs.{id}) \
             AND NOT EXISTS (SELECT 1 FROM adoption_rejects WHERE adoption_id = ? AND place = theirs.{id})"
        );
        let count = format!("SELECT COUNT(*) {missing}");
        let ids =
            format!("SELECT CAST(theirs.{id} AS SIGNED) {missing} ORDER BY theirs.{id} LIMIT 10");
        let ids_sqlite = ids.replace(" AS SIGNED)", " AS INTEGER)");
        let rows: Vec<(i64,)> = fetch!(&self.reading, (i64,), count, count, [adoption]);
        let ids: Vec<(i64,)> = fetch!(&self.reading, (i64,), ids_sqlite, ids, [adoption]);
        Ok((
            rows.first().map_or(0, |(count,)| *count),
            ids.into_iter().map(|(id,)| id).collect(),
        ))
    }
}

/// The columns of a table.
async fn columns_of(reading: &Reading, table: &Identifier) -> Result<Vec<Column>, AdoptionError> {
    let found: Vec<(String, String, String, String)> = fetch!(
        reading,
        (String, String, String, String),
        SQLITE_COLUMNS.to_owned(),
        MYSQL_COLUMNS.to_owned(),
        [table.as_str()]
    );
    if found.is_empty() {
        return Err(AdoptionError::NoTable(table.clone()));
    }
    Ok(found
        .into_iter()
        .map(|(name, kind, nullable, extra)| Column {
            name,
            kind,
            nullable: nullable == "YES",
            extra: extra.to_lowercase(),
        })
        .collect())
}

/// The column's value as the bytes of its UTF-8 text, whatever its type and character set.
fn as_bytes(is_mysql: bool, column: &Identifier, kind: &str) -> String {
    let name = column.quoted();
    if !is_mysql {
        return format!("CAST(CAST({name} AS TEXT) AS BLOB)");
    }
    match kind {
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => {
            format!("CAST({name} AS BINARY)")
        }
        // A bit's text would be its byte.
        "bit" => format!("CAST(CONVERT({name} + 0 USING utf8mb4) AS BINARY)"),
        _ => format!("CAST(CONVERT({name} USING utf8mb4) AS BINARY)"),
    }
}

impl Transaction {
    /// Replaces a stored password if it is still `old`, compared byte by byte. Returns whether it was. No other column
    /// changes, also none that the database would change by itself.
    pub(crate) async fn swap_password(
        &mut self,
        table: &ForeignTable,
        id: i64,
        old: &str,
        new: &str,
    ) -> Result<bool, StoreError> {
        let mut kept = String::new();
        for column in &table.self_changing {
            // Writing to a String cannot fail.
            let _ = write!(kept, ", {0} = {0}", column.quoted());
        }
        let key = table
            .id
            .as_ref()
            .map(Identifier::quoted)
            .unwrap_or_default();
        let text = format!(
            "UPDATE {} SET {} = ?{kept} WHERE {key} = ? AND {} = ?",
            table.table.quoted(),
            table.password.quoted(),
            table.password_text
        );
        let changed = match &mut self.open {
            Open::Sqlite(tx) => sqlx::query::<Sqlite>(AssertSqlSafe(text))
                .bind(new)
                .bind(id)
                .bind(old.as_bytes())
                .execute(&mut **tx)
                .await?
                .rows_affected(),
            Open::MySql(tx) => sqlx::query::<MySql>(AssertSqlSafe(text))
                .bind(new)
                .bind(id)
                .bind(old.as_bytes())
                .execute(&mut **tx)
                .await?
                .rows_affected(),
        };
        Ok(changed == 1)
    }
}
