use doorward_axum::HttpLimits;
use tokio::io::AsyncWriteExt;

use crate::server::Server;

const HEAD: &str = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";

#[tokio::test]
async fn a_413_can_be_read_while_50_megabytes_are_being_sent() {
    let server = Server::with_limits(HttpLimits::default()).await;
    let size = 50 * 1024 * 1024;
    for framing in [
        format!("Content-Length: {size}\r\n"),
        "Transfer-Encoding: chunked\r\n".into(),
    ] {
        let is_chunked = framing.starts_with('T');
        let mut client = server.connect().await;
        client.send(format!("{HEAD}{framing}\r\n")).await;
        if is_chunked {
            client.send(format!("{size:x}\r\n\"")).await;
        }
        // All of it is sent before the answer is looked at.
        let piece = vec![b'a'; 1024 * 1024];
        for _ in 0..50 {
            client.stream.write_all(&piece).await.unwrap();
        }
        client.stream.shutdown().await.unwrap();
        client
            .all()
            .await
            .assert_error(413, "Request body is too large");
    }
}

#[tokio::test]
async fn a_body_of_unknown_length_is_cut_at_the_limit_for_every_reader() {
    let router = axum::Router::new().route(
        "/bytes",
        axum::routing::post(|body: axum::body::Body| async move {
            match http_body_util::BodyExt::collect(body).await {
                Ok(_) => "whole",
                Err(_) => "cut",
            }
        }),
    );
    let limits = HttpLimits {
        body_bytes: 10,
        ..HttpLimits::default()
    };
    let config = doorward_axum::ShellConfig {
        limits,
        ..Default::default()
    };
    let server = Server::with_router(router, config).await;
    for (body, expected) in [
        ("a\r\n0123456789\r\n0\r\n\r\n", "whole"),
        ("b\r\n0123456789a\r\n0\r\n\r\n", "cut"),
    ] {
        let request =
            format!("POST /bytes HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        assert_eq!(server.exchange(request).await.body(), expected);
    }
}

#[tokio::test]
async fn compressed_bodies_are_refused() {
    let server = Server::with_limits(HttpLimits::default()).await;
    for (coding, status) in [("gzip", 415), ("identity, br", 415), ("Identity", 200)] {
        let request = format!("{HEAD}Content-Encoding: {coding}\r\nContent-Length: 2\r\n\r\n[]");
        assert_eq!(server.exchange(request).await.status(), status, "{coding}");
    }
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_continue() {
    let server = Server::with_limits(HttpLimits::default()).await;
    let mut client = server.connect().await;
    client
        .send(format!(
            "{HEAD}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"
        ))
        .await;
    let go_on = client.one().await;
    assert_eq!(go_on.status(), 100);
    client.send("[1]").await;
    assert_eq!(client.one().await.status(), 200);
    let mut client = server.connect().await;
    client
        .send(format!(
            "{HEAD}Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n"
        ))
        .await;
    client
        .one()
        .await
        .assert_error(413, "Request body is too large");
}

#[tokio::test]
async fn a_body_that_nobody_reads_does_not_become_a_request() {
    let server = Server::with_limits(HttpLimits::default()).await;
    let smuggled = "GET /hello/smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    let length = smuggled.len();
    let request =
        format!("POST /missing HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{smuggled}");
    let reply = server.exchange(request).await;
    reply.assert_error(404, "Not found");
}
