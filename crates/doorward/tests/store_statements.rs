//! Every SQL statement is prepared by every engine on a migrated database: a misspelt column fails here.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may stop at once, and reads which servers it may use from the environment"
)]

mod databases;

use databases::Databases;

#[tokio::test]
async fn every_statement_is_understood_by_every_engine() {
    for database in Databases::fresh().await.iter() {
        let mut names = std::collections::HashSet::new();
        for (name, sql) in doorward::store::statements() {
            assert!(names.insert(name), "two statements are called {name}");
            database
                .prepare(sql)
                .await
                .unwrap_or_else(|error| panic!("{} refuses {name}: {error}", database.engine()));
        }
        assert!(names.len() > 20);
    }
}
