//! `doorward serve` on an installation, until the value is dropped.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::{
    http::{self, Answer},
    installation::Installation,
};

/// Long enough for a busy machine; only a hang reaches it.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts on a free port and waits until it listens.
    pub(crate) fn start(installation: &Installation) -> Self {
        let log = installation.path("serve.log");
        let mut child = installation
            .command(&["serve", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, receiver) = mpsc::channel();
        // Reads to the end, so that the server never waits for a reader.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let url = line.trim_start().strip_prefix("listening");
                if let Some(address) = url.and_then(|url| url.trim().strip_prefix("http://")) {
                    let _ = sender.send(address.to_owned());
                }
            }
        });
        let Ok(address) = receiver.recv_timeout(PATIENCE) else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("no server: {}", std::fs::read_to_string(&log).unwrap());
        };
        Self {
            child,
            address: address.parse().unwrap(),
        }
    }

    /// `POST /login`.
    pub(crate) fn log_in(&self, name: &str, password: &str) -> Answer {
        let body = format!("{{\"username\": \"{name}\", \"password\": \"{password}\"}}");
        self.post("/login", &body)
    }

    fn post(&self, path: &str, body: &str) -> Answer {
        let block = format!("POST {path}\nContent-Type: application/json\n\n{body}");
        http::exchange(self.address, &block).unwrap()
    }

    /// The status of a `POST`.
    pub(crate) fn post_status(&self, path: &str, body: &serde_json::Value) -> u16 {
        let answer = self.post(path, &body.to_string());
        answer.status_line[9..12].parse().unwrap()
    }

    /// The status of a login.
    pub(crate) fn login_status(&self, name: &str, password: &str) -> u16 {
        let answer = self.log_in(name, password);
        answer.status_line[9..12].parse().unwrap()
    }

    /// An access token.
    pub(crate) fn token(&self, name: &str, password: &str) -> String {
        let answer = self.log_in(name, password);
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        let token = body.get("token").or_else(|| body.get("access_token"));
        token
            .and_then(|t| t.as_str())
            .unwrap_or_else(|| panic!("{answer}"))
            .to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
