use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use doorward_axum::ShellConfig;
use tracing_subscriber::fmt::MakeWriter;

use crate::server::Server;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// What is logged while these targets are asked for. The test runtime has one
/// thread, which is the server's too.
async fn log_of(config: ShellConfig, targets: &[&str]) -> (String, Vec<String>) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = Server::start(config).await;
    let mut ids = Vec::new();
    for target in targets {
        let reply = server.get(target).await;
        ids.push(reply.header("x-request-id").unwrap().to_owned());
    }
    (log.text(), ids)
}

#[tokio::test]
async fn a_failure_is_logged_once_with_its_cause_and_the_id_that_the_client_has() {
    let (log, ids) = log_of(
        ShellConfig::default(),
        &["/fail?secret=hunter2", "/missing", "/"],
    )
    .await;
    assert_eq!(log.lines().count(), 1, "{log}");
    for part in [
        "ERROR",
        "table users is gone",
        "/fail",
        "500",
        ids[0].as_str(),
    ] {
        assert!(log.contains(part), "{part} in {log}");
    }
    assert!(!log.contains("hunter2"));
}

#[tokio::test]
async fn the_access_log_has_a_line_per_request_without_its_query() {
    let config = ShellConfig {
        access_log: true,
        ..ShellConfig::default()
    };
    let (log, ids) = log_of(config, &["/hello/a?token=hunter2", "/missing"]).await;
    assert_eq!(log.lines().count(), 2, "{log}");
    assert!(
        log.contains(&ids[0]) && log.contains("/hello/a") && log.contains("404"),
        "{log}"
    );
    assert!(!log.contains("hunter2"));
}
