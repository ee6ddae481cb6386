//! How each server is started and asked.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use base64::Engine as _;

use crate::measurement::bare_axum;
use crate::measurement::connection::{
    self, Connection, form, form_with, get, get_with, login, post, post_with, register,
};
use crate::measurement::mariadb::FreshDatabase;
use crate::measurement::server::{Server, free_port};

const SECRET: &str = "a key for the benchmark, no secret, long enough";
const NAME: &str = "una@example.org";
const PASSWORD: &str = "correct horse battery staple";
/// admin:secret123, as the lecture has it.
const BASIC: &str = "Authorization: Basic YWRtaW46c2VjcmV0MTIz";
const STARTS: usize = 5;

/// A server, and how it is asked for the same things.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    /// Of passwords.
    pub(crate) hash: &'static str,
    pub(crate) server: Server,
    pub(crate) hello: Vec<u8>,
    pub(crate) protected: Option<Vec<u8>>,
    pub(crate) login: Option<Vec<u8>>,
    pub(crate) register: Option<fn(&str) -> Vec<u8>>,
    pub(crate) registered: u32,
    /// A name and a password in the request.
    pub(crate) basic: Option<Vec<u8>>,
    /// A page of a hundred users.
    pub(crate) users: Option<Vec<u8>>,
    /// Whether a token counts, asked by a client that authenticates (RFC 7662).
    pub(crate) introspect: Option<Vec<u8>>,
    /// Whether the login begins a session with refresh tokens.
    pub(crate) refreshes: bool,
    /// Milliseconds from each start until the first 200.
    pub(crate) starts: Vec<f64>,
}

/// All of them, running; doorward first and the limit second; doorward once more where there is a `database` for it.
pub(crate) fn peers(folder: &Path, database: Option<&FreshDatabase>) -> Vec<Peer> {
    let doorward = |name, folder: &Path, database| {
        std::fs::create_dir(folder).unwrap();
        doorward(name, folder, database)
    };
    let on_sqlite = doorward("**doorward** on SQLite", &folder.join("sqlite"), None);
    let token = connection::token(on_sqlite.server.address, "alice", "alice123");
    let bare = bare(&token);
    let mut peers = vec![on_sqlite, bare];
    if database.is_some() {
        peers.push(doorward(
            "**doorward** on MariaDB",
            &folder.join("mariadb"),
            database,
        ));
    }
    let tools = PathBuf::from(
        std::env::var_os("DOORWARD_PEERS").expect("DOORWARD_PEERS names the folder of the others"),
    );
    peers.push(flask(folder, &tools));
    peers.push(fastapi(folder, &tools));
    peers.push(express(&tools));
    peers.push(better_auth(&tools));
    peers
}

/// The last start, and how long all took.
fn started(start: impl Fn(usize) -> (Server, Vec<u8>)) -> (Server, Vec<f64>) {
    let mut times = Vec::new();
    loop {
        let begun = Instant::now();
        let (server, request) = start(times.len());
        assert_eq!(Connection::open(server.address).exchange(&request), 200);
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        if times.len() == STARTS {
            return (server, times);
        }
    }
}

fn doorward(name: &'static str, folder: &Path, database: Option<&FreshDatabase>) -> Peer {
    let hello = get("/hello/x", None);
    let mut settings = vec![
        ("DOORWARD_SECRET_KEY", SECRET),
        ("DOORWARD_THROTTLE_REGISTRATIONS_PER_HOUR", "1000000"),
        ("DOORWARD_DB_MIGRATE", "true"),
    ];
    settings.extend(database.map(|database| ("DOORWARD_DB_URL", database.url())));
    let (server, starts) = started(|number| {
        let home = folder.join(format!("doorward-{number}"));
        std::fs::create_dir_all(&home).unwrap();
        let server = Server::doorward(&home, &["serve", "--demo"], &settings);
        (server, hello.clone())
    });
    let mut connection = Connection::open(server.address);
    for number in 0..100 {
        let request = register(&format!("una-{number}"), PASSWORD);
        assert_eq!(connection.exchange(&request), 201);
    }
    // Not of the one who logs in: the oldest of more than a hundred sessions ends.
    let token = connection::token(server.address, "alice", "alice123");
    let key = introspection_key(&mut connection, &token);
    Peer {
        name,
        hash: ", Argon2id 19 MiB, session in the database",
        hello,
        protected: Some(get("/protected", Some(&token))),
        login: Some(post(
            "/auth/login",
            r#"{"username":"bob","password":"bobpassword"}"#,
        )),
        register: Some(|name| register(&name.replace('@', "."), PASSWORD)),
        registered: 0,
        basic: Some(get_with("/protected-basic", BASIC)),
        users: Some(get("/users?limit=100", Some(&token))),
        introspect: Some(form_with(
            "/auth/introspect",
            &format!("Authorization: Basic {key}"),
            &format!("token={token}"),
        )),
        refreshes: true,
        server,
        starts,
    }
}

