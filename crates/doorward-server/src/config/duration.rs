//! Durations as people write them: `250ms`, `10s`, `15m`, `1h`, `31d`, `1h30m`.

use std::time::Duration;

use thiserror::Error;

const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Longer than any setting needs, and short enough that adding it to a point
/// in time in milliseconds cannot overflow.
const LONGEST_MS: u64 = 36_500 * 86_400_000;

/// Why a text is not a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DurationError {
    /// The text is empty.
    #[error("is empty; write a number and a unit")]
    Empty,
    /// A part does not start with a whole number.
    #[error("must be whole numbers, each followed by a unit (ms, s, m, h, d)")]
    Number,
    /// A number without a unit: seconds and milliseconds are too easily confused.
    #[error("has no unit; add one of ms, s, m, h, d")]
    MissingUnit,
    /// A unit that is not one of ms, s, m, h, d.
    #[error("has an unknown unit; use ms, s, m, h or d")]
    UnknownUnit,
    /// Units repeat or grow: `30m1h`.
    #[error("must name its units from the largest to the smallest, each once")]
    Order,
    /// More than a hundred years.
    #[error("is longer than 36500d")]
    TooLong,
}

/// Reads one or more `<number><unit>` parts, units falling: `1h30m`.
///
/// # Errors
/// [`DurationError`] says which rule the text breaks.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(DurationError::Empty);
    }
    let mut total: u64 = 0;
    let mut previous_scale = u64::MAX;
    while !rest.is_empty() {
        let (digits, after) = split_while(rest, |c| c.is_ascii_digit());
        if digits.is_empty() {
            return Err(DurationError::Number);
        }
        let (unit, after) = split_while(after, |c| c.is_ascii_alphabetic());
        if unit.is_empty() && after.is_empty() {
            return Err(DurationError::MissingUnit);
        }
        if unit.is_empty() {
            return Err(DurationError::Number);
        }
        let Some((_, scale)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(DurationError::UnknownUnit);
        };
        if *scale >= previous_scale {
            return Err(DurationError::Order);
        }
        previous_scale = *scale;
        total = digits
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(*scale))
            .and_then(|part| part.checked_add(total))
            .filter(|sum| *sum <= LONGEST_MS)
            .ok_or(DurationError::TooLong)?;
        rest = after;
    }
    Ok(Duration::from_millis(total))
}

/// Writes a duration so that [`parse_duration`] reads the same milliseconds
/// back, in the largest unit that divides it: `3600s` becomes `1h`.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    if milliseconds == 0 {
        return "0s".to_owned();
    }
    let (name, scale) = UNITS
        .iter()
        .find(|(_, scale)| milliseconds.is_multiple_of(u128::from(*scale)))
        .unwrap_or(&("ms", 1));
    format!("{}{name}", milliseconds / u128::from(*scale))
}

fn split_while(text: &str, keep: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !keep(c)).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_usual_spellings_are_read() {
        for (text, milliseconds) in [
            ("250ms", 250),
            ("10s", 10_000),
            ("15m", 900_000),
            ("1h", 3_600_000),
            ("3600s", 3_600_000),
            ("31d", 2_678_400_000),
            ("1h30m", 5_400_000),
            (" 2s ", 2_000),
            ("0s", 0),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_a_duration_is_refused_with_its_reason() {
        for (text, error) in [
            ("", DurationError::Empty),
            ("3600", DurationError::MissingUnit),
            ("1h30", DurationError::MissingUnit),
            ("h", DurationError::Number),
            ("-1s", DurationError::Number),
            ("1.5h", DurationError::Number),
            ("1 h", DurationError::Number),
            ("1x", DurationError::UnknownUnit),
            ("1H", DurationError::UnknownUnit),
            ("30m1h", DurationError::Order),
            ("1s1s", DurationError::Order),
            ("36501d", DurationError::TooLong),
            ("99999999999999999999999s", DurationError::TooLong),
            ("18446744073709551615d", DurationError::TooLong),
        ] {
            assert_eq!(parse_duration(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _ = parse_duration(&text);
        }

        #[test]
        fn no_text_that_looks_like_a_duration_makes_the_parser_panic(text in "[0-9]{0,24}[a-zé]{0,3}[0-9]{0,24}[dhms]{0,2}") {
            let _ = parse_duration(&text);
        }

        #[test]
        fn what_is_written_reads_back_the_same(milliseconds in 0..=LONGEST_MS) {
            let duration = Duration::from_millis(milliseconds);
            prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
        }
    }
}
