//! What the tests of `doorward adopt` share: plans, sources, and everything that a database holds.

use std::fmt::Write as _;

use doorward::store::{Database, Sql};

use crate::installation::Installation;

/// Werkzeug 3.1.9's hashes of the test suite's first password, in two forms.
pub(crate) const SCRYPT: &str = "scrypt:32768:8:1$gT6O0AyhNKnrQKDk$1005f196f05d1433572bb0148b3202b5da2ed671d2f991a189241e33b9525591de0d6306d284c2e54ec6fc4e1e6f6e30a54926e0a61dc1eefc31f469c7e9aae1";
pub(crate) const PBKDF2: &str = "pbkdf2:sha256:600000$FUWOCLALYSVGtaVm$9193ff4066ce1166d8eb4a0b1252ba426c5767c791fca8a9f76f3fdbae89e183";

pub(crate) const COPY: &str = r#"
version = 1
mode = "copy"
[users]
table = "users"
id = "id"
username = "username"
password = "password"
role = { column = "role" }
"#;

pub(crate) const IN_PLACE: &str = r#"
version = 1
mode = "in-place"
[users]
table = "users"
id = "id"
username = "username"
password = "password"
role = { column = "role" }
[passwords]
plaintext = "hash"
widen_to = 255
"#;

/// The lecture's table (program 8) on the engine, in a database of its own.
pub(crate) const LECTURE_TABLE: Sql = Sql::each(
    "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, username VARCHAR(50) UNIQUE NOT NULL, \
     password VARCHAR(100) NOT NULL, role VARCHAR(20) NOT NULL)",
    "CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, username VARCHAR(50) UNIQUE NOT NULL, \
     password VARCHAR(100) NOT NULL COMMENT 'the user''s', role VARCHAR(20) NOT NULL)",
);

impl Installation {
    /// Writes a file into the working directory.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// The report of rejects, sorted by place; empty when there is none.
    pub(crate) fn rejects(&self, name: &str) -> Vec<(i64, Option<String>, String)> {
        let text = std::fs::read_to_string(self.path(name)).unwrap_or_default();
        text.lines()
            .map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                let username = line["username"].as_str().map(str::to_owned);
                let reason = line["reason"].as_str().unwrap().to_owned();
                (line["place"].as_i64().unwrap(), username, reason)
            })
            .collect()
    }

    /// Every row of our tables and of `users`, as text. Moments are told relative to the adoption's beginning.
    pub(crate) fn dump(&self) -> String {
        let mut dump = String::new();
        self.open(async |database| dump = dumped(database).await);
        dump
    }
}

type JournalRow = (String, String, i64, i64, i64, i64, i64, i64, String);
type AccountRow = (i64, Vec<u8>, i64, i64, Option<i64>);

/// Every row, table by table.
pub(crate) async fn dumped(database: &Database) -> String {
    let tables: Vec<(String,)> = database
        .fetch_all(
            Sql::each(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
                "SELECT CAST(table_name AS CHAR(64)) FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1",
            ),
            &[],
        )
        .await
        .unwrap();
    let tables: Vec<String> = tables.into_iter().map(|(table,)| table).collect();
    let mut dump = format!("{tables:?}\n");
    let has = |table: &str| tables.iter().any(|found| found == table);
    if has("users") {
        let rows: Vec<(i64, String, String, String)> = database
            .fetch_all(
                Sql::both("SELECT id, username, password, role FROM users ORDER BY id"),
                &[],
            )
            .await
            .unwrap();
        for row in rows {
            writeln!(dump, "{row:?}").unwrap();
        }
    }
    let mut began = 0;
    if has("adoptions") {
        let rows: Vec<JournalRow> = database
            .fetch_all(
                Sql::both("SELECT mode, state, started_at_ms, position, adopted, present, hashed, rejected, forms FROM adoptions"),
                &[],
            )
            .await
            .unwrap();
        for (mode, state, started, position, adopted, present, hashed, rejected, forms) in rows {
            began = started;
            writeln!(
                dump,
                "{mode} {state} {position} {adopted} {present} {hashed} {rejected} {forms}"
            )
            .unwrap();
        }
        let rows: Vec<(i64, Option<String>, String)> = database
            .fetch_all(
                Sql::both("SELECT place, username, reason FROM adoption_rejects ORDER BY place"),
                &[],
            )
            .await
            .unwrap();
        for row in rows {
            writeln!(dump, "{row:?}").unwrap();
        }
    }
    if has("accounts") {
        let rows: Vec<AccountRow> = database
            .fetch_all(
                Sql::both("SELECT user_id, username_key, created_at_ms, password_changed_at_ms, disabled_at_ms FROM accounts ORDER BY user_id"),
                &[],
            )
            .await
            .unwrap();
        for (id, key, made, changed, disabled) in rows {
            let key = String::from_utf8(key).unwrap();
            let disabled = disabled.map(|at| at - began);
            writeln!(
                dump,
                "{id} {key} {} {} {disabled:?}",
                made - began,
                changed - began
            )
            .unwrap();
        }
    }
    dump
}

/// Rows that the journal says are dealt with; none before it is there.
pub(crate) async fn journalled(database: &Database) -> i64 {
    let sums = Sql::both("SELECT adopted + present + rejected FROM adoptions");
    let rows: Vec<(i64,)> = database.fetch_all(sums, &[]).await.unwrap_or_default();
    rows.iter().map(|(sum,)| sum).sum()
}
