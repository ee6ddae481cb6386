//! A data directory, a database and settings; and the process that serves them.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use doorward::{
    clock::{Clock as _, SystemClock, Timestamp},
    store::{Database, DatabaseUrl, Sql, Store},
    user::UserId,
    username::Username,
};
use tempfile::TempDir;

use crate::{
    client::{self, login, register},
    wire::PATIENCE,
};

/// The secret of every installation that needs to sign tokens by hand.
pub(crate) const SECRET: &str = "3f9a1c7e5b8d2046f1a3c5e7092b4d6f8a1c3e507294b6d8fa0c2e4061837a5b";
/// A password that every policy takes.
pub(crate) const PASSWORD: &str = "violet otter 42";

/// The engines to test on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// The embedded one.
    Sqlite,
    /// The server named by `DOORWARD_TEST_MYSQL_URL`.
    MySql,
}

/// SQLite, and MySQL/MariaDB when there is one.
pub(crate) fn engines() -> Vec<Engine> {
    let mut engines = vec![Engine::Sqlite];
    if mysql_server().is_some() {
        engines.push(Engine::MySql);
    }
    engines
}

/// The address of the test server, without a database.
pub(crate) fn mysql_server() -> Option<String> {
    let Ok(server) = std::env::var("DOORWARD_TEST_MYSQL_URL") else {
        assert!(
            std::env::var("DOORWARD_REQUIRE_ALL").is_err(),
            "DOORWARD_TEST_MYSQL_URL is not set, and nothing may be skipped"
        );
        eprintln!("MySQL not run: set DOORWARD_TEST_MYSQL_URL");
        return None;
    };
    Some(server.trim_end_matches('/').to_owned())
}

/// Runs async code of the core.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// A statement that is made at run time; tests make few.
pub(crate) fn sql(text: &str) -> Sql {
    Sql::both(Box::leak(text.to_owned().into_boxed_str()))
}

/// Waits for `condition`, which is asked often; fails after [`PATIENCE`].
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "it never happened: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Where a server keeps its things, and how it is started.
pub(crate) struct Installation {
    folder: TempDir,
    database_url: String,
    engine: Engine,
    variables: Vec<(String, String)>,
    arguments: Vec<String>,
    listen: String,
    under: Vec<String>,
    starts: AtomicU32,
}

impl Installation {
    /// A fresh one for `doorward serve`.
    pub(crate) fn new(engine: Engine) -> Self {
        let folder = TempDir::new().expect("a temporary directory");
        let database_url = match engine {
            Engine::Sqlite => format!("sqlite://{}", folder.path().join("doorward.db").display()),
            Engine::MySql => fresh_mysql_database(),
        };
        Self {
            folder,
            database_url,
            engine,
            // Tests register more accounts than a household does.
            variables: vec![(
                "DOORWARD_THROTTLE_REGISTRATIONS_PER_HOUR".to_owned(),
                "1000".to_owned(),
            )],
            arguments: Vec::new(),
            listen: "127.0.0.1:0".to_owned(),
            under: Vec::new(),
            starts: AtomicU32::new(0),
        }
    }

    /// A fresh one for `doorward serve --demo`.
    pub(crate) fn demo(engine: Engine) -> Self {
        Self::new(engine).argument("--demo")
    }

    /// Sets an environment variable.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a command line argument.
    pub(crate) fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Listens elsewhere.
    pub(crate) fn listening_on(mut self, address: &str) -> Self {
        address.clone_into(&mut self.listen);
        self
    }

    /// Lets as many logins fail as a test needs.
    pub(crate) fn without_throttle(self) -> Self {
        self.set("DOORWARD_THROTTLE_ENABLED", "false")
    }

    /// Failed logins are answered at once: for tests that make many.
    pub(crate) fn without_quantum(self) -> Self {
        self.set("DOORWARD_LOGIN_FAILURE_QUANTUM", "0ms")
    }

    /// Uses [`SECRET`].
    pub(crate) fn with_known_secret(self) -> Self {
        self.set("DOORWARD_SECRET_KEY", SECRET)
    }

    /// Writes the configuration file.
    pub(crate) fn with_file(self, text: &str) -> Self {
        std::fs::write(self.folder.path().join("doorward.toml"), text).unwrap();
        self
    }

