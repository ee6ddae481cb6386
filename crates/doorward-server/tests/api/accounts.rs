//! Registration, the password policy and the list of users in production.

use serde_json::{Value, json};

use crate::{
    client::{get, login, post, register},
    installation::{Engine, Installation, PASSWORD, engines},
    wire::Answer,
};

fn register_admin(username: &str) -> crate::client::Request {
    post(
        "/register",
        &json!({"username": username, "password": PASSWORD, "role": "admin"}),
    )
}

fn assert_refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.error(), error);
}

#[test]
fn only_an_administrator_makes_administrators() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let server = installation.start();
        let admin = server.set_up();
        let user = server.sign_up("una");
        let refusal = "Admin access required";
        assert_refused(&register_admin("eve").send(server.address), 403, refusal);
        assert_refused(
            &register_admin("eve").bearer(&user).send(server.address),
            403,
            refusal,
        );
        assert_eq!(login("eve", PASSWORD).send(server.address).status, 401);
        let answer = register_admin("second").bearer(&admin).send(server.address);
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(
            answer.json(),
            json!({"message": "User second registered successfully"})
        );
        // A role that was taken away is gone at once, whatever the token says.
        installation.execute(
            "UPDATE users SET role = 'user' WHERE username = 'root'",
            &[],
        );
        assert_refused(
            &register_admin("third").bearer(&admin).send(server.address),
            403,
            refusal,
        );
    }
}

#[test]
fn registration_answers_as_the_lecture_has_it() {
    for engine in engines() {
        let (_kept, server) = Installation::new(engine).start_kept();
        let address = server.address;
        let answer = register("Una", PASSWORD).send(address);
        assert_eq!(answer.status, 201);
        assert_eq!(
            answer.json(),
            json!({"message": "User Una registered successfully"})
        );
        for taken in ["Una", "una", "UNA", "\u{ff35}na"] {
            assert_refused(
                &register(taken, PASSWORD).send(address),
                409,
                "Username already exists",
            );
        }
        let required = "Username, password, and role are required";
        for missing in [
            json!({}),
            json!(null),
            json!(["una", PASSWORD, "user"]),
            json!({"username": "a", "password": PASSWORD}),
            json!({"username": 0, "password": PASSWORD, "role": "user"}),
            json!({"username": "a", "password": false, "role": "user"}),
            json!({"username": ["a"], "password": PASSWORD, "role": "user"}),
        ] {
            assert_refused(&post("/register", &missing).send(address), 400, required);
        }
        for role in ["root", "Admin", "", "user "] {
            // The role is looked at before the name, which is taken.
            let body = json!({"username": "Una", "password": PASSWORD, "role": role});
            assert_refused(
                &post("/register", &body).send(address),
                400,
                "Role must be 'admin' or 'user'",
            );
        }
        for (name, error) in [
            ("", "Username must not be empty"),
            (" a", "Username must not start or end with a space"),
            (
                "a\u{0}b",
                "Username must not contain control or invisible characters",
            ),
            (
                &"a".repeat(51),
                "Username must be at most 50 characters long",
            ),
        ] {
            assert_refused(&register(name, PASSWORD).send(address), 400, error);
        }
        assert_eq!(
            register(&"a".repeat(50), PASSWORD).send(address).status,
            201
        );
    }
}

#[test]
fn closed_registration_is_for_administrators() {
    let installation =
        Installation::new(Engine::Sqlite).set("DOORWARD_REGISTRATION_ENABLED", "false");
    let server = installation.start();
    let admin = server.set_up();
    assert_refused(
        &register("una", PASSWORD).send(server.address),
        403,
        "Admin access required",
    );
    let answer = register("una", PASSWORD)
        .bearer(&admin)
        .send(server.address);
    assert_eq!(answer.status, 201, "{answer:?}");
}

#[test]
fn a_password_that_is_short_common_or_the_own_name_is_refused_with_the_reason() {
    let (_kept, server) = Installation::new(Engine::Sqlite).start_kept();
    for (password, error) in [
        (
            "x7!kQz2",
            "The password is too short; use at least 8 characters",
        ),
        (
            "Password1",
            "The password is too easy to guess: it is on a list of common passwords; choose another one",
        ),
        (
            "margarethe1",
            "The password is too easy to guess: it is made of the user name or the service name; choose another one",
        ),
        (
            "x7!k\0Qz2m",
            "The password contains a NUL character; leave it out",
        ),
        (
            &"é!".repeat(129),
            "The password is too long; use at most 256 characters",
        ),
        (
            &"x".repeat(1025),
            "The password is longer than 1024 bytes; choose a shorter one",
        ),
    ] {
        assert_refused(
            &register("margarethe", password).send(server.address),
            400,
            error,
        );
        let answer = login("margarethe", password).send(server.address);
        assert!([400, 401].contains(&answer.status), "{answer:?}");
    }
}

