//! Whether the time of an answer tells that a name, or an address, is known here: of login, of the request for a reset
//! link, and of registration.
//!
//! Known and unknown are asked for by turns, over one connection, in an order that changes each time: what a request
//! leaves to be done after its answer falls on both alike.

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
    reason = "a benchmark may stop at the first surprise and counts in floating point"
)]

mod measurement;

use std::time::Instant;

use measurement::connection::{Connection, login, post};
use measurement::machine;
use measurement::server::Server;
use measurement::statistics::{median, percentile, spread};

const RIGHT: &str = "correct horse battery staple";
const WRONG: &str = "incorrect horse battery staple";
/// The largest allowed ratio of two medians.
const GOAL: f64 = 1.1;

/// What is asked, of a known and of an unknown one.
#[derive(Clone, Copy)]
enum Question {
    Login,
    LinkByName,
    LinkByAddress,
    Registration,
}

impl Question {
    const ALL: [Self; 4] = [
        Self::Login,
        Self::LinkByName,
        Self::LinkByAddress,
        Self::Registration,
    ];

    /// How many pairs for each that is wanted: a question that is answered in a moment is asked more often.
    fn times(self) -> usize {
        match self {
            Self::Login | Self::Registration => 1,
            Self::LinkByName | Self::LinkByAddress => 20,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Login => "`POST /login`, wrong password",
            Self::LinkByName => "`POST /auth/password/forgot`, by name",
            Self::LinkByAddress => "`POST /auth/password/forgot`, by address",
            Self::Registration => "`POST /register`",
        }
    }

    /// The request, and the status of its answer. Unknown names are all different.
    fn ask(self, known: bool, number: usize) -> (Vec<u8>, u16) {
        let name = if known {
            "una".to_owned()
        } else {
            format!("nobody-{number}")
        };
        match self {
            Self::Login => (login(&name, WRONG), 401),
            Self::LinkByName => {
                let body = format!(r#"{{"username":"{name}"}}"#);
                (post("/auth/password/forgot", &body), 202)
            }
            Self::LinkByAddress => {
                let body = format!(r#"{{"email":"{name}@example.org"}}"#);
                (post("/auth/password/forgot", &body), 202)
            }
            Self::Registration => {
                let body = format!(r#"{{"username":"{name}","password":"{RIGHT}","role":"user"}}"#);
                (post("/register", &body), if known { 409 } else { 201 })
            }
        }
    }
}

fn main() {
    if !measurement::is_asked_for() {
        return;
    }
    let pairs = measurement::count_or(100);
    let folder = tempfile::tempdir().unwrap();
    let server = Server::doorward(
        folder.path(),
        &["serve"],
        &[
            ("DOORWARD_THROTTLE_ENABLED", "false"),
            ("DOORWARD_HASH_QUEUE_DEADLINE", "10s"),
            ("DOORWARD_PUBLIC_URL", "https://auth.example.org"),
            ("DOORWARD_SMTP_HOST", "127.0.0.1"),
            ("DOORWARD_SMTP_PORT", "9"),
            ("DOORWARD_SMTP_SECURITY", "none"),
            ("DOORWARD_MAIL_FROM", "accounts@example.org"),
        ],
    );
    let mut connection = Connection::open(server.address);
    let una = format!(
        r#"{{"username":"una","password":"{RIGHT}","role":"user","email":"una@example.org"}}"#
    );
    assert_eq!(connection.exchange(&post("/register", &una)), 201);
    println!("{}", machine::describe());
    println!("milliseconds, median (min–max)\n");
    println!("| | pairs | known | unknown | larger ÷ smaller median | goal |");
    println!("|---|---|---|---|---|---|");
    for question in Question::ALL {
        let mut samples = [Vec::new(), Vec::new()];
        for number in 0..pairs * question.times() {
            for known in [number % 2 == 0, number % 2 == 1] {
                let (request, expected) = question.ask(known, number);
                let begin = Instant::now();
                let status = connection.exchange(&request);
                samples[usize::from(known)].push(begin.elapsed().as_secs_f64() * 1e3);
                assert_eq!(status, expected, "{}", connection.answer());
            }
        }
        report(question, &samples);
    }
}

fn report(question: Question, [unknown, known]: &[Vec<f64>; 2]) {
    let medians = [median(known), median(unknown)];
    let ratio = percentile(&medians, 1.0) / percentile(&medians, 0.0);
    let verdict = if ratio <= GOAL { "met" } else { "missed" };
    println!(
        "| {} | {} | {} | {} | {ratio:.3} | ≤ {GOAL}: {verdict} |",
        question.text(),
        known.len(),
        spread(known, 2),
        spread(unknown, 2)
    );
}
