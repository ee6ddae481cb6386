//! The same jobs done by what else one could pick: the lecture's routes in Flask under gunicorn, `FastAPI` with fastapi-users
//! under uvicorn, Express with jsonwebtoken, Better Auth; bare axum is the limit.
//!
//! All servers run at once and are asked in turn, round by round; ratios are of the same round. `DOORWARD_PEERS` names a folder
//! with `bin/python` and `node_modules`, which `scripts/bench` makes from `benches/peers`.

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
#[path = "peers/servers.rs"]
mod servers;

use std::time::{Duration, Instant};

use measurement::connection::Connection;
use measurement::mariadb::{self, FreshDatabase};
use measurement::process::{self, Memory};
use measurement::statistics::{median, pairwise, percentile, spread};
use measurement::{bare_axum, load, machine, refresh};
use servers::{Peer, peers};

const ROUND: Duration = Duration::from_secs(2);

/// What is asked, over how many connections.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Job {
    Hello(usize),
    Protected(usize),
    Login,
    Register,
    Refresh,
    Basic,
    Introspect,
    Users,
}

impl Job {
    const ALL: [Self; 10] = [
        Self::Hello(64),
        Self::Hello(1),
        Self::Protected(64),
        Self::Protected(1),
        Self::Login,
        Self::Register,
        Self::Refresh,
        Self::Basic,
        Self::Introspect,
        Self::Users,
    ];

    fn title(self) -> String {
        match self {
            Self::Hello(1) => "one line of JSON, 1 connection".to_owned(),
            Self::Hello(n) => format!("one line of JSON, {n} connections"),
            Self::Protected(1) => "protected route, 1 connection".to_owned(),
            Self::Protected(n) => format!("protected route, {n} connections"),
            Self::Login => "login, 8 connections".to_owned(),
            Self::Register => "registration, 1 connection".to_owned(),
            Self::Refresh => "refresh, 8 sessions".to_owned(),
            Self::Basic => "name and password in each request, 64 connections".to_owned(),
            Self::Introspect => "introspection, 64 connections".to_owned(),
            Self::Users => "a page of 100 users, 64 connections".to_owned(),
        }
    }
}

/// Rates of one job: for each peer, one in each round.
type Rates = Vec<Vec<f64>>;

/// Answers a second; NaN for what a peer does not do.
fn rate(peer: &mut Peer, job: Job) -> f64 {
    let many = |connections, request: Option<&Vec<u8>>| {
        request.map_or(f64::NAN, |request| {
            let requests = std::slice::from_ref(request);
            let answers = load::run(peer.server.address, connections, ROUND, requests);
            assert_eq!(
                answers.refused + answers.busy + answers.bad,
                0,
                "{}, {}",
                peer.name,
                job.title()
            );
            answers.rate()
        })
    };
    match job {
        Job::Hello(connections) => many(connections, Some(&peer.hello)),
        Job::Protected(connections) => many(connections, peer.protected.as_ref()),
        Job::Login => many(8, peer.login.as_ref()),
        Job::Register => registrations(peer),
        Job::Refresh if peer.refreshes => {
            let login = peer.login.as_ref().unwrap();
            refresh::rate(peer.server.address, login, 8, ROUND)
        }
        Job::Refresh => f64::NAN,
        Job::Basic => many(64, peer.basic.as_ref()),
        Job::Introspect => many(64, peer.introspect.as_ref()),
        Job::Users => many(64, peer.users.as_ref()),
    }
}

fn registrations(peer: &mut Peer) -> f64 {
    let Some(register) = peer.register else {
        return f64::NAN;
    };
    let mut connection = Connection::open(peer.server.address);
    let begun = Instant::now();
    let mut done = 0;
    while begun.elapsed() < ROUND {
        peer.registered += 1;
        let status =
            connection.exchange(&register(&format!("user{}@example.org", peer.registered)));
        assert!(matches!(status, 200 | 201), "{} {status}", peer.name);
        done += 1;
    }
    f64::from(done) / begun.elapsed().as_secs_f64()
}

fn resident(peer: &Peer) -> f64 {
    let family = process::family(&peer.server.pid());
    family.iter().map(|pid| Memory::of(pid).resident).sum()
}

fn main() {
    if bare_axum::serve_if_asked() || !measurement::is_asked_for() {
        return;
    }
    let rounds = measurement::count_or(3);
    let folder = tempfile::tempdir().unwrap();
    let database = mariadb::server().map(|server| FreshDatabase::on(&server));
    let mut peers = peers(folder.path(), database.as_ref());
    let idle: Vec<f64> = peers.iter().map(resident).collect();
    let mut rates: Vec<Rates> = vec![vec![Vec::new(); peers.len()]; Job::ALL.len()];
    for round in 0..rounds {
        for (job, rates) in Job::ALL.iter().zip(&mut rates) {
            let mut order: Vec<usize> = (0..peers.len()).collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for at in order {
                rates[at].push(rate(&mut peers[at], *job));
            }
        }
    }
    report(&peers, &rates, &idle, rounds);
}

fn report(peers: &[Peer], rates: &[Rates], idle: &[f64], rounds: usize) {
    println!("{}", machine::describe());
    println!("{rounds} rounds of 2 s for each; answers a second, median (min–max)");
    for (job, rates) in Job::ALL.iter().zip(rates) {
        println!("\n| {} | answers/s | doorward ÷ this |", job.title());
        println!("|---|---|---|");
        for (peer, of) in peers.iter().zip(rates) {
            if of.iter().all(|rate| rate.is_finite()) {
                let ratio = pairwise(&rates[0], of);
                let note = if *job == Job::Login { peer.hash } else { "" };
                println!(
                    "| {}{note} | {} | {} |",
                    peer.name,
                    spread(of, 0),
                    spread(&ratio, 2)
                );
            }
        }
    }
    println!("\n| | ms from start to the first 200 | MB idle | MB after all that |");
    println!("|---|---|---|---|");
    for (peer, idle) in peers.iter().zip(idle) {
        println!(
            "| {} | {} | {idle:.0} | {:.0} |",
            peer.name,
            spread(&peer.starts, 0),
            resident(peer)
        );
    }
    let slowest = |job: Job| {
        let at = Job::ALL.iter().position(|other| *other == job).unwrap();
        let others = peers.iter().zip(&rates[at]).skip(2);
        let ratios = others
            .filter(|(peer, _)| !peer.name.starts_with("**"))
            .map(|(_, of)| median(&pairwise(&rates[at][0], of)))
            .filter(|ratio| ratio.is_finite());
        percentile(&ratios.collect::<Vec<_>>(), 0.0)
    };
    println!(
        "\nNo alternative answers more than 1/{:.1} of doorward's protected requests.",
        slowest(Job::Protected(64))
    );
}
