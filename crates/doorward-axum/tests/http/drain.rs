use std::time::Duration;

use doorward_axum::{HttpLimits, ServeError};
use tokio::net::TcpStream;

use crate::server::Server;

#[tokio::test]
async fn requests_in_flight_finish_and_idle_connections_are_closed() {
    let mut server = Server::with_limits(HttpLimits::default()).await;
    let mut idle = server.connect().await;
    idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(idle.one().await.status(), 200);
    let mut silent = server.connect().await;
    let mut busy = server.connect().await;
    busy.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    // Another request on another connection: the slow one was accepted before.
    assert_eq!(server.get("/").await.status(), 200);
    server.begin_stop();
    assert_eq!(idle.all().await.0, "");
    assert_eq!(silent.all().await.0, "");
    let reply = busy.all().await;
    assert_eq!((reply.status(), reply.body()), (200, "done"));
    let address = server.address;
    server.ended().await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn requests_that_outlast_the_drain_time_are_cut_and_counted() {
    let limits = HttpLimits {
        drain_deadline: Duration::from_millis(100),
        ..HttpLimits::default()
    };
    let mut server = Server::with_limits(limits).await;
    let mut busy = server.connect().await;
    busy.send("GET /hang HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(server.get("/").await.status(), 200);
    server.begin_stop();
    let ended = server.ended().await;
    assert!(
        matches!(ended, Err(ServeError::DrainTimedOut { connections: 1 })),
        "{ended:?}"
    );
}
