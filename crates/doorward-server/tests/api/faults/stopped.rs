//! A MariaDB that is stopped (SIGSTOP) and goes on later. `scripts/chaos` has one of its own for this, since all other tests
//! share theirs; it says which process in `DOORWARD_CHAOS_MARIADB`, and for how many seconds each time in
//! `DOORWARD_CHAOS_STOPS`.

use std::{
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{
    client::{get, login},
    installation::{Engine, Installation, PASSWORD, eventually},
};

fn signal(name: &str, process: &str) {
    let sent = Command::new("kill").args([name, process]).status();
    assert!(sent.unwrap().success());
}

fn threads(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/task"))
        .unwrap()
        .count()
}

#[test]
fn a_stopped_database_delays_no_verification_and_is_used_again_when_it_goes_on() {
    let Ok(process) = std::env::var("DOORWARD_CHAOS_MARIADB") else {
        return;
    };
    let stops = std::env::var("DOORWARD_CHAOS_STOPS").unwrap();
    let (_kept, server) = Installation::new(Engine::MySql)
        .without_throttle()
        .set("DOORWARD_HTTP_REQUEST_TIMEOUT", "5s")
        .start_kept();
    let token = server.sign_up("una");
    let before = threads(server.process());
    for seconds in stops.split(',') {
        let stopped_for = Duration::from_secs(seconds.parse().unwrap());
        let is_over = AtomicBool::new(false);
        let (verified, longest, refused, slowest) = thread::scope(|scope| {
            signal("-STOP", &process);
            let verifying = scope.spawn(|| {
                let (mut count, mut longest) = (0_u64, Duration::ZERO);
                while !is_over.load(Ordering::Relaxed) {
                    let asked = Instant::now();
                    let answer = get("/profile").bearer(&token).send(server.address);
                    assert_eq!(answer.status, 200, "{answer:?}");
                    longest = longest.max(asked.elapsed());
                    count += 1;
                }
                (count, longest)
            });
            let begun = Instant::now();
            let (mut refused, mut slowest) = (0, Duration::ZERO);
            while begun.elapsed() < stopped_for {
                let asked = Instant::now();
                let attempts: Vec<_> = (0..8)
                    .map(|_| scope.spawn(|| login("una", PASSWORD).send(server.address)))
                    .collect();
                // A short stop is over before their deadline.
                thread::sleep(
                    stopped_for
                        .saturating_sub(begun.elapsed())
                        .min(Duration::from_secs(6)),
                );
                if begun.elapsed() >= stopped_for {
                    signal("-CONT", &process);
                }
                for attempt in attempts {
                    let answer = attempt.join().unwrap();
                    assert!([200, 503].contains(&answer.status), "{answer:?}");
                    refused += u32::from(answer.status == 503);
                }
                slowest = slowest.max(asked.elapsed());
            }
            is_over.store(true, Ordering::Relaxed);
            let (verified, longest) = verifying.join().unwrap();
            (verified, longest, refused, slowest)
        });
        let again = Instant::now();
        eventually("logins work again", || {
            login("una", PASSWORD).send(server.address).status == 200
        });
        let recovered = again.elapsed();
        eventually("it is ready", || {
            get("/readyz").send(server.address).status == 200
        });
        let now = threads(server.process());
        assert!(now <= before + 4, "{before} threads became {now}");
        println!(
            "database stopped for {seconds} s: {verified} verifications meanwhile, the longest {} ms; {refused} logins refused, the slowest answer after {} ms; a login {} ms after it went on",
            longest.as_millis(),
            slowest.as_millis(),
            recovered.as_millis()
        );
    }
}
