//! Strict check of a JSON text before anything reads it.
//!
//! `serde_json` keeps the last of two equal member names and leaves the depth to its own limit. Two
//! readers of one signed text can then see different claims, so everything that carries authority
//! passes [`check`] first and is read by `serde_json` afterwards.
//! Sources: RFC 8259 (grammar), RFC 7493 §2.1 and §2.3 (surrogates, duplicate names),
//! RFC 7515 §4 and RFC 7519 §4 (duplicates in headers and claims), ASVS 1.5.2.

use std::borrow::Cow;

use thiserror::Error;

#[cfg(test)]
mod tests;

/// How much a JSON text may ask of its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonLimits {
    /// Arrays and objects that may be open at the same time; a bare number has depth 0, `[]` depth 1.
    pub max_depth: usize,
}

impl Default for JsonLimits {
    /// Depth 32: no claim set, session or request body of the API comes near it.
    fn default() -> Self {
        Self { max_depth: 32 }
    }
}

/// Why a text was refused by [`check`]. No variant carries any of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum JsonError {
    /// Nothing but white space.
    #[error("the JSON text is empty; send one JSON value")]
    Empty,
    /// The bytes are not UTF-8 (RFC 8259 §8.1).
    #[error("the JSON text is not valid UTF-8; encode it as UTF-8")]
    NotUtf8,
    /// The grammar of RFC 8259 is broken at this byte.
    #[error("the JSON text is malformed at byte {offset}; correct it there")]
    Syntax {
        /// Byte offset of the first byte that does not fit.
        offset: usize,
    },
    /// More arrays and objects are nested than allowed.
    #[error("the JSON text nests deeper than {max} levels; flatten it")]
    TooDeep {
        /// The limit that was exceeded.
        max: usize,
    },
    /// An object names the same member twice (compared after unescaping).
    #[error("a JSON object names the same member twice; send each name once")]
    DuplicateName,
    /// A `\u` escape names half of a surrogate pair (RFC 7493 §2.1).
    #[error("a JSON string holds an unpaired surrogate escape; send whole characters")]
    LoneSurrogate,
}

/// Checks that `text` is exactly one JSON value within `limits`, without building it.
///
/// Iterative: the depth of the text never becomes depth of the stack. Cost is linear in the text,
/// plus `n log n` in the member names of one object.
///
/// Numbers are checked for grammar only: `1e999` is JSON, what it means is for the reader to say.
///
/// # Errors
/// [`JsonError`] names the first fault found; a duplicate name is reported when its object closes.
pub fn check(text: &[u8], limits: JsonLimits) -> Result<(), JsonError> {
    let text = std::str::from_utf8(text).map_err(|_| JsonError::NotUtf8)?;
    let mut scanner = Scanner { text, at: 0 };
    scanner.skip_whitespace();
    if scanner.peek().is_none() {
        return Err(JsonError::Empty);
    }
    let mut open = OpenContainers::new(limits.max_depth);
    loop {
        let closed_at_once = match scanner.peek() {
            Some(b'{') => {
                open.push(Container::Object)?;
                scanner.step();
                scanner.skip_whitespace();
                if scanner.peek() == Some(b'}') {
                    scanner.step();
                    open.pop()?;
                    true
                } else {
                    open.name(scanner.member_name()?)?;
                    false
                }
            }
            Some(b'[') => {
                open.push(Container::Array)?;
                scanner.step();
                scanner.skip_whitespace();
                if scanner.peek() == Some(b']') {
                    scanner.step();
                    open.pop()?;
                    true
                } else {
                    false
                }
            }
            _ => {
                scanner.scalar()?;
                true
            }
        };
        if closed_at_once && !after_value(&mut scanner, &mut open)? {
            return Ok(());
        }
    }
}

/// Reads what may follow a complete value. True when another value must come, false at the end.
fn after_value<'a>(
    scanner: &mut Scanner<'a>,
    open: &mut OpenContainers<'a>,
) -> Result<bool, JsonError> {
    loop {
        scanner.skip_whitespace();
        match (open.innermost(), scanner.peek()) {
            (None, None) => return Ok(false),
            (Some(Container::Array), Some(b',')) => {
                scanner.step();
                scanner.skip_whitespace();
                return Ok(true);
            }
            (Some(Container::Object), Some(b',')) => {
                scanner.step();
                scanner.skip_whitespace();
                open.name(scanner.member_name()?)?;
                return Ok(true);
            }
            (Some(Container::Array), Some(b']')) | (Some(Container::Object), Some(b'}')) => {
                scanner.step();
                open.pop()?;
            }
            _ => return Err(scanner.syntax()),
        }
    }
}

