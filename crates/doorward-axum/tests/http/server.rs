//! A server on a free port, and a client that speaks bytes.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use doorward_axum::{HttpLimits, ServeError, ShellConfig, app, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::lecture;

/// Far beyond any deadline under test: a hang fails instead of blocking.
const HANG: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<Result<(), ServeError>>,
}

impl Server {
    pub(crate) async fn start(config: ShellConfig) -> Self {
        let router = lecture::router().merge(lecture::misbehaving());
        Self::with_router(router, config).await
    }

    pub(crate) async fn with_limits(limits: HttpLimits) -> Self {
        let config = ShellConfig {
            limits,
            ..ShellConfig::default()
        };
        Self::start(config).await
    }

    pub(crate) async fn with_router(router: Router, config: ShellConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(serve(listener, app(router, config), async {
            let _ = stopped.await;
        }));
        Self {
            address,
            stop: Some(stop),
            ended,
        }
    }

    pub(crate) async fn connect(&self) -> Client {
        Client {
            stream: TcpStream::connect(self.address).await.unwrap(),
        }
    }

    /// One request on a connection of its own, and all that comes back.
    pub(crate) async fn exchange(&self, request: impl AsRef<[u8]>) -> Reply {
        let mut client = self.connect().await;
        client.send(request).await;
        client.stream.shutdown().await.unwrap();
        client.all().await
    }

    pub(crate) async fn get(&self, target: &str) -> Reply {
        self.exchange(format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n"))
            .await
    }

    pub(crate) fn begin_stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub(crate) async fn ended(self) -> Result<(), ServeError> {
        timeout(HANG, self.ended)
            .await
            .expect("the server hangs")
            .unwrap()
    }
}

pub(crate) struct Client {
    pub stream: TcpStream,
}

impl Client {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Reads until the server closes.
    pub(crate) async fn all(&mut self) -> Reply {
        let mut bytes = Vec::new();
        let read = timeout(HANG, self.stream.read_to_end(&mut bytes)).await;
        read.expect("the server does not close the connection")
            .unwrap();
        Reply(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Reads one response that has a content length.
    pub(crate) async fn one(&mut self) -> Reply {
        let mut bytes = Vec::new();
        loop {
            let reply = Reply(String::from_utf8_lossy(&bytes).into_owned());
            if reply.is_whole() {
                return reply;
            }
            let mut byte = [0];
            let read = timeout(HANG, self.stream.read(&mut byte)).await;
            let count = read.expect("the server does not answer").unwrap();
            assert_eq!(count, 1, "closed after {bytes:?}");
            bytes.push(byte[0]);
        }
    }
}

#[derive(Debug)]
pub(crate) struct Reply(pub String);

impl Reply {
    pub(crate) fn status(&self) -> u16 {
        let word = self.0.split(' ').nth(1);
        word.and_then(|word| word.parse().ok()).unwrap_or(0)
    }

    pub(crate) fn body(&self) -> &str {
        self.0.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }

    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let head = self.0.split("\r\n\r\n").next().unwrap();
        head.lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "))
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).first().copied()
    }

    pub(crate) fn is_whole(&self) -> bool {
        let length = self
            .header("content-length")
            .and_then(|text| text.parse().ok());
        self.0.contains("\r\n\r\n") && self.body().len() == length.unwrap_or(0)
    }

    /// Every failure of every layer has this shape.
    pub(crate) fn assert_error(&self, status: u16, message: &str) {
        assert_eq!(self.status(), status, "{self:?}");
        assert_eq!(
            self.header("content-type"),
            Some("application/json"),
            "{self:?}"
        );
        assert_eq!(
            self.body(),
            format!("{{\"error\":\"{message}\"}}"),
            "{self:?}"
        );
        self.assert_guarded();
    }

    /// Every response has these headers.
    pub(crate) fn assert_guarded(&self) {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'",
            ),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(self.headers(name), [value], "{name} in {self:?}");
        }
        assert_eq!(self.headers("x-request-id").len(), 1, "{self:?}");
        assert_eq!(self.header("server"), None);
    }
}
