//! A kept-alive connection, one request at a time.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A GET, with a bearer token when there is one.
pub(crate) fn get(path: &str, token: Option<&str>) -> Vec<u8> {
    let authorization = token.map_or_else(String::new, |token| {
        format!("Authorization: Bearer {token}\r\n")
    });
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}\r\n").into_bytes()
}

/// `POST /login` with these credentials.
pub(crate) fn login(username: &str, password: &str) -> Vec<u8> {
    let body = format!(r#"{{"username":"{username}","password":"{password}"}}"#);
    post("/login", &body)
}

/// `POST /register` of a user with these credentials.
pub(crate) fn register(username: &str, password: &str) -> Vec<u8> {
    let body = format!(r#"{{"username":"{username}","password":"{password}","role":"user"}}"#);
    post("/register", &body)
}

/// A POST of a JSON text.
pub(crate) fn post(path: &str, body: &str) -> Vec<u8> {
    post_with(path, "Accept: application/json", body)
}

/// A POST of a JSON text, with this field.
pub(crate) fn post_with(path: &str, field: &str, body: &str) -> Vec<u8> {
    request_with_body(path, &[field, "Content-Type: application/json"], body)
}

/// A GET with this field.
pub(crate) fn get_with(path: &str, field: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{field}\r\n\r\n").into_bytes()
}

/// A POST of a form.
pub(crate) fn form(path: &str, body: &str) -> Vec<u8> {
    form_with(path, "Accept: application/json", body)
}

/// A POST of a form, with this field.
pub(crate) fn form_with(path: &str, field: &str, body: &str) -> Vec<u8> {
    let media_type = "Content-Type: application/x-www-form-urlencoded";
    request_with_body(path, &[field, media_type], body)
}

fn request_with_body(path: &str, fields: &[&str], body: &str) -> Vec<u8> {
    let fields = fields.join("\r\n");
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Status and length of the answer at the start of `bytes`, once it is there as a whole: with a `Content-Length`, or in
/// chunks (RFC 9112 section 7.1).
pub(crate) fn whole_answer(bytes: &[u8]) -> Option<(u16, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let field = |wanted: &str| {
        let mut fields = head.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(name, _)| name.eq_ignore_ascii_case(wanted))
    };
    if field("transfer-encoding").is_some() {
        return Some((status, end + chunks(&bytes[end..])?));
    }
    let length = field("content-length").map_or(0, |(_, value)| value.trim().parse().unwrap());
    (bytes.len() >= end + length).then_some((status, end + length))
}

/// How long a body in chunks is, once its last chunk is there.
fn chunks(body: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = body[at..].windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&body[at..at + line]).unwrap();
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        at += line + 2 + size + 2;
        if body.len() < at {
            return None;
        }
        if size == 0 {
            return Some(at);
        }
    }
}

/// A connection that waits for each answer, at most ten seconds.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        Self {
            stream,
            received: Vec::with_capacity(4096),
        }
    }

    /// Sends a request and answers the status; [`Connection::answer`] has the rest.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> u16 {
        self.stream.write_all(request).unwrap();
        self.received.clear();
        let mut space = [0; 4096];
        loop {
            let count = self.stream.read(&mut space).unwrap();
            assert!(count > 0, "the server closed the connection");
            self.received.extend_from_slice(&space[..count]);
            if let Some((status, _)) = whole_answer(&self.received) {
                return status;
            }
        }
    }

    /// The last answer, head and body.
    pub(crate) fn answer(&self) -> &str {
        std::str::from_utf8(&self.received).unwrap()
    }
}

/// Logs in and answers the token.
pub(crate) fn token(address: SocketAddr, username: &str, password: &str) -> String {
    let mut connection = Connection::open(address);
    assert_eq!(connection.exchange(&login(username, password)), 200);
    let (_, body) = connection.answer().split_once("\r\n\r\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    body["token"].as_str().unwrap().to_owned()
}
