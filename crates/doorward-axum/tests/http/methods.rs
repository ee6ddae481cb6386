use doorward_axum::HttpLimits;

use crate::server::{Reply, Server};

async fn ask(server: &Server, method: &str, target: &str) -> Reply {
    server
        .exchange(format!("{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n"))
        .await
}

#[tokio::test]
async fn methods_that_a_route_has_not_are_405_with_allow() {
    let server = Server::with_limits(HttpLimits::default()).await;
    for (method, target, allow) in [
        ("POST", "/", "GET, HEAD, OPTIONS"),
        ("DELETE", "/hello/a", "GET, HEAD, OPTIONS"),
        ("GET", "/echo", "POST, OPTIONS"),
        ("BREW", "/echo", "POST, OPTIONS"),
        ("TRACE", "/", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
    ] {
        let reply = ask(&server, method, target).await;
        reply.assert_error(405, "Method not allowed");
        assert_eq!(reply.headers("allow"), [allow], "{method} {target}");
    }
    assert_eq!(ask(&server, "CONNECT", "x:80").await.status(), 405);
}

#[tokio::test]
async fn options_tells_the_methods_of_a_route() {
    let server = Server::with_limits(HttpLimits::default()).await;
    for (target, allow) in [("/", "GET, HEAD, OPTIONS"), ("/echo", "POST, OPTIONS")] {
        let reply = ask(&server, "OPTIONS", target).await;
        assert_eq!((reply.status(), reply.body()), (204, ""));
        assert_eq!(reply.headers("allow"), [allow]);
        assert_eq!(reply.header("content-type"), None);
        reply.assert_guarded();
    }
    ask(&server, "OPTIONS", "/missing")
        .await
        .assert_error(404, "Not found");
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let server = Server::with_limits(HttpLimits::default()).await;
    for (target, status) in [
        ("/hello/a", 200),
        ("/echo", 405),
        ("/item/9", 404),
        ("/missing", 404),
    ] {
        let head = ask(&server, "HEAD", target).await;
        let get = ask(&server, "GET", target).await;
        assert_eq!((head.status(), head.body()), (status, ""), "{target}");
        assert_eq!(
            head.header("content-length"),
            get.header("content-length"),
            "{target}"
        );
        assert_eq!(
            head.header("content-type"),
            get.header("content-type"),
            "{target}"
        );
    }
}

#[tokio::test]
async fn other_spellings_of_a_path_are_other_paths() {
    let server = Server::with_limits(HttpLimits::default()).await;
    assert_eq!(server.get("/hello/a").await.status(), 200);
    for target in [
        "//hello/a",
        "/hello//a",
        "/hello/a/",
        "/Hello/a",
        "/%68ello/a",
        "/./hello/a",
        "/x/../hello/a",
        "/x/%2e%2e/hello/a",
        "/hello/",
        "/hello",
        "/hello%2Fa",
        "/hello/%FF",
    ] {
        server.get(target).await.assert_error(404, "Not found");
    }
}
