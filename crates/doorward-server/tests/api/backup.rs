//! A backup that is taken while the server is written to holds every write that was acknowledged before, and no half one.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering},
    },
    thread,
};

use doorward::store::Sql;
use serde_json::json;

use crate::{
    client::{get, login, post, register},
    installation::{Installation, PASSWORD, Server, engines, eventually},
};

/// What clients got an answer to.
#[derive(Default)]
struct Acknowledged {
    names: Mutex<Vec<String>>,
    next: AtomicU32,
    refreshes: AtomicI64,
    stop: AtomicBool,
}

impl Acknowledged {
    fn go_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    fn register(&self, server: &Server) {
        while self.go_on() {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let name = format!("user{number}");
            let answer = register(&name, PASSWORD).send(server.address);
            assert_eq!(answer.status, 201, "{answer:?}");
            self.names.lock().unwrap().push(name);
        }
    }

    fn refresh(&self, server: &Server, mut token: String) {
        while self.go_on() {
            let body = json!({"refresh_token": token});
            let answer = post("/auth/refresh", &body).send(server.address);
            assert_eq!(answer.status, 200, "{answer:?}");
            answer.json()["refresh_token"]
                .as_str()
                .unwrap()
                .clone_into(&mut token);
            self.refreshes.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Makes a backup in the middle, and returns what had been acknowledged when it began.
    fn backed_up(&self, installation: &Installation) -> (Vec<String>, i64) {
        eventually("there is a load", || {
            self.names.lock().unwrap().len() >= 8 && self.refreshes.load(Ordering::SeqCst) >= 50
        });
        let names = self.names.lock().unwrap().clone();
        let refreshes = self.refreshes.load(Ordering::SeqCst);
        let ran = installation.run(&["db", "backup", "backup.jsonl"], "");
        let more = self.names.lock().unwrap().len() + 2;
        eventually("the load goes on", || {
            self.names.lock().unwrap().len() >= more
        });
        self.stop.store(true, Ordering::Relaxed);
        assert!(ran.status.success(), "{ran:?}");
        (names, refreshes)
    }
}

fn number(installation: &Installation, sql: &'static str) -> i64 {
    installation.with_store(async |store| {
        let row: Option<(i64,)> = store
            .database()
            .fetch_optional(Sql::both(sql), &[])
            .await
            .unwrap();
        row.unwrap().0
    })
}

fn restored(installation: &Installation, archive: &std::path::Path) {
    let archive = archive.display().to_string();
    let ran = installation.run(&["db", "restore", &archive], "");
    assert!(ran.status.success(), "{ran:?}");
    let ran = installation.run(&["audit", "verify"], "");
    assert!(ran.status.success(), "{ran:?}");
}

#[test]
fn a_backup_under_load_restores_to_every_write_that_was_acknowledged_before_it() {
    for engine in engines() {
        let source = Installation::new(engine).with_known_secret();
        let server = source.start();
        server.set_up();
        let session = login("root", PASSWORD).send(server.address).json();
        let token = session["refresh_token"].as_str().unwrap().to_owned();
        let load = Acknowledged::default();
        let (names, refreshes) = thread::scope(|scope| {
            scope.spawn(|| load.register(&server));
            scope.spawn(|| load.register(&server));
            scope.spawn(|| load.refresh(&server, token));
            load.backed_up(&source)
        });
        drop(server);
        for other in engines() {
            let target = Installation::new(other).with_known_secret();
            restored(&target, &source.folder().join("backup.jsonl"));
            let users = number(&target, "SELECT COUNT(*) FROM users");
            for (half, sql) in [
                (
                    "an account for each user",
                    "SELECT COUNT(*) FROM users u JOIN accounts a ON a.user_id = u.id",
                ),
                (
                    "an event for each user",
                    "SELECT COUNT(*) FROM audit_events WHERE kind IN ('registered', 'setup_completed')",
                ),
            ] {
                assert_eq!(number(&target, sql), users, "{half}");
            }
            let last = "SELECT MAX(generation) FROM login_sessions WHERE ended_at_ms IS NULL";
            assert!(number(&target, last) >= refreshes);
            let server = target.start();
            for name in &names {
                let token = server.token(name, PASSWORD);
                let profile = get("/profile").bearer(&token).send(server.address);
                assert_eq!(profile.status, 200, "{profile:?}");
            }
            // The keys that signed before sign on, and what they signed counts.
            let before = session["token"].as_str().unwrap();
            assert_eq!(
                get("/profile").bearer(before).send(server.address).status,
                200
            );
        }
    }
}
