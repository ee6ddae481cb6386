//! What every answer has, whatever it is about (HT-01 to HT-15).

use serde_json::json;

use crate::{
    access_table::paths,
    client::{get, login, post, register, request},
    installation::{Engine, Installation, PASSWORD, Server},
    wire::{Answer, Wire},
};

fn production() -> (Installation, Server) {
    Installation::new(Engine::Sqlite)
        .without_quantum()
        .start_kept()
}

fn demo() -> (Installation, Server) {
    Installation::demo(Engine::Sqlite)
        .without_quantum()
        .start_kept()
}

fn assert_dressed(answer: &Answer) {
    // Published keys are for everybody, and a cache may keep them.
    let is_published = answer.header("cache-control") == Some("public, max-age=300");
    let origin = answer.header("access-control-allow-origin");
    assert_eq!(origin, is_published.then_some("*"));
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        // The description may be kept, but is asked about.
        (
            "cache-control",
            if is_published {
                "public, max-age=300"
            } else if answer.header("etag").is_some() {
                "no-cache"
            } else if answer.header("content-type") == Some("application/jwt") {
                // The list of revocations is as old as a node's knowledge may be.
                "public, max-age=2"
            } else {
                "no-store"
            },
        ),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name} of {answer:?}");
    }
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(
        answer
            .header("x-request-id")
            .is_some_and(|id| !id.is_empty())
    );
    assert_eq!(answer.header("server"), None);
    assert_eq!(answer.header("x-powered-by"), None);
}

fn raw(server: &Server, bytes: &[u8]) -> Answer {
    let mut wire = Wire::open(server.address).unwrap();
    wire.send(bytes).unwrap();
    wire.answer(false).unwrap()
}

#[test]
fn every_failure_of_every_layer_is_json() {
    let (_kept, server) = production();
    let json = "application/json";
    let cases = [
        (get("/nowhere").bytes(), 404, "Not found"),
        (get("/login").bytes(), 405, "Method not allowed"),
        (
            request("DELETE", "/readyz").bytes(),
            405,
            "Method not allowed",
        ),
        (
            request("TRACE", "/healthz").bytes(),
            405,
            "Method not allowed",
        ),
        (
            login("a", &"x".repeat(70_000)).bytes(),
            413,
            "Request body is too large",
        ),
        (
            get(&format!("/{}", "a".repeat(9_000))).bytes(),
            414,
            "URL is too long",
        ),
        (
            request("POST", "/login")
                .header("Content-Type", json)
                .header("Content-Encoding", "gzip")
                .body("x")
                .bytes(),
            415,
            "Compressed request bodies are not supported",
        ),
        (
            get("/healthz")
                .header("X-Long", &"a".repeat(17_000))
                .bytes(),
            431,
            "Request header is too large",
        ),
        (
            get("/profile")
                .header("Authorization", "Bearer a")
                .header("Authorization", "Bearer a")
                .bytes(),
            400,
            "Authorization header is repeated",
        ),
    ];
    for (bytes, status, error) in cases {
        let answer = raw(&server, &bytes);
        let start = String::from_utf8_lossy(&bytes[..40]).into_owned();
        assert_eq!(answer.status, status, "{start}");
        assert_eq!(answer.error(), error, "{start}");
        assert_eq!(answer.header("content-type"), Some(json), "{start}");
        assert_eq!(answer.header("allow").is_some(), status == 405, "{start}");
        assert_dressed(&answer);
    }
    // What is no HTTP at all is refused in JSON too, and the connection closed.
    for bytes in [
        &b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"[..],
        b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ] {
        let mut wire = Wire::open(server.address).unwrap();
        wire.send(bytes).unwrap();
        let answer = wire.answer(false).unwrap();
        assert_eq!(answer.status, 400, "{bytes:?}");
        answer.error();
        assert_dressed(&answer);
        assert!(wire.is_closed(), "{bytes:?}");
    }
}

