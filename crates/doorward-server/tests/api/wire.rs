//! A connection that speaks HTTP/1.1 and stays open between requests, or any other bytes.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// Long enough for a busy machine; only a hang reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// What the server sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// The first line, as sent.
    pub(crate) status_line: String,
    /// Names in lower case, values without surrounding white space, in the order of arrival.
    pub(crate) headers: Vec<(String, String)>,
    /// The body without transfer coding.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The only value of a header; `None` without it.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(n, _)| n == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} is repeated in {self:?}");
        value
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body in UTF-8")
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }

    /// The text under `error`, which must be the only key.
    pub(crate) fn error(&self) -> String {
        let json = self.json();
        let object = json
            .as_object()
            .unwrap_or_else(|| panic!("no object: {self:?}"));
        assert_eq!(object.len(), 1, "{self:?}");
        object["error"].as_str().expect("a text").to_owned()
    }
}

/// An open connection.
pub(crate) struct Wire {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Wire {
    /// Connects.
    pub(crate) fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            unread: Vec::new(),
        })
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The next answer. `head` for the answer to a HEAD request, which has no body.
    pub(crate) fn answer(&mut self, head: bool) -> std::io::Result<Answer> {
        let end = self.until(|unread| find(unread, b"\r\n\r\n"))?;
        let text = String::from_utf8_lossy(&self.unread[..end]).into_owned();
        self.unread.drain(..end + 4);
        let mut lines = text.split("\r\n");
        let status_line = lines.next().unwrap_or_default().to_owned();
        let status = status_line
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .unwrap_or_else(|| panic!("no status line: {text:?}"));
        let headers: Vec<(String, String)> = lines
            .map(|line| {
                let (name, value) = line.split_once(':').expect("a header has a colon");
                (name.to_ascii_lowercase(), value.trim().to_owned())
            })
            .collect();
        let mut answer = Answer {
            status,
            status_line,
            headers,
            body: Vec::new(),
        };
        if !head && status != 204 && status != 304 {
            answer.body = self.body(&answer)?;
        }
        Ok(answer)
    }

    /// Whether the server has closed the connection without sending anything more.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.unread.is_empty() && matches!(self.stream.read(&mut [0; 1]), Ok(0) | Err(_))
    }

    /// All that comes until the server closes.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let _ = self.stream.read_to_end(&mut self.unread);
        std::mem::take(&mut self.unread)
    }

    fn body(&mut self, answer: &Answer) -> std::io::Result<Vec<u8>> {
        if let Some(length) = answer.header("content-length") {
            let length: usize = length.parse().expect("a length");
            self.until(|unread| (unread.len() >= length).then_some(0))?;
            return Ok(self.unread.drain(..length).collect());
        }
        if answer.header("transfer-encoding") != Some("chunked") {
            return Ok(self.rest());
        }
        let mut body = Vec::new();
        loop {
            let end = self.until(|unread| find(unread, b"\r\n"))?;
            let line = String::from_utf8_lossy(&self.unread[..end]).into_owned();
            let size = usize::from_str_radix(line.trim(), 16).expect("a chunk's size");
            self.until(|unread| (unread.len() >= end + 2 + size + 2).then_some(0))?;
            body.extend_from_slice(&self.unread[end + 2..end + 2 + size]);
            self.unread.drain(..end + 2 + size + 2);
            if size == 0 {
                return Ok(body);
            }
        }
    }

    fn until(&mut self, found: impl Fn(&[u8]) -> Option<usize>) -> std::io::Result<usize> {
        loop {
            if let Some(at) = found(&self.unread) {
                return Ok(at);
            }
            let mut buffer = [0; 8192];
            let count = self.stream.read(&mut buffer)?;
            if count == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            self.unread.extend_from_slice(&buffer[..count]);
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|part| part == what)
}

#[test]
fn a_chunked_answer_and_the_one_after_it_are_read_apart() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut wire = Wire::open(listener.local_addr().unwrap()).unwrap();
    let (mut peer, _) = listener.accept().unwrap();
    peer.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        .unwrap();
    peer.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}")
        .unwrap();
    drop(peer);
    assert_eq!(wire.answer(false).unwrap().text(), "hello");
    assert_eq!(wire.answer(false).unwrap().status, 404);
    assert!(wire.is_closed());
}
