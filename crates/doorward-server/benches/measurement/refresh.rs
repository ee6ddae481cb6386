//! Sessions that go on with their refresh tokens.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use super::connection::{Connection, post};

/// Refreshes a second of so many sessions, each of which begins with `login` and follows its own chain of tokens.
pub(crate) fn rate(address: SocketAddr, login: &[u8], sessions: usize, time: Duration) -> f64 {
    let mut connections: Vec<_> = (0..sessions)
        .map(|_| {
            let mut connection = Connection::open(address);
            assert_eq!(connection.exchange(login), 200);
            connection
        })
        .collect();
    let begun = Instant::now();
    let done: f64 = thread::scope(|scope| {
        let running: Vec<_> = connections
            .iter_mut()
            .map(|connection| scope.spawn(move || chain(connection, begun + time)))
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    done / begun.elapsed().as_secs_f64()
}

fn chain(connection: &mut Connection, end: Instant) -> f64 {
    let mut done = 0_u32;
    while Instant::now() < end {
        let body = format!(
            r#"{{"refresh_token":"{}"}}"#,
            refresh_token(connection.answer())
        );
        assert_eq!(connection.exchange(&post("/auth/refresh", &body)), 200);
        done += 1;
    }
    f64::from(done)
}

fn refresh_token(answer: &str) -> String {
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    body["refresh_token"].as_str().unwrap().to_owned()
}
