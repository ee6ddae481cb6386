//! Many connections at once, from one thread.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::connection::whole_answer;

/// What the answers were.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Answers {
    /// 200.
    pub(crate) good: usize,
    /// 401.
    pub(crate) refused: usize,
    /// 503.
    pub(crate) busy: usize,
    /// Anything else.
    pub(crate) bad: usize,
    /// Seconds from the first request to the last answer.
    pub(crate) seconds: f64,
}

impl Answers {
    fn count(&mut self, status: u16) {
        *match status {
            200 => &mut self.good,
            401 => &mut self.refused,
            503 => &mut self.busy,
            _ => &mut self.bad,
        } += 1;
    }

    /// Answers with status 200 in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.good as f64 / self.seconds
    }
}

/// Sends `requests` in turn on each of `connections`, each waiting for its answer, for `time`.
pub(crate) fn run(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    requests: &[Vec<u8>],
) -> Answers {
    let requests: Arc<[Vec<u8>]> = requests.into();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut streams = Vec::new();
        for _ in 0..connections {
            let stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            streams.push(stream);
        }
        let begin = Instant::now();
        let mut clients = JoinSet::new();
        for (first, stream) in streams.into_iter().enumerate() {
            clients.spawn(client(stream, first, Arc::clone(&requests), begin + time));
        }
        let mut all = Answers::default();
        while let Some(one) = clients.join_next().await {
            let one = one.unwrap();
            all.good += one.good;
            all.refused += one.refused;
            all.busy += one.busy;
            all.bad += one.bad;
        }
        all.seconds = begin.elapsed().as_secs_f64();
        all
    })
}

async fn client(
    mut stream: TcpStream,
    first: usize,
    requests: Arc<[Vec<u8>]>,
    end: Instant,
) -> Answers {
    let mut answers = Answers::default();
    let mut received = Vec::with_capacity(4096);
    for request in requests.iter().cycle().skip(first % requests.len()) {
        if Instant::now() >= end {
            break;
        }
        stream.write_all(request).await.unwrap();
        received.clear();
        let status = loop {
            let count = stream.read_buf(&mut received).await.unwrap();
            assert!(count > 0, "the server closed the connection");
            if let Some((status, _)) = whole_answer(&received) {
                break status;
            }
        };
        answers.count(status);
    }
    answers
}
