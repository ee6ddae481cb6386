//! `doorward healthcheck`: asks a running server whether it is ready, for containers without curl.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::print;
use crate::{config::WebOrigin, failure::Failure};

/// Connecting, asking and reading together.
const DEADLINE: Duration = Duration::from_secs(3);
/// More than any answer to `/readyz`.
const LONGEST_ANSWER: u64 = 16 * 1024;

/// Where to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    host: String,
    port: u16,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// Our server, ready.
    Ready,
    /// Our server with these parts failing, or none that it names.
    NotReady(Vec<&'static str>),
    /// HTTP, but no answer of ours: this status.
    Other(u16),
}

impl Target {
    /// A server at an `http://` URL.
    ///
    /// # Errors
    /// [`Failure`] when it is none.
    pub fn parse(url: &str) -> Result<Self, Failure> {
        let refused = |why: &str| {
            Failure::new(format!("--url {why}"))
                .fix("for example: doorward healthcheck --url http://127.0.0.1:5000")
                .usage()
        };
        let origin: WebOrigin = url.parse().map_err(|error| refused(&format!("{error}")))?;
        if origin.is_https() {
            return Err(refused(
                "must start with http://: the check asks the server itself, not the proxy in front of it",
            ));
        }
        Ok(Self {
            host: origin.host().to_owned(),
            port: origin.port(),
        })
    }

    /// The server that is configured to listen here; one that listens everywhere is asked on loopback.
    ///
    /// # Errors
    /// [`Failure`] when the port is chosen at the start.
    pub fn listening(address: SocketAddr) -> Result<Self, Failure> {
        if address.port() == 0 {
            return Err(Failure::new(
                "the configured port is 0, so only the server knows which one it took",
            )
            .fix("name it: doorward healthcheck --url http://127.0.0.1:PORT")
            .usage());
        }
        let ip = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        Ok(Self {
            host: match ip {
                IpAddr::V4(ip) => ip.to_string(),
                IpAddr::V6(ip) => format!("[{ip}]"),
            },
            port: address.port(),
        })
    }

    /// The server's URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}:{}", self.host, self.port)
    }

    /// Asks `GET /readyz`, at most three seconds.
    ///
    /// # Errors
    /// When there is no answer in time, or none of HTTP.
    pub async fn ask(&self) -> io::Result<Readiness> {
        let answer = timeout(DEADLINE, self.exchange())
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no answer within 3 seconds"))??;
        read(&answer)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP/1.1"))
    }

    async fn exchange(&self) -> io::Result<Vec<u8>> {
        let Self { host, port } = self;
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let mut stream = TcpStream::connect((name, *port)).await?;
        let request =
            format!("GET /readyz HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(LONGEST_ANSWER).read_to_end(&mut answer).await?;
        Ok(answer)
    }
}

fn read(answer: &[u8]) -> Option<Readiness> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let (version, rest) = head.split_once(' ')?;
    let status: u16 = rest.get(..3)?.parse().ok()?;
    if !version.starts_with("HTTP/1.") {
        return None;
    }
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let parts = ["database", "migrations", "keys"];
    let is_ours = parts.iter().all(|part| body.get(part).is_some());
    Some(match status {
        200 if is_ours => Readiness::Ready,
        503 if is_ours => Readiness::NotReady(
            parts
                .into_iter()
                .filter(|part| body.get(part).and_then(Value::as_str) != Some("ok"))
                .collect(),
        ),
        other => Readiness::Other(other),
    })
}

/// Exit code 0 and a line when the server is ready.
///
/// # Errors
/// [`Failure`] of one line when it is not.
pub async fn run(target: &Target) -> Result<ExitCode, Failure> {
    let url = target.url();
    match target.ask().await {
        // A proxy or another version may answer in other words; the status counts.
        Ok(Readiness::Ready | Readiness::Other(200)) => print(&format!("{url} is ready\n")),
        Ok(Readiness::NotReady(parts)) => Err(Failure::new(format!(
            "{url} is not ready: failed: {}",
            parts.join(", ")
        ))),
        Ok(Readiness::Other(status)) => {
            Err(Failure::new(format!("{url} is not ready: status {status}")))
        }
        Err(error) => Err(Failure::new(format!("{url} is not ready: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_is_asked_on_loopback() {
        for (listen, url) in [
            ("0.0.0.0:5000", "http://127.0.0.1:5000"),
            ("[::]:5000", "http://[::1]:5000"),
            ("192.0.2.7:80", "http://192.0.2.7:80"),
            ("[2001:db8::1]:81", "http://[2001:db8::1]:81"),
        ] {
            let target = Target::listening(listen.parse().unwrap()).unwrap();
            assert_eq!(target.url(), url);
        }
        assert!(Target::listening("127.0.0.1:0".parse().unwrap()).is_err());
    }

    #[test]
    fn only_http_is_asked() {
        assert_eq!(
            Target::parse("http://[::1]:5000/").unwrap().url(),
            "http://[::1]:5000"
        );
        assert_eq!(
            Target::parse("http://auth.internal").unwrap().url(),
            "http://auth.internal:80"
        );
        for url in [
            "https://auth.example",
            "127.0.0.1:5000",
            "http://u:p@h",
            "http://h/path",
        ] {
            assert!(Target::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn the_answer_is_read_by_status_and_parts() {
        let answer = |status: &str, body: &str| {
            read(format!("HTTP/1.1 {status}\r\nX: y\r\n\r\n{body}").as_bytes())
        };
        let ours = r#"{"status":"ok","database":"ok","migrations":"failed","keys":"ok"}"#;
        assert_eq!(answer("200 OK", ours), Some(Readiness::Ready));
        assert_eq!(
            answer("503 No", ours),
            Some(Readiness::NotReady(vec!["migrations"]))
        );
        assert_eq!(answer("503 No", "{}"), Some(Readiness::Other(503)));
        assert_eq!(answer("200 OK", "hello"), Some(Readiness::Other(200)));
        for raw in [
            "",
            "SSH-2.0-x\r\n",
            "HTTP/1.1 \r\n\r\n",
            "HTTP/1.1 2\u{e9}\r\n\r\n",
        ] {
            assert_eq!(read(raw.as_bytes()), None, "{raw:?}");
        }
    }
}