    /// Starts the server by a shell: this script, which ends with `exec "$@"`, runs before it in the same process.
    pub(crate) fn under(mut self, runner: &[&str], script: &str) -> Self {
        let shell = ["sh", "-c", script, "sh"];
        self.under = runner
            .iter()
            .chain(&shell)
            .map(ToString::to_string)
            .collect();
        self
    }

    /// Reaches the database by another address.
    pub(crate) fn through(mut self, database_url: &str) -> Self {
        database_url.clone_into(&mut self.database_url);
        self
    }

    /// The database's address.
    pub(crate) fn database_url(&self) -> &str {
        &self.database_url
    }

    /// The folder that holds everything.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self) -> Command {
        let mut command = self.program(&self.under);
        command
            .arg("serve")
            .args(["--listen", &self.listen, "--data-dir"])
            .arg(self.folder.path().join("data"))
            .args(["--db-url", &self.database_url])
            .stdin(Stdio::null());
        if self.engine == Engine::MySql {
            command.arg("--migrate");
        }
        command.args(&self.arguments);
        command
    }

    /// Runs a command beside the server, with the same settings and this standard input.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self
            .program(&[])
            .args(arguments)
            .env("DOORWARD_DATA_DIR", self.folder.path().join("data"))
            .env("DOORWARD_DB_URL", &self.database_url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        // A command that refuses its arguments does not read.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().expect("it ends")
    }

    fn program(&self, under: &[String]) -> Command {
        let binary = env!("CARGO_BIN_EXE_doorward");
        let mut command = match under {
            [] => Command::new(binary),
            [runner, rest @ ..] => {
                let mut command = Command::new(runner);
                command.args(rest).arg(binary);
                command
            }
        };
        command.current_dir(self.folder.path());
        // Settings of the person who runs the tests must not leak in.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("DOORWARD_") || text.starts_with("MYSQL_") || text == "SECRET_KEY" {
                command.env_remove(&name);
            }
        }
        command.envs(self.variables.iter().map(|(n, v)| (n, v)));
        command
    }

    /// Starts it and waits for its end: for starts that are refused.
    pub(crate) fn run_to_end(&self) -> Output {
        let mut child = self
            .command()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let deadline = Instant::now() + PATIENCE;
        while child.try_wait().unwrap().is_none() {
            if Instant::now() > deadline {
                let _ = child.kill();
                panic!("it serves, and should have been refused");
            }
            thread::sleep(Duration::from_millis(5));
        }
        child.wait_with_output().unwrap()
    }

    /// Starts it and waits until it listens.
    pub(crate) fn start(&self) -> Server {
        let number = self.starts.fetch_add(1, Ordering::Relaxed);
        let log = self.folder.path().join(format!("stderr-{number}"));
        let mut child = self
            .command()
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .expect("the binary starts");
        let stdout = child.stdout.take().unwrap();
        let screen = Arc::new(Mutex::new(String::new()));
        let reader = {
            let screen = Arc::clone(&screen);
            thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    let mut screen = screen.lock().unwrap();
                    screen.push_str(&line);
                    screen.push('\n');
                }
            })
        };
        let mut server = Server {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            screen,
            reader: Some(reader),
            log,
        };
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = server.screen().lines().find_map(listening);
            // The end of the first screen follows in the same write.
            if let Some(address) = found.filter(|_| server.first_screen_is_complete()) {
                server.address = address;
                return server;
            }
            // With JSON logs the screen is one record instead.
            if let Some(address) = server.log().lines().find_map(listening_record) {
                server.address = address;
                return server;
            }
            let ended = server.child.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "it does not listen ({ended:?})\n{}\n{}",
                server.screen(),
                server.log()
            );
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Starts it for tests that only talk to it. Both must be kept.
    pub(crate) fn start_kept(self) -> (Self, Server) {
        let server = self.start();
        (self, server)
    }

    /// The database, opened beside the server.
    pub(crate) fn with_store<T>(&self, work: impl AsyncFnOnce(Store) -> T) -> T {
        wait(async {
            let url = DatabaseUrl::parse(&self.database_url).unwrap();
            let database = Database::connect(&url, 2).await.unwrap();
            let result = work(Store::new(database.clone())).await;
            database.close().await;
            result
        })
    }

    /// Executes a statement.
    pub(crate) fn execute(&self, text: &str, args: &[doorward::store::Arg<'_>]) -> u64 {
        self.with_store(async |store| {
            store
                .database()
                .execute(sql(text), args)
                .await
                .unwrap()
                .rows_affected
        })
    }

    /// The number and the stored password of a user.
    pub(crate) fn stored(&self, username: &str) -> (UserId, String) {
        self.with_store(async |store| {
            let key = Username::parse(username).unwrap();
            let stored = store
                .find_user(&key, SystemClock.now())
                .await
                .unwrap()
                .unwrap();
            (stored.user.id, stored.password)
        })
    }

    /// Makes a user who can log in no more.
    pub(crate) fn disable(&self, username: &str) {
        let (id, _) = self.stored(username);
        let now = Timestamp::from_seconds(1_800_000_000);
        self.with_store(async |store| store.disable_user(id, now).await.unwrap());
    }
}

