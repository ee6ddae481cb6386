//! One connection, from accept to its last byte.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::Request;
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::ceiling::Slot;
use super::gate::Gate;
use super::{Drain, wire};
use crate::context::PeerAddr;
use crate::error::ApiError;
use crate::limits::HttpLimits;
use crate::meter::HttpMeter;
use crate::shell::{App, ResponseFuture};

/// Most bytes that are thrown away of a refused request.
const LINGER_BYTES: usize = 128 * 1024 * 1024;
/// The parser's own size for the fields of a head.
const PARSER_FIELDS: usize = 100;
/// The parser's buffer, which also holds what it has read of a body.
const PARSER_BUFFER: usize = 65_536;

/// Serves a connection until its client or its limits end it.
pub(crate) async fn drive(
    stream: TcpStream,
    peer: SocketAddr,
    app: App,
    drain: Arc<Drain>,
    slot: Slot,
) {
    let _open = app.meter().map(OpenConnection::count);
    let gate = Gate::new(stream, app.limits());
    let service = Connection {
        app: app.for_connection(),
        peer,
    };
    let mut http = parser(app.limits()).serve_connection(gate, service);
    let mut begun = pin!(drain.notified());
    let mut is_told = false;
    // The waker is the same for the life of this task, so one poll is enough,
    // and saves a lock on every later one.
    let mut is_registered = false;
    let ended = poll_fn(|cx| {
        if !is_registered {
            is_registered = true;
            let _ = begun.as_mut().poll(cx);
        }
        if !is_told && drain.has_begun() {
            is_told = true;
            Pin::new(&mut http).graceful_shutdown();
        }
        http.poll_without_shutdown(cx)
    })
    .await;
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended early");
    }
    let gate = http.into_parts().io;
    let refusal = gate.refusal().map(ApiError::from);
    let is_mid_request = gate.is_mid_request();
    let mut stream = gate.into_stream();
    if let Some(refusal) = refusal {
        let _ = write(&mut stream, &app, peer, refusal).await;
    }
    close(stream, app.limits(), is_mid_request).await;
    drop(slot);
}

/// A connection that is counted as open until this is dropped.
struct OpenConnection(Arc<HttpMeter>);

impl OpenConnection {
    fn count(meter: &Arc<HttpMeter>) -> Self {
        meter.opened();
        Self(Arc::clone(meter))
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.closed();
    }
}

/// Answers a connection that came beyond the ceiling.
pub(crate) async fn turn_away(
    mut stream: TcpStream,
    peer: SocketAddr,
    app: App,
    busy: ApiError,
    slot: Slot,
) {
    let _ = write(&mut stream, &app, peer, busy).await;
    close(stream, app.limits(), true).await;
    drop(slot);
}

fn parser(limits: &HttpLimits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .half_close(limits.allow_half_close)
        .max_buf_size(limits.header_bytes.max(PARSER_BUFFER));
    // Other sizes than its own cost the parser an allocation per request.
    if limits.header_fields > PARSER_FIELDS {
        builder.max_headers(limits.header_fields);
    }
    builder
}

async fn write(
    stream: &mut TcpStream,
    app: &App,
    peer: SocketAddr,
    refusal: ApiError,
) -> io::Result<()> {
    let bytes = wire::encode(app.refuse(refusal, peer)).await;
    timeout(app.limits().write_stall, stream.write_all(&bytes)).await?
}

/// Ends our side, then reads on for a while: closing a socket with unread bytes
/// sends a reset, which can destroy an answer that the client has not read yet
/// (RFC 9112 section 9.6).
async fn close(mut stream: TcpStream, limits: &HttpLimits, is_mid_request: bool) {
    let ended = stream.shutdown().await;
    if ended.is_err() || !is_mid_request {
        return;
    }
    let drained = timeout(limits.linger, async {
        let mut space = vec![0; 65_536];
        let mut left = LINGER_BYTES;
        while let Ok(count @ 1..) = stream.read(&mut space).await {
            left = left.saturating_sub(count);
            if left == 0 {
                break;
            }
        }
    });
    let _ = drained.await;
}

struct Connection {
    app: App,
    peer: SocketAddr,
}

impl Service<Request<Incoming>> for Connection {
    type Response = Response;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn call(&self, request: Request<Incoming>) -> ResponseFuture {
        let request = request.map(|body| {
            // Saves an allocation for the many requests without a body.
            if body.is_end_stream() {
                Body::empty()
            } else {
                Body::new(body)
            }
        });
        self.app.respond(request, Some(PeerAddr(self.peer)))
    }
}
