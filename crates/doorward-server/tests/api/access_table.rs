//! Every route × every caller (AZ-01), and proof that no route is missing from the table.

use std::collections::BTreeSet;

use doorward::{
    secret::Secret,
    token::{Hs256Key, KeyId},
};
use serde_json::{Value, json};

use crate::{
    api_keys,
    client::{self, Request, get, request},
    contract,
    installation::{Installation, PASSWORD, SECRET, Server, engines, eventually},
};

/// Status for: nobody, a user, an administrator, a disabled user's token, an expired token, no token at all; and with
/// nothing but `users:read`: a user of that role, an administrator's API key, the token for that key.
type Row = (&'static str, &'static str, [u16; 9]);

const OPEN: [u16; 9] = [200; 9];
/// A disabled user's token counts no more, without a look at the database.
const TOKEN: [u16; 9] = [401, 200, 200, 401, 401, 401, 200, 200, 200];
/// A person's own: a key is not the person who made it.
const PERSONAL: [u16; 9] = [401, 200, 200, 401, 401, 401, 200, 401, 401];
/// The same, and the body is not good.
const PERSONAL_BAD_BODY: [u16; 9] = [401, 400, 400, 401, 401, 401, 400, 401, 401];
/// The same, and it is not there.
const PERSONAL_NOT_THERE: [u16; 9] = [401, 404, 404, 401, 401, 401, 404, 401, 401];
/// Registering needs no token, but one that is sent must be good, and a person's.
const REGISTER: [u16; 9] = [400, 400, 400, 401, 401, 401, 400, 401, 401];
/// Whoever may read about users.
const READ: [u16; 9] = [401, 403, 200, 401, 401, 401, 200, 200, 200];
/// The same, for the number of no user.
const READ_NOBODY: [u16; 9] = [401, 403, 404, 401, 401, 401, 404, 404, 404];
const ADMIN: [u16; 9] = of_an_administrator(200);
/// The disabled user is an administrator.
const LECTURE_ADMIN: [u16; 9] = of_an_administrator_in_person(200);
/// For the number of no user.
const NOBODY: [u16; 9] = of_an_administrator(404);
const ADMIN_BAD_BODY: [u16; 9] = of_an_administrator(400);
const BAD_BODY: [u16; 9] = [400; 9];
const NOT_THERE: [u16; 9] = [404; 9];
const NO_METHOD: [u16; 9] = [405; 9];

/// `status` for an administrator, and for nobody else.
const fn of_an_administrator(status: u16) -> [u16; 9] {
    [401, 403, status, 401, 401, 401, 403, 403, 403]
}

/// The same, and a key is not the person who made it.
const fn of_an_administrator_in_person(status: u16) -> [u16; 9] {
    [401, 403, status, 401, 401, 401, 403, 401, 401]
}

