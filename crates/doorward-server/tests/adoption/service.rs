//! The Flask service of `service.py`, running.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    client::{get, post},
    wire::{Answer, PATIENCE},
};

/// The service's `SECRET_KEY`.
pub(crate) const SECRET_KEY: &str = "0f1f5e1d2c7b4a6998e7d6c5b4a3928170f6e5d4c3b2a190";

/// A Python with the service's packages, or `None` when this run goes without.
pub(crate) fn python() -> Option<String> {
    let python = std::env::var("DOORWARD_PYTHON").ok();
    assert!(
        python.is_some() || std::env::var("DOORWARD_REQUIRE_ALL").is_err(),
        "DOORWARD_PYTHON is not set, and nothing may be skipped"
    );
    python
}

/// A port that is free now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// `mysql://user:password@host:port/name` in parts, as Flask's configuration has them.
pub(crate) fn flask_variables(database_url: &str) -> Vec<(&'static str, String)> {
    let rest = database_url.strip_prefix("mysql://").unwrap();
    let (account, place) = rest.split_once('@').unwrap();
    let (user, password) = account.split_once(':').unwrap();
    let (address, database) = place.split_once('/').unwrap();
    let (host, port) = address.split_once(':').unwrap();
    [
        ("MYSQL_HOST", host),
        ("MYSQL_PORT", port),
        ("MYSQL_USER", user),
        ("MYSQL_PASSWORD", password),
        ("MYSQL_DB", database),
        ("SECRET_KEY", SECRET_KEY),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

/// One of the scripts beside this file.
fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/adoption")
        .join(name)
}

/// A script with the variables that it is deployed with.
fn script(python: &str, path: &Path, database_url: &str) -> Command {
    let mut command = Command::new(python);
    command
        .arg(path)
        .env_clear()
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONPATH", beside("mysqldb"))
        .envs(flask_variables(database_url));
    command
}

/// A user of the service.
#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct Person {
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) form: String,
}

/// Makes the service's table and its users.
pub(crate) fn seed(python: &str, database_url: &str) -> Vec<Person> {
    let output = script(python, &beside("seed.py"), database_url)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "seed.py failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The service, which runs as long as the value.
pub(crate) struct Service {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Service {
    pub(crate) fn start(python: &str, database_url: &str) -> Self {
        Self::of_script(python, &beside("service.py"), database_url)
    }

    /// Another Flask program that reads its port from PORT.
    pub(crate) fn of_script(python: &str, path: &Path, database_url: &str) -> Self {
        let port = free_port();
        let mut child = script(python, path, database_url)
            .env("PORT", port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            let ended = child.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "the service does not start"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, address }
    }

    fn post(&self, target: &str, body: &Value) -> Answer {
        post(target, body)
            .header("Connection", "close")
            .send_to_another(self.address)
    }

    pub(crate) fn log_in(&self, username: &str, password: &str) -> Answer {
        self.post(
            "/login",
            &json!({"username": username, "password": password}),
        )
    }

    /// The token of a login that must succeed.
    pub(crate) fn token(&self, username: &str, password: &str) -> String {
        let answer = self.log_in(username, password);
        assert_eq!(answer.status, 200, "{username}: {answer:?}");
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// The session cookie of a sign-in that must succeed, as a browser sends it back.
    pub(crate) fn cookie(&self, username: &str, password: &str) -> String {
        let answer = self.post(
            "/signin",
            &json!({"username": username, "password": password}),
        );
        assert_eq!(answer.status, 200, "{username}: {answer:?}");
        session_cookie(&answer)
    }

    pub(crate) fn register(&self, username: &str, password: &str) {
        let answer = self.post(
            "/register",
            &json!({"username": username, "password": password}),
        );
        assert_eq!(answer.status, 201, "{answer:?}");
    }

    pub(crate) fn change_password(&self, username: &str, new: &str) {
        let answer = self.post("/password", &json!({"username": username, "new": new}));
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    pub(crate) fn with_token(&self, target: &str, token: &str) -> Answer {
        get(target)
            .bearer(token)
            .header("Connection", "close")
            .send_to_another(self.address)
    }

    pub(crate) fn with_cookie(&self, target: &str, cookie: &str) -> Answer {
        get(target)
            .header("Cookie", cookie)
            .header("Connection", "close")
            .send_to_another(self.address)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The `session` cookie that an answer sets.
pub(crate) fn session_cookie(answer: &Answer) -> String {
    let set = answer
        .headers
        .iter()
        .find(|(name, value)| name == "set-cookie" && value.starts_with("session="))
        .unwrap_or_else(|| panic!("no session cookie: {answer:?}"));
    set.1.split(';').next().unwrap().to_owned()
}
