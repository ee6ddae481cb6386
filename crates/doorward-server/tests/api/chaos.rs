//! kill -9 at random moments of users being made and deleted: what was acknowledged is there after the next start, what was
//! deleted does not come back, nothing is half there, and every start succeeds.
//!
//! `scripts/chaos` has it killed often; `DOORWARD_CHAOS_KILLS` says how often.

use std::{
    collections::{BTreeMap, BTreeSet, hash_map::RandomState},
    hash::BuildHasher as _,
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use doorward::store::Sql;
use serde_json::json;

use crate::{
    client::{get, post, request},
    installation::{Installation, engines},
};

const WRITERS: usize = 4;

/// What clients know: an answer that did not come says nothing.
#[derive(Default)]
struct Oracle {
    /// Acknowledged, with their numbers.
    there: Mutex<BTreeMap<String, i64>>,
    /// Deleted, and that was acknowledged.
    gone: Mutex<BTreeSet<String>>,
    next: AtomicU64,
    acknowledged: AtomicU64,
}

impl Oracle {
    /// Makes users and deletes every third of them until the server does not answer.
    fn write(&self, address: SocketAddr, admin: &str) {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let name = format!("user{number}");
            let made = post("/users", &json!({"username": name})).bearer(admin);
            let Ok(answer) = made.try_send(address) else {
                return;
            };
            assert_eq!(answer.status, 201, "{answer:?}");
            let id = answer.json()["id"].as_i64().unwrap();
            self.there.lock().unwrap().insert(name.clone(), id);
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
            if !number.is_multiple_of(3) {
                continue;
            }
            // From here on nobody knows until the answer comes.
            self.there.lock().unwrap().remove(&name);
            let delete = request("DELETE", &format!("/users/{id}")).bearer(admin);
            let Ok(answer) = delete.try_send(address) else {
                return;
            };
            assert_eq!(answer.status, 204, "{answer:?}");
            self.gone.lock().unwrap().insert(name);
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn check(&self, installation: &Installation) {
        let rows: Vec<(i64, String)> = installation.with_store(async |store| {
            let sql = Sql::both("SELECT id, username FROM users");
            store.database().fetch_all(sql, &[]).await.unwrap()
        });
        let found: BTreeMap<String, i64> = rows.into_iter().map(|(id, name)| (name, id)).collect();
        for (name, id) in &*self.there.lock().unwrap() {
            assert_eq!(found.get(name), Some(id), "{name} is lost");
        }
        for name in &*self.gone.lock().unwrap() {
            assert!(!found.contains_key(name), "{name} came back");
        }
        let half = "SELECT (SELECT COUNT(*) FROM users u LEFT JOIN accounts a ON a.user_id = u.id WHERE a.user_id IS NULL) \
            + (SELECT COUNT(*) FROM accounts a LEFT JOIN users u ON u.id = a.user_id WHERE u.id IS NULL) \
            + (SELECT COUNT(*) FROM users u WHERE NOT EXISTS (SELECT 1 FROM audit_events e WHERE e.subject_id = u.id))";
        let half: Option<(i64,)> = installation.with_store(async |store| {
            store
                .database()
                .fetch_optional(Sql::both(half), &[])
                .await
                .unwrap()
        });
        assert_eq!(half, Some((0,)), "something is half there");
    }
}

fn kills() -> u64 {
    std::env::var("DOORWARD_CHAOS_KILLS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(10)
}

#[test]
fn nothing_that_was_acknowledged_is_lost_or_comes_back_whenever_the_server_is_killed() {
    for engine in engines() {
        let installation = Installation::new(engine).with_known_secret();
        let mut server = installation.start();
        let admin = server.set_up();
        let oracle = Oracle::default();
        let random = RandomState::new();
        let mut longest = Duration::ZERO;
        for kill in 0..kills() {
            let address = server.address;
            let enough = oracle.acknowledged.load(Ordering::Relaxed) + random.hash_one(kill) % 40;
            thread::scope(|scope| {
                for _ in 0..WRITERS {
                    scope.spawn(|| oracle.write(address, &admin));
                }
                while oracle.acknowledged.load(Ordering::Relaxed) < enough {
                    thread::yield_now();
                }
                server.signal("KILL");
                server.ended();
            });
            let dead = Instant::now();
            server = installation.start();
            assert_eq!(get("/healthz").send(server.address).status, 200);
            longest = longest.max(dead.elapsed());
            oracle.check(&installation);
        }
        drop(server);
        let ran = installation.run(&["audit", "verify"], "");
        assert!(ran.status.success(), "{ran:?}");
        println!(
            "{engine:?}: {} kills, {} acknowledged writes, 0 lost, 0 came back, 0 refused starts, {} ms the longest until the next answer",
            kills(),
            oracle.acknowledged.load(Ordering::Relaxed),
            longest.as_millis()
        );
    }
}
