//! `GET /protected` and `GET /hello/x` through `doorward serve --demo`, beside a bare axum server that verifies the same
//! token with the same verifier and answers the same JSON; a list of one session, which is a token and a row of the database,
//! beside bare axum with sqlx on the same file; and `GET /auth/me` with tokens of ES256 beside those of HS256.
//!
//! 64 kept-alive connections from one thread of this process. Each round measures all of them in turn, forwards and
//! backwards by turns, for two seconds each; ratios are of the same round.

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

use std::time::Duration;

use base64::Engine as _;
use measurement::bare_axum;
use measurement::connection::{Connection, get, register, token};
use measurement::load::{self, Answers};
use measurement::machine::{self, MachineTime};
use measurement::process;
use measurement::server::Server;
use measurement::statistics::{median, pairwise, percentile, quietest_half, spread};

const SECRET: &str = "a key for the benchmark, no secret, long enough";
const CONNECTIONS: usize = 64;
const ROUND: Duration = Duration::from_secs(2);

/// One path of two servers, and how much of the second the first must reach.
const PAIRS: [(&str, Option<f64>); 4] = [
    ("/protected, doorward ÷ bare axum", Some(0.9)),
    ("/hello/x, doorward ÷ bare axum", None),
    ("/auth/sessions, doorward ÷ bare axum with sqlx", Some(1.0)),
    ("/auth/me, ES256 ÷ HS256", Some(0.8)),
];

/// What is measured of one server and one path.
struct Series<'a> {
    name: &'static str,
    server: &'a Server,
    request: Vec<u8>,
    rates: Vec<f64>,
    micros: Vec<f64>,
    noise: Vec<f64>,
    bad: usize,
}

impl<'a> Series<'a> {
    fn new(name: &'static str, server: &'a Server, request: Vec<u8>) -> Self {
        Self {
            name,
            server,
            request,
            rates: Vec::new(),
            micros: Vec::new(),
            noise: Vec::new(),
            bad: 0,
        }
    }

    fn measure(&mut self, time: Duration) -> Answers {
        load::run(
            self.server.address,
            CONNECTIONS,
            time,
            std::slice::from_ref(&self.request),
        )
    }

    fn round(&mut self) {
        let machine = MachineTime::now();
        let (cpu, own) = (self.server.cpu_seconds(), process::cpu_seconds("self"));
        let answers = self.measure(ROUND);
        let used = self.server.cpu_seconds() - cpu;
        let ours = used + process::cpu_seconds("self") - own;
        self.noise
            .push(MachineTime::now().others_since(machine, ours));
        self.rates.push(answers.rate());
        self.micros.push(used * 1e6 / answers.good as f64);
        self.bad += answers.refused + answers.busy + answers.bad;
    }
}

fn main() {
    if bare_axum::serve_if_asked() || !measurement::is_asked_for() {
        return;
    }
    let rounds = measurement::count_or(9);
    let folder = tempfile::tempdir().unwrap();
    let doorward = Server::doorward(
        folder.path(),
        &["serve", "--demo"],
        &[("DOORWARD_SECRET_KEY", SECRET)],
    );
    let alice = token(doorward.address, "alice", "alice123");
    let key_id = key_id(&alice);
    let database = folder.path().join("data/doorward.db");
    let bare = Server::ourselves(
        bare_axum::MODE,
        &[
            (bare_axum::SECRET, SECRET),
            (bare_axum::KEY_ID, key_id.as_str()),
            (bare_axum::DATABASE, database.to_str().unwrap()),
        ],
    );
    let pair = folder.path().join("pair");
    std::fs::create_dir(&pair).unwrap();
    let pairs = Server::doorward(&pair, &["serve"], &[("DOORWARD_TOKEN_ALGORITHM", "ES256")]);
    let mut connection = Connection::open(pairs.address);
    let una = register("una", "correct horse battery staple");
    assert_eq!(connection.exchange(&una), 201);
    let of_pair = token(pairs.address, "una", "correct horse battery staple");
    let (protected, hello) = (get("/protected", Some(&alice)), get("/hello/x", None));
    let mut series = [
        Series::new("/protected, doorward", &doorward, protected.clone()),
        Series::new("/protected, bare axum", &bare, protected),
        Series::new("/hello/x, doorward", &doorward, hello.clone()),
        Series::new("/hello/x, bare axum", &bare, hello),
        Series::new(
            "/auth/sessions, doorward",
            &doorward,
            get("/auth/sessions", Some(&alice)),
        ),
        Series::new(
            "/sessions, bare axum with sqlx",
            &bare,
            get("/sessions", Some(&alice)),
        ),
        Series::new(
            "/auth/me, doorward, ES256",
            &pairs,
            get("/auth/me", Some(&of_pair)),
        ),
        Series::new(
            "/auth/me, doorward, HS256",
            &doorward,
            get("/auth/me", Some(&alice)),
        ),
    ];
    for one in &mut series {
        one.measure(Duration::from_millis(500));
    }
    for round in 0..rounds {
        if round % 2 == 0 {
            series.iter_mut().for_each(Series::round);
        } else {
            series.iter_mut().rev().for_each(Series::round);
        }
    }
    report(&series, rounds);
}

/// The `kid` of a token's header.
fn key_id(token: &str) -> String {
    let header = token.split('.').next().unwrap();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(header)
        .unwrap();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

fn report(series: &[Series<'_>; 8], rounds: usize) {
    println!("{}", machine::describe());
    println!("{CONNECTIONS} connections, {rounds} rounds of 2 s; median (min–max)\n");
    println!("| | requests/s | CPU µs/request | used by others, % | failed |");
    println!("|---|---|---|---|---|");
    for one in series {
        let noise: Vec<f64> = one.noise.iter().map(|share| share * 100.0).collect();
        println!(
            "| {} | {} | {} | {} | {} |",
            one.name,
            spread(&one.rates, 0),
            spread(&one.micros, 1),
            spread(&noise, 0),
            one.bad
        );
    }
    println!(
        "\n| | by requests/s | by CPU time | by CPU time, quietest half of the rounds | goal |"
    );
    println!("|---|---|---|---|---|");
    for ((name, goal), pair) in PAIRS.iter().zip(series.chunks(2)) {
        let (ours, bare) = (&pair[0], &pair[1]);
        let rate = pairwise(&ours.rates, &bare.rates);
        // How many requests we answer in the CPU time in which the other answers one.
        let cpu = pairwise(&bare.micros, &ours.micros);
        let noise: Vec<f64> = ours
            .noise
            .iter()
            .zip(&bare.noise)
            .map(|(a, b)| a.max(*b))
            .collect();
        let quiet = quietest_half(&cpu, &noise);
        let goal = goal.map_or_else(
            || "–".to_owned(),
            |goal| {
                let is_met = median(&quiet) >= goal;
                format!("≥ {goal}: {}", if is_met { "met" } else { "missed" })
            },
        );
        println!(
            "| {name} | {} | {} | {} | {goal} |",
            spread(&rate, 2),
            spread(&cpu, 2),
            spread(&quiet, 2)
        );
    }
    let extra = median(&series[0].micros) - median(&series[1].micros);
    let most = percentile(&series[0].noise, 1.0).max(percentile(&series[1].noise, 1.0));
    println!("\nWhat surrounds the handler costs {extra:.1} CPU µs a request.");
    println!("Others used up to {:.0} % of the machine.", most * 100.0);
}
