//! `GET /protected` while 32 connections hammer `POST /login`, beside the same without them; logins beside the bare hash;
//! memory before, during and after.

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
use std::thread;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use doorward::password::{Argon2idParams, KdfMemory, Password, PasswordHash};
use measurement::connection::{Connection, get, login, token};
use measurement::load::{self, Answers};
use measurement::machine::{self, MachineTime};
use measurement::process::{self, Memory};
use measurement::server::Server;
use measurement::statistics::{median, pairwise, percentile, spread};

const STORM_CONNECTIONS: usize = 32;
const LOGIN_CONNECTIONS: usize = 8;
/// How long the storm blows in one round.
const STORM: Duration = Duration::from_secs(10);
const QUIET: Duration = Duration::from_secs(2);
const SHARE_ROUND: Duration = Duration::from_secs(2);
const SHARE_ROUNDS: usize = 6;
/// Requests a second of the probe that waits between two.
const PACE: u32 = 750;

const P99_GOAL: f64 = 3.0;
const SHARE_GOAL: f64 = 0.95;
const IDLE_GOAL_MB: f64 = 25.0;
const KEPT_GOAL_MB: f64 = 24.0;
/// Default Argon2id: 19,456 KiB.
const HASH_MB: f64 = 19_456.0 * 1024.0 / 1e6;

/// Latencies of one probe, in milliseconds, by round.
#[derive(Default)]
struct Probe {
    median: Vec<f64>,
    p99: Vec<f64>,
    rate: Vec<f64>,
}

