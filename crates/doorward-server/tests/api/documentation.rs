//! The server's description of itself.

use crate::{
    client::get,
    installation::{Engine, Installation},
};
use doorward_server::router;

#[test]
fn the_running_server_answers_the_document_that_answers_are_held_against() {
    for (installation, demo) in [
        (Installation::new(Engine::Sqlite), false),
        (Installation::demo(Engine::Sqlite), true),
    ] {
        let server = installation.start();
        let answer = get("/openapi.json").send(server.address);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
        let document = router::document(demo);
        assert_eq!(answer.text(), document.json);
        assert_eq!(answer.header("etag"), Some(&*document.etag));
    }
}

#[test]
fn a_copy_that_is_still_good_is_not_sent_again() {
    let installation = Installation::new(Engine::Sqlite);
    let server = installation.start();
    let etag = router::document(false).etag;
    for known in [
        etag.clone(),
        format!("W/{etag}"),
        format!("\"old\", {etag}"),
        "*".to_owned(),
    ] {
        let request = get("/openapi.json").header("If-None-Match", &known);
        let answer = request.send(server.address);
        assert_eq!(answer.status, 304, "{known}");
        assert_eq!(answer.header("etag"), Some(&*etag));
        assert!(answer.body.is_empty());
    }
    let request = get("/openapi.json").header("If-None-Match", "\"old\"");
    assert_eq!(request.send(server.address).status, 200);
}

#[test]
fn the_page_names_its_style_and_its_script_and_loads_nothing_from_elsewhere() {
    let installation = Installation::new(Engine::Sqlite);
    let server = installation.start();
    let answer = get("/docs").send(server.address);
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = answer.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(policy.contains("connect-src 'self'"), "{policy}");
    let page = answer.text();
    for outside in ["http:", "https:", "//cdn", "src=", "innerHTML"] {
        assert!(!page.contains(outside), "{outside}");
    }
}