#[test]
fn a_password_of_8_characters_and_one_of_256_log_in_and_none_is_cut() {
    for engine in engines() {
        let installation = Installation::new(engine)
            .without_throttle()
            .without_quantum();
        let server = installation.start();
        let address = server.address;
        let long: String = ('a'..='z').chain('0'..='9').cycle().take(255).collect();
        let wide: String = ['ä', 'ß', '語', '😀']
            .into_iter()
            .cycle()
            .take(252)
            .collect();
        for (name, password, other) in [
            ("eight", "x7!kQz2m".to_owned(), "x7!kQz2".to_owned()),
            ("long", format!("{long}!"), format!("{long}?")),
            // The last byte of 1024, past every limit that hashes have.
            ("wide", format!("{wide}dog!"), format!("{wide}dog?")),
            ("spaces", " x7!kQz2m ".to_owned(), "x7!kQz2m".to_owned()),
        ] {
            let answer = register(name, &password).send(address);
            assert_eq!(answer.status, 201, "{name}: {answer:?}");
            server.token(name, &password);
            assert_eq!(login(name, &other).send(address).status, 401, "{name}");
            let first = installation.stored(name).1;
            assert!(
                first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
                "{first}"
            );
        }
        // Composed and decomposed spellings are one password.
        assert_eq!(
            register("nfc", "p\u{e4}ssw\u{f6}rter").send(address).status,
            201
        );
        server.token("nfc", "pa\u{308}sswo\u{308}rter");
    }
}

#[test]
fn equal_passwords_have_different_hashes() {
    let installation = Installation::new(Engine::Sqlite);
    let server = installation.start();
    server.sign_up("one");
    server.sign_up("two");
    assert_ne!(installation.stored("one").1, installation.stored("two").1);
}

#[test]
fn the_list_of_users_is_for_administrators_and_comes_in_pages() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let server = installation.start();
        let address = server.address;
        let admin = server.set_up();
        let user = server.sign_up("una");
        for name in ["vera", "wanda", "xenia"] {
            assert_eq!(register(name, PASSWORD).send(address).status, 201);
        }
        assert_refused(
            &get("/users").send(address),
            401,
            "Authentication token is missing",
        );
        assert_refused(
            &get("/users").bearer(&user).send(address),
            403,
            "Admin access required",
        );

        let all = get("/users").bearer(&admin).send(address);
        assert_eq!(all.status, 200);
        assert_eq!(all.header("x-total-count"), Some("5"));
        assert_eq!(all.header("link"), None);
        let rows = all.json();
        assert_eq!(names(&rows), ["root", "una", "vera", "wanda", "xenia"]);
        assert_eq!(
            rows[0],
            json!({"id": rows[0]["id"], "username": "root", "role": "admin"})
        );
        assert_eq!(
            rows[1],
            json!({"id": rows[1]["id"], "username": "una", "role": "user"})
        );

        let mut target = "/users?limit=2".to_owned();
        let mut collected = Vec::new();
        let mut pages = 0;
        loop {
            let page = get(&target).bearer(&admin).send(address);
            assert_eq!(page.status, 200, "{page:?}");
            assert_eq!(page.header("x-total-count"), Some("5"));
            collected.extend(names(&page.json()));
            pages += 1;
            let Some(link) = page.header("link") else {
                break;
            };
            let (next, relation) = link.split_once('>').unwrap();
            assert_eq!(relation, "; rel=\"next\"");
            target = next.trim_start_matches('<').to_owned();
        }
        assert_eq!(collected, ["root", "una", "vera", "wanda", "xenia"]);
        assert_eq!(pages, 3);

        for bad in [
            "limit=0",
            "limit=1001",
            "limit=x",
            "limit=-1",
            "cursor=7",
            "cursor=%00",
        ] {
            let answer = get(&format!("/users?{bad}")).bearer(&admin).send(address);
            assert_eq!(answer.status, 400, "{bad}: {answer:?}");
            assert!(answer.error().starts_with("Parameter '"), "{bad}");
        }
        let twice = get("/users?limit=1&limit=5").bearer(&admin).send(address);
        // The first of repeated parameters counts, never the last.
        assert_eq!(names(&twice.json()), ["root"]);
    }
}

fn names(rows: &Value) -> Vec<String> {
    let rows = rows.as_array().expect("an array");
    rows.iter()
        .map(|row| row["username"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn fields_that_nobody_may_set_are_not_stored() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let server = installation.start();
        let body = json!({
            "username": "mallory", "password": PASSWORD, "role": "user",
            "id": 4711, "user_id": 4711, "is_admin": true, "admin": true, "roles": ["admin"],
            "password_hash": "pbkdf2:sha256:1$a$b", "disabled_at_ms": null, "created_at": 0,
            "permissions": ["*"], "email_verified": true
        });
        for path in ["/register", "/auth/register"] {
            let answer = post(path, &body).send(server.address);
            assert!([201, 409].contains(&answer.status), "{answer:?}");
        }
        let (id, hash) = installation.stored("mallory");
        assert_ne!(id.get(), 4711);
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        let token = server.token("mallory", PASSWORD);
        let profile = get("/profile").bearer(&token).send(server.address).json();
        assert_eq!(
            profile,
            json!({"user_id": id.get(), "username": "mallory", "role": "user"})
        );
        // Two values for one field: no reader may pick another one than we do.
        let twice = crate::client::request("POST", "/register")
            .header("Content-Type", "application/json")
            .body(format!(
                r#"{{"username":"m2","password":"{PASSWORD}","role":"user","role":"admin"}}"#
            ));
        assert_eq!(twice.send(server.address).status, 400);
    }
}
