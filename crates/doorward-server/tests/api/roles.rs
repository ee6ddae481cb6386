//! Roles beyond `admin` and `user`, and the permissions that they give.

use serde_json::{Value, json};

use crate::{
    client::{Request, get, request},
    installation::{Installation, engines},
    wire::Answer,
};

fn put(target: &str, body: &Value) -> Request {
    request("PUT", target)
        .header("Content-Type", "application/json")
        .body(body.to_string())
}

fn define(name: &str, permissions: &[&str]) -> Request {
    put(
        &format!("/roles/{name}"),
        &json!({"permissions": permissions}),
    )
}

fn assign(user: &str, roles: &[&str]) -> Request {
    put(&format!("/users/{user}/roles"), &json!({"roles": roles}))
}

fn refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.error(), error);
}

/// The number of a user, as the list has it.
fn id(installation: &Installation, name: &str) -> String {
    installation.stored(name).0.to_string()
}

#[test]
fn a_role_gives_its_permissions_at_once_and_takes_them_at_once() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let server = installation.start();
        let (admin, una) = (server.set_up(), server.sign_up("una"));
        let una_id = id(&installation, "una");
        let look = || {
            get(&format!("/users/{una_id}/roles"))
                .bearer(&una)
                .send(server.address)
        };
        let answer = look();
        refused(&answer, 403, "Admin access required");
        assert_eq!(
            answer.header("www-authenticate"),
            Some(r#"Bearer realm="doorward", error="insufficient_scope", scope="users:read""#)
        );
        let answer = define("reader", &["users:read"])
            .bearer(&admin)
            .send(server.address);
        assert_eq!(answer.status, 201, "{answer:?}");
        let answer = assign(&una_id, &["reader"])
            .bearer(&admin)
            .send(server.address);
        assert_eq!(answer.status, 200, "{answer:?}");
        let given = json!({"roles": ["user", "reader"], "permissions": ["users:read"]});
        assert_eq!(answer.json(), given);
        let answer = look();
        refused(&answer, 401, "Invalid token");
        let una = server.token("una", crate::installation::PASSWORD);
        let said = claims(&una);
        assert_eq!(said["role"], "user");
        assert_eq!(said["roles"], json!(["user", "reader"]));
        assert_eq!(said["scope"], "users:read");
        let look = || {
            get(&format!("/users/{una_id}/roles"))
                .bearer(&una)
                .send(server.address)
        };
        assert_eq!(look().json(), given);
        refused(
            &get("/roles").bearer(&una).send(server.address),
            403,
            "Permission 'roles:write' required",
        );
        let answer = define("reader", &[]).bearer(&admin).send(server.address);
        assert_eq!(answer.status, 200, "{answer:?}");
        let list = get("/auth/revocations").send(server.address);
        let list = claims(std::str::from_utf8(&list.body).unwrap());
        let lowest = said["epoch"].as_i64().unwrap() + 1;
        let void = json!([una_id.parse::<i64>().unwrap(), lowest]);
        assert!(list["users"].as_array().unwrap().contains(&void), "{list}");
        // Rows below can still become visible.
        assert_eq!(list["cursor"], 0);
        // What the token says is not so any more, so it counts no more; the next one says it as it is.
        refused(&look(), 401, "Invalid token");
        let una = server.token("una", crate::installation::PASSWORD);
        assert_eq!(claims(&una)["roles"], json!(["user", "reader"]));
        assert_eq!(claims(&una).get("scope"), None);
    }
}

#[test]
fn an_administrators_token_says_what_the_server_itself_asks_for() {
    let (_kept, server) = Installation::new(crate::installation::Engine::Sqlite).start_kept();
    let said = claims(&server.set_up());
    assert_eq!(said["roles"], json!(["admin"]));
    let scope = "users:read users:write sessions:revoke audit:read roles:write keys:write tokens:introspect";
    assert_eq!(said["scope"], scope);
}

pub(crate) fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload);
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}

#[test]
fn nobody_grants_what_they_do_not_hold() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let server = installation.start();
        let admin = server.set_up();
        server.sign_up("una");
        server.sign_up("eve");
        let (una_id, eve_id) = (id(&installation, "una"), id(&installation, "eve"));
        for (name, permissions) in [
            ("lead", &["roles:write", "users:read"][..]),
            ("strong", &["users:write"]),
            ("reader", &["users:read"]),
        ] {
            let answer = define(name, permissions)
                .bearer(&admin)
                .send(server.address);
            assert_eq!(answer.status, 201, "{answer:?}");
        }
        let answer = assign(&una_id, &["lead"])
            .bearer(&admin)
            .send(server.address);
        assert_eq!(answer.status, 200, "{answer:?}");
        let una = server.token("una", crate::installation::PASSWORD);
        let not_held = "Nobody grants what they do not hold: 'users:write'";
        for (request, error) in [
            (define("mine", &["users:write"]), not_held),
            (define("reader", &["users:write"]), not_held),
            (
                define("mine", &["users:*"]),
                "Nobody grants what they do not hold: 'users:*'",
            ),
            (assign(&una_id, &["lead", "strong"]), not_held),
            (assign(&eve_id, &["strong"]), not_held),
        ] {
            refused(&request.bearer(&una).send(server.address), 403, error);
        }
        let answer = assign(&eve_id, &["reader"])
            .bearer(&una)
            .send(server.address);
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

