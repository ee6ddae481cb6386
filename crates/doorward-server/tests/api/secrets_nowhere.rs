//! No password, token, hash or secret in what the server prints and logs (PW-20, LG-02, LG-03).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::{
    client::{get, login, post, register, request},
    installation::{Engine, Installation, SECRET, engines},
};

const RIGHT: &str = "canary-right-Pq7vLx";
const WRONG: &str = "canary-wrong-Zt3mWk";
const TYPED_AS_NAME: &str = "canary-typed-as-a-name-Hs9";
const IN_THE_QUERY: &str = "canary-in-the-query-Bd4";
const IN_A_HEADER: &str = "canary-in-a-header-Rf8";
const IN_A_BROKEN_BODY: &str = "canary-in-a-broken-body-Nc2";

#[test]
fn nothing_secret_is_printed_or_logged_at_any_level_in_any_format() {
    for engine in engines() {
        for (level, format) in [("trace", "json"), ("debug", "text")] {
            scenario(
                Installation::new(engine)
                    .with_known_secret()
                    .set("DOORWARD_LOG_LEVEL", level)
                    .set("DOORWARD_LOG_FORMAT", format),
            );
        }
    }
    scenario(
        Installation::demo(Engine::Sqlite)
            .with_known_secret()
            .set("DOORWARD_LOG_LEVEL", "trace"),
    );
}

fn scenario(installation: Installation) {
    let installation = installation
        .without_quantum()
        .set("DOORWARD_HTTP_ACCESS_LOG", "true");
    let server = installation.start();
    let address = server.address;
    let setup_token = server.setup_token();
    assert_eq!(register("una", RIGHT).send(address).status, 201);
    let token = server.token("una", RIGHT);
    get("/profile").bearer(&token).send(address);
    get(&format!(
        "/profile?token={IN_THE_QUERY}&password={IN_THE_QUERY}"
    ))
    .send(address);
    get("/users").bearer(&format!("{token}x")).send(address);
    get("/healthz")
        .header("Cookie", &format!("session={IN_A_HEADER}"))
        .send(address);
    get("/profile")
        .header("Authorization", &format!("Bearer {IN_A_HEADER}"))
        .send(address);
    let basic = STANDARD.encode(format!("una:{RIGHT}"));
    get("/protected-basic")
        .header("Authorization", &format!("Basic {basic}"))
        .send(address);
    for _ in 0..7 {
        login("una", WRONG).send(address);
    }
    login(TYPED_AS_NAME, WRONG).send(address);
    login(&format!(" {TYPED_AS_NAME}\n"), WRONG).send(address);
    register(TYPED_AS_NAME, "short").send(address);
    register("una", WRONG).send(address);
    post(
        "/setup",
        &json!({"token": IN_A_HEADER, "username": "a", "password": WRONG}),
    )
    .send(address);
    for body in [
        format!("{{\"password\": \"{IN_A_BROKEN_BODY}\""),
        format!("[\"{IN_A_BROKEN_BODY}\"]"),
        format!("{{\"username\": [\"{IN_A_BROKEN_BODY}\"], \"password\": 1}}"),
    ] {
        request("POST", "/login")
            .header("Content-Type", "application/json")
            .body(body)
            .send(address);
    }
    installation.execute(
        "UPDATE users SET password = 'md5$canary-hash-Lw6$00' WHERE username = ?",
        &["una".into()],
    );
    login("una", RIGHT)
        .forwarded_for("203.0.113.1")
        .send(address);

    let (screen, log) = server.stop();
    assert!(
        log.contains("login_failed"),
        "the log tells of failures: {log}"
    );
    let signature = token.rsplit('.').next().unwrap();
    for secret in [
        RIGHT,
        WRONG,
        TYPED_AS_NAME,
        IN_THE_QUERY,
        IN_A_HEADER,
        IN_A_BROKEN_BODY,
        SECRET,
        signature,
        &basic,
        "canary-hash",
        "$argon2id$",
    ] {
        assert!(!log.contains(secret), "{secret} is in the log\n{log}");
        assert!(!screen.contains(secret), "{secret} is on the screen");
    }
    if let Some(token) = setup_token {
        assert!(!log.contains(&token), "the setup token is in the log");
    }
}

#[test]
fn a_client_cannot_write_a_line_of_its_own_into_the_log() {
    for format in ["text", "json"] {
        let (_kept, server) = Installation::demo(Engine::Sqlite)
            .without_quantum()
            .set("DOORWARD_LOG_FORMAT", format)
            .set("DOORWARD_HTTP_ACCESS_LOG", "true")
            .start_kept();
        get("/hello/x%0AFORGED%20line%1b[31m").send(server.address);
        login("x\nFORGED line", "y\nFORGED line").send(server.address);
        get("/")
            .header("X-Request-Id", "a\tFORGED line")
            .send(server.address);
        let (_, log) = server.stop();
        assert!(!log.lines().any(|line| line.starts_with("FORGED")), "{log}");
        assert!(!log.contains('\u{1b}'), "{log:?}");
        if format == "json" {
            for line in log.lines().filter(|line| !line.starts_with("warning: ")) {
                serde_json::from_str::<serde_json::Value>(line)
                    .unwrap_or_else(|why| panic!("{why}: {line}"));
            }
        }
    }
}

#[test]
fn the_password_of_the_database_is_not_shown() {
    // Nothing listens on port 1, so the start fails and says so.
    let installation = Installation::new(Engine::Sqlite)
        .through("mysql://doorward:canary-database-Xy5@127.0.0.1:1/doorward");
    let output = installation.run_to_end();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("mysql://doorward:***@127.0.0.1:1/doorward"),
        "{error}"
    );
    assert!(!error.contains("canary"), "{error}");
}
