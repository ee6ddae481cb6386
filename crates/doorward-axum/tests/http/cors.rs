use doorward_axum::{Cors, HttpLimits, ShellConfig};

use crate::server::{Reply, Server};

const OURS: &str = "https://app.example";

async fn ask(server: &Server, method: &str, target: &str, origin: &str) -> Reply {
    let preflight =
        "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n";
    server
        .exchange(format!(
            "{method} {target} HTTP/1.1\r\nHost: x\r\nOrigin: {origin}\r\n{preflight}\r\n"
        ))
        .await
}

fn allowed(reply: &Reply) -> Option<&str> {
    reply.header("access-control-allow-origin")
}

#[tokio::test]
async fn without_configuration_no_origin_is_told_anything() {
    let server = Server::with_limits(HttpLimits::default()).await;
    for method in ["GET", "OPTIONS"] {
        let reply = ask(&server, method, "/", OURS).await;
        assert!(
            !reply.0.to_ascii_lowercase().contains("access-control"),
            "{reply:?}"
        );
    }
}

#[tokio::test]
async fn only_listed_origins_may_read() {
    let cors = Some(Cors::new([OURS]).unwrap());
    let server = Server::start(ShellConfig {
        cors,
        ..ShellConfig::default()
    })
    .await;
    let reply = ask(&server, "GET", "/", OURS).await;
    assert_eq!(allowed(&reply), Some(OURS));
    assert_eq!(reply.header("access-control-allow-credentials"), None);
    assert_eq!(reply.header("vary"), Some("Origin"));
    // Failures can be read as well.
    assert_eq!(
        allowed(&ask(&server, "GET", "/missing", OURS).await),
        Some(OURS)
    );
    for other in [
        "null",
        "https://app.example.evil.test",
        "https://evil-app.example",
        "http://app.example",
        "",
    ] {
        for method in ["GET", "OPTIONS"] {
            let reply = ask(&server, method, "/", other).await;
            assert_eq!(allowed(&reply), None, "{other}");
            assert_eq!(reply.header("vary"), Some("Origin"), "{other}");
        }
    }
}

#[tokio::test]
async fn a_preflight_tells_the_methods_of_its_route() {
    let cors = Some(Cors::new([OURS]).unwrap().with_credentials());
    let server = Server::start(ShellConfig {
        cors,
        ..ShellConfig::default()
    })
    .await;
    let reply = ask(&server, "OPTIONS", "/echo", OURS).await;
    assert_eq!(reply.status(), 204);
    assert_eq!(allowed(&reply), Some(OURS));
    assert_eq!(
        reply.header("access-control-allow-methods"),
        Some("POST, OPTIONS")
    );
    assert_eq!(
        reply.header("access-control-allow-headers"),
        Some("Authorization, Content-Type, X-Request-Id")
    );
    assert_eq!(
        reply.header("access-control-allow-credentials"),
        Some("true")
    );
    assert_eq!(reply.header("access-control-max-age"), Some("600"));
}