/// What production has. Bodies are `{}`; the answer then tells whether the route was reached.
const PRODUCTION: &[Row] = &[
    ("POST", "/register", REGISTER),
    ("POST", "/auth/register", REGISTER),
    ("POST", "/login", BAD_BODY),
    ("POST", "/auth/login", BAD_BODY),
    ("GET", "/profile", TOKEN),
    ("GET", "/auth/me", TOKEN),
    ("POST", "/auth/password", PERSONAL_BAD_BODY),
    ("POST", "/auth/password/forgot", BAD_BODY),
    ("POST", "/auth/password/reset", BAD_BODY),
    ("PUT", "/auth/email", PERSONAL_BAD_BODY),
    ("POST", "/auth/email/verify", BAD_BODY),
    ("GET", "/reset", OPEN),
    ("GET", "/verify", OPEN),
    // A token of ours is not exchanged; without any there is nothing to exchange.
    ("POST", "/auth/exchange", PERSONAL_BAD_BODY),
    ("GET", "/auth/session", [401; 9]),
    ("GET", "/healthz", OPEN),
    ("GET", "/readyz", OPEN),
    ("GET", "/.well-known/jwks.json", OPEN),
    ("GET", "/.well-known/keys/x", NOT_THERE),
    // The server does not know where clients reach it.
    ("GET", "/.well-known/oauth-authorization-server", NOT_THERE),
    ("GET", "/.well-known/openid-configuration", NOT_THERE),
    ("GET", "/forward-auth", TOKEN),
    ("GET", "/ext-authz/any", TOKEN),
    ("GET", "/signin", OPEN),
    ("GET", "/signout", OPEN),
    // Another page, or none, sent it.
    ("POST", "/signin", [403; 9]),
    ("POST", "/signin/renew", [403; 9]),
    ("POST", "/signin/end", [403; 9]),
    ("GET", "/openapi.json", OPEN),
    ("GET", "/docs", OPEN),
    ("GET", "/users", READ),
    ("POST", "/users", ADMIN_BAD_BODY),
    ("GET", "/users/1", READ),
    // The change names no version.
    ("PATCH", "/users/1", of_an_administrator(428)),
    // Who may not do it does not learn who is there, and who may reads the same for every method.
    ("GET", "/users/2147483647", READ_NOBODY),
    ("PATCH", "/users/2147483647", NOBODY),
    ("DELETE", "/users/2147483647", NOBODY),
    ("PUT", "/users/2147483647/password", NOBODY),
    ("PUT", "/users/1/password", ADMIN_BAD_BODY),
    ("POST", "/users/2147483647/reset-link", NOBODY),
    // The server does not know where browsers reach it.
    ("POST", "/users/1/reset-link", of_an_administrator(503)),
    ("POST", "/auth/keys", PERSONAL_BAD_BODY),
    ("GET", "/auth/keys", PERSONAL),
    ("DELETE", "/auth/keys/x", PERSONAL_NOT_THERE),
    ("POST", "/users/1/keys", ADMIN_BAD_BODY),
    ("GET", "/users/1/keys", ADMIN),
    ("GET", "/users/2147483647/keys", NOBODY),
    ("DELETE", "/users/1/keys/x", NOBODY),
    // JSON is no form.
    ("POST", "/auth/token", BAD_BODY),
    ("POST", "/auth/introspect", BAD_BODY),
    ("POST", "/auth/revoke", BAD_BODY),
    ("GET", "/users/1/sessions", READ),
    ("GET", "/users/2147483647/sessions", READ_NOBODY),
    ("DELETE", "/users/2147483647/sessions", NOBODY),
    ("DELETE", "/users/1/sessions/x", NOBODY),
    ("GET", "/roles", ADMIN),
    ("PUT", "/roles/x", ADMIN_BAD_BODY),
    ("DELETE", "/roles/x", NOBODY),
    ("GET", "/users/1/roles", READ),
    ("PUT", "/users/1/roles", ADMIN_BAD_BODY),
    ("GET", "/audit", ADMIN),
    ("GET", "/jobs", of_an_administrator_in_person(200)),
    ("POST", "/jobs", of_an_administrator_in_person(400)),
    ("GET", "/jobs/1", of_an_administrator_in_person(404)),
    ("DELETE", "/jobs/1", of_an_administrator_in_person(404)),
    ("GET", "/setup", OPEN),
    ("POST", "/setup", BAD_BODY),
    ("POST", "/auth/refresh", BAD_BODY),
    ("GET", "/auth/revocations", OPEN),
    ("GET", "/auth/sessions", PERSONAL),
    ("DELETE", "/auth/sessions/x", PERSONAL_NOT_THERE),
    // From here on nobody is logged in any more.
    (
        "POST",
        "/auth/logout",
        [401, 204, 204, 401, 401, 401, 204, 401, 401],
    ),
    ("POST", "/auth/logout-all", [401; 9]),
];

/// What the demo has beyond [`SHARED`], and production has not.
const LECTURE: &[Row] = &[
    ("GET", "/", OPEN),
    ("GET", "/hello/x", OPEN),
    ("GET", "/square?number=7", OPEN),
    ("POST", "/echo", OPEN),
    ("GET", "/divide?a=9&b=3", OPEN),
    ("GET", "/item/1", OPEN),
    // Bearer is no Basic.
    (
        "GET",
        "/protected-basic",
        [401, 400, 400, 400, 400, 400, 400, 400, 400],
    ),
    ("GET", "/public", OPEN),
    ("GET", "/protected", PERSONAL),
    ("GET", "/admin-area", LECTURE_ADMIN),
    ("GET", "/set-session", OPEN),
    ("GET", "/get-session", OPEN),
    ("GET", "/api/data", PERSONAL),
    ("GET", "/api/admin", LECTURE_ADMIN),
];

