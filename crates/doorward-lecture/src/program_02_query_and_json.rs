//! Program 2: query parameters of a GET, and the JSON body of a POST.

use axum::{
    Router,
    routing::{get, post},
};
use doorward_axum::{ApiError, Json, JsonRejection, Query, RawJson};
use num_bigint::BigInt;
use serde::Serialize;
use serde_json::value::RawValue;

/// Python refuses to read longer integers, and so do we: squaring takes quadratic time.
const MAX_DIGITS: usize = 4_300;
const NOT_AN_INTEGER: &str = "Invalid 'number' parameter, must be an integer";
const NOT_JSON: &str = "Request body must be JSON";

/// The program's routes. A GET on `/echo` is a 405, since only POST is there.
pub fn router() -> Router {
    Router::new()
        .route("/square", get(square_number))
        .route("/echo", post(echo))
}

/// Integers of any size stay exact: they are kept as their digits.
#[derive(Serialize)]
struct Square {
    number: Box<RawValue>,
    square: Box<RawValue>,
}

async fn square_number(query: Query) -> Result<Json<Square>, ApiError> {
    let text = query.require("number", "Missing 'number' query parameter")?;
    let number = integer(text).ok_or_else(|| ApiError::bad_request(NOT_AN_INTEGER))?;
    let square = &number * &number;
    Ok(Json(Square {
        number: digits(&number)?,
        square: digits(&square)?,
    }))
}

/// What Python's `int()` takes: a sign, leading zeros and surrounding white space, but no point and no exponent.
fn integer(text: &str) -> Option<BigInt> {
    let text = text.trim();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = (1..=MAX_DIGITS).contains(&unsigned.len())
        && unsigned.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

fn digits(number: &BigInt) -> Result<Box<RawValue>, ApiError> {
    RawValue::from_string(number.to_string())
        .map_err(|error| ApiError::internal().with_source(error))
}

#[derive(Serialize)]
struct Echo {
    message: &'static str,
    received: RawJson,
}

/// Returns what came, to the last digit. `null` is what the Flask program calls "no data".
async fn echo(body: Result<RawJson, JsonRejection>) -> Result<Json<Echo>, ApiError> {
    let received = body.map_err(|rejection| rejection.or_bad_request(NOT_JSON))?;
    if received.is_null() {
        return Err(ApiError::bad_request(NOT_JSON));
    }
    Ok(Json(Echo {
        message: "JSON received successfully",
        received,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_is_what_python_calls_one() {
        for (text, expected) in [
            ("7", 7),
            ("+7", 7),
            (" 7 ", 7),
            ("-0", 0),
            ("007", 7),
            ("-12", -12),
        ] {
            assert_eq!(integer(text), Some(expected.into()), "{text:?}");
        }
        for text in [
            "", "-", "--5", "5.0", "1e3", "0x10", "abc", "1 2", "NaN", "٣",
        ] {
            assert_eq!(integer(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_longest_integer_has_4300_digits() {
        assert!(integer(&"9".repeat(MAX_DIGITS)).is_some());
        assert!(integer(&"9".repeat(MAX_DIGITS + 1)).is_none());
    }
}
