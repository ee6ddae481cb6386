//! What one client may take from the server: sizes, counts and deadlines.

use std::time::Duration;

/// Limits of the HTTP surface. Every deadline is on by default, because
/// `axum::serve` sets none.
///
/// Sources: ASVS 13.1.2, 13.1.3, 15.2.2; RFC 9110 section 4.1 for the URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpLimits {
    /// Bytes of a request body; a longer one is 413. Default 65,536.
    pub body_bytes: usize,
    /// Bytes of the request line and the header block together; more is 431.
    /// Default 16,384.
    pub header_bytes: usize,
    /// Header fields of a request; more is 431. Default 100.
    pub header_fields: usize,
    /// Bytes of the request target; a longer one is 414. Default 8,192; below
    /// 8,000 the recommendation of RFC 9110 is not met.
    pub url_bytes: usize,
    /// Pairs in a query string; more is 400. Default 100.
    pub query_pairs: usize,
    /// Nesting of arrays and objects in a JSON body; deeper is 400. Default 32.
    pub json_depth: usize,
    /// Time for a whole header block: counted from accept for the first request
    /// of a connection, from its first byte for a later one. Default 10 s.
    pub header_deadline: Duration,
    /// Time for a whole request body, counted from the end of its header block;
    /// after it the handler sees a body error that [`crate::Json`] answers with
    /// 408. Default 20 s.
    pub body_deadline: Duration,
    /// Longest pause inside a request body. Default 10 s.
    pub body_stall: Duration,
    /// Time a handler has for its response; after it the handler is dropped and
    /// the client reads 503. Default 30 s.
    pub request_deadline: Duration,
    /// Time a kept-alive connection may wait for its next request. Default 60 s.
    pub idle_deadline: Duration,
    /// Longest time that a client may leave a response unread. Default 30 s.
    pub write_stall: Duration,
    /// Time in which the rest of a refused request is read and thrown away, so
    /// that the client reads the answer and not a reset. Default 5 s.
    pub linger: Duration,
    /// Open connections in all; a further one reads 503. Default 10,000. The
    /// process needs as many file descriptors (`ulimit -n`).
    pub max_connections: usize,
    /// Open connections of one address (one /64 for IPv6); `None` for no such
    /// ceiling, which is right behind a reverse proxy. Default 1,024.
    pub max_connections_per_address: Option<usize>,
    /// Time that requests in flight have to finish after the shutdown signal.
    /// Default 25 s.
    pub drain_deadline: Duration,
    /// Whether a client that closed its sending side still gets its answer.
    /// With `false` the end of the stream counts as "the client has gone" and
    /// drops the handler, which saves its work. Default `true`.
    pub allow_half_close: bool,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            body_bytes: 65_536,
            header_bytes: 16_384,
            header_fields: 100,
            url_bytes: 8_192,
            query_pairs: 100,
            json_depth: 32,
            header_deadline: Duration::from_secs(10),
            body_deadline: Duration::from_secs(20),
            body_stall: Duration::from_secs(10),
            request_deadline: Duration::from_secs(30),
            idle_deadline: Duration::from_mins(1),
            write_stall: Duration::from_secs(30),
            linger: Duration::from_secs(5),
            max_connections: 10_000,
            max_connections_per_address: Some(1_024),
            drain_deadline: Duration::from_secs(25),
            allow_half_close: true,
        }
    }
}