#[test]
fn a_body_that_is_no_json_is_one_refusal_for_the_lectures_routes() {
    let (_kept, server) = demo();
    for (path, error) in [
        ("/login", "Username and password required"),
        ("/register", "Username, password, and role are required"),
        ("/echo", "Request body must be JSON"),
    ] {
        for (kind, body) in [
            (Some("application/json"), "{"),
            (Some("application/json"), ""),
            (Some("application/json"), "null"),
            (Some("application/json"), "{\"a\": NaN}"),
            (Some("text/plain"), "{}"),
            (Some("application/x-www-form-urlencoded"), "username=a"),
            (None, "{}"),
        ] {
            let mut request = request("POST", path).body(body);
            if let Some(kind) = kind {
                request = request.header("Content-Type", kind);
            }
            let answer = request.send(server.address);
            assert_eq!(answer.status, 400, "{path} {kind:?} {body}: {answer:?}");
            assert_eq!(answer.error(), error, "{path} {kind:?} {body}");
        }
        let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
        let answer = request("POST", path)
            .header("Content-Type", "application/json")
            .body(deep)
            .send(server.address);
        assert_eq!(answer.status, 400, "{path}");
    }
}

#[test]
fn problem_details_carry_stable_codes() {
    let (_kept, server) = Installation::new(Engine::Sqlite)
        .without_quantum()
        .set("DOORWARD_THROTTLE_FREE_ATTEMPTS", "1")
        .start_kept();
    server.sign_up("una");
    let wrong = login("una", "wrong password");
    let cases = [
        (get("/nowhere"), 404, "not_found"),
        (get("/login"), 405, "method_not_allowed"),
        (get("/profile"), 401, "token_missing"),
        (get("/profile").bearer("x"), 401, "token_invalid"),
        (
            get("/profile").header("Authorization", "Bearer"),
            401,
            "token_header_malformed",
        ),
        (register("una", PASSWORD), 409, "username_taken"),
        (register("vera", "short"), 400, "password_too_short"),
        (register("", PASSWORD), 400, "username_invalid"),
        (post("/login", &json!({})), 400, "fields_required"),
        (
            post(
                "/register",
                &json!({"username": "x", "password": PASSWORD, "role": "admin"}),
            ),
            403,
            "insufficient_role",
        ),
        (
            post(
                "/register",
                &json!({"username": "x", "password": PASSWORD, "role": "boss"}),
            ),
            400,
            "role_invalid",
        ),
        (wrong.clone(), 401, "invalid_credentials"),
        (wrong, 429, "login_throttled"),
    ];
    for (request, status, code) in cases {
        let answer = request
            .header("Accept", "application/problem+json")
            .header("X-Request-Id", "req-1")
            .send(server.address);
        assert_eq!(answer.status, status, "{code}: {answer:?}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{code}"
        );
        let problem = answer.json();
        assert_eq!(problem["code"], code);
        assert_eq!(problem["status"], status);
        assert_eq!(problem["instance"], "req-1");
        let generic = ["not_found", "method_not_allowed"].contains(&code);
        let kind = if generic {
            "about:blank".to_owned()
        } else {
            format!("urn:doorward:error:{code}")
        };
        assert_eq!(problem["type"], kind);
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401);
        assert_eq!(answer.header("retry-after").is_some(), status == 429);
        assert!(answer.header("vary").unwrap_or_default().contains("Accept"));
        assert_dressed(&answer);
    }
}

#[test]
fn every_route_answers_head_options_and_a_wrong_method_with_the_usual_headers() {
    for (is_demo, (_kept, server)) in [(false, production()), (true, demo())] {
        for path in paths(is_demo) {
            // They answer every method alike, these too: a proxy may send what its client sent.
            if ["/forward-auth", "/ext-authz/any"].contains(&path) {
                continue;
            }
            let options = request("OPTIONS", path).send(server.address);
            assert_eq!(options.status, 204, "{path}: {options:?}");
            let allow = options.header("allow").unwrap().to_owned();
            assert!(allow.contains("OPTIONS"), "{path}: {allow}");
            assert_dressed(&options);

            let got = get(path).send(server.address);
            let head = request("HEAD", path).send(server.address);
            assert_eq!(head.status, got.status, "{path}");
            assert_dressed(&got);
            assert_dressed(&head);
            assert_eq!(
                head.header("content-type"),
                got.header("content-type"),
                "{path}"
            );
            assert_eq!(allow.contains("GET"), got.status != 405, "{path}: {allow}");
            assert_eq!(allow.contains("HEAD"), got.status != 405, "{path}: {allow}");

            let wrong = request("PURGE", path).send(server.address);
            assert_eq!(wrong.status, 405, "{path}");
            assert_eq!(wrong.header("allow"), Some(allow.as_str()), "{path}");
            // A header does not change the method.
            let overridden = request("PURGE", path)
                .header("X-HTTP-Method-Override", "GET")
                .send(server.address);
            assert_eq!(overridden.status, 405, "{path}");
        }
    }
}

