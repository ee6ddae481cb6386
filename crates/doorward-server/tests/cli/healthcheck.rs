//! `doorward healthcheck`.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
};

use crate::{installation::Installation, server::Server};

#[test]
fn a_running_server_is_ready_by_url_and_by_configuration() {
    for here in Installation::migrated() {
        let server = Server::start(&here);
        let url = format!("http://{}", server.address);
        let ran = here.run(&["healthcheck", "--url", &url], "").code(0);
        assert_eq!(ran.stdout, format!("{url} is ready\n"));
        let everywhere = format!("0.0.0.0:{}", server.address.port());
        let configured = here.with("DOORWARD_LISTEN", &everywhere);
        configured.run(&["healthcheck"], "").code(0);
    }
}

#[test]
fn a_server_whose_schema_is_behind_is_not_ready() {
    let here = Installation::sqlite();
    let server = Server::start(&here);
    here.execute("DELETE FROM _sqlx_migrations WHERE version = 4");
    let url = format!("http://{}", server.address);
    let ran = here.run(&["healthcheck", "--url", &url], "").code(1);
    assert_eq!(
        ran.stderr,
        format!("error: {url} is not ready: failed: migrations\n")
    );
}

#[test]
fn no_server_is_one_line_and_code_one() {
    let here = Installation::sqlite();
    // Taken and given back, so nothing listens there.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{free}");
    let ran = here.run(&["healthcheck", "--url", &url], "").code(1);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
}

#[test]
fn another_server_is_not_ready() {
    let here = Installation::sqlite();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answering = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let length = stream.read(&mut request).unwrap();
        stream
            .write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let ran = here.run(&["healthcheck", "--url", &url], "").code(1);
    assert!(ran.stderr.contains("status 404"), "{}", ran.stderr);
    assert!(
        answering
            .join()
            .unwrap()
            .starts_with("GET /readyz HTTP/1.1\r\n")
    );
}

#[test]
fn a_url_that_cannot_be_asked_is_wrong_usage() {
    let here = Installation::sqlite();
    for url in [
        "https://auth.example",
        "localhost:5000",
        "http://user:canary@h",
    ] {
        here.run(&["healthcheck", "--url", url], "")
            .code(2)
            .never_says("canary");
    }
}
