//! Two nodes over one database whose keys follow each other, and verifiers that are shown every token. The node that makes the
//! keys is killed while one of them waits to sign.

use std::{
    collections::{BTreeSet, VecDeque},
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::SyncSender,
    },
    thread,
    time::{Duration, Instant},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use crate::{
    client::{get, post, request},
    installation::{Installation, PASSWORD, Server, eventually},
    verifiers::{Caches, ISSUER, Seen, Verifiers},
    wire::Wire,
};

/// A timetable and a load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Course {
    /// `keys.lead`
    pub(crate) lead: Duration,
    /// `token.ttl` and `api_keys.token_ttl`
    pub(crate) token_life: Duration,
    /// `keys.rotate_after` of the node that makes keys.
    pub(crate) rotate_after: Duration,
    pub(crate) caches: Caches,
    /// From one token to the next, at each node.
    pub(crate) pause: Duration,
    /// It ends when so many keys have signed.
    pub(crate) keys: usize,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) seen: Vec<Seen>,
    /// While tokens were shown.
    #[allow(dead_code, reason = "for the benchmark")]
    pub(crate) took: Duration,
    /// Tokens that were made, and those that were shown once more at half their life.
    pub(crate) made: usize,
    pub(crate) again: usize,
    /// Keys that have signed.
    pub(crate) keys: usize,
    /// From the kill until the key that waited signed at the other node.
    #[allow(dead_code, reason = "for the benchmark")]
    pub(crate) completed: Duration,
}

/// What the threads share that ask for tokens.
struct Issue<'a> {
    course: Course,
    authorization: &'a str,
    inputs: Vec<SyncSender<String>>,
    kids: &'a Mutex<BTreeSet<String>>,
    made: &'a AtomicUsize,
    again: &'a AtomicUsize,
    /// Stops the thread; a node may die then.
    over: &'a AtomicBool,
}

impl Issue<'_> {
    /// Asks a node for tokens and shows each to every verifier, once more at half its life.
    fn run(&self, node: SocketAddr) {
        let ask = request("POST", "/auth/token")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Authorization", self.authorization)
            .body("grant_type=client_credentials")
            .bytes();
        let mut wire = Wire::open(node).unwrap();
        let mut aged: VecDeque<(Instant, String)> = VecDeque::new();
        let mut due = Instant::now();
        while !self.over.load(Ordering::SeqCst) {
            let answer = wire.send(&ask).and_then(|()| wire.answer(false));
            let answer = match answer {
                Ok(answer) => answer,
                Err(_) if self.over.load(Ordering::SeqCst) => break,
                Err(why) => panic!("no answer of a node that lives: {why}"),
            };
            assert_eq!(answer.status, 200, "{answer:?}");
            let token = answer.json()["access_token"].as_str().unwrap().to_owned();
            self.kids.lock().unwrap().insert(kid(&token));
            self.made.fetch_add(1, Ordering::Relaxed);
            self.show(&token);
            if self.made.load(Ordering::Relaxed).is_multiple_of(8) {
                aged.push_back((Instant::now() + self.course.token_life / 2, token));
            }
            while aged.front().is_some_and(|(at, _)| *at <= Instant::now()) {
                let (_, token) = aged.pop_front().unwrap();
                self.again.fetch_add(1, Ordering::Relaxed);
                self.show(&token);
            }
            due += self.course.pause;
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    }

    fn show(&self, token: &str) {
        for input in &self.inputs {
            input.send(token.to_owned()).unwrap();
        }
    }
}

fn kid(token: &str) -> String {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap());
    let header: Value = serde_json::from_slice(&header.unwrap()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

fn published(server: &Server) -> BTreeSet<String> {
    let answer = get("/.well-known/jwks.json").send(server.address);
    let set = answer.json();
    let keys = set["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

fn seconds(duration: Duration) -> String {
    format!("{}s", duration.as_secs())
}

/// How a client with an API key of its own authenticates.
fn api_key(server: &Server) -> String {
    let token = server.sign_up("una");
    let body = json!({"name": "load", "permissions": [], "current_password": PASSWORD});
    let answer = post("/auth/keys", &body)
        .bearer(&token)
        .send(server.address);
    assert_eq!(answer.status, 201, "{answer:?}");
    let key = answer.json()["key"].as_str().unwrap().to_owned();
    format!("Basic {}", STANDARD.encode(format!("{key}:")))
}

/// Runs the course; `None` when this run goes without Python or Node.
pub(crate) fn run(installation: Installation, course: Course) -> Option<Outcome> {
    let installation = installation
        .set("DOORWARD_TOKEN_ISSUER", ISSUER)
        .set("DOORWARD_KEYS_LEAD", &seconds(course.lead))
        .set("DOORWARD_TOKEN_TTL", &seconds(course.token_life))
        .set("DOORWARD_API_KEYS_TOKEN_TTL", &seconds(course.token_life));
    // This one makes no keys of itself: what it does after the death of the other is what was decided before.
    let heir = installation.start();
    let authorization = api_key(&heir);
    let oldest = published(&heir);
    let verifiers = Verifiers::of(heir.address, course.caches)?;
    let maker = seconds(course.rotate_after);
    let installation = installation.set("DOORWARD_KEYS_ROTATE_AFTER", &maker);

    let (kids, made, again) = (Mutex::default(), AtomicUsize::new(0), AtomicUsize::new(0));
    let (killed, over) = (AtomicBool::new(false), AtomicBool::new(false));
    let issue = |over| Issue {
        course,
        authorization: &authorization,
        inputs: verifiers.inputs(),
        kids: &kids,
        made: &made,
        again: &again,
        over,
    };
    let signed = || kids.lock().unwrap().clone();
    let begin = Instant::now();
    let completed = thread::scope(|scope| {
        // Ends the threads of a course that fails.
        let _end = End(&over);
        let _kill = End(&killed);
        let (of_heir, of_maker, of_next) = (issue(&over), issue(&killed), issue(&over));
        scope.spawn(move || of_heir.run(heir.address));
        let mut first = installation.start();
        let address = first.address;
        scope.spawn(move || of_maker.run(address));
        eventually("a key follows the first", || signed().len() == 2);
        let active = signed().difference(&oldest).next().unwrap().clone();

        let mut waiting = None;
        eventually("the next one waits to sign", || {
            waiting = published(&heir).difference(&signed()).next().cloned();
            waiting.is_some()
        });
        let waiting = waiting.unwrap();
        killed.store(true, Ordering::SeqCst);
        first.signal("KILL");
        first.ended();
        assert!(!signed().contains(&waiting), "it waits when its maker dies");
        let kill = Instant::now();
        eventually("it signs at the other node", || signed().contains(&waiting));
        let completed = kill.elapsed();
        eventually("and the one before it is retired there", || {
            !published(&heir).contains(&active)
        });

        let second = installation.start();
        let address = second.address;
        scope.spawn(move || of_next.run(address));
        for count in 4..=course.keys {
            eventually("another key signs", || signed().len() >= count);
        }
        // Its last tokens at half their life.
        thread::sleep(course.token_life / 2);
        over.store(true, Ordering::SeqCst);
        completed
    });
    let took = begin.elapsed();
    Some(Outcome {
        seen: verifiers.end(),
        took,
        made: made.into_inner(),
        again: again.into_inner(),
        keys: kids.into_inner().unwrap().len(),
        completed,
    })
}

/// Raises a flag when the scope ends, however it ends.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