#[test]
fn other_spellings_of_a_path_do_not_slip_past_a_rule() {
    let (_kept, server) = production();
    for path in [
        "//users",
        "/users/",
        "/Users",
        "/users;x=1",
        "/%75sers/",
        "/./users",
        "/x/../users",
        "/users%00",
        "/users%2f",
    ] {
        let answer = get(path).send(server.address);
        assert!(
            [400, 401, 404].contains(&answer.status),
            "{path}: {answer:?}"
        );
    }
    let named = get("/users")
        .header("X-Forwarded-User", "root")
        .header("Remote-User", "root")
        .header("X-User-Id", "1");
    assert_eq!(named.send(server.address).status, 401);
    let query = get("/users?access_token=x&token=y&password=z").send(server.address);
    assert_eq!(query.error(), "Authentication token is missing");
}

#[test]
fn a_request_id_is_taken_over_when_it_is_harmless_and_made_otherwise() {
    let (_kept, server) = production();
    let ask = |id: &str| {
        let answer = get("/healthz").header("X-Request-Id", id);
        let answer = answer.send(server.address);
        answer.header("x-request-id").unwrap().to_owned()
    };
    assert_eq!(ask("req-1.2_3"), "req-1.2_3");
    for bad in ["", "a b", "<script>", &"x".repeat(500), "é"] {
        let made = ask(bad);
        assert_ne!(made, bad);
        assert!(made.len() >= 16, "{made}");
    }
}

/// Answers CVE-2023-30861.
#[test]
fn tokens_are_never_stored_by_a_cache() {
    let (_kept, server) = production();
    server.sign_up("una");
    for path in ["/login", "/auth/login"] {
        let body = json!({"username": "una", "password": PASSWORD});
        let answer = post(path, &body).send(server.address);
        assert_eq!(answer.status, 200);
        // No session: the device's cookie logs nobody in.
        let cookie = answer.header("set-cookie").unwrap();
        assert!(cookie.starts_with("doorward_device="), "{cookie}");
        assert_dressed(&answer);
    }
}

#[test]
fn strict_transport_security_and_secure_cookies_come_with_a_public_https_address() {
    let (_kept, server) = Installation::demo(Engine::Sqlite)
        .set("DOORWARD_PUBLIC_URL", "https://auth.example.org")
        .start_kept();
    let answer = get("/set-session").send(server.address);
    assert!(answer.header("strict-transport-security").is_some());
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.ends_with("; HttpOnly; Path=/; SameSite=Lax; Secure"),
        "{cookie}"
    );
    let (_kept, plain) = demo();
    let answer = get("/set-session").send(plain.address);
    assert_eq!(answer.header("strict-transport-security"), None);
    assert!(!answer.header("set-cookie").unwrap().contains("Secure"));
}

#[test]
fn markup_in_a_name_stays_text() {
    let (_kept, server) = demo();
    let answer = get("/hello/%3Cscript%3Ealert(1)%3C%2Fscript%3E").send(server.address);
    assert_eq!(answer.text(), "Hello, <script>alert(1)</script>!");
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_dressed(&answer);
    let missing = get("/%3Cscript%3E").send(server.address);
    assert!(!missing.text().contains("script"));
    // No line break of a name becomes a line of the answer's head.
    let split = get("/hello/a%0D%0ASet-Cookie:%20x=1").send(server.address);
    assert_eq!(split.header("set-cookie"), None);
}

#[test]
fn one_connection_serves_many_requests_and_a_refused_body_does_not_become_one() {
    let (_kept, server) = production();
    let mut wire = Wire::open(server.address).unwrap();
    for _ in 0..3 {
        wire.send(&get("/healthz").bytes()).unwrap();
        assert_eq!(wire.answer(false).unwrap().text(), r#"{"status":"ok"}"#);
        wire.send(&request("HEAD", "/healthz").bytes()).unwrap();
        assert_eq!(wire.answer(true).unwrap().status, 200);
    }
    let smuggled = get("/nowhere-smuggled").bytes();
    wire.send(&request("POST", "/nowhere").body(smuggled).bytes())
        .unwrap();
    assert_eq!(wire.answer(false).unwrap().status, 404);
    let _ = wire.send(&get("/healthz").bytes());
    if let Ok(next) = wire.answer(false) {
        assert_eq!(next.text(), r#"{"status":"ok"}"#);
    }
}
