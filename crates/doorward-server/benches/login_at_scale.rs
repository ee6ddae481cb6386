//! Logins on a server that has a thousand users, a hundred thousand, a million.
//!
//! One server for each on SQLite, asked in turn, round by round; ratios are of the same round.

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
    reason = "a benchmark may stop at the first surprise, counts in floating point, waits, and shows what the alternative is"
)]

mod measurement;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use measurement::connection::{Connection, login, register};
use measurement::server::Server;
use measurement::statistics::{median, pairwise, spread};
use measurement::{load, machine, users};

const SIZES: [usize; 3] = [1_000, 100_000, 1_000_000];
const PASSWORD: &str = "correct horse battery staple";
const ROUND: Duration = Duration::from_secs(3);
const GOAL: f64 = 0.95;

fn main() {
    if !measurement::is_asked_for() {
        return;
    }
    let rounds = measurement::count_or(5);
    let folder = tempfile::tempdir().unwrap();
    let servers = SIZES.map(|size| server(&folder.path().join(size.to_string()), size));
    let mut rates = SIZES.map(|_| Vec::new());
    for round in 0..rounds {
        let mut order: Vec<usize> = (0..SIZES.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for at in order {
            let answers = load::run(servers[at].address, 8, ROUND, &[login("una", PASSWORD)]);
            assert_eq!(
                answers.refused + answers.busy + answers.bad,
                0,
                "{answers:?}"
            );
            rates[at].push(answers.rate());
        }
    }
    println!("{}", machine::describe());
    println!("8 connections, {rounds} rounds of 3 s; median (min–max)\n");
    println!(
        "| users | logins/s | ÷ that with {} users | goal |",
        SIZES[0]
    );
    println!("|---|---|---|---|");
    for (size, of) in SIZES.iter().zip(&rates) {
        let ratio = pairwise(of, &rates[0]);
        let verdict = if median(&ratio) >= GOAL {
            "met"
        } else {
            "missed"
        };
        println!(
            "| {size} | {} | {} | ≥ {GOAL}: {verdict} |",
            spread(of, 1),
            spread(&ratio, 2)
        );
    }
}

/// A server with so many users, and `una`.
fn server(folder: &Path, size: usize) -> Server {
    std::fs::create_dir(folder).unwrap();
    users::write_csv(&folder.join("users.csv"), size);
    users::write_plan(folder);
    for arguments in [
        &["db", "migrate"][..],
        &["adopt", "run", "plan.toml", "--from", "users.csv"],
    ] {
        let ended = Command::new(env!("CARGO_BIN_EXE_doorward"))
            .args(arguments)
            .env_clear()
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(ended.success(), "{arguments:?}");
    }
    let settings = [("DOORWARD_THROTTLE_ENABLED", "false")];
    let server = Server::doorward(folder, &["serve"], &settings);
    let mut connection = Connection::open(server.address);
    assert_eq!(connection.exchange(&register("una", PASSWORD)), 201);
    server
}
