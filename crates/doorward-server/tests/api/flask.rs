//! Both directions with real Flask, `PyJWT`, Flask-JWT-Extended and Flask-Login: the application of `tests/flask/app.py`.

use serde_json::{Value, json};

use crate::{
    client::{get, request},
    foreign_tokens::{OPEN, THEIRS, source},
    installation::{Engine, Installation, PASSWORD, SECRET, Server},
    programs,
};

/// The application, or `None` when this run goes without.
struct Flask {
    config: Value,
}

impl Flask {
    fn new(secret: &str) -> Option<Self> {
        let config = json!({"SECRET_KEY": secret, "JWT_SECRET_KEY": secret});
        programs::named_by("DOORWARD_PYTHON")?;
        Some(Self { config })
    }

    fn configured(mut self, name: &str, value: Value) -> Self {
        self.config[name] = value;
        self
    }

    /// Runs steps in one process and answers their results.
    fn run(&self, steps: &[Value]) -> Vec<Value> {
        let flask = programs::python("flask/app.py").unwrap();
        let input = json!({"config": self.config, "steps": steps});
        programs::asked(flask, &input).as_array().unwrap().clone()
    }

    fn made(&self, step: Value) -> String {
        self.run(&[step])[0].as_str().unwrap().to_owned()
    }

    fn get(&self, path: &str, bearer: &str) -> Value {
        let step = json!({"do": "get", "path": path, "bearer": bearer});
        self.run(&[step]).remove(0)
    }
}

fn sign_in(server: &Server) -> (String, String) {
    (server.set_up(), server.sign_up("una"))
}

fn profile(server: &Server, token: &str) -> Value {
    let answer = get("/profile").bearer(token).send(server.address);
    json!([answer.status, answer.json()])
}

#[test]
fn our_tokens_pass_the_lectures_decorators() {
    let Some(flask) = Flask::new(SECRET) else {
        return;
    };
    let installation = Installation::new(Engine::Sqlite)
        .with_known_secret()
        .set("DOORWARD_TOKEN_EXTRA_CLAIMS", "user=username");
    let server = installation.start();
    let (root, una) = sign_in(&server);
    let id = installation.stored("una").0.get();
    let step = |path: &str, token: &str| json!({"do": "get", "path": path, "bearer": token});
    let answers = flask.run(&[
        step("/protected", &una),
        step("/admin-area", &una),
        step("/api/data", &una),
        step("/api/admin", &una),
        step("/api/admin", &root),
        step("/profile", &una),
    ]);
    let denied = json!([403, {"error": "Admin access required"}]);
    let message = |text: &str| json!([200, {"message": text}]);
    assert_eq!(
        answers,
        [
            message("Hello, una. This is a protected route."),
            denied.clone(),
            message("Hello, una. Here is the confidential data."),
            denied,
            message("Welcome to the admin panel, root."),
            json!([200, {"user_id": id, "username": "una", "role": "user"}]),
        ]
    );
    // The decorators do look: with another secret they refuse.
    let other = Flask::new(THEIRS).unwrap();
    assert_eq!(
        other.get("/profile", &una),
        json!([401, {"error": "Invalid token"}])
    );
}

#[test]
fn our_tokens_pass_flask_jwt_extended_by_settings_alone() {
    let Some(flask) = Flask::new(SECRET) else {
        return;
    };
    let installation = Installation::new(Engine::Sqlite)
        .with_known_secret()
        .with_file("[token]\nextra_claims = { type = \"'access'\", fresh = false, identity = \"user_id\" }\n");
    let server = installation.start();
    let (_, una) = sign_in(&server);
    let id = installation.stored("una").0.get();
    let answer = flask.get("/extended", &una);
    assert_eq!(answer[0], 200, "{answer}");
    assert_eq!(answer[1]["identity"], json!(id.to_string()));
    let claims = &answer[1]["claims"];
    assert_eq!(claims["type"], "access");
    assert_eq!(claims["fresh"], false);
    assert_eq!(claims["role"], "user");
    assert_eq!(flask.get("/extended/fresh", &una)[0], 401);
    // An application that keeps the number under a name of its own.
    for (claim, identity) in [("identity", json!(id)), ("username", json!("una"))] {
        let flask = Flask::new(SECRET)
            .unwrap()
            .configured("JWT_IDENTITY_CLAIM", json!(claim));
        let answer = flask.get("/extended", &una);
        assert_eq!(answer[1]["identity"], identity, "{answer}");
    }
    // One that demands an issuer and an audience.
    let strict = Installation::new(Engine::Sqlite)
        .with_known_secret()
        .set("DOORWARD_TOKEN_ISSUER", "https://auth.example")
        .set("DOORWARD_TOKEN_AUDIENCE", "app");
    let server = strict.start();
    let root = server.set_up();
    let flask = Flask::new(SECRET)
        .unwrap()
        .configured("JWT_DECODE_ISSUER", json!("https://auth.example"))
        .configured("JWT_DECODE_AUDIENCE", json!("app"));
    assert_eq!(flask.get("/extended", &root)[0], 200);
}

