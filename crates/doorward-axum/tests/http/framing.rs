use doorward_axum::HttpLimits;

use crate::server::Server;

#[tokio::test]
async fn malformed_framing_is_answered_400_and_closed() {
    let server = Server::with_limits(HttpLimits::default()).await;
    for fields in [
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: 2\r\nContent-Length: 2\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
        "Content-Length: 2\n",
        "X: a\r\n b\r\n",
        "X: a\0\r\n",
    ] {
        let request = format!(
            "POST /echo HTTP/1.1\r\nHost: x\r\n{fields}\r\n[]GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        );
        let mut client = server.connect().await;
        client.send(&request).await;
        // Not half-closed by us: it is the server that ends the connection, and
        // nothing after the malformed head was taken for a request.
        let reply = client.all().await;
        reply.assert_error(400, "Malformed HTTP request");
        assert_eq!(reply.header("connection"), Some("close"), "{fields:?}");
        assert!(reply.header("date").is_some());
    }
}

#[tokio::test]
async fn a_malformed_request_after_a_good_one_is_refused_after_its_answer() {
    let server = Server::with_limits(HttpLimits::default()).await;
    let reply = server
        .exchange("GET /hello/a HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\nHost: x\n\n")
        .await;
    let (first, second) = reply.0.split_once("Hello, a!").unwrap();
    assert!(first.starts_with("HTTP/1.1 200 OK"), "{reply:?}");
    assert!(second.starts_with("HTTP/1.1 400 Bad Request"), "{reply:?}");
}

#[tokio::test]
async fn bad_chunks_are_answered_400_and_closed() {
    let server = Server::with_limits(HttpLimits::default()).await;
    let head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in [
        "2\n[]\r\n0\r\n\r\n",
        "zz\r\n[]",
        "2\r\n[]x\r\n",
        "-2\r\n[]\r\n",
    ] {
        let mut client = server.connect().await;
        client.send(head).await;
        client.send(body).await;
        let reply = client.all().await;
        reply.assert_error(400, "Malformed request body");
        assert_eq!(reply.header("connection"), Some("close"));
    }
}

#[tokio::test]
async fn sizes_of_the_head_are_limited() {
    let server = Server::with_limits(HttpLimits::default()).await;
    let fields = "X: y\r\n".repeat(100);
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
    server
        .exchange(many)
        .await
        .assert_error(431, "Request header is too large");
    let fields = "X: y\r\n".repeat(99);
    let enough = format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
    assert_eq!(server.exchange(enough).await.status(), 200);
    let large = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n",
        "y".repeat(17_000)
    );
    server
        .exchange(large)
        .await
        .assert_error(431, "Request header is too large");
    let long = "a".repeat(8_200);
    server
        .get(&format!("/{long}"))
        .await
        .assert_error(414, "URL is too long");
    let long = "a".repeat(40_000);
    server
        .get(&format!("/{long}"))
        .await
        .assert_error(414, "URL is too long");
    let fits = "a".repeat(8_000);
    assert_eq!(server.get(&format!("/hello/{fits}")).await.status(), 200);
}

#[tokio::test]
async fn other_protocols_are_refused_at_once() {
    let server = Server::with_limits(HttpLimits::default()).await;
    let mut client = server.connect().await;
    client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc").await;
    client
        .all()
        .await
        .assert_error(400, "Malformed HTTP request");
    let preface = server.exchange("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    preface.assert_error(505, "HTTP version not supported");
}

#[tokio::test]
async fn requests_in_a_row_are_answered_in_a_row_however_they_are_cut() {
    let server = Server::with_limits(HttpLimits::default()).await;
    let row = "\r\nGET /hello/a HTTP/1.1\r\nHost: x\r\n\r\n\
        POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n[1]\
        POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n\
        1\r\n[\r\n2;x=y\r\n2]\r\n0\r\nX: y\r\n\r\n\
        POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n[3]\
        GET /hello/b HTTP/1.1\r\nHost: x\r\n\r\n";
    for piece in [1, 2, 7, 50, 1_000] {
        let mut client = server.connect().await;
        for part in row.as_bytes().chunks(piece) {
            client.send(part).await;
            tokio::task::yield_now().await;
        }
        for expected in [
            "Hello, a!",
            "[1]",
            "[2]",
            "Request body must be JSON",
            "Hello, b!",
        ] {
            let reply = client.one().await;
            assert!(reply.body().contains(expected), "{expected} in {reply:?}");
        }
    }
}

#[tokio::test]
async fn http_1_0_is_served_and_closed() {
    let server = Server::with_limits(HttpLimits::default()).await;
    let mut client = server.connect().await;
    client.send("GET /hello/a HTTP/1.0\r\n\r\n").await;
    let reply = client.all().await;
    assert_eq!((reply.status(), reply.body()), (200, "Hello, a!"));
}

#[tokio::test]
async fn a_client_that_closed_its_side_still_gets_its_answer() {
    let server = Server::with_limits(HttpLimits::default()).await;
    let reply = server.get("/slow").await;
    assert_eq!(reply.body(), "done");
}

#[tokio::test]
async fn without_half_close_a_client_that_left_drops_its_handler() {
    let limits = HttpLimits {
        allow_half_close: false,
        ..HttpLimits::default()
    };
    let server = Server::with_limits(limits).await;
    assert_eq!(server.get("/hang").await.0, "");
}
