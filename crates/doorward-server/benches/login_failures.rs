//! How long failed logins take over HTTP, by the reason of the failure: the time must not tell it.
//!
//! The alternative is the same server without the failure quantum. Samples of all reasons are taken in turn, in rounds
//! that alternate between the two servers. Passwords are wrong unless the reason says otherwise.

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

use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use doorward::clock::Timestamp;
use doorward::password::{Argon2idParams, KdfMemory, Password, PasswordHash};
use doorward::role::Role;
use doorward::store::{Database, DatabaseUrl, Store};
use doorward::username::Username;
use measurement::connection::{Connection, login};
use measurement::machine;
use measurement::server::Server;
use measurement::statistics::{median, percentile, spread};

/// The password of every account.
const RIGHT: &str = "correct horse battery staple";
const WRONG: &str = "incorrect horse battery staple";
/// The largest allowed ratio of two medians.
const GOAL: f64 = 1.1;
const QUANTUM_MS: f64 = 250.0;
/// Samples of each reason in one round.
const ROUND: usize = 20;

/// Name, password and what is behind the name.
const REASONS: [(&str, &str, &str); 6] = [
    ("nobody", WRONG, "unknown name"),
    ("argon2id", WRONG, "wrong password, Argon2id"),
    ("scrypt", WRONG, "wrong password, Werkzeug scrypt:32768:8:1"),
    (
        "pbkdf2_600k",
        WRONG,
        "wrong password, Werkzeug pbkdf2:sha256:600000",
    ),
    (
        "pbkdf2_1m",
        WRONG,
        "wrong password, Werkzeug pbkdf2:sha256:1000000",
    ),
    ("disabled", RIGHT, "disabled account, right password"),
];

/// Hashes of `RIGHT` that Werkzeug 3.1.9 made; `None` is one of our own.
const HASHES: [(&str, Option<&str>); 5] = [
    ("argon2id", None),
    (
        "scrypt",
        Some(
            "scrypt:32768:8:1$gT6O0AyhNKnrQKDk$1005f196f05d1433572bb0148b3202b5da2ed671d2f991a189241e33b9525591de0d6306d284c2e54ec6fc4e1e6f6e30a54926e0a61dc1eefc31f469c7e9aae1",
        ),
    ),
    (
        "pbkdf2_600k",
        Some(
            "pbkdf2:sha256:600000$FUWOCLALYSVGtaVm$9193ff4066ce1166d8eb4a0b1252ba426c5767c791fca8a9f76f3fdbae89e183",
        ),
    ),
    (
        "pbkdf2_1m",
        Some(
            "pbkdf2:sha256:1000000$en6MJdO0MhboyIU3$8932277f79bd12d38808402a1050edcd0a4e91c6ae1d8a19023e1b5a17ab2da5",
        ),
    ),
    ("disabled", None),
];

/// Milliseconds, by reason.
type Samples = [Vec<f64>; REASONS.len()];

fn main() {
    if !measurement::is_asked_for() {
        return;
    }
    let wanted = measurement::count_or(200);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let servers = [("250ms", &folders[0]), ("0s", &folders[1])].map(|(quantum, folder)| {
        add_accounts(folder.path());
        Server::doorward(
            folder.path(),
            &["serve"],
            &[
                ("DOORWARD_LOGIN_FAILURE_QUANTUM", quantum),
                ("DOORWARD_THROTTLE_ENABLED", "false"),
                // Whether others make the machine slow must not make a failure look like a full queue.
                ("DOORWARD_HASH_QUEUE_DEADLINE", "10s"),
            ],
        )
    });
    let mut with_quantum = Samples::default();
    let mut without = Samples::default();
    let rounds = wanted.div_ceil(ROUND);
    for _ in 0..rounds {
        // Most of a quantum is waiting, so three clients share it; without it two are all that two cores can carry.
        sample(servers[0].address, 3, &mut with_quantum);
        sample(servers[1].address, 2, &mut without);
    }
    report(&with_quantum, &without);
}

