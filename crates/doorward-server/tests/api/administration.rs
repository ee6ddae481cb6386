//! Administration of single users, and lists of some of them.

use std::thread;

use serde_json::{Value, json};

use crate::{
    client::{get, login, post, register, request, send_json},
    installation::{Installation, PASSWORD, Server, engines},
    wire::Answer,
};

struct Desk<'a> {
    server: &'a Server,
    admin: String,
}

impl Desk<'_> {
    fn get(&self, target: &str) -> Answer {
        get(target).bearer(&self.admin).send(self.server.address)
    }

    fn send(&self, method: &str, target: &str, body: &Value) -> Answer {
        send_json(method, target, body)
            .bearer(&self.admin)
            .send(self.server.address)
    }

    fn etag(&self, target: &str) -> String {
        self.get(target).header("etag").unwrap().to_owned()
    }

    fn patch(&self, target: &str, etag: &str, body: &Value) -> Answer {
        send_json("PATCH", target, body)
            .header("If-Match", etag)
            .bearer(&self.admin)
            .send(self.server.address)
    }

    fn change(&self, target: &str, body: &Value) -> Answer {
        self.patch(target, &self.etag(target), body)
    }

    /// The path of a new user with [`PASSWORD`].
    fn add(&self, name: &str, role: &str) -> String {
        let body = json!({"username": name, "password": PASSWORD, "role": role});
        let answer = self.send("POST", "/users", &body);
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.header("location").unwrap().to_owned()
    }

    fn names(&self, target: &str) -> Vec<String> {
        let answer = self.get(target);
        assert_eq!(answer.status, 200, "{answer:?}");
        let rows = answer.json();
        let names = rows.as_array().unwrap().iter();
        names
            .map(|row| row["username"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// Runs a test on each engine with an administrator named root.
fn at_each_desk(test: impl Fn(&Desk<'_>, &Installation)) {
    for engine in engines() {
        let installation = Installation::new(engine)
            .without_quantum()
            .without_throttle();
        let server = installation.start();
        let admin = server.set_up();
        test(
            &Desk {
                server: &server,
                admin,
            },
            &installation,
        );
    }
}

#[test]
fn a_user_is_added_read_changed_and_deleted() {
    at_each_desk(|desk, _| {
        let una = desk.add("Una", "user");
        let shown = desk.get(&una);
        let body = shown.json();
        assert_eq!(una, format!("/users/{}", body["id"]));
        assert_eq!(
            (&body["username"], &body["role"]),
            (&json!("Una"), &json!("user"))
        );
        assert_eq!(body["disabled_at"], Value::Null);
        assert!(body["created_at"].as_str().unwrap().ends_with('Z'));
        assert_eq!(
            body.as_object().unwrap().len(),
            5,
            "nothing else (AZ-04): {body}"
        );

        let changed = desk.change(&una, &json!({"role": "admin"}));
        assert_eq!(
            (changed.status, &changed.json()["role"]),
            (200, &json!("admin"))
        );
        assert_ne!(changed.header("etag"), shown.header("etag"));
        let changed = desk.change(&una, &json!({"disabled": true}));
        assert!(changed.json()["disabled_at"].is_string(), "{changed:?}");
        let address = desk.server.address;
        assert_eq!(login("una", PASSWORD).send(address).status, 401);
        desk.change(&una, &json!({"disabled": false}));
        assert_eq!(login("una", PASSWORD).send(address).status, 200);

        let new = json!({"password": "amber falcon 77"});
        let target = format!("{una}/password");
        let before = desk.etag(&una);
        assert_eq!(desk.send("PUT", &target, &new).status, 204);
        assert_ne!(desk.etag(&una), before);
        assert_eq!(login("una", PASSWORD).send(address).status, 401);
        assert_eq!(login("una", "amber falcon 77").send(address).status, 200);

        let delete = request("DELETE", &una).bearer(&desk.admin);
        assert_eq!(delete.send(address).status, 204);
        assert_eq!(delete.send(address).status, 404);
        assert_eq!(desk.get(&una).status, 404);
        assert_ne!(
            desk.add("Una", "user"),
            una,
            "a number is never given twice"
        );
    });
}

#[test]
fn a_user_without_a_password_cannot_log_in_until_one_is_set() {
    at_each_desk(|desk, installation| {
        let added = desk.send("POST", "/users", &json!({"username": "una"}));
        assert_eq!(added.status, 201, "{added:?}");
        assert_eq!(added.json()["role"], "user");
        assert!(added.header("etag").is_some());
        assert!(installation.stored("una").1.starts_with("$argon2id$"));
        let target = format!("{}/password", added.header("location").unwrap());
        let set = desk.send("PUT", &target, &json!({"password": PASSWORD}));
        assert_eq!(set.status, 204);
        desk.server.token("una", PASSWORD);
    });
}

/// Answers CVE-2025-61928.
#[test]
fn fields_that_nobody_may_set_are_refused_and_never_stored() {
    at_each_desk(|desk, _| {
        let una = desk.add("una", "user");
        let etag = desk.etag(&una);
        for (name, value) in [
            ("id", json!(7)),
            ("user_id", json!(1)),
            ("password_hash", json!("x")),
            ("created_at", json!("2020-01-01T00:00:00Z")),
            ("disabled_at", json!(null)),
            ("is_active", json!(false)),
            ("version", json!(0)),
            ("permissions", json!(["users:write"])),
        ] {
            let mut body = json!({"username": "vera", "password": PASSWORD});
            body[name] = value.clone();
            assert_eq!(desk.send("POST", "/users", &body).status, 400, "{name}");
            let mut body = json!({"disabled": true});
            body[name] = value.clone();
            assert_eq!(desk.patch(&una, &etag, &body).status, 400, "{name}");
            let mut body = json!({"password": "amber falcon 77"});
            body[name] = value;
            let target = format!("{una}/password");
            assert_eq!(desk.send("PUT", &target, &body).status, 400, "{name}");
        }
        for body in [
            json!({}),
            json!([]),
            json!({"role": "root"}),
            json!({"role": 1}),
            json!({"disabled": "yes"}),
        ] {
            assert_eq!(desk.patch(&una, &etag, &body).status, 400, "{body}");
        }
        assert_eq!(desk.etag(&una), etag, "nothing was changed");
        assert_eq!(desk.names("/users"), ["root", "una"]);
    });
}

/// Answers CVE-2026-107623.
#[test]
fn a_change_needs_the_version_it_was_made_for() {
    at_each_desk(|desk, _| {
        let una = desk.add("una", "user");
        let body = json!({"disabled": true});
        let etag = desk.etag(&una);
        assert_eq!(desk.send("PATCH", &una, &body).status, 428);
        for stale in ["\"0000000000000000\"", &format!("W/{etag}"), "", "x"] {
            assert_eq!(desk.patch(&una, stale, &body).status, 412, "{stale}");
        }
        let list = format!("\"0000000000000000\", {etag}");
        assert_eq!(desk.patch(&una, &list, &body).status, 200);
        assert_eq!(desk.patch(&una, &etag, &body).status, 412);
        let body = json!({"disabled": false});
        assert_eq!(desk.patch(&una, "*", &body).status, 200);
    });
}

#[test]
fn of_many_changes_of_one_version_one_is_made() {
    at_each_desk(|desk, _| {
        let una = desk.add("una", "user");
        let etag = desk.etag(&una);
        let statuses: Vec<u16> = thread::scope(|scope| {
            let tasks: Vec<_> = (0..8)
                .map(|n| {
                    let (una, etag) = (&una, &etag);
                    let body = json!({"disabled": n % 2 == 0, "role": if n % 3 == 0 { "admin" } else { "user" }});
                    scope.spawn(move || desk.patch(una, etag, &body).status)
                })
                .collect();
            tasks.into_iter().map(|task| task.join().unwrap()).collect()
        });
        assert_eq!(
            statuses.iter().filter(|status| **status == 200).count(),
            1,
            "{statuses:?}"
        );
        assert_eq!(
            statuses.iter().filter(|status| **status == 412).count(),
            7,
            "{statuses:?}"
        );
    });
}

#[test]
fn the_last_administrator_keeps_the_role_and_the_account() {
    at_each_desk(|desk, _| {
        let root = "/users/1";
        for body in [json!({"role": "user"}), json!({"disabled": true})] {
            let answer = desk.change(root, &body);
            assert_eq!(answer.status, 409, "{answer:?}");
            assert_eq!(
                answer.error(),
                "This is the last administrator who can log in"
            );
        }
        let delete = request("DELETE", root).bearer(&desk.admin);
        assert_eq!(delete.send(desk.server.address).status, 409);
        desk.add("vera", "admin");
        assert_eq!(desk.change(root, &json!({"role": "user"})).status, 200);
        // A lost role is lost at once, with the tokens that name it (AZ-05).
        assert_eq!(desk.get("/users").status, 401);
    });
}

/// Answers GHSA-hgx2-28f8-6g2r, GHSA-r9w3-57w2-gch2, GHSA-c38g-mx2c-9wf2.
#[test]
fn a_list_has_those_who_were_asked_for() {
    at_each_desk(|desk, _| {
        for name in ["una", "UNO", "u_n%", "vera"] {
            assert_eq!(
                register(name, PASSWORD).send(desk.server.address).status,
                201
            );
        }
        let vera = desk.add("wanda", "admin");
        desk.change(&vera, &json!({"disabled": true}));
        for (query, expected) in [
            ("role=admin", &["root", "wanda"][..]),
            ("role=admin&state=active", &["root"]),
            ("state=disabled", &["wanda"]),
            ("search=UN", &["una", "UNO"]),
            ("search=u_", &["u_n%"]),
            ("search=%25", &[]),
            ("search=%EF%BD%95%EF%BD%8E", &["una", "UNO"]),
            ("search=u&role=user&state=active", &["una", "UNO", "u_n%"]),
            ("search=' OR 1=1 --".replace(' ', "+").leak(), &[]),
            ("role=nobody", &[]),
            ("created_since=2020-01-01&role=admin", &["root", "wanda"]),
            ("created_since=2999-01-01T00:00:00Z", &[]),
            ("sort=id&state=disabled", &["wanda"]),
        ] {
            let target = format!("/users?{query}");
            assert_eq!(desk.names(&target), expected, "{query}");
            let total = desk.get(&target);
            let count = expected.len().to_string();
            assert_eq!(total.header("x-total-count"), Some(&*count), "{query}");
        }
        let first = desk.get("/users?limit=2&search=u&state=active");
        let link = first.header("link").unwrap();
        let next = link.split_once('>').unwrap().0.trim_start_matches('<');
        assert_eq!(desk.names(next), ["u_n%"]);
        assert_eq!(
            desk.get(next).header("link"),
            None,
            "a full last page names no next one"
        );
        for bad in [
            "role=a+b".to_owned(),
            "state=x".to_owned(),
            "search=".to_owned(),
            format!("search={}", "x".repeat(51)),
            "created_since=yesterday".to_owned(),
            "created_since=2020-13-01".to_owned(),
            "sort=username".to_owned(),
        ] {
            assert_eq!(desk.get(&format!("/users?{bad}")).status, 400, "{bad}");
        }
    });
}

#[test]
fn the_demos_list_is_open_and_the_rest_of_its_administration_is_not() {
    let (_kept, server) = Installation::demo(crate::installation::Engine::Sqlite).start_kept();
    let address = server.address;
    assert_eq!(get("/users").send(address).status, 200);
    assert_eq!(get("/users/1").send(address).status, 401);
    let body = json!({"username": "una"});
    // The lecture has the path for GET alone.
    let refused = post("/users", &body).send_to_another(address);
    assert_eq!(refused.status, 405);
    let bob = server.token("bob", "bobpassword");
    assert_eq!(get("/users/1").bearer(&bob).send(address).status, 403);
}