impl Probe {
    fn add(&mut self, (millis, seconds): (Vec<f64>, f64)) {
        self.median.push(median(&millis));
        self.p99.push(percentile(&millis, 0.99));
        self.rate.push(millis.len() as f64 / seconds);
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one measurement after the other, in the order of the table"
)]
fn main() {
    if !measurement::is_asked_for() {
        return;
    }
    let rounds = measurement::count_or(4);
    let folder = tempfile::tempdir().unwrap();
    // The first start makes the accounts; the memory of those hashes is not what an idle server has.
    drop(Server::doorward(folder.path(), &["serve", "--demo"], &[]));
    let server = Server::doorward(folder.path(), &["serve", "--demo"], &[]);
    let address = server.address;
    thread::sleep(Duration::from_secs(1));
    let idle = Memory::of(&server.pid());
    let request = get("/protected", Some(&token(address, "alice", "alice123")));
    // Right and wrong by turns.
    let logins = [login("alice", "alice123"), login("alice", "alice1234")];

    let [mut quiet_paced, mut quiet_closed, mut paced, mut closed] = <[Probe; 4]>::default();
    let mut storms: Vec<Answers> = Vec::new();
    let mut during: Vec<f64> = Vec::new();
    let mut noise: Vec<f64> = Vec::new();
    let mut after = idle;
    for round in 0..rounds {
        quiet_paced.add(probe(address, &request, QUIET, Some(PACE)));
        quiet_closed.add(probe(address, &request, QUIET, None));
        let storm = {
            let logins = logins.clone();
            thread::spawn(move || load::run(address, STORM_CONNECTIONS, STORM, &logins))
        };
        // Every connection has its first login in flight.
        thread::sleep(Duration::from_millis(500));
        let machine = MachineTime::now();
        let cpu = server.cpu_seconds() + process::cpu_seconds("self");
        paced.add(probe(address, &request, STORM * 2 / 5, Some(PACE)));
        during.push(Memory::of(&server.pid()).resident);
        closed.add(probe(address, &request, STORM * 2 / 5, None));
        let used = server.cpu_seconds() + process::cpu_seconds("self") - cpu;
        noise.push(MachineTime::now().others_since(machine, used) * 100.0);
        storms.push(storm.join().unwrap());
        if round == 0 {
            after = Memory::of(&server.pid());
        }
    }
    let share = HashShare::measure(&server, &logins[..1]);
    thread::sleep(Duration::from_secs(10));
    let later = Memory::of(&server.pid());

    println!("{}", machine::describe());
    println!("{rounds} rounds of quiet and storm in turn; median of the rounds (min–max)\n");
    println!("| GET /protected, one connection | p50 ms | p99 ms | requests/s |");
    println!("|---|---|---|---|");
    for (name, probe) in [
        ("quiet, 750/s", &quiet_paced),
        ("storm, 750/s", &paced),
        ("quiet, one after the other", &quiet_closed),
        ("storm, one after the other", &closed),
    ] {
        println!(
            "| {name} | {} | {} | {} |",
            spread(&probe.median, 2),
            spread(&probe.p99, 2),
            spread(&probe.rate, 0)
        );
    }
    let of_storms = |figure: fn(&Answers) -> f64| storms.iter().map(figure).collect::<Vec<_>>();
    println!(
        "\n| the storm: {STORM_CONNECTIONS} connections, right and wrong passwords by turns | per second |"
    );
    println!("|---|---|");
    println!("| logins | {} |", spread(&of_storms(Answers::rate), 1));
    println!(
        "| refusals, each one hash too | {} |",
        spread(&of_storms(|s| s.refused as f64 / s.seconds), 1)
    );
    println!(
        "| 503 | {} |",
        spread(&of_storms(|s| s.busy as f64 / s.seconds), 1)
    );
    println!(
        "| anything else | {} |",
        spread(&of_storms(|s| s.bad as f64 / s.seconds), 1)
    );
    println!(
        "| used by others, % of the machine | {} |",
        spread(&noise, 0)
    );
    share.print();
    let kept = machine::cores() as f64 * HASH_MB + KEPT_GOAL_MB;
    println!("\n| memory, MB | resident | highest |");
    println!("|---|---|---|");
    println!("| idle | {:.1} | {:.1} |", idle.resident, idle.highest);
    println!("| during the storms | {} | |", spread(&during, 1));
    println!(
        "| after 10 s of storm | {:.1} | {:.1} |",
        after.resident, after.highest
    );
    println!(
        "| 10 s after everything | {:.1} | {:.1} |",
        later.resident, later.highest
    );
    println!("\n| | figure | goal |");
    println!("|---|---|---|");
    let p99 = |storm: &Probe, quiet: &Probe| median(&pairwise(&storm.p99, &quiet.p99));
    at_most(
        "p99 in the storm ÷ quiet, 750/s",
        p99(&paced, &quiet_paced),
        P99_GOAL,
    );
    at_most(
        "p99 in the storm ÷ quiet, one after the other",
        p99(&closed, &quiet_closed),
        P99_GOAL,
    );
    let by_cpu = median(&share.by_cpu());
    let verdict = if by_cpu >= SHARE_GOAL {
        "met"
    } else {
        "missed"
    };
    println!("| logins ÷ bare hash, by CPU time | {by_cpu:.2} | ≥ {SHARE_GOAL}: {verdict} |");
    at_most("MB resident, idle", idle.resident, IDLE_GOAL_MB);
    at_most(
        "MB more than idle after 10 s of storm",
        after.resident - idle.resident,
        kept,
    );
    at_most(
        "MB more than idle, the highest ever",
        later.highest - idle.resident,
        kept,
    );
}

fn at_most(what: &str, figure: f64, limit: f64) {
    let verdict = if figure <= limit { "met" } else { "missed" };
    println!("| {what} | {figure:.2} | ≤ {limit:.1}: {verdict} |");
}

