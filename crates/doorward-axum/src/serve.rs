//! The accept loop.

mod ceiling;
mod chunked;
mod connection;
mod deadline;
mod gate;
mod head;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use self::ceiling::{Ceiling, Refused};
use crate::error::ApiError;
use crate::shell::App;

/// Pause after an accept error such as EMFILE, which lasts until a connection
/// ends: without it the loop would spin.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);
/// How many clients beyond the ceiling are told so at the same time. Past it
/// their connections are closed without a word.
const MAX_TURNED_AWAY: usize = 64;
/// How long a client beyond the ceiling should wait.
const BUSY_RETRY: Duration = Duration::from_secs(1);

/// Why serving ended badly.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The listener can't accept connections at all.
    #[error("the listener does not accept connections; check that it is bound and listening")]
    Listener(#[source] io::Error),
    /// Requests were still running at the end of the drain time, and were cut.
    #[error("{connections} connections were cut because their requests outlasted the drain time")]
    DrainTimedOut {
        /// How many connections were cut.
        connections: usize,
    },
}

/// Tells every connection to finish.
#[derive(Debug, Default)]
pub(crate) struct Drain {
    begun: AtomicBool,
    notify: Notify,
}

impl Drain {
    fn begin(&self) {
        self.begun.store(true, Ordering::Release);
        self.notify.notify_waiters();
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Acquire)
    }

    pub(crate) fn notified(&self) -> tokio::sync::futures::Notified<'_> {
        self.notify.notified()
    }
}

/// Serves HTTP/1.1 and HTTP/1.0 on a listener until `shutdown` resolves, with
/// the limits that `app` was made with ([`crate::HttpLimits`]).
///
/// - Every connection has deadlines for its header block, its bodies, its idle
///   time and its unread answers; the number of connections has ceilings.
/// - A request whose head breaks RFC 9112 (two `Content-Length`, `Content-Length`
///   with `Transfer-Encoding`, bare line feeds, folded lines, …) is answered
///   with a JSON 400, 414, 431 or 505 and the connection is closed. Its `Accept`
///   is not looked at, so this answer is always the plain one.
/// - A client that is still sending when it is refused can read the answer: what
///   it sends is thrown away for a bounded time.
/// - On shutdown no connection is accepted any more, idle ones are closed,
///   requests in flight finish within the drain time.
///
/// Must run inside a tokio runtime with I/O and time enabled.
///
/// # Errors
/// [`ServeError::DrainTimedOut`] when requests had to be cut,
/// [`ServeError::Listener`] when the listener is unusable. Passing failures of
/// `accept`, such as too many open files, are survived.
pub async fn serve<F>(listener: TcpListener, app: App, shutdown: F) -> Result<(), ServeError>
where
    F: Future<Output = ()>,
{
    let limits = app.limits();
    let ceiling = Ceiling::new(
        limits.max_connections,
        limits.max_connections_per_address,
        MAX_TURNED_AWAY,
    );
    let drain_deadline = limits.drain_deadline;
    let drain = Arc::new(Drain::default());
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    let ended = loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break Ok(()),
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                begin(&mut connections, stream, peer, &app, &drain, &ceiling);
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                break Err(ServeError::Listener(error));
            }
            Err(error) if is_about_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections at the moment");
                tokio::select! {
                    () = &mut shutdown => break Ok(()),
                    () = sleep(ACCEPT_BACKOFF) => {}
                }
            }
        }
    };
    // New clients must be refused by the system from here on, not queued.
    drop(listener);
    drain.begin();
    let finished = timeout(drain_deadline, async {
        while connections.join_next().await.is_some() {}
    });
    if finished.await.is_err() {
        let cut = connections.len();
        connections.shutdown().await;
        return ended.and(Err(ServeError::DrainTimedOut { connections: cut }));
    }
    ended
}

fn begin(
    connections: &mut JoinSet<()>,
    stream: TcpStream,
    peer: SocketAddr,
    app: &App,
    drain: &Arc<Drain>,
    ceiling: &Ceiling,
) {
    // Answers are written in one piece: waiting for more would only delay them.
    let _ = stream.set_nodelay(true);
    let admitted = ceiling.admit(peer.ip());
    if let (Err(_), Some(meter)) = (&admitted, app.meter()) {
        meter.turned_away();
    }
    match admitted {
        Ok(slot) => {
            let drain = Arc::clone(drain);
            connections.spawn(connection::drive(stream, peer, app.clone(), drain, slot));
        }
        Err(Refused::Politely(slot)) => {
            let busy = ApiError::service_unavailable(BUSY_RETRY)
                .with_code("too_many_connections")
                .with_message("Too many connections");
            connections.spawn(connection::turn_away(stream, peer, app.clone(), busy, slot));
        }
        Err(Refused::Silently) => drop(stream),
    }
}

/// Whether `accept` failed for the connection that it was about to return, and
/// not for want of something.
fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}
