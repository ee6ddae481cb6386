//! The framing of a request head, checked before the parser sees it.
//!
//! The parser behind this accepts bare line feeds, repeated equal
//! `Content-Length` and `Content-Length` beside `Transfer-Encoding`; another
//! server in front may read each of them in another way (request smuggling,
//! RFC 9112 section 11.2). Here each is refused.

use http::{StatusCode, Uri};

use crate::error::ApiError;
use crate::limits::HttpLimits;

/// A complete, well-framed head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// Bytes of the head with its empty line.
    pub(crate) len: usize,
    /// What follows it.
    pub(crate) body: BodyFraming,
}

/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyFraming {
    /// So many bytes; zero without a body.
    Length(u64),
    /// RFC 9112 section 7.1.
    Chunked,
}

/// Why a head was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Malformed,
    TargetTooLong,
    TooLarge,
    Version,
    /// The rest of the head did not come in time.
    Late,
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Malformed => {
                Self::bad_request("Malformed HTTP request").with_code("malformed_request")
            }
            Refusal::TargetTooLong => Self::from_status(StatusCode::URI_TOO_LONG),
            Refusal::TooLarge => Self::from_status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
            Refusal::Version => Self::from_status(StatusCode::HTTP_VERSION_NOT_SUPPORTED),
            Refusal::Late => Self::request_timeout(),
        }
    }
}

/// The part of the limits that a head is held to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadLimits {
    pub(crate) bytes: usize,
    pub(crate) fields: usize,
    pub(crate) target: usize,
}

impl From<&HttpLimits> for HeadLimits {
    fn from(limits: &HttpLimits) -> Self {
        Self {
            bytes: limits.header_bytes,
            fields: limits.header_fields,
            target: limits.url_bytes,
        }
    }
}

/// Looks for a head at the start of `bytes`; `Ok(None)` when its end isn't there
/// yet. `searched` bytes held no end before.
pub(crate) fn find(
    bytes: &[u8],
    searched: usize,
    limits: HeadLimits,
) -> Result<Option<Head>, Refusal> {
    // TLS or another protocol on this port need not wait for an end of line.
    if bytes.first().is_some_and(|first| !is_token(*first)) {
        return Err(Refusal::Malformed);
    }
    let Some(len) = end(bytes, searched) else {
        return if bytes.len() > limits.bytes {
            Err(too_large(bytes, limits))
        } else {
            Ok(None)
        };
    };
    let head = bytes.get(..len).unwrap_or_default();
    if len > limits.bytes {
        return Err(too_large(head, limits));
    }
    let body = check(head, limits)?;
    Ok(Some(Head { len, body }))
}

/// The length of the head with its empty line, which may be framed by bare line
/// feeds here: the check refuses them.
fn end(bytes: &[u8], searched: usize) -> Option<usize> {
    let start = searched.saturating_sub(3);
    let mut rest = bytes.get(start..)?;
    let mut offset = start;
    loop {
        let feed = line_feed(rest)? + 1;
        offset += feed;
        rest = rest.get(feed..)?;
        match rest {
            [b'\n', ..] => return Some(offset + 1),
            [b'\r', b'\n', ..] => return Some(offset + 2),
            _ => {}
        }
    }
}

/// Where the first line feed is. Blocks without one are passed over as a whole: the compiler compares all bytes of a
/// block at once, which it can't do when each byte may end the search. A head with a token is some hundred bytes, and
/// looking at each by itself cost a fifth of what a request costs outside the kernel.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "lazy operators would keep the compiler from looking at many bytes at once"
)]
fn line_feed(bytes: &[u8]) -> Option<usize> {
    const BLOCK: usize = 32;
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    let has_feed = |block: &[u8; BLOCK]| block.iter().fold(false, |has, b| has | (*b == b'\n'));
    let start = BLOCK * blocks.iter().take_while(|block| !has_feed(block)).count();
    let place = bytes.get(start..)?.iter().position(|b| *b == b'\n')?;
    Some(start + place)
}

fn too_large(bytes: &[u8], limits: HeadLimits) -> Refusal {
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    // The method and the version take little of a request line.
    if line.len() > limits.target {
        Refusal::TargetTooLong
    } else {
        Refusal::TooLarge
    }
}

fn check(head: &[u8], limits: HeadLimits) -> Result<BodyFraming, Refusal> {
    let mut lines = Lines(head);
    let version = check_request_line(lines.next().ok_or(Refusal::Malformed)?, limits)?;
    let mut framing = Framing::default();
    let mut fields = 0;
    for line in &mut lines {
        fields += 1;
        if fields > limits.fields {
            return Err(Refusal::TooLarge);
        }
        framing.add(line)?;
    }
    if !lines.0.is_empty() {
        return Err(Refusal::Malformed);
    }
    framing.decide(version)
}