/// Milliseconds of each request, one at a time, and how many seconds all took. `pace` is how many are begun in a second
/// at most.
fn probe(
    address: SocketAddr,
    request: &[u8],
    time: Duration,
    pace: Option<u32>,
) -> (Vec<f64>, f64) {
    let mut connection = Connection::open(address);
    let begin = Instant::now();
    let mut next = begin;
    let mut millis = Vec::new();
    while begin.elapsed() < time {
        if let Some(pace) = pace {
            next += Duration::from_secs(1) / pace;
            thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        let sent = Instant::now();
        assert_eq!(connection.exchange(request), 200);
        millis.push(sent.elapsed().as_secs_f64() * 1e3);
    }
    (millis, begin.elapsed().as_secs_f64())
}

/// What the logins of the server and the bare hash in this process cost, in turn.
struct HashShare {
    login_rate: Vec<f64>,
    login_cpu_millis: Vec<f64>,
    hash_rate: Vec<f64>,
    hash_cpu_millis: Vec<f64>,
    wiped_rate: Vec<f64>,
    wiped_cpu_millis: Vec<f64>,
}

impl HashShare {
    fn measure(server: &Server, logins: &[Vec<u8>]) -> Self {
        let mut share = Self {
            login_rate: Vec::new(),
            login_cpu_millis: Vec::new(),
            hash_rate: Vec::new(),
            hash_cpu_millis: Vec::new(),
            wiped_rate: Vec::new(),
            wiped_cpu_millis: Vec::new(),
        };
        for _ in 0..SHARE_ROUNDS {
            let cpu = server.cpu_seconds();
            let answers = load::run(server.address, LOGIN_CONNECTIONS, SHARE_ROUND, logins);
            assert_eq!(answers.refused + answers.bad, 0, "{answers:?}");
            share.login_rate.push(answers.rate());
            let millis = (server.cpu_seconds() - cpu) * 1e3;
            share.login_cpu_millis.push(millis / answers.good as f64);
            let (rate, millis) = hashes(bare_hash);
            share.hash_rate.push(rate);
            share.hash_cpu_millis.push(millis);
            let (rate, millis) = hashes(wiped_hash);
            share.wiped_rate.push(rate);
            share.wiped_cpu_millis.push(millis);
        }
        share
    }

    fn by_cpu(&self) -> Vec<f64> {
        pairwise(&self.hash_cpu_millis, &self.login_cpu_millis)
    }

    fn print(&self) {
        println!("\n| {SHARE_ROUNDS} rounds of 2 s in turn | per second | CPU ms each |");
        println!("|---|---|---|");
        println!(
            "| logins, {LOGIN_CONNECTIONS} connections | {} | {} |",
            spread(&self.login_rate, 1),
            spread(&self.login_cpu_millis, 2)
        );
        println!(
            "| bare `argon2` with memory reused, a thread per core | {} | {} |",
            spread(&self.hash_rate, 1),
            spread(&self.hash_cpu_millis, 2)
        );
        println!(
            "| the same, memory wiped after each hash | {} | {} |",
            spread(&self.wiped_rate, 1),
            spread(&self.wiped_cpu_millis, 2)
        );
        println!(
            "| logins ÷ bare | {} | {} |",
            spread(&pairwise(&self.login_rate, &self.hash_rate), 2),
            spread(&self.by_cpu(), 2)
        );
    }
}

/// Hashes a second of all cores in `SHARE_ROUND`, and CPU milliseconds of each. `maker` makes what one thread repeats.
fn hashes<F: FnMut() + 'static>(maker: fn() -> F) -> (f64, f64) {
    let cpu = process::cpu_seconds("self");
    let begin = Instant::now();
    let threads: Vec<_> = (0..machine::cores())
        .map(|_| {
            thread::spawn(move || {
                let mut hash = maker();
                let mut hashes = 0_u32;
                while begin.elapsed() < SHARE_ROUND {
                    hash();
                    hashes += 1;
                }
                f64::from(hashes)
            })
        })
        .collect();
    let hashes: f64 = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum();
    let seconds = begin.elapsed().as_secs_f64();
    let millis = (process::cpu_seconds("self") - cpu) * 1e3;
    (hashes / seconds, millis / hashes)
}

/// The `argon2` crate alone, with the default parameters.
fn bare_hash() -> impl FnMut() {
    let params = Params::new(19_456, 2, 1, None).unwrap();
    let mut memory = vec![Block::new(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    move || {
        let mut tag = [0; 32];
        argon2
            .hash_password_into_with_memory(b"alice123", &[7; 16], &mut tag, memory.as_mut_slice())
            .unwrap();
    }
}

/// What a hash thread of the server does.
fn wiped_hash() -> impl FnMut() {
    let params = Argon2idParams::default();
    let mut memory = KdfMemory::new(params.memory_kib());
    let password = Password::parse("alice123".to_owned()).unwrap();
    move || {
        PasswordHash::compute(&password, &params, [7; 16], &mut memory).unwrap();
    }
}
