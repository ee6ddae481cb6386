//! What a doorward publishes, from this process: so that a test can let it be wrong, late or gone.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
    routing::get,
};
use doorward::{
    clock::{Clock as _, SystemClock},
    token::{KeyPair, PairAlgorithm, SigningKey},
};
use doorward_axum::{ShellConfig, app, serve};
use http::{StatusCode, header::LOCATION};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://auth.example.org";

/// A page of the list of revocations.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    pub(crate) sessions: Vec<String>,
    pub(crate) users: Vec<(i64, i64)>,
}

pub(crate) struct Answers {
    pub(crate) published: Vec<SigningKey>,
    pub(crate) signs: SigningKey,
    pub(crate) pages: Vec<Page>,
    /// Seconds from now until a list ends.
    pub(crate) list_life: i64,
    /// The status of every answer, when it is not 200.
    pub(crate) status: Option<StatusCode>,
    /// What stands for the set of keys instead.
    pub(crate) keys_text: Option<String>,
}

#[derive(Clone)]
pub(crate) struct Publisher {
    pub(crate) address: SocketAddr,
    answers: Arc<Mutex<Answers>>,
    key_fetches: Arc<AtomicUsize>,
    list_fetches: Arc<AtomicUsize>,
}

pub(crate) fn key(algorithm: PairAlgorithm) -> SigningKey {
    KeyPair::generate(algorithm).unwrap().into()
}

/// Claims of a token of user 7, good for an hour.
pub(crate) fn claims() -> Value {
    let now = SystemClock.now().as_seconds();
    json!({
        "iss": ISSUER, "sub": "7", "iat": now, "exp": now + 3600, "jti": "j1",
        "sid": "AAAAAAAAAAAAAAAAAAAAAA", "epoch": 0,
        "user_id": 7, "username": "una", "role": "user",
        "roles": ["editor"], "scope": "articles:* users:read",
    })
}

/// The same with other members; `null` takes one away.
pub(crate) fn claims_but(changed: &Value) -> Value {
    let mut claims = claims();
    for (name, value) in changed.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

impl Publisher {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let signs = key(PairAlgorithm::Es256);
        let publisher = Self {
            address: listener.local_addr().unwrap(),
            answers: Arc::new(Mutex::new(Answers {
                published: vec![signs.clone()],
                signs,
                pages: vec![Page::default()],
                list_life: 300,
                status: None,
                keys_text: None,
            })),
            key_fetches: Arc::default(),
            list_fetches: Arc::default(),
        };
        let routes = Router::new()
            .route("/.well-known/jwks.json", get(keys))
            .route("/auth/revocations", get(revocations))
            .with_state(publisher.clone());
        let app = app(routes, ShellConfig::default());
        tokio::spawn(async move { serve(listener, app, std::future::pending()).await });
        publisher
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap()
    }

    pub(crate) fn key_fetches(&self) -> usize {
        self.key_fetches.load(Ordering::SeqCst)
    }

    /// Waits until the list was asked for `count` times more.
    pub(crate) async fn lists(&self, count: usize) {
        let wanted = self.list_fetches.load(Ordering::SeqCst) + count;
        while self.list_fetches.load(Ordering::SeqCst) < wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A token, signed by the key that signs now.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let signs = self.answers().signs.clone();
        signs.sign(claims).unwrap().as_str().to_owned()
    }
}

fn refused(answers: &Answers) -> Option<Response> {
    let status = answers.status?;
    Some((status, [(LOCATION, "/elsewhere")]).into_response())
}

async fn keys(State(publisher): State<Publisher>) -> Response {
    publisher.key_fetches.fetch_add(1, Ordering::SeqCst);
    let answers = publisher.answers();
    if let Some(refused) = refused(&answers) {
        return refused;
    }
    if let Some(text) = &answers.keys_text {
        return text.clone().into_response();
    }
    let keys: Vec<_> = answers
        .published
        .iter()
        .filter_map(SigningKey::public)
        .collect();
    serde_json::to_string(&json!({ "keys": keys }))
        .unwrap()
        .into_response()
}

async fn revocations(State(publisher): State<Publisher>, RawQuery(query): RawQuery) -> Response {
    publisher.list_fetches.fetch_add(1, Ordering::SeqCst);
    let answers = publisher.answers();
    if let Some(refused) = refused(&answers) {
        return refused;
    }
    let after: usize = query
        .unwrap()
        .strip_prefix("after=")
        .unwrap()
        .parse()
        .unwrap();
    let place = after.min(answers.pages.len() - 1);
    let page = answers.pages[place].clone();
    let more = place + 1 < answers.pages.len();
    let now = SystemClock.now().as_seconds();
    let ids: Vec<_> = answers
        .published
        .iter()
        .filter_map(SigningKey::id)
        .map(ToString::to_string)
        .collect();
    let claims = json!({
        "keys": ids,
        "iss": ISSUER, "aud": "doorward-revocations", "iat": now, "exp": now + answers.list_life,
        "cursor": place + usize::from(more), "more": more, "sessions": page.sessions, "users": page.users,
    });
    answers
        .signs
        .sign_document("revocations+jwt", &claims)
        .unwrap()
        .into_response()
}
