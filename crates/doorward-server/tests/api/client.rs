//! Requests of one line each.

use std::{fmt::Write as _, net::SocketAddr};

use serde_json::{Value, json};

use crate::{
    contract,
    wire::{Answer, Wire},
};

/// A request to be sent on a connection of its own.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

/// A request with this method and target.
pub(crate) fn request(method: &str, target: &str) -> Request {
    Request {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: Vec::new(),
        body: None,
    }
}

/// A GET.
pub(crate) fn get(target: &str) -> Request {
    request("GET", target)
}

/// A POST of JSON.
pub(crate) fn post(target: &str, body: &Value) -> Request {
    request("POST", target)
        .header("Content-Type", "application/json")
        .body(body.to_string())
}

/// A request with a JSON body.
pub(crate) fn send_json(method: &str, target: &str, body: &Value) -> Request {
    request(method, target)
        .header("Content-Type", "application/json")
        .body(body.to_string())
}

/// A login.
pub(crate) fn login(username: &str, password: &str) -> Request {
    post(
        "/login",
        &json!({"username": username, "password": password}),
    )
}

/// A registration as a user.
pub(crate) fn register(username: &str, password: &str) -> Request {
    post(
        "/register",
        &json!({"username": username, "password": password, "role": "user"}),
    )
}

impl Request {
    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds `Authorization: Bearer`.
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    /// Says that a proxy forwarded the request for this address.
    pub(crate) fn forwarded_for(self, address: &str) -> Self {
        self.header("X-Forwarded-For", address)
    }

    /// Sets the body.
    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// The request's bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let Self {
            method,
            target,
            headers,
            body,
        } = self;
        let mut bytes = format!("{method} {target} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| name == "Host") {
            bytes.push_str("Host: doorward.test\r\n");
        }
        for (name, value) in headers {
            let _ = write!(bytes, "{name}: {value}\r\n");
        }
        if let Some(body) = body {
            let _ = write!(bytes, "Content-Length: {}\r\n", body.len());
        }
        bytes.push_str("\r\n");
        let mut bytes = bytes.into_bytes();
        bytes.extend_from_slice(body.as_deref().unwrap_or_default());
        bytes
    }

    /// Sends it and reads the answer; an error when the connection fails.
    pub(crate) fn try_send(&self, address: SocketAddr) -> std::io::Result<Answer> {
        let mut wire = Wire::open(address)?;
        wire.send(&self.bytes())?;
        wire.answer(self.method == "HEAD")
    }

    /// Sends it and reads the answer, which must be one that the OpenAPI document tells of.
    pub(crate) fn send(&self, address: SocketAddr) -> Answer {
        let answer = self.send_to_another(address);
        contract::hold(&self.method, &self.target, &answer);
        answer
    }

    /// Sends it where the document is not about, such as a program of the lecture, and reads the answer.
    pub(crate) fn send_to_another(&self, address: SocketAddr) -> Answer {
        self.try_send(address)
            .unwrap_or_else(|why| panic!("no answer to {} {}: {why}", self.method, self.target))
    }
}
