//! A program of the lecture as a child process.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// Long enough for a busy machine; only a hang reaches it.
const PATIENCE: Duration = Duration::from_mins(1);

/// `doorward lecture N` on a free port, with a data directory of its own.
/// Ends with the value.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    address: SocketAddr,
    _home: TempDir,
}

impl Program {
    /// Starts program `number` and waits until it listens.
    pub(crate) fn start(number: u8) -> Self {
        let home = TempDir::new().expect("a temporary directory");
        let log = home.path().join("stderr");
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
        command
            .args(["lecture", &number.to_string()])
            .args(["--listen", "127.0.0.1:0", "--data-dir"])
            .arg(home.path().join("data"))
            // A doorward.toml or settings of the person who runs the tests
            // must not change what the page describes.
            .current_dir(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("a log file"));
        #[expect(
            clippy::disallowed_methods,
            reason = "the child must not inherit a server's settings"
        )]
        let inherited = std::env::vars_os();
        for (name, _) in inherited {
            let text = name.to_string_lossy();
            if text.starts_with("DOORWARD_") || text.starts_with("MYSQL_") || text == "SECRET_KEY" {
                command.env_remove(&name);
            }
        }
        let mut child = command.spawn().expect("the doorward binary starts");

        let stdout = child.stdout.take().expect("stdout is piped");
        let (sender, receiver) = mpsc::channel();
        // Reads to the end, so that the program never waits for a reader.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(address) = listening(&line) {
                    let _ = sender.send(address);
                }
            }
        });
        let Ok(address) = receiver.recv_timeout(PATIENCE) else {
            let _ = child.kill();
            let status = child.wait();
            let stderr = std::fs::read_to_string(&log).unwrap_or_default();
            panic!("program {number} does not listen ({status:?})\n{stderr}");
        };
        Self {
            child,
            address,
            _home: home,
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in `listening  http://127.0.0.1:PORT`.
fn listening(line: &str) -> Option<SocketAddr> {
    let url = line.trim_start().strip_prefix("listening")?;
    let address = url.split_whitespace().next()?.strip_prefix("http://")?;
    address.trim_end_matches('/').parse().ok()
}

#[test]
fn the_listening_line_names_the_address() {
    let address = "127.0.0.1:5000".parse().ok();
    assert_eq!(listening("  listening  http://127.0.0.1:5000"), address);
    assert_eq!(listening("listening http://127.0.0.1:5000/"), address);
    assert_eq!(listening("data       ./data"), None);
}