#[test]
fn nobody_takes_from_others_what_they_do_not_hold() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let server = installation.start();
        let admin = server.set_up();
        server.sign_up("una");
        server.sign_up("eve");
        let (una_id, eve_id) = (id(&installation, "una"), id(&installation, "eve"));
        let as_admin = |request: Request| {
            let answer = request.bearer(&admin).send(server.address);
            assert!(answer.status < 300, "{answer:?}");
        };
        as_admin(define("lead", &["roles:write", "users:read"]));
        as_admin(define("auditor", &["audit:read"]));
        as_admin(define("spare", &["audit:read"]));
        as_admin(define("reader", &["users:read"]));
        as_admin(assign(&una_id, &["lead"]));
        as_admin(assign(&eve_id, &["auditor", "reader"]));
        let una = server.token("una", crate::installation::PASSWORD);
        let send = |request: Request| request.bearer(&una).send(server.address);
        let not_held = "Nobody takes what they do not hold: 'audit:read'";
        for request in [
            assign(&eve_id, &[]),
            assign(&eve_id, &["reader"]),
            define("auditor", &[]),
            define("auditor", &["users:read"]),
            request("DELETE", "/roles/spare"),
        ] {
            let answer = send(request.header("Accept", "application/problem+json"));
            assert_eq!(answer.status, 403, "{answer:?}");
            assert_eq!(answer.json()["code"], "permission_not_held");
            assert_eq!(answer.json()["detail"], not_held);
        }
        let left = get(&format!("/users/{eve_id}/roles"))
            .bearer(&admin)
            .send(server.address);
        let unchanged = json!({"roles": ["user", "auditor", "reader"], "permissions": ["audit:read", "users:read"]});
        assert_eq!(left.json(), unchanged);
        // What they hold themselves they may take.
        assert_eq!(send(assign(&eve_id, &["auditor"])).status, 200);
        assert_eq!(send(request("DELETE", "/roles/reader")).status, 204);
        as_admin(assign(&eve_id, &[]));
    }
}

#[test]
fn roles_are_given_for_the_version_that_was_read() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let server = installation.start();
        let admin = server.set_up();
        server.sign_up("una");
        let una_id = id(&installation, "una");
        let send = |request: Request| request.bearer(&admin).send(server.address);
        let (user, roles) = (format!("/users/{una_id}"), format!("/users/{una_id}/roles"));
        let etag = |target: &str| send(get(target)).header("etag").unwrap().to_owned();
        assert_eq!(send(define("auditor", &["audit:read"])).status, 201);
        let read = etag(&roles);
        assert_eq!(etag(&user), read);
        let give = |names: &[&str], tag: &str| send(assign(&una_id, names).header("If-Match", tag));
        let given = give(&["auditor"], &read);
        assert_eq!(given.status, 200, "{given:?}");
        let now = given.header("etag").unwrap().to_owned();
        assert_ne!(now, read);
        // Neither the roles nor the user are changed by who has read them before.
        let stale = give(&[], &read);
        refused(&stale, 412, "The user has changed meanwhile; read it again");
        let disable = request("PATCH", &user)
            .header("Content-Type", "application/json")
            .header("If-Match", &read)
            .body(json!({"disabled": true}).to_string());
        assert_eq!(send(disable).status, 412);
        // What a role allows is a part of it.
        assert_eq!(send(define("auditor", &["users:read"])).status, 200);
        assert_eq!(give(&[], &now).status, 412);
        assert_eq!(give(&[], &format!("W/{}", etag(&roles))).status, 412);
        assert_eq!(give(&[], &etag(&user)).status, 200);
        assert_eq!(give(&["auditor"], "*").status, 200);
    }
}

#[test]
fn roles_are_defined_listed_and_deleted() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let server = installation.start();
        let admin = server.set_up();
        server.sign_up("una");
        let una_id = id(&installation, "una");
        let send = |request: Request| request.bearer(&admin).send(server.address);
        let body = json!({"permissions": ["shop:refund", "audit:read"], "description": "Reads"});
        let answer = send(put("/roles/auditor", &body));
        assert_eq!(answer.status, 201, "{answer:?}");
        let auditor = json!({"name": "auditor", "description": "Reads",
            "permissions": ["audit:read", "shop:refund"], "built_in": false});
        assert_eq!(answer.json(), auditor);
        let listed = send(get("/roles")).json();
        assert_eq!(listed[0]["permissions"], json!(["*"]));
        assert_eq!(listed[2], auditor);
        refused(
            &send(assign(&una_id, &["nosuch"])),
            400,
            "There is no role 'nosuch'",
        );
        assert_eq!(send(assign(&una_id, &["auditor"])).status, 200);
        refused(
            &send(request("DELETE", "/roles/auditor")),
            409,
            "The role is assigned to 1 users; take it from them first",
        );
        assert_eq!(send(assign(&una_id, &[])).status, 200);
        assert_eq!(send(request("DELETE", "/roles/auditor")).status, 204);
        assert_eq!(send(request("DELETE", "/roles/auditor")).status, 404);
    }
}