#[test]
fn tokens_of_pyjwt_are_accepted() {
    let Some(flask) = Flask::new(THEIRS) else {
        return;
    };
    let installation = Installation::new(Engine::Sqlite).with_file(&source(OPEN));
    let server = installation.start();
    sign_in(&server);
    let id = installation.stored("una").0.get();
    let expected = json!([200, {"user_id": id, "username": "una", "role": "user"}]);
    let pyjwt = |claims: Value| flask.made(json!({"do": "pyjwt", "claims": claims}));
    let exp = 4_000_000_000_i64;
    for claims in [
        json!({"user_id": id, "username": "una", "role": "admin", "exp": exp}),
        json!({"user_id": id.to_string(), "exp": exp}),
        // PyJWT before 2.10 took a number as `sub`.
        json!({"user_id": id, "sub": id, "exp": exp}),
    ] {
        // This PyJWT still writes it; only its decoder has become strict.
        assert_eq!(profile(&server, &pyjwt(claims)), expected);
    }
    let expired = pyjwt(json!({"user_id": id, "exp": 1_700_000_000}));
    assert_eq!(
        profile(&server, &expired),
        json!([401, {"error": "Token has expired"}])
    );
    let other = json!({"do": "pyjwt", "algorithm": "HS512", "claims": {"user_id": id, "exp": exp}});
    assert_eq!(
        profile(&server, &flask.made(other)),
        json!([401, {"error": "Invalid token"}])
    );
}

#[test]
fn tokens_of_flask_jwt_extended_are_accepted_and_its_refresh_tokens_are_not() {
    let Some(flask) = Flask::new(THEIRS) else {
        return;
    };
    let by_id = source(OPEN).replace("subject_claim = \"user_id\"\n", "");
    let by_name = by_id.replace("\"id\"", "\"username\"");
    for (table, by_name) in [(by_id, false), (by_name, true)] {
        let installation = Installation::new(Engine::Sqlite).with_file(&table);
        let server = installation.start();
        sign_in(&server);
        let id = installation.stored("una").0.get();
        let identities = if by_name {
            vec![json!("una")]
        } else {
            // Version 4.6 and before wrote numbers as they came.
            vec![json!(id.to_string()), json!(id)]
        };
        for identity in identities {
            let make = |refresh: bool| {
                flask.made(json!({"do": "extended", "identity": identity, "refresh": refresh}))
            };
            let expected = json!([200, {"user_id": id, "username": "una", "role": "user"}]);
            assert_eq!(profile(&server, &make(false)), expected, "{identity}");
            let refused = json!([401, {"error": "Invalid token"}]);
            assert_eq!(profile(&server, &make(true)), refused, "{identity}");
        }
    }
}

/// `JWT_ACCESS_TOKEN_EXPIRES = False` is what some applications chose: such a token counts only where that is said.
#[test]
fn tokens_without_an_end_are_accepted_where_the_source_says_so() {
    let Some(flask) = Flask::new(THEIRS) else {
        return;
    };
    let strict = source(OPEN).replace("subject_claim = \"user_id\"\n", "");
    let endless = format!("{strict}require_expiry = false\n");
    for (table, status) in [(strict, 401), (endless, 200)] {
        let installation = Installation::new(Engine::Sqlite).with_file(&table);
        let server = installation.start();
        sign_in(&server);
        let id = installation.stored("una").0.get();
        let step = json!({"do": "extended", "identity": id.to_string(), "expires": false});
        assert_eq!(profile(&server, &flask.made(step))[0], status);
    }
}

#[test]
fn a_session_of_flask_login_is_exchanged_and_the_application_goes_on_with_it() {
    let Some(before) = Flask::new(THEIRS) else {
        return;
    };
    let table = format!(
        "[[flask_sessions]]\nname = \"flask\"\nkey = \"{THEIRS}\"\nsubject_is = \"id\"\nuntil = \"{OPEN}\"\n"
    );
    let installation = Installation::new(Engine::Sqlite)
        .with_known_secret()
        .with_file(&table);
    let server = installation.start();
    sign_in(&server);
    let id = installation.stored("una").0.get();
    let cookie = before.made(json!({"do": "login", "id": id.to_string()}));
    let field = format!("session={cookie}");
    let who = get("/auth/session")
        .header("Cookie", &field)
        .send(server.address);
    let una = json!({"user_id": id, "username": "una", "role": "user"});
    assert_eq!((who.status, who.json()), (200, una));
    let answer = request("POST", "/auth/exchange")
        .header("Cookie", &field)
        .header("Sec-Fetch-Site", "same-origin")
        .send(server.address);
    assert_eq!(answer.status, 200, "{answer:?}");
    let set = answer.header("set-cookie").unwrap();
    let value = set
        .split(';')
        .next()
        .unwrap()
        .strip_prefix("session=")
        .unwrap();
    // The application has our key now, and no other.
    let after = Flask::new(SECRET).unwrap();
    let whoami = |flask: &Flask, cookie: &str| {
        let step = json!({"do": "get", "path": "/whoami", "cookie": cookie});
        flask.run(&[step]).remove(0)
    };
    let same = json!([200, {"id": id.to_string(), "fresh": true}]);
    assert_eq!(whoami(&before, &cookie), same);
    assert_eq!(whoami(&after, value), same);
    assert_eq!(whoami(&after, &cookie)[0], 401);
    // What the application signs with our key, we know too.
    let own = after.made(json!({"do": "login", "id": id.to_string()}));
    let field = format!("session={own}");
    let who = get("/auth/session")
        .header("Cookie", &field)
        .send(server.address);
    assert_eq!(who.status, 200);
    // And the token that came with it is good there.
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(after.get("/profile", &token)[0], 200);
    server.token("una", PASSWORD);
}
