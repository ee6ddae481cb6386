//! A new password for who knows the current one.

use serde_json::{Value, json};

use crate::{
    client::{get, login, post},
    installation::{Installation, PASSWORD, Server, engines},
    wire::Answer,
};

const NEW_PASSWORD: &str = "amber walrus 77";

/// The tokens that an answer gave.
struct Pair {
    token: String,
    refresh: String,
}

fn pair(answer: &Answer) -> Pair {
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    assert_eq!(body["token_type"], "Bearer");
    let text = |key: &str| body[key].as_str().unwrap().to_owned();
    Pair {
        token: text("token"),
        refresh: text("refresh_token"),
    }
}

fn log_in(server: &Server) -> Pair {
    pair(&login("una", PASSWORD).send(server.address))
}

fn change(server: &Server, token: &str, body: &Value) -> Answer {
    post("/auth/password", body)
        .bearer(token)
        .send(server.address)
}

fn from_to(current: &str, new: &str) -> Value {
    json!({"current_password": current, "new_password": new})
}

fn status(server: &Server, token: &str) -> u16 {
    get("/profile").bearer(token).send(server.address).status
}

fn refreshes(server: &Server, pair: &Pair) -> bool {
    let body = json!({"refresh_token": pair.refresh});
    let answer = post("/auth/refresh", &body).send(server.address);
    answer.status == 200
}

#[test]
fn a_new_password_makes_all_tokens_from_before_void_and_gives_the_next_pair() {
    for engine in engines() {
        let (installation, server) = Installation::new(engine).without_quantum().start_kept();
        server.sign_up("una");
        let (here, elsewhere) = (log_in(&server), log_in(&server));
        for (current, new, expected, error) in [
            ("wrong", NEW_PASSWORD, 403, "The current password is wrong"),
            (PASSWORD, "password", 400, "list of common passwords"),
        ] {
            let answer = change(&server, &here.token, &from_to(current, new));
            assert_eq!(answer.status, expected, "{answer:?}");
            assert!(answer.error().contains(error), "{answer:?}");
        }
        assert_eq!(status(&server, &elsewhere.token), 200);

        let next = pair(&change(
            &server,
            &here.token,
            &from_to(PASSWORD, NEW_PASSWORD),
        ));
        for before in [&here, &elsewhere] {
            assert_eq!(status(&server, &before.token), 401);
            assert!(!refreshes(&server, before));
        }
        assert_eq!(login("una", PASSWORD).send(server.address).status, 401);
        assert_eq!(login("una", NEW_PASSWORD).send(server.address).status, 200);
        assert_eq!(status(&server, &next.token), 200);
        assert!(refreshes(&server, &next));
        let (id, _) = installation.stored("una");
        let changes = installation.with_store(async |store| {
            let sql = crate::installation::sql(
                "SELECT COUNT(*) FROM audit_events WHERE kind = 'password_changed' AND outcome = 'success' AND actor_id = ? AND subject_id = ?",
            );
            let args = [id.get().into(), id.get().into()];
            let row: Option<(i64,)> = store.database().fetch_optional(sql, &args).await.unwrap();
            row.unwrap().0
        });
        assert_eq!(changes, 1);
    }
}

#[test]
fn other_sessions_go_on_when_they_are_to() {
    for engine in engines() {
        let (_kept, server) = Installation::new(engine).start_kept();
        server.sign_up("una");
        let (here, elsewhere) = (log_in(&server), log_in(&server));
        let mut body = from_to(PASSWORD, NEW_PASSWORD);
        body["end_other_sessions"] = json!(false);
        let next = pair(&change(&server, &here.token, &body));
        // The access token is void all the same, and the next refresh brings another.
        assert_eq!(status(&server, &elsewhere.token), 401);
        assert!(refreshes(&server, &elsewhere));
        assert!(!refreshes(&server, &here), "the caller has another one now");
        assert!(refreshes(&server, &next));
    }
}

#[test]
fn guessing_the_current_password_is_counted_like_guessing_at_the_login() {
    for engine in engines() {
        let (_kept, server) = Installation::new(engine).without_quantum().start_kept();
        let token = server.sign_up("una");
        let guesses = |count: usize| -> Vec<u16> {
            (0..count)
                .map(|_| change(&server, &token, &from_to("wrong", NEW_PASSWORD)).status)
                .collect()
        };
        assert_eq!(guesses(3), [403; 3]);
        for _ in 0..2 {
            assert_eq!(login("una", "wrong").send(server.address).status, 401);
        }
        assert_eq!(guesses(1), [429]);
        let right = change(&server, &token, &from_to(PASSWORD, NEW_PASSWORD));
        assert_eq!(right.status, 429, "{right:?}");
        assert!(right.header("retry-after").is_some());
    }
}

#[test]
fn of_two_changes_at_once_from_the_same_password_one_succeeds() {
    for engine in engines() {
        let (_kept, server) = Installation::new(engine).without_throttle().start_kept();
        server.sign_up("una");
        let pairs: Vec<Pair> = (0..4).map(|_| log_in(&server)).collect();
        let server = &server;
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let threads: Vec<_> = pairs
                .iter()
                .enumerate()
                .map(|(number, pair)| {
                    let new = format!("{NEW_PASSWORD} {number}");
                    scope
                        .spawn(move || change(server, &pair.token, &from_to(PASSWORD, &new)).status)
                })
                .collect();
            threads.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let done = statuses.iter().filter(|status| **status == 200).count();
        assert_eq!(done, 1, "{statuses:?}");
        let refused = [401, 403];
        assert!(
            statuses
                .iter()
                .all(|status| *status == 200 || refused.contains(status)),
            "{statuses:?}"
        );
    }
}
