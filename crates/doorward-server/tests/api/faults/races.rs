//! Two nodes over one database are asked for the same thing at once, which only one of them may do (DB-06, AZ-06, RC-03).
//! Refresh tokens, links of the setup and counts of failures have races of their own.

use std::{sync::Barrier, thread};

use serde_json::json;

use crate::{
    client::{Request, get, post, register, request, send_json},
    installation::{Installation, PASSWORD, Server, engines},
};

const ROUNDS: usize = 12;
const AT_ONCE: usize = 8;

/// Sends a request from every number, by turns to both nodes, at the same moment; returns the statuses.
fn at_once(nodes: &[Server; 2], make: impl Fn(usize) -> Request + Sync) -> Vec<u16> {
    let together = Barrier::new(AT_ONCE);
    thread::scope(|scope| {
        let asked: Vec<_> = (0..AT_ONCE)
            .map(|number| {
                let (together, make) = (&together, &make);
                scope.spawn(move || {
                    let request = make(number);
                    together.wait();
                    request.send(nodes[number % 2].address).status
                })
            })
            .collect();
        asked.into_iter().map(|task| task.join().unwrap()).collect()
    })
}

fn count(statuses: &[u16], status: u16) -> usize {
    statuses.iter().filter(|found| **found == status).count()
}

#[test]
fn a_name_is_registered_once_however_many_ask_at_two_nodes() {
    for engine in engines() {
        let installation = Installation::new(engine).with_known_secret();
        let nodes = [installation.start(), installation.start()];
        for round in 0..ROUNDS {
            let name = format!("user{round}");
            let statuses = at_once(&nodes, |_| register(&name, PASSWORD));
            assert_eq!(count(&statuses, 201), 1, "{engine:?}: {statuses:?}");
            assert_eq!(
                count(&statuses, 409),
                AT_ONCE - 1,
                "{engine:?}: {statuses:?}"
            );
        }
    }
}

#[test]
fn a_link_sets_a_password_once_at_two_nodes() {
    for engine in engines() {
        let installation = Installation::new(engine)
            .with_known_secret()
            .set("DOORWARD_PUBLIC_URL", "https://auth.example.org");
        let nodes = [installation.start(), installation.start()];
        let admin = nodes[1].set_up();
        nodes[0].sign_up("una");
        let id = installation.stored("una").0.get();
        for _ in 0..ROUNDS {
            let link = post(&format!("/users/{id}/reset-link"), &json!({}))
                .bearer(&admin)
                .send(nodes[0].address);
            let link = link.json()["link"].as_str().unwrap().to_owned();
            let token = link.split_once('#').unwrap().1;
            let statuses = at_once(&nodes, |number| {
                let password = format!("amber walrus {number}");
                post(
                    "/auth/password/reset",
                    &json!({"token": token, "new_password": password}),
                )
            });
            assert_eq!(count(&statuses, 200), 1, "{engine:?}: {statuses:?}");
            assert_eq!(
                count(&statuses, 404),
                AT_ONCE - 1,
                "{engine:?}: {statuses:?}"
            );
        }
    }
}

#[test]
fn of_two_administrators_who_remove_each_other_at_two_nodes_one_is_left() {
    for engine in engines() {
        let installation = Installation::new(engine).with_known_secret();
        let nodes = [installation.start(), installation.start()];
        let root = nodes[1].set_up();
        let made = post(
            "/users",
            &json!({"username": "other", "password": PASSWORD, "role": "admin"}),
        )
        .bearer(&root)
        .send(nodes[0].address);
        assert_eq!(made.status, 201, "{made:?}");
        let ids = [
            installation.stored("root").0.get(),
            installation.stored("other").0.get(),
        ];
        for round in 0..4 {
            let tokens = [
                nodes[0].token("root", PASSWORD),
                nodes[1].token("other", PASSWORD),
            ];
            let etags = ids.map(|id| {
                let user = get(&format!("/users/{id}"))
                    .bearer(&tokens[0])
                    .send(nodes[0].address);
                user.header("etag").unwrap().to_owned()
            });
            // The even ones are root's, who removes the other; the odd ones the other's, who removes root.
            let statuses = at_once(&nodes, |number| {
                let target = format!("/users/{}", ids[(number + 1) % 2]);
                send_json("PATCH", &target, &json!({"role": "user"}))
                    .header("if-match", &etags[(number + 1) % 2])
                    .bearer(&tokens[number % 2])
            });
            assert!(statuses.iter().all(|status| *status < 500), "{statuses:?}");
            let left: Vec<usize> = [0, 1]
                .into_iter()
                .filter(|who| {
                    let list =
                        get("/users").bearer(&nodes[*who].token(["root", "other"][*who], PASSWORD));
                    list.send(nodes[*who].address).status == 200
                })
                .collect();
            assert_eq!(left.len(), 1, "{engine:?}, round {round}: {statuses:?}");
            // And back, for the next round.
            let who = left[0];
            let token = nodes[who].token(["root", "other"][who], PASSWORD);
            let target = format!("/users/{}", ids[1 - who]);
            let user = get(&target).bearer(&token).send(nodes[who].address);
            let back = send_json("PATCH", &target, &json!({"role": "admin"}))
                .header("if-match", user.header("etag").unwrap())
                .bearer(&token)
                .send(nodes[who].address);
            assert_eq!(back.status, 200, "{back:?}");
        }
    }
}

#[test]
fn a_user_is_deleted_once_at_two_nodes() {
    for engine in engines() {
        let installation = Installation::new(engine).with_known_secret();
        let nodes = [installation.start(), installation.start()];
        let admin = nodes[1].set_up();
        for round in 0..ROUNDS {
            let made = post("/users", &json!({"username": format!("user{round}")}))
                .bearer(&admin)
                .send(nodes[0].address);
            let id = made.json()["id"].as_i64().unwrap();
            let statuses = at_once(&nodes, |_| {
                request("DELETE", &format!("/users/{id}")).bearer(&admin)
            });
            assert_eq!(count(&statuses, 204), 1, "{engine:?}: {statuses:?}");
            assert_eq!(
                count(&statuses, 404),
                AT_ONCE - 1,
                "{engine:?}: {statuses:?}"
            );
        }
    }
}
