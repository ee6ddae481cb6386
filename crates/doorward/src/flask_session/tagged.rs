//! Flask's tagged JSON: types that JSON lacks are objects with one member whose name is a tag.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::error::{EncodeError, SessionError};
use super::http_date::HttpDate;
use super::python_json::{write_float, write_string};
use super::value::{BigInteger, SessionValue};
use crate::json::{self, JsonLimits};

const TUPLE: &str = " t";
const BYTES: &str = " b";
const MARKUP: &str = " m";
const UUID: &str = " u";
const DATE_TIME: &str = " d";
/// Wraps a map of one member whose name looks like a tag; the name gets `__` behind it.
const LOOKALIKE: &str = " di";
const TAGS: [&str; 6] = [TUPLE, BYTES, MARKUP, UUID, DATE_TIME, LOOKALIKE];

type Map = BTreeMap<String, SessionValue>;

/// Writes a session as Flask does: tags, sorted names, no white space, ASCII.
pub(super) fn write(values: &Map) -> Result<String, EncodeError> {
    let mut out = String::with_capacity(128);
    write_map(values, JsonLimits::default().max_depth, &mut out)?;
    Ok(out)
}

/// `levels` is how many containers may still be opened.
fn write_value(value: &SessionValue, levels: usize, out: &mut String) -> Result<(), EncodeError> {
    match value {
        SessionValue::Null => out.push_str("null"),
        SessionValue::Bool(true) => out.push_str("true"),
        SessionValue::Bool(false) => out.push_str("false"),
        SessionValue::Integer(number) => out.push_str(&number.to_string()),
        SessionValue::BigInteger(number) => out.push_str(number.as_str()),
        SessionValue::Float(number) if number.is_finite() => write_float(*number, out),
        SessionValue::Float(_) => return Err(EncodeError::NotFinite),
        SessionValue::String(text) => write_string(text, out),
        SessionValue::List(items) => write_list(items, levels, out)?,
        SessionValue::Tuple(items) => {
            write_tagged(TUPLE, levels, out, |levels, out| {
                write_list(items, levels, out)
            })?;
        }
        SessionValue::Map(values) => write_map(values, levels, out)?,
        SessionValue::Bytes(bytes) => write_text(BYTES, &STANDARD.encode(bytes), levels, out)?,
        SessionValue::Markup(text) => write_text(MARKUP, text, levels, out)?,
        SessionValue::Uuid(uuid) => write_text(UUID, &uuid.simple().to_string(), levels, out)?,
        SessionValue::DateTime(date) => write_text(DATE_TIME, &date.to_string(), levels, out)?,
    }
    Ok(())
}

fn write_text(tag: &str, text: &str, levels: usize, out: &mut String) -> Result<(), EncodeError> {
    write_tagged(tag, levels, out, |_, out| {
        write_string(text, out);
        Ok(())
    })
}

fn write_tagged(
    name: &str,
    levels: usize,
    out: &mut String,
    content: impl FnOnce(usize, &mut String) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let levels = levels.checked_sub(1).ok_or(EncodeError::TooDeep)?;
    out.push('{');
    write_string(name, out);
    out.push(':');
    content(levels, out)?;
    out.push('}');
    Ok(())
}

fn write_list(items: &[SessionValue], levels: usize, out: &mut String) -> Result<(), EncodeError> {
    let levels = levels.checked_sub(1).ok_or(EncodeError::TooDeep)?;
    out.push('[');
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write_value(item, levels, out)?;
    }
    out.push(']');
    Ok(())
}

fn write_map(values: &Map, levels: usize, out: &mut String) -> Result<(), EncodeError> {
    if let (1, Some((name, value))) = (values.len(), values.first_key_value())
        && TAGS.contains(&name.as_str())
    {
        return write_tagged(LOOKALIKE, levels, out, |levels, out| {
            write_tagged(&format!("{name}__"), levels, out, |levels, out| {
                write_value(value, levels, out)
            })
        });
    }
    let levels = levels.checked_sub(1).ok_or(EncodeError::TooDeep)?;
    out.push('{');
    // Order of bytes in UTF-8 is order of code points, which is how Python sorts names.
    for (place, (name, value)) in values.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write_string(name, out);
        out.push(':');
        write_value(value, levels, out)?;
    }
    out.push('}');
    Ok(())
}

