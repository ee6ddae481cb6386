//! Starts, stops and kills (DB-04).

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use crate::{
    client::{get, login, register},
    installation::{Engine, Installation, PASSWORD, engines, eventually},
    wire::Wire,
};

#[test]
fn a_second_start_keeps_users_tokens_and_the_secret() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let server = installation.start();
        let token = server.sign_up("una");
        let admin = server.set_up();
        server.stop();
        let server = installation.start();
        let profile = get("/profile").bearer(&token).send(server.address);
        assert_eq!(profile.status, 200, "{profile:?}");
        assert_eq!(
            get("/users").bearer(&admin).send(server.address).status,
            200
        );
        server.token("una", PASSWORD);
        assert_eq!(register("una", PASSWORD).send(server.address).status, 409);
    }
}

#[test]
fn another_secret_makes_earlier_tokens_worthless() {
    let installation = Installation::new(Engine::Sqlite).with_known_secret();
    let server = installation.start();
    let token = server.sign_up("una");
    server.stop();
    let other = "5d1c0a4be7f2936884aa1b0cfe3d927743d0e65c1fb8a2947e6d05b3c8f19a20";
    let server = installation.set("DOORWARD_SECRET_KEY", other).start();
    let answer = get("/profile").bearer(&token).send(server.address);
    assert_eq!(
        (answer.status, answer.error()),
        (401, "Invalid token".to_owned())
    );
}

#[test]
fn a_login_in_flight_gets_its_answer_when_the_server_is_told_to_stop() {
    for signal in ["TERM", "INT"] {
        // The wrong password waits for its quantum, so it is in flight for as long as it takes to stop.
        let installation =
            Installation::new(Engine::Sqlite).set("DOORWARD_LOGIN_FAILURE_QUANTUM", "2s");
        let mut server = installation.start();
        server.sign_up("una");
        let mut wire = Wire::open(server.address).unwrap();
        wire.send(&login("una", "wrong password").bytes()).unwrap();
        // Counted means: past the hash, waiting.
        eventually("the failure is counted", || {
            server.log().contains("login_failed")
        });
        server.signal(signal);
        let answer = wire.answer(false).unwrap();
        assert_eq!(answer.status, 401, "{signal}: {answer:?}");
        assert_eq!(server.ended().code(), Some(0), "{signal}");
        assert!(Wire::open(server.address).is_err(), "it still listens");
    }
}

#[test]
fn a_server_that_was_killed_twenty_times_has_lost_no_registration() {
    let installation = Installation::new(Engine::Sqlite).without_throttle();
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let number = Arc::new(AtomicU32::new(0));
    let random = RandomState::new();
    for round in 0..20_u32 {
        let mut server = installation.start();
        let address = server.address;
        let killed = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..2)
            .map(|_| {
                let (acknowledged, number, killed) =
                    (acknowledged.clone(), number.clone(), killed.clone());
                thread::spawn(move || {
                    while !killed.load(Ordering::Relaxed) {
                        let name = format!("user-{}", number.fetch_add(1, Ordering::Relaxed));
                        match register(&name, PASSWORD).try_send(address) {
                            Ok(answer) if answer.status == 201 => {
                                acknowledged.lock().unwrap().push(name);
                            }
                            Ok(answer) => assert_eq!(answer.status, 503, "{answer:?}"),
                            Err(_) => return,
                        }
                    }
                })
            })
            .collect();
        // The moment is what is random here; nothing is waited for.
        thread::sleep(Duration::from_millis(random.hash_one(round) % 250));
        server.signal("KILL");
        killed.store(true, Ordering::Relaxed);
        server.ended();
        for writer in writers {
            writer.join().unwrap();
        }
    }
    let server = installation.start();
    let acknowledged = acknowledged.lock().unwrap();
    assert!(!acknowledged.is_empty());
    for name in acknowledged.iter() {
        let answer = login(name, PASSWORD).send(server.address);
        assert_eq!(answer.status, 200, "{name} is lost: {answer:?}");
    }
    let intact: Option<(String,)> = installation.with_store(async |store| {
        let check = doorward::store::Sql::both("PRAGMA integrity_check");
        store.database().fetch_optional(check, &[]).await.unwrap()
    });
    assert_eq!(intact.unwrap().0, "ok");
}
