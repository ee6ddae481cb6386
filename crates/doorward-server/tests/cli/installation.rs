//! One data directory and one database for one test, and the binary run on them.

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use doorward::store::{Database, DatabaseUrl, Sql};
use tempfile::TempDir;

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Stops the test unless the exit status is this one.
    #[track_caller]
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, Some(expected), "{self:#?}");
        self
    }

    /// Stops the test if either output holds this.
    #[track_caller]
    pub(crate) fn never_says(self, secret: &str) -> Self {
        assert!(!self.stdout.contains(secret), "stdout holds a secret");
        assert!(!self.stderr.contains(secret), "stderr holds a secret");
        self
    }
}

/// A working directory, and where its accounts are.
#[derive(Debug)]
pub(crate) struct Installation {
    home: TempDir,
    mysql: Option<String>,
    variables: Vec<(String, String)>,
}

impl Installation {
    /// An empty directory, with SQLite in `./data`.
    pub(crate) fn sqlite() -> Self {
        Self {
            home: TempDir::new().unwrap(),
            mysql: None,
            variables: Vec::new(),
        }
    }

    /// An empty directory and an empty database on the test server, if there is one (`DOORWARD_TEST_MYSQL_URL`).
    pub(crate) fn mysql() -> Option<Self> {
        let mut installation = Self::sqlite();
        installation.mysql = Some(fresh_mysql()?);
        Some(installation)
    }

    /// One installation for each engine that can be tested, with the schema in place.
    pub(crate) fn migrated() -> Vec<Self> {
        let all: Vec<Self> = [Some(Self::sqlite()), Self::mysql()]
            .into_iter()
            .flatten()
            .collect();
        for installation in &all {
            installation.run(&["db", "migrate"], "").code(0);
        }
        all
    }

    /// The same, with a variable for every command.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A path in the working directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The names in the working directory.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.home.path()).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    /// The database as the commands name it.
    pub(crate) fn database(&self) -> String {
        match &self.mysql {
            None => "sqlite://./data/doorward.db".to_owned(),
            Some(url) => url.replace(":doorward@", ":***@"),
        }
    }

    /// The database's address, with its password.
    pub(crate) fn address(&self) -> String {
        self.mysql
            .clone()
            .unwrap_or_else(|| format!("sqlite:{}", self.path("data/doorward.db").display()))
    }

    /// The command with nothing in its environment but what this installation needs.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
        command
            .args(arguments)
            .env_clear()
            .current_dir(self.home.path());
        if let Some(url) = &self.mysql {
            command.env("DOORWARD_DB_URL", url);
        }
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        command
    }

    /// Runs the command with a variable.
    pub(crate) fn run_with(&self, arguments: &[&str], name: &str, value: &str) -> Ran {
        Self::ran(self.command(arguments).env(name, value), "")
    }

    /// Runs the command with this standard input.
    pub(crate) fn run(&self, arguments: &[&str], stdin: &str) -> Ran {
        Self::ran(&mut self.command(arguments), stdin)
    }

    fn ran(command: &mut Command, stdin: &str) -> Ran {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that refuses its arguments does not read.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let Output {
            status,
            stdout,
            stderr,
        } = child.wait_with_output().unwrap();
        Ran {
            code: status.code(),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    /// Makes a user with [`crate::PASSWORD`].
    #[track_caller]
    pub(crate) fn with_user(&self, name: &str, role: &str) {
        let arguments = ["user", "create", name, "--role", role, "--password-stdin"];
        self.run(&arguments, crate::PASSWORD).code(0);
    }

    /// The database itself, for what no command does.
    pub(crate) fn open(&self, work: impl AsyncFnOnce(&Database)) {
        let url = match &self.mysql {
            Some(url) => DatabaseUrl::parse(url).unwrap(),
            None => DatabaseUrl::Sqlite(self.path("data/doorward.db")),
        };
        runtime().block_on(async {
            let database = Database::connect(&url, 2).await.unwrap();
            work(&database).await;
            database.close().await;
        });
    }

    /// Runs a statement on the database itself.
    pub(crate) fn execute(&self, sql: &'static str) {
        self.open(async |database| {
            database.execute(Sql::both(sql), &[]).await.unwrap();
        });
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn fresh_mysql() -> Option<String> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    #[expect(clippy::disallowed_methods, reason = "the tests' own settings")]
    let setting = |name: &str| std::env::var(name);
    let Ok(server) = setting("DOORWARD_TEST_MYSQL_URL") else {
        assert!(
            setting("DOORWARD_REQUIRE_ALL").is_err(),
            "DOORWARD_TEST_MYSQL_URL is not set, and nothing may be skipped"
        );
        eprintln!("MySQL not run: set DOORWARD_TEST_MYSQL_URL");
        return None;
    };
    let server = server.trim_end_matches('/').to_owned();
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("doorward_cli_{}_{number}", std::process::id());
    let statements = [
        format!("DROP DATABASE IF EXISTS {name}"),
        format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"),
    ];
    runtime().block_on(async {
        let url = DatabaseUrl::parse(&format!("{server}/mysql")).unwrap();
        let database = Database::connect(&url, 1).await.unwrap();
        for statement in statements {
            // A statement is a constant everywhere else.
            let sql = Sql::both(Box::leak(statement.into_boxed_str()));
            database.execute(sql, &[]).await.unwrap();
        }
        database.close().await;
    });
    Some(format!("{server}/{name}"))
}
