use std::time::Duration;

use doorward_axum::HttpLimits;

use crate::server::Server;

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_silent_connection_is_closed_without_a_word() {
    let server = Server::with_limits(HttpLimits {
        header_deadline: SHORT,
        ..HttpLimits::default()
    })
    .await;
    let reply = server.connect().await.all().await;
    assert_eq!(reply.0, "");
}

#[tokio::test]
async fn half_a_head_is_answered_408_and_closed() {
    let server = Server::with_limits(HttpLimits {
        header_deadline: SHORT,
        ..HttpLimits::default()
    })
    .await;
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\nHost:").await;
    client.all().await.assert_error(408, "Request timed out");
}

#[tokio::test]
async fn a_head_that_drips_in_is_cut_although_it_moves() {
    let server = Server::with_limits(HttpLimits {
        header_deadline: SHORT,
        ..HttpLimits::default()
    })
    .await;
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\n").await;
    let (mut reader, mut writer) = client.stream.into_split();
    let drip = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        while writer.write_all(b"X: y\r\n").await.is_ok() {
            tokio::time::sleep(SHORT / 10).await;
        }
    });
    let mut bytes = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut bytes);
    let _ = tokio::time::timeout(Duration::from_secs(20), read)
        .await
        .unwrap();
    assert!(String::from_utf8_lossy(&bytes).starts_with("HTTP/1.1 408"));
    drip.abort();
}

#[tokio::test]
async fn the_second_head_of_a_connection_has_a_deadline_too() {
    let server = Server::with_limits(HttpLimits {
        header_deadline: SHORT,
        ..HttpLimits::default()
    })
    .await;
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(client.one().await.status(), 200);
    client.send("GET / HT").await;
    client.all().await.assert_error(408, "Request timed out");
}

#[tokio::test]
async fn a_body_that_stops_is_answered_408_and_closed() {
    for limits in [
        HttpLimits {
            body_deadline: SHORT,
            ..HttpLimits::default()
        },
        HttpLimits {
            body_stall: SHORT,
            ..HttpLimits::default()
        },
    ] {
        let server = Server::with_limits(limits).await;
        let mut client = server.connect().await;
        let head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
        client
            .send(format!("{head}Content-Length: 10\r\n\r\n[1,"))
            .await;
        client.all().await.assert_error(408, "Request timed out");
    }
}

#[tokio::test]
async fn a_body_that_drips_in_is_cut_although_it_moves() {
    let limits = HttpLimits {
        body_deadline: 2 * SHORT,
        ..HttpLimits::default()
    };
    let server = Server::with_limits(limits).await;
    let mut client = server.connect().await;
    let head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    client
        .send(format!("{head}Transfer-Encoding: chunked\r\n\r\n"))
        .await;
    let (mut reader, mut writer) = client.stream.into_split();
    let drip = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        while writer.write_all(b"1\r\n \r\n").await.is_ok() {
            tokio::time::sleep(SHORT / 10).await;
        }
    });
    let mut bytes = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut bytes);
    let _ = tokio::time::timeout(Duration::from_secs(20), read)
        .await
        .unwrap();
    assert!(String::from_utf8_lossy(&bytes).starts_with("HTTP/1.1 408"));
    drip.abort();
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_answer() {
    let server = Server::with_limits(HttpLimits {
        idle_deadline: SHORT,
        ..HttpLimits::default()
    })
    .await;
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let reply = client.all().await;
    assert_eq!(reply.status(), 200);
    assert!(reply.is_whole(), "{reply:?}");
}

#[tokio::test]
async fn a_handler_that_hangs_is_answered_503() {
    let server = Server::with_limits(HttpLimits {
        request_deadline: SHORT,
        ..HttpLimits::default()
    })
    .await;
    let reply = server.get("/hang").await;
    reply.assert_error(503, "The request took too long");
    assert_eq!(reply.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_cut() {
    let server = Server::with_limits(HttpLimits {
        write_stall: SHORT,
        ..HttpLimits::default()
    })
    .await;
    let mut client = server.connect().await;
    client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await;
    tokio::time::sleep(3 * SHORT).await;
    let mut bytes = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut client.stream, &mut bytes).await;
    assert!(
        bytes.len() < 32 * 1024 * 1024,
        "the whole answer was kept ready"
    );
}

#[tokio::test]
async fn two_hundred_slow_clients_do_not_hold_up_a_request() {
    let server = Server::with_limits(HttpLimits::default()).await;
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut client = server.connect().await;
        client.send("GET / HTTP/1.1\r\nHost:").await;
        slow.push(client);
    }
    assert_eq!(server.get("/").await.status(), 200);
}
