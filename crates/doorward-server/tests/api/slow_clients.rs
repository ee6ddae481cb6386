//! Clients that take their time (HT-04, HT-05).

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{
    client::get,
    installation::{Engine, Installation, PASSWORD},
    wire::Wire,
};

/// How many connections this process may hold for the test.
fn connections() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let soft = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(1024_usize);
    let room = soft.saturating_sub(224).min(1_000);
    assert!(room >= 200, "ulimit -n is {soft}: raise it to 1224");
    if room < 1_000 {
        eprintln!("{room} connections instead of 1000: ulimit -n is {soft}");
    }
    room
}

#[test]
fn a_thousand_clients_that_send_a_byte_now_and_then_do_not_stop_a_request() {
    let (_kept, server) = Installation::new(Engine::Sqlite).start_kept();
    let token = server.sign_up("una");
    let mut slow: Vec<Wire> = (0..connections())
        .map(|_| Wire::open(server.address).unwrap())
        .collect();
    let started = Instant::now();
    let head = b"GET / HTTP/1.1\r\nHost: x\r\n";
    for byte in head.chunks(1).take(3) {
        for wire in &mut slow {
            // Cut off by the header deadline after a while: what we send then fails.
            let _ = wire.send(byte);
        }
        // The pace of the slow clients, with others served meanwhile.
        let next = Instant::now() + Duration::from_secs(5);
        while Instant::now() < next {
            let answer = get("/profile").bearer(&token).send(server.address);
            assert_eq!(answer.status, 200);
            server.token("una", PASSWORD);
            thread::sleep(Duration::from_millis(200));
        }
    }
    assert!(started.elapsed() >= Duration::from_secs(10));
    // The header deadline of ten seconds has cut every one of them.
    for mut wire in slow {
        let rest = String::from_utf8_lossy(&wire.rest()).into_owned();
        assert!(rest.is_empty() || rest.contains(" 408 "), "{rest}");
    }
}

#[test]
fn a_silent_connection_is_closed_when_the_header_timeout_is_over() {
    let (_kept, server) = Installation::new(Engine::Sqlite)
        .set("DOORWARD_HTTP_HEADER_TIMEOUT", "300ms")
        .set("DOORWARD_HTTP_BODY_TIMEOUT", "300ms")
        .set("DOORWARD_HTTP_IDLE_TIMEOUT", "300ms")
        .start_kept();
    // `rest` ends when the server closes; a server that does not makes it fail by its own deadline.
    for sent in [&b""[..], b"G", b"GET /healthz HTTP/1.1\r\nHost: x\r\n"] {
        let mut wire = Wire::open(server.address).unwrap();
        let started = Instant::now();
        wire.send(sent).unwrap();
        let rest = String::from_utf8_lossy(&wire.rest()).into_owned();
        assert!(rest.is_empty() || rest.contains(" 408 "), "{rest}");
        assert!(started.elapsed() < crate::wire::PATIENCE, "it stays open");
    }
    let mut wire = Wire::open(server.address).unwrap();
    wire.send(b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{")
        .unwrap();
    let answer = wire.answer(false).unwrap();
    assert_eq!(answer.status, 408, "{answer:?}");
    answer.error();
    // A kept connection that asks no more is closed too.
    let mut wire = Wire::open(server.address).unwrap();
    wire.send(&get("/healthz").bytes()).unwrap();
    assert_eq!(wire.answer(false).unwrap().status, 200);
    assert!(wire.is_closed());
}
