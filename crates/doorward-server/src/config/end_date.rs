//! The moment at which something ends, as people write it: a date, or a date and a time with its zone (RFC 3339).

use doorward::clock::Timestamp;
use thiserror::Error;

const SECONDS_A_DAY: i64 = 86_400;

/// Why a text is no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EndDateError {
    /// Neither form.
    #[error("is not a date such as 2027-03-31, or 2027-03-31T18:00:00Z")]
    Form,
    /// A time without `Z` or an offset: whose it is, is not known.
    #[error("has a time without a zone; end it with Z for UTC")]
    NoZone,
    /// No such day or time.
    #[error("names a day or time that does not exist")]
    NoSuchMoment,
}

/// Reads `2027-03-31`, which is the end of that day in UTC, or `2027-03-31T18:00:00Z`, also with an offset such as `+02:00`
/// (RFC 3339 §5.6). Fractions of a second are left out.
///
/// # Errors
/// [`EndDateError`] says which rule the text breaks.
pub fn parse_end_date(text: &str) -> Result<Timestamp, EndDateError> {
    let text = text.trim();
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) {
        return Err(EndDateError::NoSuchMoment);
    }
    if !(1..=days_of(year, month)).contains(&day) {
        return Err(EndDateError::NoSuchMoment);
    }
    let midnight = day_number(year, month, day) * SECONDS_A_DAY;
    let seconds = match time {
        None => midnight + SECONDS_A_DAY,
        Some(time) => midnight + time_of_day(time)?,
    };
    Ok(Timestamp::from_seconds(seconds))
}

/// Reads the same as a moment at which something begins: a date alone is its first moment. `None` for what
/// [`parse_end_date`] refuses.
#[must_use]
pub fn parse_since(text: &str) -> Option<Timestamp> {
    let start = format!("{text}T00:00:00Z");
    let has_time = text.contains(['T', 't', ' ']);
    parse_end_date(if has_time { text } else { &start }).ok()
}

/// Seconds since midnight in UTC.
fn time_of_day(text: &str) -> Result<i64, EndDateError> {
    let (local, offset) = if let Some(local) = text.strip_suffix(['Z', 'z']) {
        (local, 0)
    } else {
        let place = text.rfind(['+', '-']).ok_or(EndDateError::NoZone)?;
        let (local, zone) = text.split_at(place);
        let sign = if zone.starts_with('-') { -1 } else { 1 };
        let [hours, minutes] = numbers(zone.trim_start_matches(['+', '-']), ':', [2, 2])?;
        if hours > 23 || minutes > 59 {
            return Err(EndDateError::NoSuchMoment);
        }
        (local, sign * (hours * 3600 + minutes * 60))
    };
    let whole = match local.split_once('.') {
        None => local,
        Some((whole, fraction))
            if !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit()) =>
        {
            whole
        }
        Some(_) => return Err(EndDateError::Form),
    };
    let [hours, minutes, seconds] = numbers(whole, ':', [2, 2, 2])?;
    if hours > 23 || minutes > 59 || seconds > 59 {
        return Err(EndDateError::NoSuchMoment);
    }
    Ok(hours * 3600 + minutes * 60 + seconds - offset)
}

/// Numbers of a fixed count of digits each.
fn numbers<const N: usize>(
    text: &str,
    separator: char,
    digits: [usize; N],
) -> Result<[i64; N], EndDateError> {
    let mut parts = text.split(separator);
    let mut found = [0; N];
    for (slot, digits) in found.iter_mut().zip(digits) {
        let part = parts.next().ok_or(EndDateError::Form)?;
        if part.len() != digits || !part.bytes().all(|b| b.is_ascii_digit()) {
            return Err(EndDateError::Form);
        }
        *slot = part.parse().map_err(|_| EndDateError::Form)?;
    }
    match parts.next() {
        None => Ok(found),
        Some(_) => Err(EndDateError::Form),
    }
}

fn days_of(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01. Years are counted from March, so that a leap day comes last.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::commands::timestamp::rfc3339;

    #[test]
    fn a_date_ends_with_its_day_and_a_moment_is_that_moment() {
        for (text, end) in [
            ("2027-03-31", "2027-04-01T00:00:00Z"),
            ("2028-02-29", "2028-03-01T00:00:00Z"),
            ("2027-12-31", "2028-01-01T00:00:00Z"),
            ("2027-03-31T18:00:00Z", "2027-03-31T18:00:00Z"),
            ("2027-03-31t18:00:00.999z", "2027-03-31T18:00:00Z"),
            (" 2027-03-31 18:00:00+02:30 ", "2027-03-31T15:30:00Z"),
            ("2027-03-31T23:00:00-05:00", "2027-04-01T04:00:00Z"),
        ] {
            assert_eq!(rfc3339(parse_end_date(text).unwrap()), end, "{text}");
        }
    }

    #[test]
    fn what_is_no_end_is_refused_with_its_reason() {
        for (text, error) in [
            ("", EndDateError::Form),
            ("soon", EndDateError::Form),
            ("2027-3-31", EndDateError::Form),
            ("31.03.2027", EndDateError::Form),
            ("2027-03-31-01", EndDateError::Form),
            ("+027-03-31", EndDateError::Form),
            ("2027-03-31T18:00Z", EndDateError::Form),
            ("2027-03-31T18:00:00.Z", EndDateError::Form),
            ("2027-03-31T18:00:00", EndDateError::NoZone),
            ("2027-02-29", EndDateError::NoSuchMoment),
            ("2100-02-29", EndDateError::NoSuchMoment),
            ("2027-13-01", EndDateError::NoSuchMoment),
            ("2027-00-01", EndDateError::NoSuchMoment),
            ("2027-01-00", EndDateError::NoSuchMoment),
            ("1969-12-31", EndDateError::NoSuchMoment),
            ("2027-03-31T24:00:00Z", EndDateError::NoSuchMoment),
        ] {
            assert_eq!(parse_end_date(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_reads_back_from_its_text(seconds in 0_i64..253_402_300_800) {
            let moment = Timestamp::from_seconds(seconds);
            prop_assert_eq!(parse_end_date(&rfc3339(moment)), Ok(moment));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "[0-9TZtz:+. -]{0,32}") {
            let _ = parse_end_date(&text);
        }
    }
}
