//! Servers as child processes.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::connection::Connection;

/// Long enough for a busy machine; only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server, ended with the value.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// `doorward ARGUMENTS… --listen 127.0.0.1:0 --data-dir FOLDER/data`, with these settings and no other.
    pub(crate) fn doorward(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
        command
            .args(arguments)
            .args(["--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.join("data"))
            .env_clear()
            .envs(settings.iter().copied())
            .current_dir(folder);
        Self::start(command)
    }

    /// This very program, called with `mode`.
    pub(crate) fn ourselves(mode: &str, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(mode).env_clear().envs(settings.iter().copied());
        Self::start(command)
    }

    /// A server of others, which listens on `port` and is ready when `request` is answered with 200.
    pub(crate) fn other(mut command: Command, port: u16, request: &[u8]) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        // In a group of its own, so that its workers end with it.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut server = Self {
            child: command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::inherit())
                .spawn()
                .unwrap(),
            address,
        };
        let begun = std::time::Instant::now();
        while begun.elapsed() < PATIENCE {
            if std::net::TcpStream::connect(address).is_ok() {
                assert_eq!(Connection::open(address).exchange(request), 200);
                return server;
            }
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended: {command:?}");
            thread::sleep(Duration::from_millis(5));
        }
        panic!("it does not listen: {command:?}");
    }

    /// Starts the command and waits until it prints where it listens.
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, receiver) = mpsc::channel();
        // Reads to the end, so that the server never waits for a reader.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(address) = listening(&line) {
                    let _ = sender.send(address);
                }
            }
        });
        let Ok(address) = receiver.recv_timeout(PATIENCE) else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the server did not say where it listens: {command:?}");
        };
        Self { child, address }
    }

    pub(crate) fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// CPU seconds so far.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        super::process::cpu_seconds(&self.pid())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its workers outlive a server that is killed, and one that is not starts others for them.
        let family = super::process::family(&self.pid());
        let _ = self.child.kill();
        let _ = self.child.wait();
        for pid in family.iter().skip(1) {
            let _ = Command::new("kill")
                .args(["-KILL", pid])
                .stderr(Stdio::null())
                .status();
        }
    }
}

fn listening(line: &str) -> Option<SocketAddr> {
    let (_, address) = line
        .trim()
        .strip_prefix("listening")?
        .split_once("http://")?;
    address.parse().ok()
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
