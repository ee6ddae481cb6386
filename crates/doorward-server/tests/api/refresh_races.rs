//! One refresh token sent many times at once, to two nodes over one database, also while they are killed: there is always
//! exactly one successor, and the session goes on (TK-23, TK-24).

use std::{
    collections::{BTreeSet, hash_map::RandomState},
    hash::BuildHasher as _,
    net::SocketAddr,
    sync::{
        Arc, Barrier, RwLock,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::json;

use crate::{
    client::{get, login, post},
    installation::{Engine, Installation, PASSWORD, Server, engines},
    wire::Wire,
};

const ROUNDS: usize = 200;
const AT_ONCE: usize = 16;

fn first_token(server: &Server) -> String {
    let answer = login("una", PASSWORD).send(server.address);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["refresh_token"].as_str().unwrap().to_owned()
}

fn refresh_bytes(refresh_token: &str) -> Vec<u8> {
    post("/auth/refresh", &json!({"refresh_token": refresh_token})).bytes()
}

/// What the database has: how many sessions go on, and the place of the token that counts.
fn going_on(installation: &Installation) -> (i64, i64) {
    installation.with_store(async |store| {
        let sql = doorward::store::Sql::each(
            "SELECT COUNT(*), MAX(generation) FROM login_sessions WHERE ended_at_ms IS NULL",
            "SELECT COUNT(*), CAST(MAX(generation) AS SIGNED) FROM login_sessions WHERE ended_at_ms IS NULL",
        );
        store
            .database()
            .fetch_optional::<(i64, i64)>(sql, &[])
            .await
            .unwrap()
            .unwrap()
    })
}

#[test]
fn of_sixteen_refreshes_at_once_on_two_nodes_all_get_the_same_successor_two_hundred_times() {
    for engine in engines() {
        let installation = Installation::new(engine).with_known_secret();
        let nodes = [installation.start(), installation.start()];
        nodes[0].sign_up("una");
        installation.execute("DELETE FROM login_sessions", &[]);
        let mut token = first_token(&nodes[0]);
        let mut wires: Vec<Wire> = (0..AT_ONCE)
            .map(|n| Wire::open(nodes[n % 2].address).unwrap())
            .collect();
        let mut seen = BTreeSet::from([token.clone()]);
        for round in 0..ROUNDS {
            let together = Barrier::new(AT_ONCE);
            let request = refresh_bytes(&token);
            let successors: BTreeSet<String> = thread::scope(|scope| {
                let tasks: Vec<_> = wires
                    .iter_mut()
                    .map(|wire| {
                        let (together, request) = (&together, &request);
                        scope.spawn(move || {
                            together.wait();
                            wire.send(request).unwrap();
                            let answer = wire.answer(false).unwrap();
                            assert_eq!(answer.status, 200, "round {round}: {answer:?}");
                            answer.json()["refresh_token"].as_str().unwrap().to_owned()
                        })
                    })
                    .collect();
                tasks.into_iter().map(|task| task.join().unwrap()).collect()
            });
            assert_eq!(successors.len(), 1, "round {round}: two live successors");
            token = successors.into_iter().next().unwrap();
            assert!(seen.insert(token.clone()), "round {round}: it came before");
        }
        let rounds = i64::try_from(ROUNDS).unwrap();
        assert_eq!(going_on(&installation), (1, rounds), "{engine:?}");
    }
}

/// A client that goes on with its session whatever happens to the nodes: after no answer it asks another node with the
/// token that it has. Returns how often it got a pair.
fn persistent_client(
    nodes: &[RwLock<SocketAddr>],
    number: usize,
    stop: &AtomicBool,
    mut token: String,
) -> u32 {
    let mut refreshed = 0;
    let mut node = number;
    let mut seen = BTreeSet::new();
    while !stop.load(Ordering::Relaxed) {
        let address = *nodes[node % nodes.len()].read().unwrap();
        let sent = post("/auth/refresh", &json!({"refresh_token": token})).try_send(address);
        match sent {
            Ok(answer) if answer.status == 200 => {
                answer.json()["refresh_token"]
                    .as_str()
                    .unwrap()
                    .clone_into(&mut token);
                assert!(
                    seen.insert(token.clone()),
                    "client {number}: a token came twice"
                );
                refreshed += 1;
            }
            // The node is going, or its database is behind.
            Ok(answer) if answer.status == 503 => node += 1,
            Ok(answer) => panic!("client {number} has lost its session: {answer:?}"),
            Err(_) => node += 1,
        }
    }
    refreshed
}

#[test]
fn no_session_is_lost_while_nodes_are_killed_at_random_moments() {
    for engine in engines() {
        // On SQLite one node serves; a repeat may come late on a busy machine.
        let count = match engine {
            Engine::Sqlite => 1,
            Engine::MySql => 2,
        };
        let installation = Installation::new(engine)
            .with_known_secret()
            .set("DOORWARD_SESSION_REFRESH_GRACE", "1m");
        let mut servers: Vec<Server> = (0..count).map(|_| installation.start()).collect();
        servers[0].sign_up("una");
        installation.execute("DELETE FROM login_sessions", &[]);
        let nodes: Arc<Vec<_>> = Arc::new(servers.iter().map(|s| RwLock::new(s.address)).collect());
        let stop = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..4)
            .map(|number| {
                let (nodes, stop) = (Arc::clone(&nodes), Arc::clone(&stop));
                let token = first_token(&servers[0]);
                thread::spawn(move || persistent_client(&nodes, number, &stop, token))
            })
            .collect();
        let random = RandomState::new();
        let kills = AtomicU32::new(0);
        while kills.fetch_add(1, Ordering::Relaxed) < 20 {
            let kill = kills.load(Ordering::Relaxed);
            // The moment is what is random here; nothing is waited for.
            thread::sleep(Duration::from_millis(random.hash_one(kill) % 250));
            let victim = usize::try_from(kill).unwrap() % count;
            servers[victim].signal("KILL");
            servers[victim].ended();
            servers[victim] = installation.start();
            *nodes[victim].write().unwrap() = servers[victim].address;
        }
        stop.store(true, Ordering::Relaxed);
        let refreshed: Vec<u32> = clients.into_iter().map(|c| c.join().unwrap()).collect();
        assert!(refreshed.iter().all(|count| *count > 0), "{refreshed:?}");
        let (sessions, generation) = going_on(&installation);
        assert_eq!(sessions, 4);
        // Every rotation was told to its client, but for those whose answer was lost to a kill and that the repeat got.
        assert!(generation >= i64::from(*refreshed.iter().max().unwrap()));
        let token = servers[0].token("una", PASSWORD);
        let answer = get("/auth/sessions")
            .bearer(&token)
            .send(servers[0].address);
        assert_eq!(answer.json().as_array().unwrap().len(), 5);
    }
}