/// A server that runs. Ends with the value.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    screen: Arc<Mutex<String>>,
    reader: Option<thread::JoinHandle<()>>,
    log: PathBuf,
}

impl Server {
    /// What it has printed so far.
    pub(crate) fn screen(&self) -> String {
        self.screen.lock().unwrap().clone()
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Where it answers `/metrics`.
    pub(crate) fn metrics_address(&self) -> SocketAddr {
        let screen = self.screen();
        let line = screen
            .lines()
            .find_map(|line| line.trim_start().strip_prefix("metrics"));
        let url = line.expect("the address of the metrics").trim();
        let address = url
            .strip_prefix("http://")
            .and_then(|url| url.strip_suffix("/metrics"));
        address.unwrap().parse().unwrap()
    }

    fn first_screen_is_complete(&self) -> bool {
        let screen = self.screen();
        [
            "doorward admin create",
            "Ctrl-C stops it",
            "-d '{\"username\": \"NAME\"",
        ]
        .iter()
        .any(|last| screen.contains(last))
    }

    /// The token in the setup link on the first screen.
    pub(crate) fn setup_token(&self) -> Option<String> {
        let screen = self.screen();
        let (_, rest) = screen.split_once("/setup#")?;
        Some(rest.split_whitespace().next()?.to_owned())
    }

    /// The number of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(status.success());
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                if let Some(reader) = self.reader.take() {
                    reader.join().unwrap();
                }
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asks it to stop, and waits; it must have ended well.
    pub(crate) fn stop(mut self) -> (String, String) {
        self.signal("TERM");
        let status = self.ended();
        assert_eq!(status.code(), Some(0), "{}", self.log());
        (self.screen(), self.log())
    }

    /// The token of a login that must succeed.
    pub(crate) fn token(&self, username: &str, password: &str) -> String {
        let answer = login(username, password).send(self.address);
        assert_eq!(answer.status, 200, "{username}: {answer:?}");
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// Uses the setup link for the administrator `root`, and returns a token.
    pub(crate) fn set_up(&self) -> String {
        let token = self.setup_token().expect("a setup link");
        let body = serde_json::json!({"token": token, "username": "root", "password": PASSWORD});
        let answer = client::post("/setup", &body).send(self.address);
        assert_eq!(answer.status, 201, "{answer:?}");
        self.token("root", PASSWORD)
    }

    /// Registers a user with [`PASSWORD`], and returns a token.
    pub(crate) fn sign_up(&self, username: &str) -> String {
        let answer = register(username, PASSWORD).send(self.address);
        assert_eq!(answer.status, 201, "{answer:?}");
        self.token(username, PASSWORD)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn fresh_mysql_database() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = mysql_server().expect("a server");
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("doorward_api_{}_{number}", std::process::id());
    wait(async {
        let url = DatabaseUrl::parse(&format!("{server}/mysql")).unwrap();
        let database = Database::connect(&url, 1).await.unwrap();
        for text in [
            format!("DROP DATABASE IF EXISTS {name}"),
            format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"),
        ] {
            database.execute(sql(&text), &[]).await.unwrap();
        }
        database.close().await;
    });
    format!("{server}/{name}")
}

/// The address in `listening  http://127.0.0.1:PORT`.
fn listening(line: &str) -> Option<SocketAddr> {
    let url = line.trim_start().strip_prefix("listening")?;
    url.trim().strip_prefix("http://")?.parse().ok()
}

/// The address in the log record that takes the screen's place.
fn listening_record(line: &str) -> Option<SocketAddr> {
    let record: serde_json::Value = serde_json::from_str(line).ok()?;
    let is_it = record["message"] == "listening";
    record["address"].as_str().filter(|_| is_it)?.parse().ok()
}
