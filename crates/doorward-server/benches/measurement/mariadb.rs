//! Databases on the MariaDB server that `DOORWARD_TEST_MYSQL_URL` names.

use doorward::store::{Database, DatabaseUrl, Sql};

/// The server's address, when there is one.
pub(crate) fn server() -> Option<String> {
    let server = std::env::var("DOORWARD_TEST_MYSQL_URL").ok();
    if server.is_none() {
        eprintln!("MariaDB not measured: set DOORWARD_TEST_MYSQL_URL");
    }
    server
}

/// An empty database, dropped with the value.
#[derive(Debug)]
pub(crate) struct FreshDatabase {
    url: String,
}

impl FreshDatabase {
    pub(crate) fn on(server: &str) -> Self {
        let server = server.trim_end_matches('/');
        let url = format!("{server}/doorward_bench_{}", std::process::id());
        let database = Self { url };
        database.run("DROP DATABASE IF EXISTS {}");
        database.run("CREATE DATABASE {} CHARACTER SET utf8mb4");
        database
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Runs a statement about the database, whose name stands for `{}`.
    fn run(&self, statement: &str) {
        let (server, name) = self.url.rsplit_once('/').unwrap();
        let statement: &'static str = Box::leak(statement.replace("{}", name).into_boxed_str());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let url = DatabaseUrl::parse(&format!("{server}/mysql")).unwrap();
            let database = Database::connect(&url, 1).await.unwrap();
            database.execute(Sql::both(statement), &[]).await.unwrap();
            database.close().await;
        });
    }
}

impl Drop for FreshDatabase {
    fn drop(&mut self) {
        self.run("DROP DATABASE IF EXISTS {}");
    }
}
