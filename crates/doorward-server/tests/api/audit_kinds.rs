//! That nothing stands in the list of events which never happens.

use std::collections::BTreeSet;

use doorward::{
    audit::{Event, EventKind},
    caller::Caller,
    clock::{Clock as _, SystemClock, Timestamp},
    one_time_link::{LinkId, LinkKey, LinkPurpose},
    secret::Secret,
    user::UserId,
};
use serde_json::{Value, json};

use crate::{
    api_keys,
    client::{Request, get, login, post, register, request, send_json},
    foreign_sessions, foreign_tokens,
    installation::{Installation, PASSWORD, SECRET, Server, engines, eventually, sql},
};

const OTHER: &str = "amber heron 17";
const WERKZEUG: &str = "pbkdf2:sha256:150000$FCzT78h0$d33ba7cd3ab109386fa2825d96b240a0b49a2e2d0bb12a2041896a5eed8479f1";
const PLAN: &str = "version = 1\nmode = \"copy\"\n[users]\ntable = \"users\"\nid = \"id\"\nusername = \"username\"\n\
                    password = \"password\"\nrole = { column = \"role\" }\n";

struct Walk<'a> {
    installation: &'a Installation,
    server: &'a Server,
    admin: String,
}

impl Walk<'_> {
    fn ask(&self, status: u16, request: &Request) -> Value {
        let answer = request.send(self.server.address);
        assert_eq!(answer.status, status, "{request:?} {answer:?}");
        serde_json::from_str(answer.text()).unwrap_or_default()
    }

    fn as_admin(&self, status: u16, request: Request) -> Value {
        self.ask(status, &request.bearer(&self.admin))
    }

    /// A login of `username` with a stored hash of another password.
    fn with_hash(&self, username: &str, hash: &str, status: u16) {
        let text = "UPDATE users SET password = ? WHERE username = ?";
        let args = [hash.into(), username.into()];
        assert_eq!(self.installation.execute(text, &args), 1);
        self.ask(status, &login(username, "correct horse battery staple"));
    }

    fn an_operator_is_at_work(&self) {
        let run = |arguments: &[&str]| {
            let ran = self.installation.run(arguments, "");
            assert!(ran.status.success(), "{arguments:?} {ran:?}");
            String::from_utf8(ran.stdout).unwrap()
        };
        run(&["export", "--format", "jsonl"]);
        run(&["db", "copy", "--to", "sqlite:copy.db"]);
        let there = run(&["audit", "list", "--db-url", "sqlite:copy.db"]);
        assert!(there.contains(EventKind::DatabaseRestored.as_str()));
        let keys = run(&["key", "list", "--json"]);
        let mut keys = keys.lines().map(serde_json::from_str::<Value>);
        let key = keys.find_map(|key| key.ok().filter(|key| key["algorithm"] == "ES256"));
        let key = key.unwrap();
        run(&["key", "retire", "--yes", key["kid"].as_str().unwrap()]);
    }

    fn a_user_comes_and_goes(&self) -> String {
        self.ask(201, &register("una", PASSWORD));
        let pair = self.ask(200, &login("una", PASSWORD));
        let token = text(&pair, "token");
        self.ask(403, &get("/users").bearer(&token));
        let refresh = json!({"refresh_token": text(&pair, "refresh_token")});
        self.ask(200, &post("/auth/refresh", &refresh));
        // As if the grace were over.
        let earlier = "UPDATE login_sessions SET rotated_at_ms = rotated_at_ms - 3600000";
        self.installation.execute(earlier, &[]);
        self.ask(401, &post("/auth/refresh", &refresh));
        self.ask(401, &post("/auth/refresh", &refresh));
        let change = json!({"current_password": PASSWORD, "new_password": OTHER});
        let token = text(&self.ask(200, &login("una", PASSWORD)), "token");
        let changed = self.ask(200, &post("/auth/password", &change).bearer(&token));
        let token = text(&changed, "token");
        self.ask(204, &request("POST", "/auth/logout").bearer(&token));
        let token = text(&self.ask(200, &login("una", OTHER)), "token");
        let sessions = self.ask(200, &get("/auth/sessions").bearer(&token));
        let target = format!("/auth/sessions/{}", text(&sessions[0], "id"));
        self.ask(204, &request("DELETE", &target).bearer(&token));
        let token = text(&self.ask(200, &login("una", OTHER)), "token");
        self.ask(204, &request("POST", "/auth/logout-all").bearer(&token));
        text(&self.ask(200, &login("una", OTHER)), "token")
    }

    fn letters_are_asked_for(&self, token: &str) {
        let user = self.installation.stored("una").0;
        let email = json!({"email": "una@example.org", "password": OTHER});
        let change = send_json("PUT", "/auth/email", &email).bearer(token);
        self.ask(202, &change);
        let proof = self.link(user, LinkPurpose::VerifyEmail);
        self.ask(200, &post("/auth/email/verify", &json!({"token": proof})));
        self.ask(404, &post("/auth/email/verify", &json!({"token": proof})));
        let target = format!("/users/{}/reset-link", user.get());
        self.as_admin(201, post(&target, &json!({})));
        let link =
            json!({"token": self.link(user, LinkPurpose::ResetPassword), "new_password": PASSWORD});
        self.ask(200, &post("/auth/password/reset", &link));
        eventually("a letter is put off", || {
            self.server.log().contains("letter_put_off")
        });
        let earlier = "UPDATE mail_queue SET created_at_ms = created_at_ms - 86400000";
        self.installation.execute(earlier, &[]);
    }

    /// The token of a user's link, as the letter has it.
    fn link(&self, user: UserId, purpose: LinkPurpose) -> String {
        let id = self.installation.with_store(async |store| {
            let find = sql("SELECT id FROM one_time_links WHERE user_id = ? AND purpose = ?");
            let args = [user.get().into(), purpose.as_str().into()];
            let row: Option<(Vec<u8>,)> =
                store.database().fetch_optional(find, &args).await.unwrap();
            LinkId::from_bytes(row.unwrap().0.try_into().unwrap())
        });
        let key = LinkKey::derive(&Secret::from_text(SECRET.to_owned()));
        key.token(purpose, user, id).expose().to_owned()
    }

    fn an_administrator_is_at_work(&self) {
        let made = json!({"username": "vera", "password": PASSWORD, "role": "user"});
        let id = self.as_admin(201, post("/users", &made))["id"]
            .as_i64()
            .unwrap();
        let user = format!("/users/{id}");
        for change in [
            json!({"disabled": true}),
            json!({"disabled": false}),
            json!({"role": "admin"}),
            json!({"role": "user"}),
        ] {
            self.as_admin(
                200,
                send_json("PATCH", &user, &change).header("If-Match", "*"),
            );
        }
        let role = json!({"permissions": ["users:read"]});
        self.as_admin(201, send_json("PUT", "/roles/reader", &role));
        for roles in [json!(["reader"]), json!([])] {
            let target = format!("{user}/roles");
            self.as_admin(200, send_json("PUT", &target, &json!({"roles": roles})));
        }
        self.as_admin(204, request("DELETE", "/roles/reader"));
        self.as_admin(204, request("DELETE", &user));
        let jobs = json!({"kind": "disable", "filter": {"search": "nobody"}});
        self.as_admin(202, post("/jobs", &jobs));
        eventually("the job ends", || {
            self.as_admin(200, get("/jobs/1"))["state"] != "running"
        });
        self.installation.execute(
            "UPDATE bulk_jobs SET state = 'running', lease_until_ms = 9000000000000",
            &[],
        );
        self.as_admin(204, request("DELETE", "/jobs/1"));
    }

    fn a_program_has_a_key(&self) {
        let (id, key) = api_keys::make(self.server, &self.admin, &["users:read"]);
        api_keys::exchanged(self.server, &id, &key);
        self.as_admin(204, request("DELETE", &format!("/auth/keys/{id}")));
        self.ask(401, &get("/users").bearer(&key));
    }

    fn another_application_sends_its_users(&self) {
        let token = foreign_tokens::theirs(1, |_| {});
        self.ask(200, &request("POST", "/auth/exchange").bearer(&token));
        let cookie = foreign_sessions::cookie(foreign_tokens::THEIRS, "1", 5);
        self.ask(200, &foreign_sessions::exchange(&cookie));
    }

    fn somebody_tries_too_often(&self) {
        self.with_hash("una", WERKZEUG, 200);
        self.with_hash(
            "una",
            "sha256$XMJYq4q2$4b5fbb3115255b4ab1d7d736c250bec0f83a5ee9e210169bbdde29abebf6d598",
            401,
        );
        self.with_hash("una", "$argon2id$v=19$none", 401);
        while register("una", PASSWORD).send(self.server.address).status != 429 {}
        while login("una", "wrong").send(self.server.address).status != 429 {}
    }
}

fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap().to_owned()
}

/// A few of the flows in which an event is recorded; together they are all that there are.
#[test]
fn every_kind_of_event_is_recorded_when_it_happens() {
    for engine in engines() {
        let installation = Installation::new(engine)
            .without_quantum()
            .with_known_secret()
            .set("DOORWARD_TOKEN_ALGORITHM", "ES256")
            .with_file(&format!(
                "{}{}",
                foreign_tokens::source(foreign_tokens::OPEN),
                foreign_sessions::source(foreign_tokens::OPEN)
            ))
            .set("DOORWARD_PUBLIC_URL", "http://doorward.test")
            .set("DOORWARD_SMTP_HOST", "127.0.0.1")
            .set("DOORWARD_SMTP_PORT", "1")
            .set("DOORWARD_SMTP_SECURITY", "none")
            .set("DOORWARD_MAIL_FROM", "accounts@example.org")
            .set("DOORWARD_THROTTLE_REGISTRATIONS_PER_HOUR", "3")
            .set("DOORWARD_AUDIT_RETENTION", "30d");
        let migrated = installation.run(&["db", "migrate"], "");
        assert!(migrated.status.success(), "{migrated:?}");
        let now = SystemClock.now();
        let long_ago = Timestamp::from_millis(now.as_millis() - 40 * 24 * 3_600_000);
        installation.with_store(async |store| {
            let event = Event::success(EventKind::Logout, &Caller::system());
            store.record_alone(&event, long_ago).await.unwrap();
        });
        std::fs::write(installation.folder().join("plan.toml"), PLAN).unwrap();
        let rows = format!("id,username,password,role\n1,adopted,{WERKZEUG},user\n");
        std::fs::write(installation.folder().join("users.csv"), rows).unwrap();
        let adopt = ["adopt", "run", "plan.toml", "--from", "users.csv"];
        let adopted = installation.run(&adopt, "");
        assert!(adopted.status.success(), "{adopted:?}");
        let server = installation.start();
        let walk = Walk {
            admin: server.set_up(),
            server: &server,
            installation: &installation,
        };
        let una = walk.a_user_comes_and_goes();
        walk.letters_are_asked_for(&una);
        walk.an_administrator_is_at_work();
        walk.a_program_has_a_key();
        walk.another_application_sends_its_users();
        walk.somebody_tries_too_often();
        walk.an_operator_is_at_work();
        // One is in the trail of the copy.
        let here = EventKind::ALL
            .iter()
            .filter(|kind| **kind != EventKind::DatabaseRestored);
        let all: BTreeSet<_> = here.map(|kind| kind.as_str()).collect();
        let mut missing = Vec::new();
        // Letters are given up and old events deleted in the background.
        eventually("all are recorded", || {
            let found: Vec<(String,)> = installation.with_store(async |store| {
                let find = sql("SELECT DISTINCT kind FROM audit_events");
                store.database().fetch_all(find, &[]).await.unwrap()
            });
            let found: BTreeSet<_> = found.iter().map(|(kind,)| kind.as_str()).collect();
            let left = all.difference(&found);
            let left: Vec<_> = left.map(|kind| (*kind).to_owned()).collect();
            if left != missing {
                eprintln!("not recorded yet: {left:?}");
                missing = left;
            }
            missing.is_empty()
        });
    }
}
