//! What a server still does when it is asked for more than it can: 500 logins at once for a minute, beside tokens and sessions;
//! an attack on five users who log in meanwhile; and the limits that hold by themselves.
//!
//! The demands are numbered C1 to C12, as docs/benchmarks.md explains them.

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

mod limits;
#[path = "../measurement/mod.rs"]
mod measurement;

use std::net::Ipv4Addr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use measurement::connection::{Connection, get, login, register, token};
use measurement::flood::{self, Seen};
use measurement::machine;
use measurement::process::Memory;
use measurement::server::Server;
use measurement::statistics::percentile;

const CLIENTS: usize = 500;
const PASSWORD: &str = "correct horse battery staple";
const WRONG: &str = "incorrect horse battery staple";
/// MB (10^6 bytes) of one Argon2id hash with the default parameters.
const HASH_MB: f64 = 19_456.0 * 1024.0 / 1e6;
const LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// One line of the table.
pub(crate) fn line(number: &str, demand: &str, figures: &str, is_met: bool) {
    let verdict = if is_met { "met" } else { "missed" };
    println!("| {number} | {demand} | {figures} | {verdict} |");
}

fn main() {
    if !measurement::is_asked_for() {
        return;
    }
    let seconds = measurement::count_or(60) as u64;
    println!("{}", machine::describe());
    println!("floods of {seconds} s\n");
    println!("| | demand | figures | |");
    println!("|---|---|---|---|");
    let folder = tempfile::tempdir().unwrap();
    flooded(&folder.path().join("flood"), Duration::from_secs(seconds));
    limits::throttled(&folder.path().join("throttled"));
    limits::oversized(&folder.path().join("oversized"));
    limits::basic(&folder.path().join("basic"));
    limits::throughput(&folder.path().join("throughput"));
    attacked(
        &folder.path().join("attacked"),
        Duration::from_secs(seconds),
    );
    limits::held_open(&folder.path().join("held"));
}