/// The lecture's own routes are not in the OpenAPI document.
const LECTURE_SOURCES: &[&str] = &[
    include_str!("../../../doorward-lecture/src/program_01_basic_routing.rs"),
    include_str!("../../../doorward-lecture/src/program_02_query_and_json.rs"),
    include_str!("../../../doorward-lecture/src/program_03_status_codes.rs"),
    include_str!("../../../doorward-lecture/src/program_04_basic_auth.rs"),
    include_str!("../../../doorward-lecture/src/program_05_jwt_login.rs"),
    include_str!("../../../doorward-lecture/src/program_06_protected_routes.rs"),
    include_str!("../../../doorward-lecture/src/program_07_sessions.rs"),
    include_str!("../../../doorward-lecture/src/program_08_mysql_users.rs"),
    include_str!("../../../doorward-lecture/src/program_09_database_login.rs"),
    include_str!("../../../doorward-lecture/src/program_10_roles_and_blueprints.rs"),
    include_str!("../../../doorward-lecture/src/program_11_password_hashing.rs"),
];

/// Every path of both tables, without query, for other tests that go through all routes.
pub(crate) fn paths(demo: bool) -> BTreeSet<&'static str> {
    let lecture = if demo { LECTURE } else { &[] };
    PRODUCTION
        .iter()
        .chain(lecture)
        .filter(|(_, path, _)| !(demo && *path == "/setup"))
        .map(|(_, path, _)| path.split('?').next().unwrap())
        .collect()
}

/// A token like `good`, changed by `change` and signed with [`SECRET`].
pub(crate) fn resigned(good: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut parts = good.split('.').map(|part| {
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part);
        serde_json::from_slice::<Value>(&bytes.unwrap()).unwrap_or_default()
    });
    let header = parts.next().unwrap();
    let mut claims = parts.next().unwrap();
    change(&mut claims);
    let id = header["kid"].as_str().map(|id| KeyId::parse(id).unwrap());
    let key = Hs256Key::new(&Secret::from_text(SECRET.to_owned()), id);
    key.sign(&claims).unwrap().as_str().to_owned()
}

struct Callers([Option<String>; 9]);

