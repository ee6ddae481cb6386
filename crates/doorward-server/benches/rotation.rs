//! Keys that follow each other under load: two nodes over one database, tokens of both shown to three kinds of verifiers as
//! they are made, and the node that makes the keys killed while one of them waits to sign.
//!
//! The times are a hundredth of the defaults, of `doorward` and of the verifiers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    dead_code,
    unused_imports,
    reason = "a benchmark may stop at the first surprise, counts in floating point, waits, and shares its client with the tests"
)]

#[path = "../tests/api/client.rs"]
mod client;
#[path = "../tests/api/contract.rs"]
mod contract;
#[path = "../tests/api/installation.rs"]
mod installation;
mod measurement;
#[path = "../tests/api/programs.rs"]
mod programs;
#[path = "../tests/api/rotation.rs"]
mod rotation;
#[path = "../tests/api/verifiers.rs"]
mod verifiers;
#[path = "../tests/api/wire.rs"]
mod wire;

use std::time::Duration;

use installation::{Engine, Installation};
use measurement::machine;
use rotation::{Course, Outcome};
use verifiers::Caches;

const GOAL: f64 = 1000.0;

fn main() {
    if !measurement::is_asked_for() {
        return;
    }
    let course = Course {
        lead: Duration::from_secs(9),
        token_life: Duration::from_secs(6),
        rotate_after: Duration::from_secs(3),
        caches: Caches {
            pyjwt: Duration::from_secs(3),
            jose: Duration::from_secs(6),
            ours: Duration::from_secs(6),
        },
        pause: Duration::from_millis(3),
        keys: measurement::count_or(8),
    };
    let (engine, database) = match installation::mysql_server() {
        Some(_) => (Engine::MySql, "MariaDB"),
        None => (Engine::Sqlite, "SQLite"),
    };
    match rotation::run(Installation::new(engine), course) {
        Some(outcome) => report(&outcome, database),
        None => println!("Not measured: without Python or without Node."),
    }
}

fn report(outcome: &Outcome, database: &str) {
    let seconds = outcome.took.as_secs_f64();
    let all: usize = outcome.seen.iter().map(|seen| seen.good).sum();
    let refused: usize = outcome
        .seen
        .iter()
        .flat_map(|seen| seen.refused.values())
        .sum();
    println!("{}", machine::describe());
    println!(
        "Two nodes on {database}, {seconds:.0} s, {} keys that signed; {} tokens, {} of them shown once more at half their life\n",
        outcome.keys, outcome.made, outcome.again
    );
    println!("| verifier | good | refused | a second | asked for the keys |");
    println!("|---|---|---|---|---|");
    for seen in &outcome.seen {
        let refused: usize = seen.refused.values().sum();
        let rate = seen.good as f64 / seconds;
        let (name, good, fetches) = (&seen.name, seen.good, seen.fetches);
        println!("| {name} | {good} | {refused} | {rate:.0} | {fetches} times |");
        for (reason, count) in &seen.refused {
            eprintln!("{name} refused {count}: {reason}");
        }
    }
    let rate = all as f64 / seconds;
    let met = |met| if met { "met" } else { "missed" };
    println!("\n| | figure | goal |");
    println!("|---|---|---|");
    println!(
        "| verifications a second | {rate:.0} | ≥ {GOAL:.0}: {} |",
        met(rate >= GOAL)
    );
    println!("| refused | {refused} | 0: {} |", met(refused == 0));
    println!(
        "| from the kill of the node that made a key until that key signed at the other, s | {:.1} | ≤ 9: {} |",
        outcome.completed.as_secs_f64(),
        met(outcome.completed <= Duration::from_secs(9))
    );
}
