//! One HTTP/1.1 exchange per connection, over a plain `TcpStream`.

use std::fmt;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Long enough for a busy machine; only a hang reaches it.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the server sent.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Version, code and reason, as sent.
    pub(crate) status_line: String,
    /// Names as sent, values without surrounding white space.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, without transfer coding.
    pub(crate) body: String,
}

/// Sends a request block and reads the answer.
///
/// # Errors
/// The connection fails, or the answer is no HTTP/1.1.
pub(crate) fn exchange(address: SocketAddr, block: &str) -> Result<Answer, String> {
    let (head, body) = block.split_once("\n\n").unwrap_or((block, ""));
    let mut lines = head.lines();
    let request_line = lines.next().unwrap_or_default().trim_end();
    let mut raw = format!("{request_line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for line in lines {
        raw.push_str(line.trim_end());
        raw.push_str("\r\n");
    }
    if !request_line.starts_with("GET ") && !request_line.starts_with("HEAD ") {
        raw.push_str("Content-Length: ");
        raw.push_str(&body.len().to_string());
        raw.push_str("\r\n");
    }
    raw.push_str("\r\n");
    raw.push_str(body);

    let answer = send(address, raw.as_bytes()).map_err(|e| format!("no answer: {e}"))?;
    Answer::parse(&answer, !request_line.starts_with("HEAD "))
}

fn send(address: SocketAddr, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(request)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

impl Answer {
    /// Reads everything that the server sent until it closed the connection.
    ///
    /// # Errors
    /// What is missing or malformed.
    pub(crate) fn parse(raw: &[u8], may_have_body: bool) -> Result<Self, String> {
        let end = raw
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .ok_or("the answer's head does not end")?;
        let head = std::str::from_utf8(&raw[..end]).map_err(|e| format!("head: {e}"))?;
        let rest = &raw[end + 4..];
        let mut lines = head.split("\r\n");
        let status_line = lines.next().unwrap_or_default().to_owned();
        let headers = lines
            .map(|line| match line.split_once(':') {
                Some((name, value)) => Ok((name.to_owned(), value.trim().to_owned())),
                None => Err(format!("header without a colon: {line}")),
            })
            .collect::<Result<_, String>>()?;
        let mut answer = Self {
            status_line,
            headers,
            body: String::new(),
        };
        let body = answer.unframe(rest, may_have_body)?;
        answer.body = String::from_utf8(body).map_err(|e| format!("body: {e}"))?;
        Ok(answer)
    }

    /// The values of a header, in order.
    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    fn unframe(&self, rest: &[u8], may_have_body: bool) -> Result<Vec<u8>, String> {
        if !may_have_body {
            return if rest.is_empty() {
                Ok(Vec::new())
            } else {
                Err("a body follows where none may".to_owned())
            };
        }
        if self
            .values("Transfer-Encoding")
            .any(|coding| coding.eq_ignore_ascii_case("chunked"))
        {
            return dechunk(rest);
        }
        if let Some(length) = self.values("Content-Length").next() {
            let length: usize = length.parse().map_err(|_| "Content-Length is no number")?;
            if rest.len() != length {
                return Err(format!(
                    "Content-Length is {length}, {} bytes came",
                    rest.len()
                ));
            }
        }
        Ok(rest.to_vec())
    }
}

fn dechunk(mut rest: &[u8]) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        let end = rest
            .windows(2)
            .position(|two| two == b"\r\n")
            .ok_or("a chunk has no size line")?;
        let size = std::str::from_utf8(&rest[..end])
            .ok()
            .and_then(|line| line.split(';').next())
            .and_then(|size| usize::from_str_radix(size.trim(), 16).ok())
            .ok_or("a chunk's size is no number")?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(rest.get(..size).ok_or("a chunk is cut short")?);
        rest = rest.get(size + 2..).ok_or("a chunk does not end")?;
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.status_line)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        write!(f, "\n{}", self.body)
    }
}

#[test]
fn a_chunked_body_is_put_together() {
    let raw =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x\r\n!\r\n0\r\n\r\n";
    assert_eq!(Answer::parse(raw, true).unwrap().body, "hello!");
}

#[test]
fn an_answer_of_the_wrong_length_is_refused() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    for (body, may_have_body, fine) in [
        ("hello", true, true),
        ("hell", true, false),
        ("hello!", true, false),
        ("", false, true),
        ("hello", false, false),
    ] {
        let answer = Answer::parse(format!("{head}{body}").as_bytes(), may_have_body);
        assert_eq!(answer.is_ok(), fine, "{body:?}");
    }
}