/// A server for one part of the measurement.
pub(crate) fn start(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Server {
    std::fs::create_dir_all(folder).unwrap();
    Server::doorward(folder, arguments, settings)
}

/// Asks for tokens and sessions while others flood the server with logins, and looks at memory: C1 to C5.
fn flooded(folder: &Path, time: Duration) {
    const USERS: usize = 20;
    let settings = [("DOORWARD_THROTTLE_ENABLED", "false")];
    let server = start(folder, &["serve"], &settings);
    let mut connection = Connection::open(server.address);
    for number in 0..USERS {
        let request = register(&format!("user-{number}"), PASSWORD);
        assert_eq!(connection.exchange(&request), 201);
    }
    assert_eq!(connection.exchange(&register("una", PASSWORD)), 201);
    let una = token(server.address, "una", PASSWORD);
    drop(server);
    // The memory of those hashes is not what an idle server has.
    let server = start(folder, &["serve"], &settings);
    thread::sleep(Duration::from_secs(1));
    let idle = Memory::of(&server.pid()).resident;

    let address = server.address;
    let logins: Vec<Vec<u8>> = (0..USERS)
        .flat_map(|number| {
            let name = format!("user-{number}");
            let [unknown, other] = [format!("nobody-{number}"), format!("no-{number}")];
            [
                login(&name, PASSWORD),
                login(&unknown, WRONG),
                login(&name, WRONG),
                login(&other, WRONG),
            ]
        })
        .collect();
    let flood = thread::spawn(move || flood::flood(address, CLIENTS, &[LOOPBACK], time, logins));
    let ask = |path: &str, clients: usize, per_second: u32| {
        let clients = vec![(LOOPBACK, get(path, Some(&una))); clients];
        // Within the flood, when each of its clients has its first login in flight.
        let during = time.saturating_sub(Duration::from_secs(2));
        thread::spawn(move || {
            thread::sleep(Duration::from_secs(1));
            flood::paced(address, clients, per_second, during)
        })
    };
    let tokens = ask("/auth/me", 10, 50);
    let sessions = ask("/auth/sessions", 10, 20);
    let [tokens, sessions, logins] = [tokens, sessions, flood].map(|thread| thread.join().unwrap());
    let begun = Instant::now();
    let mut connection = Connection::open(address);
    assert_eq!(connection.exchange(&login("una", PASSWORD)), 200);
    let first_login = begun.elapsed().as_secs_f64();
    let highest = Memory::of(&server.pid()).highest;
    // What the demand gives it.
    thread::sleep(Duration::from_mins(1));
    let later = Memory::of(&server.pid()).resident;
    report(
        &[idle, highest, later],
        &tokens,
        &sessions,
        &logins,
        first_login,
    );
}

fn report(
    [idle, highest, later]: &[f64; 3],
    tokens: &Seen,
    sessions: &Seen,
    logins: &Seen,
    first_login: f64,
) {
    let most = idle + machine::cores() as f64 * HASH_MB + 64.0 * 1.048_576;
    line(
        "C1",
        &format!(
            "memory under {CLIENTS} logins at once: idle + 19.9 MB for each hash thread + 67 MB, and 512 MiB"
        ),
        &format!(
            "idle {idle:.1} MB, highest {highest:.1} MB, allowed {most:.1} MB; {} logins asked for",
            logins.all()
        ),
        *highest <= most && *highest <= 536.9,
    );
    line(
        "C2",
        "meanwhile 500 tokens verified a second: p50 ≤ 2 ms, p99 ≤ 25 ms, no error",
        &latency(tokens),
        tokens.good(0.5) <= 2.0 && tokens.good(0.99) <= 25.0 && tokens.failed() == 0,
    );
    line(
        "C3",
        "meanwhile 200 lists of sessions a second, read from the database: p99 ≤ 50 ms, no error",
        &latency(sessions),
        sessions.good(0.99) <= 50.0 && sessions.failed() == 0,
    );
    let busy = percentile(&logins.of(&[429, 503]), 0.99);
    line(
        "C4",
        "logins of the flood: sent away in p99 ≤ 100 ms, accepted in p99 ≤ 2.5 s",
        &format!(
            "{} sent away, p99 {busy:.0} ms; {} accepted, p99 {:.0} ms; {} wrong passwords refused; {} anything else",
            logins.count(&[429, 503]),
            logins.count(&[200]),
            logins.good(0.99),
            logins.count(&[401]),
            logins.all() - logins.count(&[200, 401, 429, 503]),
        ),
        busy <= 100.0 && logins.good(0.99) <= 2500.0,
    );
    line(
        "C5",
        "after it: a login within 1 s, memory at idle + 20 % within 60 s",
        &format!("{first_login:.3} s; {later:.1} MB, idle {idle:.1} MB"),
        first_login <= 1.0 && *later <= idle * 1.2,
    );
}

/// `p50 … ms, p99 … ms` and how many failed.
pub(crate) fn latency(seen: &Seen) -> String {
    format!(
        "p50 {:.2} ms, p99 {:.2} ms, {} of {} failed",
        seen.good(0.5),
        seen.good(0.99),
        seen.failed(),
        seen.all()
    )
}

/// Five users log in once a second from devices that the server knows, while 50 addresses try their names and others: C10.
fn attacked(folder: &Path, time: Duration) {
    const VICTIMS: usize = 5;
    const SOURCES: u8 = 50;
    let server = start(folder, &["serve"], &[]);
    let mut connection = Connection::open(server.address);
    let victims: Vec<(Ipv4Addr, Vec<u8>)> = (0..VICTIMS)
        .map(|number| {
            let name = format!("user-{number}");
            assert_eq!(connection.exchange(&register(&name, PASSWORD)), 201);
            assert_eq!(connection.exchange(&login(&name, PASSWORD)), 200);
            let device = device_token(connection.answer());
            let body = format!(
                r#"{{"username":"{name}","password":"{PASSWORD}","device_token":"{device}"}}"#
            );
            let source = Ipv4Addr::new(127, 0, 2, number as u8 + 1);
            (source, measurement::connection::post("/login", &body))
        })
        .collect();
    let address = server.address;
    let sources: Vec<Ipv4Addr> = (1..=SOURCES)
        .map(|host| Ipv4Addr::new(127, 0, 1, host))
        .collect();
    let attempts: Vec<Vec<u8>> = (0..VICTIMS)
        .flat_map(|number| {
            [format!("user-{number}"), format!("nobody-{number}")].map(|name| login(&name, WRONG))
        })
        .collect();
    let attack = thread::spawn(move || flood::flood(address, CLIENTS, &sources, time, attempts));
    let own = flood::paced(address, victims, 1, time);
    let attack = attack.join().unwrap();
    let share = own.count(&[200]) as f64 / own.all() as f64;
    line(
        "C10",
        &format!(
            "{CLIENTS} clients at {SOURCES} addresses guess the passwords of {VICTIMS} users: ≥ 95 % of the users' own logins served"
        ),
        &format!(
            "{:.1} % of {}, p99 {:.0} ms; attempts: {} refused, {} sent away, {} anything else",
            share * 100.0,
            own.all(),
            own.good(0.99),
            attack.count(&[401]),
            attack.count(&[429, 503]),
            attack.all() - attack.count(&[401, 429, 503]),
        ),
        share >= 0.95,
    );
}

fn device_token(answer: &str) -> String {
    let mut fields = answer.lines().filter_map(|line| line.split_once(':'));
    let found = fields.find(|(name, _)| name.eq_ignore_ascii_case("doorward-device"));
    found.unwrap().1.trim().to_owned()
}
