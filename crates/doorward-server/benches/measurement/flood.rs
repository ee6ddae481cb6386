//! Many clients that want something at once, and one that asks at a steady pace meanwhile.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use super::connection::whole_answer;
use super::statistics::percentile;

/// How long a client that was sent away with 429 or 503 waits before it tries again: far less than `Retry-After` asks for.
const PAUSE: Duration = Duration::from_millis(100);
/// Only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Milliseconds of the answers by their status.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    millis: BTreeMap<u16, Vec<f64>>,
    /// Requests that no answer came to.
    pub(crate) cut: usize,
}

impl Seen {
    fn add(&mut self, status: Option<u16>, took: Duration) {
        match status {
            Some(status) => self
                .millis
                .entry(status)
                .or_default()
                .push(took.as_secs_f64() * 1e3),
            None => self.cut += 1,
        }
    }

    fn merge(&mut self, other: Self) {
        self.cut += other.cut;
        for (status, millis) in other.millis {
            self.millis.entry(status).or_default().extend(millis);
        }
    }

    /// The answers with one of these statuses, in milliseconds.
    pub(crate) fn of(&self, statuses: &[u16]) -> Vec<f64> {
        let wanted = statuses.iter().filter_map(|status| self.millis.get(status));
        wanted.flatten().copied().collect()
    }

    /// How many were answered with one of these statuses.
    pub(crate) fn count(&self, statuses: &[u16]) -> usize {
        self.of(statuses).len()
    }

    /// How many requests there were.
    pub(crate) fn all(&self) -> usize {
        self.cut + self.millis.values().map(Vec::len).sum::<usize>()
    }

    /// How many were not answered with 200.
    pub(crate) fn failed(&self) -> usize {
        self.all() - self.count(&[200])
    }

    /// A percentile of the answers with 200, in milliseconds.
    pub(crate) fn good(&self, share: f64) -> f64 {
        percentile(&self.of(&[200]), share)
    }
}

/// A connection that comes from an address of its own, and is opened again when the server has closed it.
struct Client {
    server: SocketAddr,
    source: Ipv4Addr,
    stream: Option<TcpStream>,
    received: Vec<u8>,
}

impl Client {
    fn new(server: SocketAddr, source: Ipv4Addr) -> Self {
        Self {
            server,
            source,
            stream: None,
            received: Vec::with_capacity(4096),
        }
    }

    async fn exchange(&mut self, request: &[u8]) -> Option<u16> {
        let status = tokio::time::timeout(PATIENCE, self.try_exchange(request)).await;
        let status = status.ok().flatten();
        if status.is_none() {
            self.stream = None;
        }
        status
    }

    async fn try_exchange(&mut self, request: &[u8]) -> Option<u16> {
        if self.stream.is_none() {
            let socket = TcpSocket::new_v4().ok()?;
            socket.bind((self.source, 0).into()).ok()?;
            let stream = socket.connect(self.server).await.ok()?;
            stream.set_nodelay(true).ok()?;
            self.stream = Some(stream);
        }
        let stream = self.stream.as_mut()?;
        stream.write_all(request).await.ok()?;
        self.received.clear();
        loop {
            if stream.read_buf(&mut self.received).await.ok()? == 0 {
                return None;
            }
            if let Some((status, _)) = whole_answer(&self.received) {
                return Some(status);
            }
        }
    }
}

/// `clients` connections, spread over `sources`, each of which sends `requests` in turn and waits for its answer, for `time`.
pub(crate) fn flood(
    server: SocketAddr,
    clients: usize,
    sources: &[Ipv4Addr],
    time: Duration,
    requests: Vec<Vec<u8>>,
) -> Seen {
    let requests: Arc<[Vec<u8>]> = requests.into();
    let end = Instant::now() + time;
    together((0..clients).map(|number| {
        let mut client = Client::new(server, sources[number % sources.len()]);
        let requests = Arc::clone(&requests);
        async move {
            let mut seen = Seen::default();
            for request in requests.iter().cycle().skip(number % requests.len()) {
                let begun = Instant::now();
                if begun >= end {
                    break;
                }
                let status = client.exchange(request).await;
                seen.add(status, begun.elapsed());
                if !matches!(status, Some(200 | 401)) {
                    tokio::time::sleep(PAUSE).await;
                }
            }
            seen
        }
    }))
}

/// Each of `clients`, an address and what it asks, asks `per_second` times a second for `time`. What a client is late with counts
/// from the moment when it should have asked.
pub(crate) fn paced(
    server: SocketAddr,
    clients: Vec<(Ipv4Addr, Vec<u8>)>,
    per_second: u32,
    time: Duration,
) -> Seen {
    let pace = Duration::from_secs(1) / per_second;
    let all = u32::try_from(clients.len()).unwrap();
    let begun = Instant::now();
    together(
        clients
            .into_iter()
            .zip(0_u32..)
            .map(|((source, request), number)| {
                let mut client = Client::new(server, source);
                async move {
                    let mut seen = Seen::default();
                    // Not all at the same moment.
                    let mut due = begun + pace / all * number;
                    while due < begun + time {
                        tokio::time::sleep_until(due.into()).await;
                        let status = client.exchange(&request).await;
                        seen.add(status, due.elapsed());
                        due += pace;
                    }
                    seen
                }
            }),
    )
}

/// Runs all of them on one thread.
fn together<F: Future<Output = Seen> + Send + 'static>(clients: impl Iterator<Item = F>) -> Seen {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut running: JoinSet<Seen> = clients.collect();
        let mut all = Seen::default();
        while let Some(seen) = running.join_next().await {
            all.merge(seen.unwrap());
        }
        all
    })
}
