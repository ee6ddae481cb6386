//! What holds by itself: the throttle, sizes, the memory of `Basic`, throughput, connections that are held open.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::measurement::connection::{Connection, get, get_with, login, register, token};
use crate::measurement::flood;
use crate::measurement::load;
use crate::measurement::process;
use crate::measurement::refresh;
use crate::measurement::server::free_port;
use crate::{LOOPBACK, PASSWORD, WRONG, latency, line, start};

/// Counters of hashes, read from the metrics of a server.
struct Hashes {
    metrics: SocketAddr,
}

impl Hashes {
    /// An address for the metrics, which the server is told by `DOORWARD_METRICS_LISTEN`.
    fn new() -> Self {
        Self {
            metrics: (LOOPBACK, free_port()).into(),
        }
    }

    fn address(&self) -> String {
        self.metrics.to_string()
    }

    /// Hashes that were computed so far.
    fn read(&self) -> u64 {
        let mut connection = Connection::open(self.metrics);
        assert_eq!(connection.exchange(&get("/metrics", None)), 200);
        let counted = connection.answer().lines().filter(|line| {
            line.starts_with("doorward_hash_jobs_total")
                && (line.contains("\"hashed\"") || line.contains("\"verified\""))
        });
        counted
            .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
            .sum()
    }
}

/// C6: attempts that the throttle sends away cost no hash.
pub(crate) fn throttled(folder: &Path) {
    const ATTEMPTS: usize = 1000;
    let hashes = Hashes::new();
    let server = start(
        folder,
        &["serve"],
        &[("DOORWARD_METRICS_LISTEN", &hashes.address())],
    );
    let mut connection = Connection::open(server.address);
    while connection.exchange(&login("una", WRONG)) != 429 {}
    let before = hashes.read();
    let mut others = 0;
    for _ in 0..ATTEMPTS {
        if connection.exchange(&login("una", WRONG)) != 429 {
            others += 1;
        }
    }
    let computed = hashes.read() - before;
    line(
        "C6",
        "attempts that are sent away for their number: no hash",
        &format!(
            "{ATTEMPTS} attempts, {others} of them let through when their wait was over, {computed} hashes"
        ),
        computed == others,
    );
}

/// C7: a password of a mebibyte, and ten thousand users whose stored hashes would cost gigabytes.
pub(crate) fn oversized(folder: &Path) {
    const ROWS: usize = 10_000;
    let server = start(folder, &["serve"], &[]);
    let request = login("una", &"x".repeat(1 << 20));
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        let begun = Instant::now();
        assert_eq!(Connection::open(server.address).exchange(&request), 413);
        slowest = slowest.max(begun.elapsed());
    }
    drop(server);
    let mut rows = "username,password\n".to_owned();
    for number in 0..ROWS {
        // 16 GiB each, by Argon2 and by scrypt.
        let hash = match number % 2 {
            0 => "$argon2id$v=19$m=16777216,t=4,p=1$c29tZXNhbHRzb21lc2FsdA$kJ/QyNmMqXCOvbXGYoWXmhdfcqSVgWoYAmSyMBbLRFo".to_owned(),
            _ => format!("scrypt:16777216:8:1$salt${}", "ab".repeat(64)),
        };
        writeln!(rows, "user-{number},\"{hash}\"").unwrap();
    }
    fs::write(folder.join("users.csv"), rows).unwrap();
    let inspect = ["adopt", "inspect", "users.csv", "--plan", "plan.toml"];
    assert_eq!(adopt(folder, &inspect).0, 0);
    let begun = Instant::now();
    let (code, highest) = adopt(
        folder,
        &[
            "adopt",
            "run",
            "plan.toml",
            "--from",
            "users.csv",
            "--rejects",
            "rejects.jsonl",
        ],
    );
    let seconds = begun.elapsed().as_secs_f64();
    let named = fs::read_to_string(folder.join("rejects.jsonl"))
        .unwrap()
        .lines()
        .count();
    let slowest = slowest.as_secs_f64() * 1e3;
    line(
        "C7",
        "a password of 1 MiB: 413 within 50 ms; an import of 10,000 hashes that would cost 16 GiB each: refused and named",
        &format!(
            "slowest of 20: {slowest:.1} ms; {named} rows named in {seconds:.1} s, exit code {code}, at most {highest:.0} MB"
        ),
        slowest <= 50.0 && named == ROWS && code == 3,
    );
}

/// Runs `doorward` and answers its exit code and its largest memory in MB.
fn adopt(folder: &Path, arguments: &[&str]) -> (i32, f64) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_doorward"))
        .args(arguments)
        .env_clear()
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (_, highest) = process::watch(&mut child);
    (child.wait().unwrap().code().unwrap(), highest)
}

