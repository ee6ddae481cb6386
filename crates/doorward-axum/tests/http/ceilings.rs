use doorward_axum::HttpLimits;

use crate::server::Server;

async fn assert_third_is_told(limits: HttpLimits) {
    let server = Server::with_limits(limits).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut client = server.connect().await;
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert_eq!(client.one().await.status(), 200);
        held.push(client);
    }
    let reply = server.get("/").await;
    reply.assert_error(503, "Too many connections");
    assert_eq!(reply.header("retry-after"), Some("1"));
    // A place that comes free is given again.
    held.pop();
    while server.get("/").await.status() != 200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_connection_beyond_the_ceiling_is_told_so() {
    assert_third_is_told(HttpLimits {
        max_connections: 2,
        ..HttpLimits::default()
    })
    .await;
}

#[tokio::test]
async fn an_address_beyond_its_ceiling_is_told_so() {
    let limits = HttpLimits {
        max_connections_per_address: Some(2),
        ..HttpLimits::default()
    };
    assert_third_is_told(limits).await;
}

#[tokio::test]
async fn a_flood_beyond_the_ceiling_does_not_hang_the_loop() {
    let limits = HttpLimits {
        max_connections: 1,
        ..HttpLimits::default()
    };
    let server = Server::with_limits(limits).await;
    let mut first = server.connect().await;
    first.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(first.one().await.status(), 200);
    let mut flood = Vec::new();
    for _ in 0..200 {
        flood.push(server.connect().await);
    }
    first.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(first.one().await.status(), 200);
}
