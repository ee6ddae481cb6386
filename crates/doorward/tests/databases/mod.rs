//! Fresh databases of every engine for one test each.
//!
//! SQLite always; MySQL/MariaDB when `DOORWARD_TEST_MYSQL_URL` names a server (`mysql://user:password@host:port/`) on
//! which databases may be created. With `DOORWARD_REQUIRE_ALL=1` a missing server fails the test.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::{
    ops::Deref,
    sync::atomic::{AtomicU32, Ordering},
};

use doorward::store::{Database, DatabaseUrl, Store};

/// Databases that live as long as this value.
pub(crate) struct Databases {
    list: Vec<Database>,
    urls: Vec<String>,
    _folder: tempfile::TempDir,
}

impl Databases {
    /// Migrated, empty databases.
    pub(crate) async fn fresh() -> Self {
        let databases = Self::empty().await;
        for database in &databases.list {
            database.migrate().await.expect("migrates");
        }
        databases
    }

    /// Databases without any table.
    pub(crate) async fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut urls = vec![format!(
            "sqlite://{}",
            folder.path().join("test.db").display()
        )];
        urls.extend(fresh_mysql().await);
        let mut list = Vec::new();
        for url in &urls {
            list.push(connect(url).await);
        }
        Self {
            list,
            urls,
            _folder: folder,
        }
    }

    /// The core's tables on each, twice, over connections of their own: as two nodes have them.
    pub(crate) async fn pairs(&self) -> Vec<[Store; 2]> {
        let mut pairs = Vec::new();
        for url in &self.urls {
            pairs.push([
                Store::new(connect(url).await),
                Store::new(connect(url).await),
            ]);
        }
        pairs
    }

    /// The core's tables on each.
    pub(crate) fn stores(&self) -> Vec<Store> {
        self.list.iter().cloned().map(Store::new).collect()
    }
}

impl Deref for Databases {
    type Target = [Database];

    fn deref(&self) -> &[Database] {
        &self.list
    }
}

async fn connect(url: &str) -> Database {
    let url = DatabaseUrl::parse(url).expect("an address");
    Database::connect(&url, 8).await.expect("connects")
}

/// The address of a database that was just created on the test server, if there is one.
pub(crate) async fn fresh_mysql() -> Option<String> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let Ok(server) = std::env::var("DOORWARD_TEST_MYSQL_URL") else {
        assert!(
            std::env::var("DOORWARD_REQUIRE_ALL").is_err(),
            "DOORWARD_TEST_MYSQL_URL is not set, and nothing may be skipped"
        );
        eprintln!("MySQL not run: set DOORWARD_TEST_MYSQL_URL");
        return None;
    };
    let name = format!(
        "doorward_test_{}_{}",
        std::process::id(),
        NUMBER.fetch_add(1, Ordering::Relaxed)
    );
    let admin = sqlx::MySqlPool::connect(&format!("{}/mysql", server.trim_end_matches('/')))
        .await
        .expect("the test server answers");
    let sql = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4");
    sqlx::query(sqlx::AssertSqlSafe(format!(
        "DROP DATABASE IF EXISTS {name}"
    )))
    .execute(&admin)
    .await
    .expect("drops");
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .execute(&admin)
        .await
        .expect("creates a database");
    admin.close().await;
    Some(format!("{}/{name}", server.trim_end_matches('/')))
}