/// Reads a session. An object with one member whose name is no known tag stays an object, as in
/// Flask; a known tag with content that does not fit is refused, where Flask takes some of it.
pub(super) fn read(text: &[u8]) -> Result<Map, SessionError> {
    json::check(text, JsonLimits::default())?;
    let raw: &RawValue = serde_json::from_slice(text).map_err(|_| SessionError::Malformed)?;
    match read_value(raw)? {
        SessionValue::Map(values) => Ok(values),
        _ => Err(SessionError::NotAnObject),
    }
}

/// Recursion is as deep as the text, which `json::check` has bounded.
fn read_value(raw: &RawValue) -> Result<SessionValue, SessionError> {
    // The text was checked, so a failure of serde_json below would be a limit of its own.
    let text = raw.get();
    Ok(match text.bytes().next() {
        Some(b'n') => SessionValue::Null,
        Some(b't') => SessionValue::Bool(true),
        Some(b'f') => SessionValue::Bool(false),
        Some(b'"') => SessionValue::String(read_text(raw).ok_or(SessionError::Malformed)?),
        Some(b'[') => SessionValue::List(read_list(raw).ok_or(SessionError::Malformed)??),
        Some(b'{') => return read_object(text),
        _ => return read_number(text),
    })
}

fn read_number(text: &str) -> Result<SessionValue, SessionError> {
    if text.contains(['.', 'e', 'E']) {
        let number: f64 = text.parse().map_err(|_| SessionError::Number)?;
        return if number.is_finite() {
            Ok(SessionValue::Float(number))
        } else {
            Err(SessionError::Number)
        };
    }
    match text.parse() {
        Ok(number) => Ok(SessionValue::Integer(number)),
        Err(_) => BigInteger::parse(text)
            .map(SessionValue::BigInteger)
            .ok_or(SessionError::Number),
    }
}

fn read_text(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

/// `None` when the value is no array, otherwise its items or the first fault among them.
fn read_list(raw: &RawValue) -> Option<Result<Vec<SessionValue>, SessionError>> {
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
    Some(items.into_iter().map(read_value).collect())
}

fn read_object(text: &str) -> Result<SessionValue, SessionError> {
    let members: BTreeMap<String, &RawValue> =
        serde_json::from_str(text).map_err(|_| SessionError::Malformed)?;
    if let (1, Some((name, content))) = (members.len(), members.first_key_value())
        && TAGS.contains(&name.as_str())
    {
        return read_tagged(name, content);
    }
    let read = |(name, raw)| Ok((name, read_value(raw)?));
    members
        .into_iter()
        .map(read)
        .collect::<Result<_, _>>()
        .map(SessionValue::Map)
}

fn read_tagged(tag: &str, content: &RawValue) -> Result<SessionValue, SessionError> {
    let text = || read_text(content).ok_or(SessionError::Tag);
    Ok(match tag {
        TUPLE => SessionValue::Tuple(read_list(content).ok_or(SessionError::Tag)??),
        BYTES => SessionValue::Bytes(STANDARD.decode(text()?).map_err(|_| SessionError::Tag)?),
        MARKUP => SessionValue::Markup(text()?),
        UUID => SessionValue::Uuid(read_uuid(&text()?).ok_or(SessionError::Tag)?),
        DATE_TIME => SessionValue::DateTime(HttpDate::parse(&text()?).ok_or(SessionError::Tag)?),
        _ => SessionValue::Map(read_lookalike(content)?),
    })
}

/// Flask writes `UUID.hex`; the other spellings that a UUID has are refused.
fn read_uuid(text: &str) -> Option<Uuid> {
    let uuid = Uuid::try_parse(text).ok()?;
    (uuid.simple().to_string() == text).then_some(uuid)
}

fn read_lookalike(content: &RawValue) -> Result<Map, SessionError> {
    let SessionValue::Map(inner) = read_value(content)? else {
        return Err(SessionError::Tag);
    };
    let mut members = inner.into_iter();
    let (Some((name, value)), None) = (members.next(), members.next()) else {
        return Err(SessionError::Tag);
    };
    match name.strip_suffix("__") {
        Some(name) if TAGS.contains(&name) => Ok(Map::from([(name.to_owned(), value)])),
        _ => Err(SessionError::Tag),
    }
}

#[cfg(test)]
pub(super) mod tests;
