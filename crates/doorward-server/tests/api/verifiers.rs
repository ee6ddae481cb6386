//! Three kinds of services beside doorward that verify each token which they are shown, by the published keys.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    process::{Command, Stdio},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime},
};

use doorward::token::{PublicJwk, Validation, Verifier, VerifyingKey};
use serde_json::Value;

use crate::{client::get, programs};

/// The issuer that all of them expect.
pub(crate) const ISSUER: &str = "https://auth.example.org";

/// Tokens that wait for a verifier; whoever shows more waits too, so that none expires in a queue.
const WAITING: usize = 16;

/// How long each of them keeps the set of keys.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caches {
    pub(crate) pyjwt: Duration,
    pub(crate) jose: Duration,
    pub(crate) ours: Duration,
}

/// What a verifier has seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// What verifies, with its version.
    pub(crate) name: String,
    /// Tokens that were good.
    pub(crate) good: usize,
    /// Those that were not: how often for each reason.
    pub(crate) refused: BTreeMap<String, usize>,
    /// How often it asked for the set.
    pub(crate) fetches: usize,
}

impl Seen {
    fn count(&mut self, verdict: &str) {
        if verdict == "good" {
            self.good += 1;
        } else {
            *self.refused.entry(verdict.to_owned()).or_default() += 1;
        }
    }
}

/// The three of them at work.
pub(crate) struct Verifiers {
    inputs: Vec<SyncSender<String>>,
    workers: Vec<JoinHandle<Seen>>,
}

impl Verifiers {
    /// Starts them on the keys that a node publishes; `None` when this run goes without Python or Node.
    pub(crate) fn of(node: SocketAddr, caches: Caches) -> Option<Self> {
        let python = programs::python("neighbours/watch.py")?;
        let javascript = programs::node("neighbours/watch.cjs")?;
        let mut all = Self {
            inputs: Vec::new(),
            workers: Vec::new(),
        };
        for (mut program, kept) in [(python, caches.pyjwt), (javascript, caches.jose)] {
            program
                .arg(format!("http://{node}/.well-known/jwks.json"))
                .args([ISSUER, &kept.as_secs_f64().to_string()]);
            all.add(|tokens| beside(program, tokens));
        }
        all.add(move |tokens| thread::spawn(move || ours(node, caches.ours, &tokens)));
        Some(all)
    }

    fn add(&mut self, start: impl FnOnce(Receiver<String>) -> JoinHandle<Seen>) {
        let (input, tokens) = sync_channel(WAITING);
        self.workers.push(start(tokens));
        self.inputs.push(input);
    }

    /// Where tokens are shown to them.
    pub(crate) fn inputs(&self) -> Vec<SyncSender<String>> {
        self.inputs.clone()
    }

    /// What they saw, when everybody who shows them tokens is done.
    pub(crate) fn end(self) -> Vec<Seen> {
        drop(self.inputs);
        let ended = self
            .workers
            .into_iter()
            .map(|worker| worker.join().unwrap());
        ended.collect()
    }
}

/// A process that answers a line with a line. It is ready when this returns.
fn beside(mut program: Command, tokens: Receiver<String>) -> JoinHandle<Seen> {
    let mut child = program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|why| panic!("{program:?} does not start: {why}"));
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut seen = Seen {
        name: output.next().unwrap().unwrap(),
        ..Seen::default()
    };
    let shown = thread::spawn(move || {
        let mut shown = 0_usize;
        for token in tokens {
            writeln!(input, "{token}").unwrap();
            shown += 1;
        }
        shown
    });
    thread::spawn(move || {
        let mut lines: Vec<String> = Vec::new();
        for line in output {
            lines.push(line.unwrap());
            if lines.len() > 1 {
                seen.count(&lines.remove(0));
            }
        }
        // Its last line is no verdict.
        seen.fetches = lines.remove(0).parse().unwrap();
        assert!(child.wait().unwrap().success());
        let answered = seen.good + seen.refused.values().sum::<usize>();
        assert_eq!(answered, shown.join().unwrap(), "{}", seen.name);
        seen
    })
}

/// doorward's own verifier. It asks for the set when what it has is old, and never otherwise.
fn ours(node: SocketAddr, kept: Duration, tokens: &Receiver<String>) -> Seen {
    let fetch = || {
        let answer = get("/.well-known/jwks.json").send(node);
        let verifier = Verifier::without_keys(Validation::new().issuer(ISSUER));
        let keys = PublicJwk::parse_set(answer.text()).unwrap().into_iter();
        keys.fold(verifier, |verifier, key| {
            verifier.with_key(VerifyingKey::new(key).unwrap())
        })
    };
    let mut seen = Seen {
        name: format!("doorward {}, Verifier", env!("CARGO_PKG_VERSION")),
        fetches: 1,
        ..Seen::default()
    };
    let (mut verifier, mut fetched) = (fetch(), Instant::now());
    for token in tokens {
        if fetched.elapsed() >= kept {
            (verifier, fetched) = (fetch(), Instant::now());
            seen.fetches += 1;
        }
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
        match verifier.verify::<Value>(&token, i64::try_from(now).unwrap()) {
            Ok(_) => seen.count("good"),
            Err(error) => seen.count(&error.to_string()),
        }
    }
    seen
}