/// An API key that may ask whether tokens count, as `Basic` has it.
fn introspection_key(connection: &mut Connection, token: &str) -> String {
    let body =
        r#"{"name":"bench","permissions":["tokens:introspect"],"current_password":"alice123"}"#;
    let request = post_with(
        "/auth/keys",
        &format!("Authorization: Bearer {token}"),
        body,
    );
    assert_eq!(
        connection.exchange(&request),
        201,
        "{}",
        connection.answer()
    );
    // It is the name, without a password.
    let key = field(connection.answer(), "key");
    base64::engine::general_purpose::STANDARD.encode(format!("{key}:"))
}

/// Nothing but axum and the verifier: what no server here can pass.
fn bare(token: &str) -> Peer {
    let hello = get("/hello/x", None);
    let key_id = key_id(token);
    let (server, starts) = started(|_| {
        let settings = [
            (bare_axum::SECRET, SECRET),
            (bare_axum::KEY_ID, key_id.as_str()),
        ];
        (Server::ourselves(bare_axum::MODE, &settings), hello.clone())
    });
    Peer {
        name: "bare axum, the limit",
        hash: "",
        hello,
        protected: Some(get("/protected", Some(token))),
        login: None,
        register: None,
        registered: 0,
        basic: None,
        users: None,
        introspect: None,
        refreshes: false,
        server,
        starts,
    }
}

fn flask(folder: &Path, tools: &Path) -> Peer {
    let hello = get("/hello/x", None);
    let (server, starts) = started(|number| {
        let port = free_port();
        let mut command = Command::new(tools.join("bin/gunicorn"));
        command
            .args([
                "--workers",
                &workers(),
                "--worker-class",
                "gthread",
                "--threads",
                "8",
            ])
            .args(["--keep-alive", "60", "--log-level", "error", "--bind"])
            .arg(format!("127.0.0.1:{port}"))
            .arg("flask_service:app")
            .env("PEER_DATABASE", folder.join(format!("flask-{number}.db")))
            .current_dir(sources());
        (Server::other(command, port, &hello), hello.clone())
    });
    let (_, token) = signed_in(
        &server,
        &register(NAME, PASSWORD),
        &login(NAME, PASSWORD),
        "token",
    );
    Peer {
        name: "Flask 3.1 + PyJWT, gunicorn",
        hash: ", scrypt 32 MiB",
        hello,
        protected: Some(get("/protected", Some(&token))),
        login: Some(login(NAME, PASSWORD)),
        register: Some(|name| register(name, PASSWORD)),
        registered: 0,
        basic: Some(get_with("/protected-basic", BASIC)),
        users: Some(get("/users", Some(&token))),
        introspect: None,
        refreshes: false,
        server,
        starts,
    }
}