#[test]
fn the_built_in_roles_and_the_forms_of_names_hold() {
    let (_kept, server) = Installation::new(crate::installation::Engine::Sqlite).start_kept();
    let admin = server.set_up();
    let send = |request: Request| request.bearer(&admin).send(server.address);
    let built_in = "The roles 'admin' and 'user' cannot be changed";
    for name in ["admin", "user"] {
        refused(&send(define(name, &[])), 409, built_in);
        let target = format!("/roles/{name}");
        refused(&send(request("DELETE", &target)), 409, built_in);
        // They are given by changing the user, never beside another.
        let unknown = format!("There is no role '{name}'");
        refused(&send(assign("1", &[name])), 400, &unknown);
    }
    let many: Vec<String> = (0..65).map(|n| format!("shop:{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (request, code) in [
        (define("Auditor", &[]), "role_invalid"),
        (define("r%C3%B6le", &[]), "role_invalid"),
        (define(&"r".repeat(21), &[]), "role_invalid"),
        (define("auditor", &many), "role_invalid"),
        (define("auditor", &["users"]), "permission_invalid"),
        (define("auditor", &["*:*"]), "permission_invalid"),
        (
            put(
                "/roles/auditor",
                &json!({"permissions": [], "name": "admin"}),
            ),
            "json_shape",
        ),
        (
            put("/users/1/roles", &json!({"roles": [], "role": "admin"})),
            "json_shape",
        ),
    ] {
        let request = request.header("Accept", "application/problem+json");
        let answer = send(request);
        assert_eq!(answer.status, 400, "{answer:?}");
        if code != "json_shape" {
            assert_eq!(answer.json()["code"], code);
        }
    }
    assert_eq!(send(assign("999", &[])).status, 404);
    assert_eq!(send(get("/users/999/roles")).status, 404);
}

#[test]
fn who_may_change_users_reaches_no_one_who_may_do_more() {
    for engine in engines() {
        let installation =
            Installation::new(engine).set("DOORWARD_PUBLIC_URL", "https://auth.example.org");
        let server = installation.start();
        let admin = server.set_up();
        for name in ["una", "eve", "bob"] {
            server.sign_up(name);
        }
        let (una_id, eve_id, bob_id) = (
            id(&installation, "una"),
            id(&installation, "eve"),
            id(&installation, "bob"),
        );
        let as_admin = |request: Request| {
            let answer = request.bearer(&admin).send(server.address);
            assert!(answer.status < 300, "{answer:?}");
        };
        as_admin(define("helpdesk", &["users:read", "users:write"]));
        as_admin(define("auditor", &["audit:read"]));
        as_admin(assign(&una_id, &["helpdesk"]));
        as_admin(assign(&eve_id, &["auditor"]));
        let una = server.token("una", crate::installation::PASSWORD);
        let send = |request: Request| request.bearer(&una).send(server.address);
        let password = json!({"password": "green teapot 77"});
        let change = |user: &str, body: &Value| {
            request("PATCH", &format!("/users/{user}"))
                .header("Content-Type", "application/json")
                .header("If-Match", "*")
                .body(body.to_string())
        };
        assert_eq!(send(get("/users")).status, 200);
        assert_eq!(send(get("/users/1")).status, 200);
        // Nobody becomes an administrator by somebody who is none, and nobody makes one.
        let everything = "Nobody grants what they do not hold: '*'";
        for user in [&una_id, &bob_id] {
            refused(
                &send(change(user, &json!({"role": "admin"}))),
                403,
                everything,
            );
        }
        let body =
            json!({"username": "x", "password": crate::installation::PASSWORD, "role": "admin"});
        let add = crate::client::post("/users", &body);
        refused(&send(add), 403, everything);
        // Whose password one sets, as that user one can log in.
        for (user, what) in [("1", "*"), (&eve_id, "audit:read")] {
            let text = format!("The user may do what you may not: '{what}'");
            for request in [
                put(&format!("/users/{user}/password"), &password),
                change(user, &json!({"disabled": true})),
                change(user, &json!({"role": "user"})),
                request("DELETE", &format!("/users/{user}")),
                request("POST", &format!("/users/{user}/reset-link")),
            ] {
                refused(&send(request), 403, &text);
            }
        }
        let own = put(&format!("/users/{bob_id}/password"), &password);
        assert_eq!(send(own).status, 204);
        let disable = change(&bob_id, &json!({"disabled": true}));
        assert_eq!(send(disable).status, 200);
        let delete = request("DELETE", &format!("/users/{bob_id}"));
        assert_eq!(send(delete).status, 204);
    }
}
