//! The stream between the socket and the HTTP parser.
//!
//! It keeps a request head back until it is whole and well framed, so the parser
//! never waits inside a head, and a refusal can be answered by us. It knows what
//! the client owes at any time (a head, a body, nothing), and has the deadline
//! for it.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::chunked::Chunked;
use super::deadline::Deadline;
use super::head::{self, BodyFraming, HeadLimits, Refusal};
use crate::limits::HttpLimits;

const READ_SIZE: usize = 8_192;

/// The guarded stream of one connection.
#[derive(Debug)]
pub(crate) struct Gate {
    stream: TcpStream,
    limits: HttpLimits,
    phase: Phase,
    /// Bytes that were read and not passed on.
    held: BytesMut,
    /// How many held bytes, from the front, may be passed on.
    cleared: usize,
    /// How many held bytes were searched for the end of a head.
    searched: usize,
    waiting: Waiting,
    /// When `waiting` ends.
    ends_at: Instant,
    body_ends_at: Instant,
    read_deadline: Deadline,
    write_deadline: Deadline,
    write_ends_at: Option<Instant>,
    refusal: Option<Refusal>,
}

/// What comes next from the client.
#[derive(Debug, Clone, Copy)]
enum Phase {
    Head,
    Body(u64),
    Chunked(Chunked),
    /// Nothing more is read from this client.
    Closed,
}

/// What the client keeps us waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    FirstHead,
    Idle,
    RestOfHead,
    Body,
    Nothing,
}

impl Gate {
    pub(crate) fn new(stream: TcpStream, limits: &HttpLimits) -> Self {
        let now = Instant::now();
        Self {
            stream,
            phase: Phase::Head,
            held: BytesMut::new(),
            cleared: 0,
            searched: 0,
            waiting: Waiting::FirstHead,
            ends_at: now + limits.header_deadline,
            body_ends_at: now,
            read_deadline: Deadline::default(),
            write_deadline: Deadline::default(),
            write_ends_at: None,
            refusal: None,
            limits: limits.clone(),
        }
    }

    /// Why the last head was refused; the answer has not been written.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }

    /// Whether the client may still be sending something that we did not read.
    pub(crate) fn is_mid_request(&self) -> bool {
        !matches!(self.phase, Phase::Head) || !self.held.is_empty() || self.refusal.is_some()
    }

    pub(crate) fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// How many of `bytes` the parser may see. `bytes` starts where the last
    /// call stopped.
    fn clear(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut cleared = 0;
        if matches!(self.phase, Phase::Head) && bytes != b"\r" {
            let limits = HeadLimits::from(&self.limits);
            match head::find(bytes, self.searched, limits) {
                Ok(None) => self.searched = bytes.len(),
                Ok(Some(head)) => {
                    self.searched = 0;
                    self.waiting = Waiting::Nothing;
                    cleared = head.len;
                    self.begin_body(head.body);
                }
                Err(refusal) => {
                    self.refusal = Some(refusal);
                    self.phase = Phase::Closed;
                }
            }
        }
        let rest = bytes.get(cleared..).unwrap_or_default();
        let body = match &mut self.phase {
            Phase::Head | Phase::Closed => 0,
            Phase::Body(left) => {
                let here = usize::try_from(*left).map_or(rest.len(), |left| left.min(rest.len()));
                *left -= here as u64;
                if *left == 0 {
                    self.phase = Phase::Head;
                }
                here
            }
            Phase::Chunked(chunked) => {
                if let Ok(here) = chunked.advance(rest) {
                    if chunked.is_at_end() {
                        self.phase = Phase::Head;
                    }
                    here
                } else {
                    self.phase = Phase::Closed;
                    if cleared == 0 {
                        return Err(bad_chunk());
                    }
                    0
                }
            }
        };
        Ok(cleared + body)
    }

    fn begin_body(&mut self, framing: BodyFraming) {
        self.phase = match framing {
            BodyFraming::Length(0) => return,
            BodyFraming::Length(length) => Phase::Body(length),
            BodyFraming::Chunked => Phase::Chunked(Chunked::new()),
        };
        self.body_ends_at = Instant::now() + self.limits.body_deadline;
    }