impl Callers {
    /// `admin` and a user; a second administrator is made and disabled.
    fn of(server: &Server, installation: &Installation, (admin, password): (String, &str)) -> Self {
        let user = server.sign_up("una");
        let body = json!({"username": "gone", "password": PASSWORD, "role": "admin"});
        let answer = client::post("/register", &body)
            .bearer(&admin)
            .send(server.address);
        assert_eq!(answer.status, 201, "{answer:?}");
        let disabled = server.token("gone", PASSWORD);
        installation.disable("gone");
        // The server learns of it from the database.
        eventually("the disabled user's token counts no more", || {
            get("/profile")
                .bearer(&disabled)
                .send(server.address)
                .status
                == 401
        });
        let expired = resigned(&admin, |claims| {
            claims["iat"] = json!(1_700_000_000);
            claims["exp"] = json!(1_700_003_600);
        });
        // A role of its own that allows one thing of the administrator's, and keys with no more than that.
        let role = request("PUT", "/roles/reader")
            .header("Content-Type", "application/json")
            .body(r#"{"permissions": ["users:read"]}"#);
        let answer = role.bearer(&admin).send(server.address);
        assert!(answer.status < 300, "{answer:?}");
        let stranger = server.sign_up("rita");
        let profile = get("/auth/me").bearer(&stranger).send(server.address);
        let rita = &profile.json()["user_id"];
        let roles = request("PUT", &format!("/users/{rita}/roles"))
            .header("Content-Type", "application/json")
            .body(r#"{"roles": ["reader"]}"#);
        let answer = roles.bearer(&admin).send(server.address);
        assert!(answer.status < 300, "{answer:?}");
        let reader = server.token("rita", PASSWORD);
        let (id, key) = api_keys::make_for(server, (&admin, password), &["users:read"]);
        let for_key = api_keys::exchanged(server, &id, &key);
        Self([
            None,
            Some(user),
            Some(admin),
            Some(disabled),
            Some(expired),
            Some("not.a.token".to_owned()),
            Some(reader),
            Some(key),
            Some(for_key),
        ])
    }

    fn check(&self, server: &Server, rows: &[Row]) {
        for (method, target, expected) in rows {
            let found = self.0.each_ref().map(|token| {
                let request = with_body(method, target);
                let request = match token {
                    Some(token) => request.bearer(token),
                    None => request,
                };
                // The document does not tell of what is not there.
                let sends = if *expected == NO_METHOD {
                    Request::send_to_another
                } else {
                    Request::send
                };
                sends(&request, server.address).status
            });
            assert_eq!(found, *expected, "{method} {target}");
        }
    }
}

fn with_body(method: &str, target: &str) -> Request {
    match method {
        "POST" => client::post(target, &json!({})),
        "PUT" => request(method, target)
            .header("Content-Type", "application/json")
            .body("{}"),
        _ => request(method, target),
    }
}

/// Answers CVE-2025-4210, CVE-2025-61524.
#[test]
fn every_route_of_production_answers_every_caller_as_the_table_says() {
    for engine in engines() {
        let installation = Installation::new(engine).with_known_secret();
        let server = installation.start();
        let admin = server.set_up();
        let callers = Callers::of(&server, &installation, (admin, PASSWORD));
        callers.check(&server, PRODUCTION);
        for (method, target, _) in LECTURE {
            callers.check(&server, &[(method, target, NOT_THERE)]);
        }
    }
}

#[test]
fn every_route_of_the_demo_answers_every_caller_as_the_table_says() {
    for engine in engines() {
        let installation = Installation::demo(engine).with_known_secret();
        let server = installation.start();
        let admin = server.token("alice", "alice123");
        let callers = Callers::of(&server, &installation, (admin, "alice123"));
        callers.check(&server, LECTURE);
        for (method, target, expected) in PRODUCTION {
            let expected = match *target {
                "/setup" => NOT_THERE,
                "/users" if *method == "GET" => OPEN,
                // As the lecture answers it.
                "/users" => NO_METHOD,
                _ => *expected,
            };
            callers.check(&server, &[(method, target, expected)]);
        }
    }
}

#[test]
fn no_route_is_missing_from_the_table() {
    let listed: BTreeSet<(String, String)> = PRODUCTION
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), pattern(path)))
        .collect();
    let described: BTreeSet<_> = contract::described()
        .into_iter()
        .map(|(method, path)| (method, pattern(&path)))
        .collect();
    assert_eq!(listed, described);

    let listed: BTreeSet<String> = paths(true).into_iter().map(pattern).collect();
    let routed: BTreeSet<String> = LECTURE_SOURCES
        .iter()
        .flat_map(|source| source.split(".route(").skip(1))
        .map(|call| pattern(call.split('"').nth(1).expect("a path")))
        .collect();
    let missing: Vec<_> = routed.difference(&listed).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let of_the_lecture: BTreeSet<String> = LECTURE.iter().map(|row| pattern(row.1)).collect();
    assert!(of_the_lecture.is_subset(&routed));
}

/// The path without query, with each parameter as `*`. In the table a parameter is a number or `x`.
fn pattern(path: &str) -> String {
    let path = path.split('?').next().unwrap();
    let parts = path.split('/').map(|part| {
        let number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if number || ["x", "any"].contains(&part) || part.starts_with('{') {
            "*"
        } else {
            part
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn a_disabled_user_and_a_stranger_read_the_same_refusal() {
    let installation = Installation::new(crate::installation::Engine::Sqlite).with_known_secret();
    let server = installation.start();
    let admin = server.set_up();
    for (token, error) in [
        ("not.a.token".to_owned(), "Invalid token"),
        (
            resigned(&admin, |claims| claims["exp"] = json!(1_700_000_000)),
            "Token has expired",
        ),
        (
            resigned(&admin, |claims| {
                claims.as_object_mut().unwrap().remove("exp");
            }),
            "Invalid token",
        ),
        (
            resigned(&admin, |claims| claims["exp"] = json!("4000000000")),
            "Invalid token",
        ),
        (
            resigned(&admin, |claims| claims["user_id"] = json!("1")),
            "Invalid token",
        ),
        (
            resigned(&admin, |claims| claims["iss"] = json!("elsewhere")),
            "Invalid token",
        ),
    ] {
        for target in ["/users", "/profile"] {
            let answer = get(target).bearer(&token).send(server.address);
            assert_eq!(answer.status, 401, "{target} {token}");
            assert_eq!(answer.error(), error, "{target} {token}");
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
        }
    }
    let elevated = resigned(&server.sign_up("una"), |claims| {
        claims["role"] = json!("admin");
    });
    let answer = get("/users").bearer(&elevated).send(server.address);
    assert_eq!(answer.status, 403, "the database decides the role");
}
