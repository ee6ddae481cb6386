//! Standard error is a pipe that nobody reads (LG-04).

use crate::{
    client::get,
    installation::{Engine, Installation, eventually},
    wire::Wire,
};

/// What the pipe holds, what waits behind it, and some more.
const REQUESTS: usize = 12_000;

/// Starts the program with a standard error that takes what a pipe takes and is never read.
const UNREAD: &str =
    r#"pipe=$(mktemp -u); mkfifo "$pipe"; exec 3<>"$pipe"; rm "$pipe"; exec "$@" 2>&3"#;

#[test]
fn a_log_that_nobody_reads_holds_nothing_up_and_what_is_lost_is_counted() {
    let server = Installation::new(Engine::Sqlite)
        .set("DOORWARD_HTTP_ACCESS_LOG", "true")
        .set("DOORWARD_METRICS_LISTEN", "127.0.0.1:0")
        .under(&[], UNREAD)
        .start();
    let request = get("/.well-known/jwks.json").bytes();
    let mut connection = Wire::open(server.address).unwrap();
    for _ in 0..REQUESTS {
        connection.send(&request).unwrap();
        assert_eq!(connection.answer(false).unwrap().status, 200);
    }
    eventually("lost lines are counted", || {
        get("/metrics")
            .send(server.metrics_address())
            .text()
            .lines()
            .filter_map(|line| line.strip_prefix("doorward_log_lines_lost_total "))
            .any(|count| count != "0")
    });
}
