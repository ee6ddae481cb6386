//! Bulk adoption: a CSV file with ready hashes into SQLite and, where `DOORWARD_TEST_MYSQL_URL` names a server, into
//! MariaDB. Users per second of the whole command, its start and the file's fingerprint included, and its largest
//! resident memory for the file and for a tenth of it: flat memory means that the two are alike.
//!
//! The first number on the command line is how many users.

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
use std::time::Instant;

use measurement::mariadb::{self, FreshDatabase};
use measurement::{machine, process, users};

/// Users per second, and how much more memory ten times the rows may take.
const SQLITE_GOAL: f64 = 50_000.0;
const MARIADB_GOAL: f64 = 10_000.0;
const FLAT: f64 = 1.25;

fn main() {
    if !measurement::is_asked_for() {
        return;
    }
    let count = measurement::count_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let few = folder.path().join("few.csv");
    let many = folder.path().join("many.csv");
    users::write_csv(&few, count / 10);
    users::write_csv(&many, count);
    users::write_plan(folder.path());
    println!("{}", machine::describe());
    println!("{count} users from CSV, names in no order, half scrypt and half PBKDF2 hashes\n");
    println!(
        "| into | users/s | CPU seconds | largest memory, MB | with a tenth of the users, MB | goals |"
    );
    println!("|---|---|---|---|---|---|");
    let mut engines = vec![("SQLite", None, SQLITE_GOAL)];
    if let Some(server) = mariadb::server() {
        engines.push(("MariaDB", Some(server), MARIADB_GOAL));
    }
    for (engine, server, goal) in engines {
        let small = adopt(folder.path(), "few.csv", count / 10, server.as_deref());
        let large = adopt(folder.path(), "many.csv", count, server.as_deref());
        let fast = large.rate >= goal;
        let flat = large.memory <= small.memory * FLAT;
        let word = |met| if met { "met" } else { "missed" };
        println!(
            "| {engine} | {:.0} | {:.1} | {:.0} | {:.0} | ≥ {goal:.0} users/s: {}; flat memory: {} |",
            large.rate,
            large.cpu,
            large.memory,
            small.memory,
            word(fast),
            word(flat)
        );
    }
}

struct Measured {
    rate: f64,
    cpu: f64,
    memory: f64,
}

/// Adopts a file into a fresh database.
fn adopt(folder: &Path, file: &str, users: usize, server: Option<&str>) -> Measured {
    let data = tempfile::tempdir_in(folder).unwrap();
    let database = server.map(FreshDatabase::on);
    let command = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
        command
            .args(arguments)
            .env_clear()
            .current_dir(folder)
            .env("DOORWARD_DATA_DIR", data.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(database) = &database {
            command.env("DOORWARD_DB_URL", database.url());
        }
        command
    };
    assert!(command(&["db", "migrate"]).status().unwrap().success());
    let begin = Instant::now();
    let mut child = command(&["adopt", "run", "plan.toml", "--from", file])
        .spawn()
        .unwrap();
    let (cpu, memory) = process::watch(&mut child);
    let took = begin.elapsed().as_secs_f64();
    assert!(child.wait().unwrap().success());
    Measured {
        rate: users as f64 / took,
        cpu,
        memory,
    }
}
