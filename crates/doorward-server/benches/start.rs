//! From the start of the process to the first answer with status 200, with a database that exists; idle memory; the size
//! of the binary. Beside it the same of a bare axum server without a database.

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

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use measurement::bare_axum;
use measurement::connection::{Connection, get};
use measurement::machine::{self, MachineTime};
use measurement::process::{Memory, cpu_millis_of_threads};
use measurement::server::Server;
use measurement::statistics::{median, percentile, spread};

const START_GOAL_MS: f64 = 30.0;
const IDLE_GOAL_MB: f64 = 25.0;
const SIZE_GOAL_MB: f64 = 15.0;

/// One program's starts.
#[derive(Default)]
struct Starts {
    millis: Vec<f64>,
    cpu_millis: Vec<f64>,
    resident: Vec<f64>,
}

impl Starts {
    fn add(&mut self, start: impl FnOnce() -> Server, path: &str) {
        let begin = Instant::now();
        let server = start();
        let mut connection = Connection::open(server.address);
        assert_eq!(connection.exchange(&get(path, None)), 200);
        self.millis.push(begin.elapsed().as_secs_f64() * 1e3);
        self.cpu_millis.push(cpu_millis_of_threads(&server.pid()));
        // What a start leaves behind is freed by now, and nothing has been asked.
        thread::sleep(Duration::from_millis(300));
        self.resident.push(Memory::of(&server.pid()).resident);
    }
}

fn main() {
    if bare_axum::serve_if_asked() || !measurement::is_asked_for() {
        return;
    }
    let runs = measurement::count_or(20);
    // Production refuses the demo's database, so each has its own.
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let in_production = || Server::doorward(folders[0].path(), &["serve"], &[]);
    let in_the_demo = || Server::doorward(folders[1].path(), &["serve", "--demo"], &[]);
    let bare = || Server::ourselves(bare_axum::MODE, &[(bare_axum::SECRET, "no secret")]);
    // Makes the databases and the secrets.
    drop((in_production(), in_the_demo()));
    let [mut production, mut demo, mut alternative] = <[Starts; 3]>::default();
    let machine = MachineTime::now();
    for _ in 0..runs {
        production.add(in_production, "/healthz");
        demo.add(in_the_demo, "/hello/x");
        alternative.add(bare, "/hello/x");
    }
    let noise = MachineTime::now().others_since(machine, 0.0);
    println!("{}", machine::describe());
    println!("{runs} starts each, taken in turn; median (min–max)\n");
    println!("| | ms to the first 200 | CPU ms | MB resident, idle |");
    println!("|---|---|---|---|");
    for (name, starts) in [
        ("doorward serve", &production),
        ("doorward serve --demo", &demo),
        ("bare axum, no database", &alternative),
    ] {
        println!(
            "| {name} | {} | {} | {} |",
            spread(&starts.millis, 1),
            spread(&starts.cpu_millis, 1),
            spread(&starts.resident, 1)
        );
    }
    let size = fs::metadata(env!("CARGO_BIN_EXE_doorward")).unwrap().len() as f64 / 1e6;
    println!("\n| | figure | goal |");
    println!("|---|---|---|");
    goal(
        "ms to the first 200, median",
        median(&production.millis),
        START_GOAL_MS,
    );
    goal(
        "ms to the first 200, fastest",
        percentile(&production.millis, 0.0),
        START_GOAL_MS,
    );
    goal(
        "MB resident, idle",
        percentile(&production.resident, 1.0),
        IDLE_GOAL_MB,
    );
    goal("MB of the stripped binary", size, SIZE_GOAL_MB);
    println!(
        "\nCPU time to start ÷ bare axum: {:.1}. The machine was busy for {:.0} % of the time, with all of this and with others.",
        median(&production.cpu_millis) / median(&alternative.cpu_millis),
        noise * 100.0
    );
}

fn goal(what: &str, figure: f64, limit: f64) {
    let verdict = if figure <= limit { "met" } else { "missed" };
    println!("| {what} | {figure:.1} | ≤ {limit}: {verdict} |");
}
