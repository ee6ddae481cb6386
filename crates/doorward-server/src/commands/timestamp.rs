//! Moments as people and programs read them: RFC 3339, in UTC, to the second.

use std::time::Duration;

use doorward::clock::Timestamp;

const SECONDS_A_DAY: i64 = 86_400;

/// `2026-11-23T08:05:09Z` (RFC 3339 section 5.6). A moment outside the years 0 to 9999, which has no such text, is
/// written as seconds since 1970.
#[must_use]
pub fn rfc3339(moment: Timestamp) -> String {
    let seconds = moment.as_seconds();
    let (year, month, day) = date(seconds.div_euclid(SECONDS_A_DAY));
    if !(0..=9999).contains(&year) {
        return format!("@{seconds}");
    }
    let second = seconds.rem_euclid(SECONDS_A_DAY);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// [`rfc3339`] to the millisecond: `2026-11-23T08:05:09.042Z`.
#[must_use]
pub fn rfc3339_ms(moment: Timestamp) -> String {
    let text = rfc3339(moment);
    match text.strip_suffix('Z') {
        Some(seconds) => format!("{seconds}.{:03}Z", moment.as_millis().rem_euclid(1000)),
        None => text,
    }
}

/// `2 days 3 hours`, `59 minutes 3 seconds`, `12 seconds`: the two largest units, rounded down.
#[must_use]
pub fn rough(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [
        (seconds / 86_400, "day"),
        (seconds / 3600 % 24, "hour"),
        (seconds / 60 % 60, "minute"),
        (seconds % 60, "second"),
    ];
    let words: Vec<String> = units
        .iter()
        .skip_while(|(count, _)| *count == 0)
        .take(2)
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}{}", if *count == 1 { "" } else { "s" }))
        .collect();
    if words.is_empty() {
        "0 seconds".to_owned()
    } else {
        words.join(" ")
    }
}

/// Year, month and day of the day with this number (1970-01-01 is 0), in the proleptic Gregorian calendar. Years are
/// counted from March, so that a leap day comes last.
fn date(day_number: i64) -> (i64, i64, i64) {
    let days = day_number.saturating_add(719_468);
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    let month = (months_since_march + 2) % 12 + 1;
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_moments_have_their_text() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_827_696, "2000-02-29T12:34:56Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (253_402_300_800, "@253402300800"),
        ] {
            assert_eq!(rfc3339(Timestamp::from_seconds(seconds)), text);
        }
    }

    #[test]
    fn a_duration_is_told_in_its_two_largest_units() {
        for (seconds, text) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (3599, "59 minutes 59 seconds"),
            (3600, "1 hour"),
            (3601, "1 hour"),
            (183_600, "2 days 3 hours"),
        ] {
            assert_eq!(rough(Duration::from_secs(seconds)), text);
        }
    }

    proptest! {
        #[test]
        fn later_moments_have_later_texts(a in 0_i64..253_402_300_799, b in 0_i64..253_402_300_799) {
            let text = |seconds| rfc3339(Timestamp::from_seconds(seconds));
            prop_assert_eq!(a.cmp(&b), text(a).cmp(&text(b)));
        }

        #[test]
        fn no_moment_makes_it_panic(ms in any::<i64>()) {
            let _ = rfc3339(Timestamp::from_millis(ms));
        }
    }
}