fn fastapi(folder: &Path, tools: &Path) -> Peer {
    let hello = get("/hello/x", None);
    let (server, starts) = started(|number| {
        let port = free_port();
        let mut command = Command::new(tools.join("bin/uvicorn"));
        command
            .args([
                "--workers",
                &workers(),
                "--no-access-log",
                "--log-level",
                "error",
                "--port",
            ])
            .arg(port.to_string())
            .arg("fastapi_service:app")
            .env("PEER_DATABASE", folder.join(format!("fastapi-{number}.db")))
            .current_dir(sources());
        (Server::other(command, port, &hello), hello.clone())
    });
    let register = |name: &str| {
        let body = format!(r#"{{"email":"{name}","password":"{PASSWORD}"}}"#);
        post("/register", &body)
    };
    let login = form(
        "/login",
        &format!(
            "username={}&password={}",
            NAME.replace('@', "%40"),
            PASSWORD.replace(' ', "+")
        ),
    );
    let (_, token) = signed_in(&server, &register(NAME), &login, "access_token");
    Peer {
        name: "FastAPI + fastapi-users 15, uvicorn",
        hash: ", Argon2id 64 MiB",
        hello,
        protected: Some(get("/protected", Some(&token))),
        login: Some(login),
        register: Some(register),
        registered: 0,
        basic: Some(get_with("/protected-basic", BASIC)),
        users: Some(get("/users", Some(&token))),
        introspect: None,
        refreshes: false,
        server,
        starts,
    }
}

fn express(tools: &Path) -> Peer {
    let hello = get("/hello/x", None);
    let (server, starts) = started(|_| {
        let port = free_port();
        let mut command = Command::new("node");
        command
            .arg(sources().join("express_service.cjs"))
            .env("NODE_PATH", tools.join("node_modules"))
            .env("NODE_ENV", "production")
            .env("PORT", port.to_string());
        (Server::other(command, port, &hello), hello.clone())
    });
    let mut connection = Connection::open(server.address);
    assert_eq!(connection.exchange(&login(NAME, PASSWORD)), 200);
    let token = field(connection.answer(), "token");
    Peer {
        name: "Express 5 + jsonwebtoken, users in memory",
        hash: ", scrypt 16 MiB",
        hello,
        protected: Some(get("/protected", Some(&token))),
        login: Some(login(NAME, PASSWORD)),
        register: Some(|name| register(name, PASSWORD)),
        registered: 0,
        basic: Some(get_with("/protected-basic", BASIC)),
        users: Some(get("/users", Some(&token))),
        introspect: None,
        refreshes: false,
        server,
        starts,
    }
}

fn better_auth(tools: &Path) -> Peer {
    let hello = get("/hello/x", None);
    // Its modules are found beside it.
    let program = tools.join("better_auth_service.mjs");
    std::fs::copy(sources().join("better_auth_service.mjs"), &program).unwrap();
    let (server, starts) = started(|_| {
        let port = free_port();
        let mut command = Command::new("node");
        command
            .arg(&program)
            .env("NODE_ENV", "production")
            .env("PORT", port.to_string());
        (Server::other(command, port, &hello), hello.clone())
    });
    let register = |name: &str| {
        let body = format!(r#"{{"email":"{name}","password":"{PASSWORD}","name":"Una"}}"#);
        post("/api/auth/sign-up/email", &body)
    };
    let body = format!(r#"{{"email":"{NAME}","password":"{PASSWORD}"}}"#);
    let login = post("/api/auth/sign-in/email", &body);
    let (head, _) = signed_in(&server, &register(NAME), &login, "token");
    let cookie = head
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next())
        .unwrap()
        .to_owned();
    Peer {
        name: "Better Auth 1.7, one process, all in memory",
        hash: ", scrypt 16 MiB",
        hello,
        protected: Some(get_with(
            "/api/auth/get-session",
            &format!("Cookie: {cookie}"),
        )),
        login: Some(login),
        register: Some(register),
        registered: 0,
        basic: None,
        users: None,
        introspect: None,
        refreshes: false,
        server,
        starts,
    }
}

/// The answer to a login after a registration, and a text of its JSON.
fn signed_in(server: &Server, register: &[u8], login: &[u8], name: &str) -> (String, String) {
    let mut connection = Connection::open(server.address);
    assert!(matches!(connection.exchange(register), 200 | 201));
    assert_eq!(connection.exchange(login), 200);
    let answer = connection.answer().to_owned();
    let text = field(&answer, name);
    (answer, text)
}

/// A text of the JSON in an answer, which may be in one chunk.
fn field(answer: &str, name: &str) -> String {
    let body = &answer[answer.find('{').unwrap()..=answer.rfind('}').unwrap()];
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    body[name].as_str().unwrap().to_owned()
}

/// The `kid` of a token's header.
fn key_id(token: &str) -> String {
    let header = token.split('.').next().unwrap();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(header)
        .unwrap();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers")
}

fn workers() -> String {
    crate::measurement::machine::cores().to_string()
}