/// Lines that end in CR LF and have no other control character than tabs. Stops
/// at the empty line, which it takes away, and before a line that isn't right.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let feed = line_feed(self.0)?;
        let (line, rest) = self.0.split_at_checked(feed + 1)?;
        let line = line.strip_suffix(b"\r\n")?;
        // No early exit, as in `line_feed`.
        #[expect(
            clippy::needless_bitwise_bool,
            reason = "lazy operators would keep the compiler from looking at many bytes at once"
        )]
        let is_bad = line
            .iter()
            .fold(false, |bad, b| bad | (b.is_ascii_control() & (*b != b'\t')));
        if is_bad {
            return None;
        }
        self.0 = rest;
        (!line.is_empty()).then_some(line)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Http10,
    Http11,
}

fn check_request_line(line: &[u8], limits: HeadLimits) -> Result<Version, Refusal> {
    let mut parts = line.split(|b| *b == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Refusal::Malformed);
    };
    if method.is_empty() || !method.iter().all(|b| is_token(*b)) || target.is_empty() {
        return Err(Refusal::Malformed);
    }
    if target.len() > limits.target {
        return Err(Refusal::TargetTooLong);
    }
    if !target.iter().all(|b| is_plain_target(*b)) && Uri::try_from(target).is_err() {
        return Err(Refusal::Malformed);
    }
    match version {
        b"HTTP/1.1" => Ok(Version::Http11),
        b"HTTP/1.0" => Ok(Version::Http10),
        other if other.starts_with(b"HTTP/") => Err(Refusal::Version),
        _ => Err(Refusal::Malformed),
    }
}

/// The fields that decide about framing and routing.
#[derive(Debug, Default)]
struct Framing {
    length: Option<u64>,
    is_chunked: bool,
    has_host: bool,
}

impl Framing {
    fn add(&mut self, line: &[u8]) -> Result<(), Refusal> {
        // A folded line starts with white space, which no name holds.
        let name_len = line.iter().take_while(|b| is_token(**b)).count();
        let (name, rest) = line.split_at_checked(name_len).ok_or(Refusal::Malformed)?;
        let value = rest.strip_prefix(b":").ok_or(Refusal::Malformed)?;
        match name.len() {
            0 => return Err(Refusal::Malformed),
            4 if name.eq_ignore_ascii_case(b"host") => {
                once(&mut self.has_host)?;
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                let length = parse_length(value.trim_ascii()).ok_or(Refusal::Malformed)?;
                if self.length.replace(length).is_some() {
                    return Err(Refusal::Malformed);
                }
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                once(&mut self.is_chunked)?;
                if !value.trim_ascii().eq_ignore_ascii_case(b"chunked") {
                    return Err(Refusal::Malformed);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn decide(self, version: Version) -> Result<BodyFraming, Refusal> {
        match (version, self) {
            // RFC 9112 section 3.2.
            (Version::Http11, Self { has_host: false, .. })
            // RFC 9112 sections 6.1 and 6.3.
            | (Version::Http10, Self { is_chunked: true, .. })
            | (_, Self { is_chunked: true, length: Some(_), .. }) => Err(Refusal::Malformed),
            (_, Self { is_chunked: true, .. }) => Ok(BodyFraming::Chunked),
            (_, Self { length, .. }) => Ok(BodyFraming::Length(length.unwrap_or(0))),
        }
    }
}

fn once(seen: &mut bool) -> Result<(), Refusal> {
    if std::mem::replace(seen, true) {
        Err(Refusal::Malformed)
    } else {
        Ok(())
    }
}

/// Digits only: no sign, no list. 18 digits are beyond any body and within 64
/// bits.
fn parse_length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > 18 {
        return None;
    }
    value.iter().try_fold(0, |length: u64, b| {
        b.is_ascii_digit()
            .then(|| length * 10 + u64::from(b - b'0'))
    })
}

/// RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    TOKEN.get(usize::from(byte)).is_some_and(|class| *class)
}

/// Bytes that a request target may always have; for the others the URI parser
/// is asked.
fn is_plain_target(byte: u8) -> bool {
    PLAIN_TARGET
        .get(usize::from(byte))
        .is_some_and(|class| *class)
}

static TOKEN: [bool; 256] = alphanumerics_and(b"!#$%&'*+-.^_`|~");
static PLAIN_TARGET: [bool; 256] = alphanumerics_and(b"/?%&=-_.~+,");

#[expect(
    clippy::indexing_slicing,
    reason = "runs at compile time, where a wrong index is a compile error"
)]
const fn alphanumerics_and(others: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let mut position = 0;
    while position < others.len() {
        table[others[position] as usize] = true;
        position += 1;
    }
    table
}

#[cfg(test)]
mod tests;
