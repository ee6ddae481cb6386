//! A real mail server (`aiosmtpd`) whose letters can be read.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::{
    installation::{Engine, Installation, eventually},
    programs,
};

/// The folder of letters, and the port that the server has while it runs.
pub(crate) struct MailServer {
    python: String,
    folder: TempDir,
    port: u16,
    security: &'static str,
    child: Option<Child>,
}

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/smtp");

/// A letter as it was received.
#[derive(Debug)]
pub(crate) struct Letter {
    /// To whom it was handed over.
    pub(crate) recipient: String,
    /// Everything, with the soft line breaks of quoted-printable taken out.
    pub(crate) text: String,
}

impl Letter {
    /// The token of the link to `page`.
    pub(crate) fn token(&self, page: &str) -> String {
        let start = format!("https://auth.example.org/{page}#");
        let (_, rest) = self.text.split_once(&start).expect("a link");
        rest.chars()
            .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
            .collect()
    }
}

impl MailServer {
    /// `None` without `DOORWARD_PYTHON`. It does not run yet.
    pub(crate) fn prepared() -> Option<Self> {
        let python = programs::named_by("DOORWARD_PYTHON")?;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        Some(Self {
            python,
            folder: TempDir::new().unwrap(),
            port,
            security: "plain",
            child: None,
        })
    }

    /// One that takes letters over `starttls` or `tls` alone, from who logs in.
    pub(crate) fn secured(security: &'static str) -> Option<Self> {
        let mut server = Self::prepared()?;
        server.security = security;
        server.start();
        Some(server)
    }

    /// One that runs.
    pub(crate) fn started() -> Option<Self> {
        let mut server = Self::prepared()?;
        server.start();
        Some(server)
    }

    /// Starts it, and waits until it listens.
    pub(crate) fn start(&mut self) {
        let said = self.folder.path().join("stderr");
        let mut child = Command::new(&self.python)
            .arg(format!("{FOLDER}/server.py"))
            .arg(self.port.to_string())
            .arg(self.folder.path())
            .arg(self.security)
            .args([
                format!("{FOLDER}/server.pem"),
                format!("{FOLDER}/server.key"),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&said).unwrap())
            .spawn()
            .expect("python starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(
            line,
            "ready\n",
            "the mail server does not start: does {} have what scripts/requirements.txt lists?\n{}",
            self.python,
            std::fs::read_to_string(&said).unwrap_or_default()
        );
        self.child = Some(child);
    }

    /// An installation that sends its letters here.
    pub(crate) fn installation(&self, engine: Engine) -> Installation {
        let installation = Installation::new(engine)
            .with_known_secret()
            .without_quantum()
            .without_throttle()
            .set("DOORWARD_PUBLIC_URL", "https://auth.example.org")
            .set("DOORWARD_SMTP_HOST", "127.0.0.1")
            .set("DOORWARD_SMTP_PORT", &self.port.to_string())
            .set("DOORWARD_MAIL_FROM", "Accounts <accounts@example.org>");
        if self.security == "plain" {
            return installation.set("DOORWARD_SMTP_SECURITY", "none");
        }
        installation
            .set("DOORWARD_SMTP_HOST", "localhost")
            .set("DOORWARD_SMTP_SECURITY", self.security)
            .set("DOORWARD_SMTP_USERNAME", "doorward")
            .set("DOORWARD_SMTP_PASSWORD", "secret")
            .set(
                "DOORWARD_SMTP_TRUSTED_CERTIFICATES",
                &format!("{FOLDER}/authority.pem"),
            )
    }

    /// What was received, oldest first.
    pub(crate) fn letters(&self) -> Vec<Letter> {
        let mut files: Vec<_> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "eml"))
            .collect();
        files.sort();
        files.iter().map(|path| read(path)).collect()
    }

    /// The letters, once there are `count`.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Letter> {
        eventually("letters arrive", || self.letters().len() >= count);
        let letters = self.letters();
        assert_eq!(letters.len(), count, "{letters:?}");
        letters
    }
}

fn read(path: &Path) -> Letter {
    let text = std::fs::read_to_string(path).unwrap();
    let (recipient, rest) = text.split_once('\n').unwrap();
    Letter {
        recipient: recipient.trim_start_matches("To: ").to_owned(),
        text: rest.replace("=\r\n", "").replace("=3D", "="),
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
