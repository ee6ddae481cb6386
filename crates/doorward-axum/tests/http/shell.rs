use doorward_axum::{HttpLimits, ShellConfig};

use crate::server::Server;

#[tokio::test]
async fn panics_are_a_500_that_tells_nothing() {
    let server = Server::with_limits(HttpLimits::default()).await;
    for target in ["/panic", "/panic-late", "/fail"] {
        server
            .get(target)
            .await
            .assert_error(500, "Internal server error");
    }
    assert_eq!(server.get("/").await.status(), 200);
}

#[tokio::test]
async fn a_bare_status_gets_the_json_of_its_status() {
    let server = Server::with_limits(HttpLimits::default()).await;
    server.get("/bare").await.assert_error(502, "Server error");
    server.get("/missing").await.assert_error(404, "Not found");
}

#[tokio::test]
async fn a_good_request_id_is_echoed_and_a_bad_one_replaced() {
    let server = Server::with_limits(HttpLimits::default()).await;
    for (given, is_kept) in [
        ("abc-1.2_Z", true),
        ("a b", false),
        ("", false),
        ("a\";x", false),
    ] {
        let reply = server
            .exchange(format!(
                "GET /who HTTP/1.1\r\nHost: x\r\nX-Request-Id: {given}\r\n\r\n"
            ))
            .await;
        let echoed = reply.header("x-request-id").unwrap();
        assert_eq!(echoed == given, is_kept, "{given}");
        assert_eq!(reply.body(), format!("127.0.0.1 {echoed}"));
    }
}

#[tokio::test]
async fn problem_details_are_for_those_who_name_them() {
    let server = Server::with_limits(HttpLimits::default()).await;
    let ask = |target: &'static str, accept: &'static str| {
        let id = "X-Request-Id: r1";
        server.exchange(format!(
            "GET {target} HTTP/1.1\r\nHost: x\r\n{id}\r\nAccept: {accept}\r\n\r\n"
        ))
    };
    let reply = ask("/square", "application/problem+json").await;
    assert_eq!(
        reply.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(reply.header("vary"), Some("Accept"));
    let expected = r#"{"type":"urn:doorward:error:missing_parameter","title":"Bad Request","status":400,"detail":"Missing 'number' query parameter","code":"missing_parameter","instance":"r1"}"#;
    assert_eq!(reply.body(), expected);
    assert!(reply.is_whole());
    let reply = ask("/missing", "application/problem+json;q=0.5").await;
    assert!(
        reply
            .body()
            .starts_with(r#"{"type":"about:blank","title":"Not Found","status":404"#)
    );
    let reply = ask("/missing", "*/*, application/problem+json;q=0").await;
    reply.assert_error(404, "Not found");
    assert_eq!(reply.header("vary"), None);
}

#[tokio::test]
async fn repeated_credentials_are_refused() {
    let server = Server::with_limits(HttpLimits::default()).await;
    let field = "Authorization: Bearer x\r\n";
    let one = format!("GET / HTTP/1.1\r\nHost: x\r\n{field}\r\n");
    assert_eq!(server.exchange(one).await.status(), 200);
    let two = format!("GET / HTTP/1.1\r\nHost: x\r\n{field}{field}\r\n");
    server
        .exchange(two)
        .await
        .assert_error(400, "Authorization header is repeated");
}

#[tokio::test]
async fn every_answer_is_guarded_and_a_handlers_cache_rule_stays() {
    let server = Server::with_limits(HttpLimits::default()).await;
    let reply = server.get("/").await;
    reply.assert_guarded();
    assert_eq!(reply.header("strict-transport-security"), None);
    let reply = server.get("/named").await;
    assert_eq!(reply.headers("cache-control"), ["max-age=9"]);
    assert_eq!(reply.header("server"), None);
}

#[tokio::test]
async fn https_services_say_so() {
    let server = Server::start(ShellConfig {
        https: true,
        ..ShellConfig::default()
    })
    .await;
    for target in ["/", "/missing"] {
        let hsts = "max-age=63072000; includeSubDomains";
        assert_eq!(
            server
                .get(target)
                .await
                .headers("strict-transport-security"),
            [hsts]
        );
    }
    let malformed = server.exchange("nonsense\r\n\r\n").await;
    assert!(malformed.header("strict-transport-security").is_some());
}

#[tokio::test]
async fn an_application_is_a_router_too() {
    use tower::ServiceExt;
    let app = doorward_axum::app(crate::lecture::router(), ShellConfig::default());
    let router = axum::Router::from(app);
    let request = http::Request::get("/missing")
        .body(axum::body::Body::empty())
        .unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(response.headers()["content-type"], "application/json");
    let long = format!("/hello/{}", "a".repeat(8_200));
    let request = http::Request::get(long)
        .body(axum::body::Body::empty())
        .unwrap();
    let app = doorward_axum::app(crate::lecture::router(), ShellConfig::default());
    assert_eq!(app.oneshot(request).await.unwrap().status(), 414);
}