/// C8: one client with the right password in each request, as the lecture's fourth program has it.
pub(crate) fn basic(folder: &Path) {
    let hashes = Hashes::new();
    let settings = [("DOORWARD_METRICS_LISTEN", &*hashes.address())];
    let server = start(folder, &["serve", "--demo"], &settings);
    // admin:secret123
    let request = get_with(
        "/protected-basic",
        "Authorization: Basic YWRtaW46c2VjcmV0MTIz",
    );
    assert_eq!(Connection::open(server.address).exchange(&request), 200);
    let before = hashes.read();
    let seen = flood::paced(
        server.address,
        vec![(LOOPBACK, request)],
        200,
        Duration::from_secs(20),
    );
    let computed = hashes.read() - before;
    line(
        "C8",
        "`Basic` 200 times a second by one client: at most one hash while the pair is remembered, p99 ≤ 10 ms",
        &format!("{}, {computed} hashes", latency(&seen)),
        seen.failed() == 0 && computed <= 1 && seen.good(0.99) <= 10.0,
    );
}

/// C9 and C12: logins, refreshes and verifications a second.
pub(crate) fn throughput(folder: &Path) {
    const TIME: Duration = Duration::from_secs(10);
    let server = start(
        folder,
        &["serve"],
        &[("DOORWARD_THROTTLE_ENABLED", "false")],
    );
    let mut connection = Connection::open(server.address);
    assert_eq!(connection.exchange(&register("una", PASSWORD)), 201);
    let logins = load::run(server.address, 8, TIME, &[login("una", PASSWORD)]);
    let refreshes = refresh::rate(server.address, &login("una", PASSWORD), 8, TIME);
    let bearer = token(server.address, "una", PASSWORD);
    let verified = load::run(server.address, 64, TIME, &[get("/auth/me", Some(&bearer))]);
    let [logins, verified] = [logins, verified].map(|answers| {
        assert_eq!(
            answers.refused + answers.busy + answers.bad,
            0,
            "{answers:?}"
        );
        answers.rate()
    });
    line(
        "C9",
        "each second at least 20 logins with Argon2id, 300 refreshes on SQLite that waits for the disk, 5,000 verifications",
        &format!("{logins:.0} logins, {refreshes:.0} refreshes, {verified:.0} verifications"),
        logins >= 20.0 && refreshes >= 300.0 && verified >= 5000.0,
    );
    let cores = crate::machine::cores() as f64;
    line(
        "C12",
        "Keycloak's sizing guide: 15 logins and 120 refreshes a second for each vCPU, 1,250 MB",
        &format!(
            "{:.0} logins (Argon2id, 19 MiB, 2 passes) and {:.0} refreshes for each core, {:.0} MB",
            logins / cores,
            refreshes / cores,
            process::Memory::of(&server.pid()).highest
        ),
        logins / cores >= 15.0 && refreshes / cores >= 120.0,
    );
}

/// C11: 2,000 connections that say nothing and 200 that send a byte of a head now and then.
pub(crate) fn held_open(folder: &Path) {
    const IDLE: usize = 2000;
    const SLOW: usize = 200;
    let server = start(
        folder,
        &["serve"],
        &[("DOORWARD_THROTTLE_ENABLED", "false")],
    );
    let mut connection = Connection::open(server.address);
    assert_eq!(connection.exchange(&register("una", PASSWORD)), 201);
    let bearer = token(server.address, "una", PASSWORD);
    let open = |_| TcpStream::connect(server.address).unwrap();
    let idle: Vec<TcpStream> = (0..IDLE).map(open).collect();
    let slow: Vec<TcpStream> = (0..SLOW).map(open).collect();
    let dripping = thread::spawn(move || {
        let head = b"GET /healthz HTTP/1.1\r\nX-Slow: aaaaaaaaaaaaaaaaaa";
        let mut open = slow.len();
        for byte in head.chunks(1) {
            let sent = slow
                .iter()
                .filter(|&stream| (&*stream).write_all(byte).is_ok());
            open = sent.count();
            thread::sleep(Duration::from_millis(500));
        }
        open
    });
    let clients = vec![(LOOPBACK, get("/auth/me", Some(&bearer))); 10];
    let seen = flood::paced(server.address, clients, 50, Duration::from_secs(20));
    let still_dripping = dripping.join().unwrap();
    drop(idle);
    line(
        "C11",
        "2,000 silent connections and 200 that send a byte now and then: these are closed, and 500 verifications a second as in C2",
        &format!(
            "{}; {still_dripping} of the 200 still open after 24 s",
            latency(&seen)
        ),
        seen.good(0.5) <= 2.0
            && seen.good(0.99) <= 25.0
            && seen.failed() == 0
            && still_dripping == 0,
    );
}
