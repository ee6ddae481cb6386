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

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use doorward::store::{Database, DatabaseUrl, Sql};
use measurement::machine;

/// Users per second, and how much more memory ten times the rows may take.
const SQLITE_GOAL: f64 = 50_000.0;
const MARIADB_GOAL: f64 = 10_000.0;
const FLAT: f64 = 1.25;

const PLAN: &str = "version = 1\nmode = \"copy\"\n[users]\nid = \"id\"\nusername = \"username\"\npassword = \"password\"\nrole = { column = \"role\" }\n";

/// Two that Werkzeug 3.1.9 made.
const HASHES: [&str; 2] = [
    "scrypt:32768:8:1$gT6O0AyhNKnrQKDk$1005f196f05d1433572bb0148b3202b5da2ed671d2f991a189241e33b9525591de0d6306d284c2e54ec6fc4e1e6f6e30a54926e0a61dc1eefc31f469c7e9aae1",
    "pbkdf2:sha256:600000$FUWOCLALYSVGtaVm$9193ff4066ce1166d8eb4a0b1252ba426c5767c791fca8a9f76f3fdbae89e183",
];

fn main() {
    if !measurement::is_asked_for() {
        return;
    }
    let users = measurement::count_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let few = folder.path().join("few.csv");
    let many = folder.path().join("many.csv");
    write_csv(&few, users / 10);
    write_csv(&many, users);
    fs::write(folder.path().join("plan.toml"), PLAN).unwrap();
    println!("{}", machine::describe());
    println!("{users} users from CSV, names in no order, half scrypt and half PBKDF2 hashes\n");
    println!(
        "| into | users/s | CPU seconds | largest memory, MB | with a tenth of the users, MB | goals |"
    );
    println!("|---|---|---|---|---|---|");
    let mut engines = vec![("SQLite", None, SQLITE_GOAL)];
    match std::env::var("DOORWARD_TEST_MYSQL_URL") {
        Ok(server) => engines.push(("MariaDB", Some(server), MARIADB_GOAL)),
        Err(_) => eprintln!("MariaDB not measured: set DOORWARD_TEST_MYSQL_URL"),
    }
    for (engine, server, goal) in engines {
        let small = adopt(folder.path(), "few.csv", users / 10, server.as_deref());
        let large = adopt(folder.path(), "many.csv", users, server.as_deref());
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
    let url = server.map(fresh_database);
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
        if let Some(url) = &url {
            command.env("DOORWARD_DB_URL", url);
        }
        command
    };
    assert!(command(&["db", "migrate"]).status().unwrap().success());
    let begin = Instant::now();
    let mut child = command(&["adopt", "run", "plan.toml", "--from", file])
        .spawn()
        .unwrap();
    let (cpu, memory) = watch(&mut child);
    let took = begin.elapsed().as_secs_f64();
    assert!(child.wait().unwrap().success());
    if let Some(url) = &url {
        drop_database(url);
    }
    Measured {
        rate: users as f64 / took,
        cpu,
        memory,
    }
}

/// The last figures of a process before its end: CPU seconds and the largest resident memory in MB.
fn watch(child: &mut Child) -> (f64, f64) {
    let status = format!("/proc/{}/status", child.id());
    let stat = format!("/proc/{}/stat", child.id());
    let (mut cpu, mut memory) = (0.0, 0.0);
    while child.try_wait().unwrap().is_none() {
        // A process that has ended is in neither file any more.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let highest = text
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        memory = highest.map_or(memory, |kib| kib * 1024.0 / 1e6);
        let text = fs::read_to_string(&stat).unwrap_or_default();
        if let Some((_, rest)) = text.rsplit_once(')') {
            let fields: Vec<&str> = rest.split_whitespace().collect();
            cpu = (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap())
                / machine::TICKS;
        }
        thread::sleep(Duration::from_millis(10));
    }
    (cpu, memory)
}

/// Names whose order is not that of the numbers.
fn write_csv(path: &Path, users: usize) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    writeln!(file, "id,username,password,role").unwrap();
    for id in 1..=users {
        let scattered = (id as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let hash = HASHES[id % 2];
        let role = if id % 1000 == 0 { "admin" } else { "user" };
        writeln!(file, "{id},{scattered:08x}.{id},{hash},{role}").unwrap();
    }
    file.flush().unwrap();
}

fn fresh_database(server: &str) -> String {
    let url = format!(
        "{}/doorward_bench_{}",
        server.trim_end_matches('/'),
        std::process::id()
    );
    drop_database(&url);
    on_server(&url, "CREATE DATABASE {} CHARACTER SET utf8mb4");
    url
}

fn drop_database(url: &str) {
    on_server(url, "DROP DATABASE IF EXISTS {}");
}

fn on_server(url: &str, statement: &str) {
    let (server, name) = url.rsplit_once('/').unwrap();
    let statement: &'static str = Box::leak(statement.replace("{}", name).into_boxed_str());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let url = DatabaseUrl::parse(&format!("{server}/mysql")).unwrap();
        let database = Database::connect(&url, 1).await.unwrap();
        database.execute(Sql::both(statement), &[]).await.unwrap();
        database.close().await;
    });
}
