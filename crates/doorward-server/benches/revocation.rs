//! What revocation costs and how fast it is: `GET /auth/me` with a token while a million revoked sessions are on record,
//! beside the same server without any; and the time from a logout at one node until another node refuses the token.
//!
//! 64 kept-alive connections from one thread of this process. Each round measures both servers in turn, forwards and
//! backwards by turns, for two seconds each; ratios are of the same round. A server reads the rows of its first minute
//! again and again, because one may become visible late; it is measured after that minute.

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
    reason = "a benchmark may stop at the first surprise, counts in floating point, and waits"
)]

mod measurement;

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use doorward::store::{Database, DatabaseUrl, Sql};
use measurement::connection::{Connection, get, login, register};
use measurement::load;
use measurement::machine;
use measurement::server::Server;
use measurement::statistics::{median, pairwise, percentile, spread};

const SECRET: &str = "a key for the benchmark, no secret, long enough";
const PASSWORD: &str = "correct horse battery staple";
const CONNECTIONS: usize = 64;
const ROUND: Duration = Duration::from_secs(2);
const REVOKED: i64 = 1_000_000;
const GOAL: f64 = 0.95;
const STALENESS_MS: f64 = 2_000.0;
const ADD: Sql = Sql::both(
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < ?) \
     INSERT INTO revocations (session_id, expires_at_ms) SELECT randomblob(16), 4102444800000 FROM n",
);

fn main() {
    if !measurement::is_asked_for() {
        return;
    }
    let rounds = measurement::count_or(9);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let servers = folders.each_ref().map(|folder| {
        migrate(folder.path(), 0);
        start(folder.path())
    });
    let tokens = servers.each_ref().map(|server| {
        let mut connection = Connection::open(server.address);
        assert_eq!(connection.exchange(&register("una", PASSWORD)), 201);
        measurement::connection::token(server.address, "una", PASSWORD)
    });
    drop(servers);
    migrate(folders[0].path(), REVOKED);
    let begin = Instant::now();
    let many = start(folders[0].path());
    let started = begin.elapsed();
    let none = start(folders[1].path());
    let delays = delays(folders[1].path(), rounds * 3);
    // The rows of the first minute are settled then.
    thread::sleep(Duration::from_secs(65).saturating_sub(begin.elapsed()));
    let servers = [
        (&many, get("/auth/me", Some(&tokens[0]))),
        (&none, get("/auth/me", Some(&tokens[1]))),
    ];
    let mut rates = [Vec::new(), Vec::new()];
    for round in 0..=rounds {
        let mut order = [0, 1];
        if round % 2 == 1 {
            order.reverse();
        }
        for place in order {
            let (server, request) = &servers[place];
            let answers = load::run(
                server.address,
                CONNECTIONS,
                ROUND,
                std::slice::from_ref(request),
            );
            assert_eq!(answers.refused + answers.busy + answers.bad, 0);
            // The first is to warm up.
            if round > 0 {
                rates[place].push(answers.rate());
            }
        }
    }
    report(&rates, &delays, started, rounds);
}

fn start(folder: &Path) -> Server {
    Server::doorward(
        folder,
        &["serve"],
        &[
            ("DOORWARD_SECRET_KEY", SECRET),
            ("DOORWARD_THROTTLE_ENABLED", "false"),
        ],
    )
}

fn migrate(folder: &Path, revoked: i64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let url = DatabaseUrl::Sqlite(folder.join("data/doorward.db"));
        let database = Database::connect(&url, 1).await.unwrap();
        database.migrate().await.unwrap();
        if revoked > 0 {
            database.execute(ADD, &[revoked.into()]).await.unwrap();
        }
        database.close().await;
    });
}

/// Milliseconds from the answer to a logout at one node until another one refuses the token, asked without a pause.
fn delays(folder: &Path, count: usize) -> Vec<f64> {
    let nodes = [start(folder), start(folder)];
    let mut connections = nodes.each_ref().map(|node| Connection::open(node.address));
    let mut delays = Vec::new();
    for number in 0..count {
        assert_eq!(connections[0].exchange(&login("una", PASSWORD)), 200);
        let body: serde_json::Value =
            serde_json::from_str(connections[0].answer().split("\r\n\r\n").last().unwrap())
                .unwrap();
        let token = body["token"].as_str().unwrap().to_owned();
        let look = get("/auth/me", Some(&token));
        assert_eq!(connections[1].exchange(&look), 200);
        // Spread over the other node's interval of asking.
        thread::sleep(Duration::from_millis(137 * (number as u64 % 7)));
        let logout = format!(
            "POST /auth/logout HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nContent-Length: 0\r\n\r\n"
        );
        assert_eq!(connections[0].exchange(logout.as_bytes()), 204);
        let begin = Instant::now();
        while connections[1].exchange(&look) == 200 {}
        delays.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    delays
}

fn report(rates: &[Vec<f64>; 2], delays: &[f64], started: Duration, rounds: usize) {
    println!("{}", machine::describe());
    println!("{CONNECTIONS} connections, {rounds} rounds of 2 s; median (min–max)\n");
    println!("| `/auth/me` with | requests/s |");
    println!("|---|---|");
    println!(
        "| {REVOKED} revoked sessions on record | {} |",
        spread(&rates[0], 0)
    );
    println!("| none | {} |", spread(&rates[1], 0));
    let ratio = pairwise(&rates[0], &rates[1]);
    let verdict = if median(&ratio) >= GOAL {
        "met"
    } else {
        "missed"
    };
    println!("\n| a million revoked ÷ none, by requests/s | goal |");
    println!("|---|---|");
    println!("| {} | ≥ {GOAL}: {verdict} |", spread(&ratio, 2));
    let most = percentile(delays, 1.0);
    let verdict = if most <= STALENESS_MS {
        "met"
    } else {
        "missed"
    };
    println!(
        "\n| from a logout at one node until another refuses the token, ms | the longest of {} | goal |",
        delays.len()
    );
    println!("|---|---|---|");
    println!(
        "| {} | {most:.0} | ≤ {STALENESS_MS:.0}: {verdict} |",
        spread(delays, 0)
    );
    println!(
        "\nWith the million on record the server answers {:.1} s after its start.",
        started.as_secs_f64()
    );
}