/// The accounts, in the database that the server will open.
fn add_accounts(folder: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let url = DatabaseUrl::Sqlite(folder.join("data/doorward.db"));
        let database = Database::connect(&url, 1).await.unwrap();
        database.migrate().await.unwrap();
        let store = Store::new(database.clone());
        let now = Timestamp::from_seconds(1_700_000_000);
        let ours = PasswordHash::compute(
            &Password::parse(RIGHT.to_owned()).unwrap(),
            &Argon2idParams::default(),
            [7; 16],
            &mut KdfMemory::new(0),
        )
        .unwrap();
        for (name, hash) in HASHES {
            let hash = hash.map_or_else(|| ours.clone(), |hash| PasswordHash::parse(hash).unwrap());
            let user = store
                .add_user(
                    &Username::parse(name).unwrap(),
                    &hash,
                    &Role::parse_assignable(Role::USER).unwrap(),
                    now,
                )
                .await
                .unwrap();
            if name == "disabled" {
                store.disable_user(user.id, now).await.unwrap();
            }
        }
        database.close().await;
    });
}

/// One round: `ROUND` samples of each reason, by `clients` at once, which begin at different times within a quantum
/// and at different reasons.
fn sample(address: SocketAddr, clients: usize, samples: &mut Samples) {
    let clients: Vec<_> = (0..clients)
        .map(|client| {
            let first = client * REASONS.len() / clients;
            let delay = Duration::from_millis(QUANTUM_MS as u64) * client as u32 / clients as u32;
            let turns = (ROUND + clients - 1 - client) / clients;
            thread::spawn(move || {
                thread::sleep(delay);
                ask(address, first, turns)
            })
        })
        .collect();
    for client in clients {
        for (all, one) in samples.iter_mut().zip(client.join().unwrap()) {
            all.extend(one);
        }
    }
}

fn ask(address: SocketAddr, first: usize, turns: usize) -> Samples {
    let mut connection = Connection::open(address);
    let mut samples = Samples::default();
    for turn in 0..turns {
        for place in 0..REASONS.len() {
            // Another order each time, so that no reason always follows the same one.
            let reason = (first + place * [1, 5][turn % 2]) % REASONS.len();
            let (name, password, _) = REASONS[reason];
            let request = login(name, password);
            let begin = Instant::now();
            let status = connection.exchange(&request);
            samples[reason].push(begin.elapsed().as_secs_f64() * 1e3);
            assert_eq!(status, 401, "{name}: {}", connection.answer());
        }
    }
    samples
}

fn report(with_quantum: &Samples, without: &Samples) {
    println!("{}", machine::describe());
    println!(
        "{} samples of each reason, taken in turn; milliseconds, median (min–max)\n",
        with_quantum[0].len()
    );
    println!(
        "| reason of the failure | with the quantum of 250 ms | 95th percentile | later than one quantum, % | without a quantum |"
    );
    println!("|---|---|---|---|---|");
    for (reason, (_, _, text)) in REASONS.iter().enumerate() {
        let samples = &with_quantum[reason];
        // A timer is never early, and on a busy machine some milliseconds late.
        let late = samples.iter().filter(|ms| **ms > 1.5 * QUANTUM_MS).count();
        println!(
            "| {text} | {} | {:.1} | {:.0} | {} |",
            spread(samples, 1),
            percentile(samples, 0.95),
            100.0 * late as f64 / samples.len() as f64,
            spread(&without[reason], 1)
        );
    }
    let [ours, alternative] = [with_quantum, without].map(largest_ratio);
    let verdict = if ours <= GOAL { "met" } else { "missed" };
    println!("\n| largest ratio of two medians | with the quantum | without |");
    println!("|---|---|---|");
    println!("| goal ≤ {GOAL}: {verdict} | {ours:.3} | {alternative:.1} |");
}

fn largest_ratio(samples: &Samples) -> f64 {
    let medians: Vec<f64> = samples.iter().map(|of_one| median(of_one)).collect();
    percentile(&medians, 1.0) / percentile(&medians, 0.0)
}
