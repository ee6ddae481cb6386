use std::collections::BTreeMap;

use uuid::Uuid;

use super::http_date::HttpDate;

/// A value in a session: what Python's `json` knows, and the types that Flask adds by tags.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionValue {
    /// `None`
    Null,
    /// `bool`
    Bool(bool),
    /// `int`, where 64 bits hold it.
    Integer(i64),
    /// `int` beyond 64 bits.
    BigInteger(BigInteger),
    /// `float`. An infinite one or NaN can't be encoded.
    Float(f64),
    /// `str`
    String(String),
    /// `list`
    List(Vec<SessionValue>),
    /// `tuple`, tagged ` t`. Flask keeps flashed messages as tuples.
    Tuple(Vec<SessionValue>),
    /// `dict` with text keys.
    Map(BTreeMap<String, SessionValue>),
    /// `bytes`, tagged ` b`.
    Bytes(Vec<u8>),
    /// `markupsafe.Markup`, tagged ` m`: text that its maker declared safe HTML.
    Markup(String),
    /// `uuid.UUID`, tagged ` u`.
    Uuid(Uuid),
    /// `datetime`, tagged ` d`.
    DateTime(HttpDate),
}

impl SessionValue {
    /// The text of a [`SessionValue::String`].
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number of a [`SessionValue::Integer`].
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }
}

impl From<&str> for SessionValue {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for SessionValue {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for SessionValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i32> for SessionValue {
    fn from(number: i32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<i64> for SessionValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

/// An integer that does not fit 64 bits, kept as its decimal digits so that nothing is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BigInteger(String);

/// Python refuses to read an `int` with more digits.
const MAX_DIGITS: usize = 4300;

impl BigInteger {
    /// Reads decimal digits with an optional minus sign; `None` for other text, leading zeros,
    /// more than 4300 digits, or a number that [`SessionValue::Integer`] holds.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        let big = text.parse::<i64>().is_err();
        (plain && big && (1..=MAX_DIGITS).contains(&digits.len())).then(|| Self(text.to_owned()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_big_integer_is_one_that_64_bits_do_not_hold() {
        for text in [
            "9223372036854775808",
            "-9223372036854775809",
            &"9".repeat(4300),
        ] {
            assert_eq!(BigInteger::parse(text).unwrap().as_str(), text);
        }
        for text in [
            "",
            "-",
            "9223372036854775807",
            "-9223372036854775808",
            "09223372036854775808",
            "1e30",
            "+9223372036854775808",
            &"9".repeat(4301),
        ] {
            assert_eq!(BigInteger::parse(text), None, "{text}");
        }
    }
}