    /// Waits for the client as long as it may take.
    fn poll_client(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let waiting = match self.phase {
            Phase::Closed => Waiting::Nothing,
            Phase::Body(_) | Phase::Chunked(_) => Waiting::Body,
            Phase::Head if self.waiting == Waiting::FirstHead => Waiting::FirstHead,
            Phase::Head if self.held.is_empty() => Waiting::Idle,
            Phase::Head => Waiting::RestOfHead,
        };
        if waiting == Waiting::Body {
            let stalls_at = Instant::now() + self.limits.body_stall;
            // Polls without progress must not move the end.
            if self.waiting != waiting {
                self.ends_at = stalls_at.min(self.body_ends_at);
            }
        } else if self.waiting != waiting {
            let time = match waiting {
                Waiting::Idle => self.limits.idle_deadline,
                _ => self.limits.header_deadline,
            };
            self.ends_at = Instant::now() + time;
        }
        self.waiting = waiting;
        ready!(self.read_deadline.poll(self.ends_at, cx));
        if waiting == Waiting::Body {
            self.phase = Phase::Closed;
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        // Silence is answered by silence.
        if !self.held.is_empty() {
            self.refusal = Some(Refusal::Late);
        }
        self.phase = Phase::Closed;
        Poll::Ready(Ok(()))
    }

    /// Passes on what is held and cleared; `None` when that is nothing yet.
    fn pass_held(&mut self, out: &mut ReadBufCursor<'_>) -> io::Result<bool> {
        if self.cleared == 0 && !self.held.is_empty() {
            let held = std::mem::take(&mut self.held);
            self.skip_empty_lines_of(held);
            let held = std::mem::take(&mut self.held);
            let cleared = self.clear(&held);
            self.held = held;
            self.cleared = cleared?;
        }
        let count = self.cleared.min(out.remaining());
        let Some(bytes) = self.held.get(..count).filter(|bytes| !bytes.is_empty()) else {
            return Ok(false);
        };
        out.put_slice(bytes);
        self.held.advance(count);
        self.cleared -= count;
        if self.held.is_empty() {
            // An idle connection holds no memory here.
            self.held = BytesMut::new();
        }
        Ok(true)
    }

    /// Empty lines before a request are not an error (RFC 9112 section 2.2).
    fn skip_empty_lines_of(&mut self, mut held: BytesMut) {
        if matches!(self.phase, Phase::Head) && self.searched == 0 {
            while held.starts_with(b"\r\n") {
                held.advance(2);
            }
        }
        self.held = held;
    }

    /// The usual case: a whole request at once, passed on without being held.
    fn pass_new(&mut self, bytes: &[u8], out: &mut ReadBufCursor<'_>) -> io::Result<bool> {
        if !self.held.is_empty() || bytes.starts_with(b"\r") {
            self.held.extend_from_slice(bytes);
            return self.pass_held(out);
        }
        self.cleared = self.clear(bytes)?;
        let count = self.cleared.min(out.remaining());
        let (now, later) = bytes.split_at_checked(count).unwrap_or((bytes, &[]));
        out.put_slice(now);
        self.cleared -= count;
        if !later.is_empty() {
            self.held.extend_from_slice(later);
        }
        Ok(count > 0)
    }

    fn poll_written<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.write_ends_at = None;
            return written;
        }
        let stall = self.limits.write_stall;
        let ends_at = *self
            .write_ends_at
            .get_or_insert_with(|| Instant::now() + stall);
        ready!(self.write_deadline.poll(ends_at, cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

fn bad_chunk() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "malformed chunked body")
}

impl Read for Gate {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut out: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let gate = self.get_mut();
        if gate.pass_held(&mut out)? {
            return Poll::Ready(Ok(()));
        }
        let mut space = [MaybeUninit::uninit(); READ_SIZE];
        loop {
            // The end of the stream, for the parser.
            if let Phase::Closed = gate.phase {
                return Poll::Ready(Ok(()));
            }
            let mut buffer = ReadBuf::uninit(&mut space);
            match Pin::new(&mut gate.stream).poll_read(cx, &mut buffer) {
                Poll::Pending => return gate.poll_client(cx),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(())) => {}
            }
            if gate.waiting == Waiting::Body {
                gate.waiting = Waiting::Nothing;
            }
            if gate.pass_new(buffer.filled(), &mut out)? {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl Write for Gate {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let gate = self.get_mut();
        let written = Pin::new(&mut gate.stream).poll_write(cx, bytes);
        gate.poll_written(cx, written)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let gate = self.get_mut();
        let written = Pin::new(&mut gate.stream).poll_write_vectored(cx, slices);
        gate.poll_written(cx, written)
    }
}
