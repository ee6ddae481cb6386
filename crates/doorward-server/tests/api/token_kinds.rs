//! Every kind of credential at every place that takes one: each is accepted only where it is meant (TK-15).

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use doorward::{
    clock::{Clock as _, SystemClock},
    flask_session::{SessionData, SessionSigner},
    secret::Secret,
};
use serde_json::{Value, json};

use crate::{
    api_keys::exchanged,
    client::{Request, get, login, post, request, send_json},
    installation::{Installation, PASSWORD, SECRET, engines},
};

const KINDS: [&str; 8] = [
    "access token",
    "refresh token",
    "API key",
    "token for a key",
    "reset link",
    "setup link",
    "Flask cookie",
    "list of revocations",
];

/// A place, how a text gets there, and the kinds that it takes.
type Place = (&'static str, fn(&str) -> Request, &'static [&'static str]);

fn bearer(target: &'static str) -> impl Fn(&str) -> Request {
    move |text| get(target).bearer(text)
}

fn as_client(target: &str, key: &str, token: &str) -> Request {
    let value = format!("Basic {}", STANDARD.encode(format!("{key}:")));
    request("POST", target)
        .header("Authorization", &value)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(format!("token={token}"))
}

const PLACES: &[Place] = &[
    (
        "profile",
        |text| bearer("/profile")(text),
        &["access token", "API key", "token for a key"],
    ),
    (
        "users",
        |text| bearer("/users")(text),
        &["access token", "API key", "token for a key"],
    ),
    (
        "sessions",
        |text| bearer("/auth/sessions")(text),
        &["access token"],
    ),
    ("keys", |text| bearer("/auth/keys")(text), &["access token"]),
    ("jobs", |text| bearer("/jobs")(text), &["access token"]),
    (
        "name of Basic",
        |text| {
            let value = format!("Basic {}", STANDARD.encode(format!("{text}:")));
            get("/users").header("Authorization", &value)
        },
        &["API key"],
    ),
    (
        "password of Basic",
        |text| {
            let value = format!("Basic {}", STANDARD.encode(format!("root:{text}")));
            get("/users").header("Authorization", &value)
        },
        &[],
    ),
    ("password of a login", |text| login("root", text), &[]),
    (
        "refresh",
        |text| post("/auth/refresh", &json!({"refresh_token": text})),
        &["refresh token"],
    ),
    (
        "client",
        |text| as_client("/auth/token", text, "").body("grant_type=client_credentials"),
        &["API key"],
    ),
    (
        "client that asks about a token",
        |text| as_client("/auth/introspect", text, "x"),
        &["API key"],
    ),
    (
        "client that revokes a token",
        |text| as_client("/auth/revoke", text, "x"),
        &["API key"],
    ),
    (
        "reset",
        |text| {
            let body = json!({"token": text, "new_password": "green teapot 77"});
            post("/auth/password/reset", &body)
        },
        &["reset link"],
    ),
    (
        "proof of an address",
        |text| post("/auth/email/verify", &json!({"token": text})),
        &[],
    ),
    (
        "setup",
        |text| {
            let body = json!({"token": text, "username": "mallory", "password": PASSWORD});
            post("/setup", &body)
        },
        &[],
    ),
    (
        "Flask session",
        |text| get("/auth/session").header("Cookie", &format!("session={text}")),
        &[],
    ),
    (
        "exchange",
        |text| request("POST", "/auth/exchange").bearer(text),
        &[],
    ),
];

#[test]
fn each_kind_of_credential_is_accepted_only_where_it_is_meant() {
    for engine in engines() {
        let installation = Installation::new(engine)
            .without_quantum()
            .with_known_secret()
            .set("DOORWARD_THROTTLE_ENABLED", "false")
            .set("DOORWARD_PUBLIC_URL", "https://auth.example.org");
        let server = installation.start();
        let setup_link = server.setup_token().unwrap();
        let admin = server.set_up();
        server.sign_up("una");
        let pair = login("root", PASSWORD).send(server.address).json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let body = json!({"name": "x", "permissions": ["users:read", "tokens:introspect"], "current_password": PASSWORD});
        let made = post("/auth/keys", &body)
            .bearer(&admin)
            .send(server.address);
        let (id, key) = (text(&made.json()["id"]), text(&made.json()["key"]));
        let reset = request("POST", "/users/2/reset-link").bearer(&admin);
        let reset = text(&reset.send(server.address).json()["link"]);
        let reset = reset.rsplit('#').next().unwrap().to_owned();
        // Signed by our key; no application's sessions are configured.
        let session: SessionData = [("_user_id", "1")].into_iter().collect();
        let signer = SessionSigner::new(
            &Secret::from_text(SECRET.to_owned()),
            &[],
            Duration::from_hours(24),
        );
        let now = SystemClock.now().as_seconds().unsigned_abs();
        let cookie = signer.encode(&session, now).unwrap();
        let list = get("/auth/revocations").send(server.address);
        let credentials = [
            text(&pair["token"]),
            text(&pair["refresh_token"]),
            key.clone(),
            exchanged(&server, &id, &key),
            reset,
            setup_link,
            cookie,
            String::from_utf8(list.body).unwrap(),
        ];
        for (place, with, meant) in PLACES {
            for (kind, credential) in KINDS.iter().zip(&credentials) {
                let answer = with(credential).send(server.address);
                let accepted = answer.status < 300;
                assert_eq!(
                    accepted,
                    meant.contains(kind),
                    "{kind} at {place}: {answer:?}"
                );
                assert!(
                    accepted || (400..500).contains(&answer.status),
                    "{answer:?}"
                );
            }
        }
        // Asked about, these count; the refresh token was used at its own place.
        let counting = ["access token", "API key", "token for a key"];
        for (kind, credential) in KINDS.iter().zip(&credentials) {
            let answer = as_client("/auth/introspect", &key, credential).send(server.address);
            let counts = counting.contains(kind);
            assert_eq!(answer.json()["active"], counts, "{kind}: {answer:?}");
        }
        // The setup link and the reset link are used up, and nothing else has changed what it can do.
        let change = send_json("PUT", "/users/2/password", &json!({"password": PASSWORD}));
        assert_eq!(change.bearer(&admin).send(server.address).status, 204);
    }
}
