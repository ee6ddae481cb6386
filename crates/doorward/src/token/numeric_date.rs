use serde_json::value::RawValue;

/// 9999-12-31T23:59:59Z, the last second that `PyJWT` and most databases can name. A date beyond it
/// is a mistake or an attempt to make arithmetic wrap.
const LAST_SECOND: i64 = 253_402_300_799;

/// Reads a `NumericDate` (RFC 7519 §2): seconds since 1970 as a JSON number, whole or with a fraction.
/// Answers milliseconds, rounded down so that a token never outlives its `exp`. `None` for anything
/// else, text and booleans included, and for dates outside ±9999 years.
pub(super) fn milliseconds(raw: &RawValue) -> Option<i64> {
    let text = raw.get();
    if !text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return None;
    }
    if let Ok(seconds) = text.parse::<i64>() {
        return in_range(seconds).then(|| seconds * 1000);
    }
    let milliseconds = (text.parse::<f64>().ok()? * 1000.0).floor();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, and the range check refuses what was cut"
    )]
    let whole = milliseconds as i64;
    (milliseconds.is_finite() && in_range(whole / 1000)).then_some(whole)
}

fn in_range(seconds: i64) -> bool {
    (-LAST_SECOND..=LAST_SECOND).contains(&seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<i64> {
        milliseconds(serde_json::from_str(text).unwrap())
    }

    #[test]
    fn whole_seconds_and_fractions_are_read() {
        for (text, expected) in [
            ("0", 0),
            ("-0", 0),
            ("1767225660", 1_767_225_660_000),
            ("-5", -5000),
            ("1767225660.5", 1_767_225_660_500),
            ("1767225660.9999", 1_767_225_660_999),
            ("1.767225660e9", 1_767_225_660_000),
            ("-0.0001", -1),
            ("253402300799", 253_402_300_799_000),
            ("1e-400", 0),
        ] {
            assert_eq!(read(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_types_and_impossible_dates_are_refused() {
        for text in [
            "\"1767225660\"",
            "true",
            "null",
            "[1767225660]",
            "{}",
            "1e999",
            "-1e999",
            "253402300800",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551616",
            "1e18",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