/// Up to so many names, comparing each with the earlier ones is cheaper than sorting.
const FEW: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Container {
    Array,
    Object,
}

/// The containers around the current position, and the member names of those that are objects.
struct OpenContainers<'a> {
    max: usize,
    /// Kind, and the length of `names` when it was opened.
    stack: Vec<(Container, usize)>,
    names: Vec<Cow<'a, str>>,
}

impl<'a> OpenContainers<'a> {
    fn new(max: usize) -> Self {
        Self {
            max,
            stack: Vec::with_capacity(4),
            names: Vec::with_capacity(12),
        }
    }

    fn innermost(&self) -> Option<Container> {
        self.stack.last().map(|(kind, _)| *kind)
    }

    fn push(&mut self, kind: Container) -> Result<(), JsonError> {
        if self.stack.len() >= self.max {
            return Err(JsonError::TooDeep { max: self.max });
        }
        self.stack.push((kind, self.names.len()));
        Ok(())
    }

    fn name(&mut self, name: Cow<'a, str>) -> Result<(), JsonError> {
        let start = self.stack.last().map_or(0, |(_, start)| *start);
        let earlier = self.names.get(start..).unwrap_or_default();
        if earlier.len() < FEW && earlier.contains(&name) {
            return Err(JsonError::DuplicateName);
        }
        self.names.push(name);
        Ok(())
    }

    fn pop(&mut self) -> Result<(), JsonError> {
        let Some((_, start)) = self.stack.pop() else {
            return Ok(());
        };
        let names = self.names.get_mut(start..).unwrap_or_default();
        // Names past the first few were not compared when they came.
        if names.len() > FEW {
            names.sort_unstable();
            if names.windows(2).any(|pair| pair.first() == pair.last()) {
                return Err(JsonError::DuplicateName);
            }
        }
        self.names.truncate(start);
        Ok(())
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn step(&mut self) {
        self.at += 1;
    }

    fn syntax(&self) -> JsonError {
        JsonError::Syntax { offset: self.at }
    }

    fn skip_whitespace(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.step();
        }
    }

    fn scalar(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'"') => self.string().map(|_| ()),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            _ => Err(self.syntax()),
        }
    }

    fn literal(&mut self, word: &str) -> Result<(), JsonError> {
        for expected in word.bytes() {
            if self.peek() != Some(expected) {
                return Err(self.syntax());
            }
            self.step();
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), JsonError> {
        if self.peek() == Some(b'-') {
            self.step();
        }
        if self.peek() == Some(b'0') {
            self.step();
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.step();
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.step();
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.step();
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.syntax());
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.step();
        }
        Ok(())
    }

    /// A member name and its colon, up to the value. The name comes back unescaped.
    fn member_name(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let start = self.at;
        let escaped = self.string()?;
        let quoted = self.text.get(start..self.at).unwrap_or_default();
        let name = if escaped {
            // The literal was checked a moment ago, so this can't fail.
            let owned = serde_json::from_str(quoted);
            Cow::Owned(owned.map_err(|_| JsonError::Syntax { offset: start })?)
        } else {
            Cow::Borrowed(quoted.trim_matches('"'))
        };
        self.skip_whitespace();
        if self.peek() != Some(b':') {
            return Err(self.syntax());
        }
        self.step();
        self.skip_whitespace();
        Ok(name)
    }

    /// A string literal; true when it holds an escape.
    fn string(&mut self) -> Result<bool, JsonError> {
        let mut escaped = false;
        if self.peek() != Some(b'"') {
            return Err(self.syntax());
        }
        self.step();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.step();
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.step();
                    self.escape()?;
                }
                None | Some(0..=0x1f) => return Err(self.syntax()),
                Some(_) => self.step(),
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.step();
                Ok(())
            }
            Some(b'u') => {
                self.step();
                match self.hex4()? {
                    0xd800..=0xdbff => self.low_surrogate(),
                    0xdc00..=0xdfff => Err(JsonError::LoneSurrogate),
                    _ => Ok(()),
                }
            }
            _ => Err(self.syntax()),
        }
    }

    fn low_surrogate(&mut self) -> Result<(), JsonError> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if !rest.starts_with(b"\\u") {
            return Err(JsonError::LoneSurrogate);
        }
        self.at += 2;
        match self.hex4()? {
            0xdc00..=0xdfff => Ok(()),
            _ => Err(JsonError::LoneSurrogate),
        }
    }

    fn hex4(&mut self) -> Result<u32, JsonError> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            code = code * 16 + digit.ok_or_else(|| self.syntax())?;
            self.step();
        }
        Ok(code)
    }
}
