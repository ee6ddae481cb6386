use std::fmt;

/// A moment with a precision of seconds, between the years 1 and 9999, as Flask keeps a `datetime` in
/// a session: written as an IMF-fixdate (RFC 9110 §5.6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpDate {
    unix_seconds: i64,
}

const DAY: i64 = 86_400;
/// 0001-01-01T00:00:00Z
const FIRST_SECOND: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z
const LAST_SECOND: i64 = 253_402_300_799;
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

impl HttpDate {
    /// The date of a Unix time in seconds, or `None` outside the years 1 to 9999.
    #[must_use]
    pub fn from_unix_seconds(unix_seconds: i64) -> Option<Self> {
        (FIRST_SECOND..=LAST_SECOND)
            .contains(&unix_seconds)
            .then_some(Self { unix_seconds })
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.unix_seconds
    }

    /// `YYYY-MM-DD HH:MM:SS` in UTC, as SQL's `DATETIME` has it.
    #[must_use]
    pub fn to_sql(self) -> String {
        let (year, month, day) = civil_from_days(self.unix_seconds.div_euclid(DAY));
        let second = self.unix_seconds.rem_euclid(DAY);
        format!(
            "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}",
            second / 3600,
            second / 60 % 60,
            second % 60
        )
    }

    /// Reads an IMF-fixdate exactly as [`HttpDate`] prints it, day of the week included; `None` for
    /// any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ').skip(1);
        let day: i64 = words.next()?.parse().ok()?;
        let name = words.next()?;
        let month = MONTHS.iter().position(|month| *month == name)?;
        let year: i64 = words.next()?.parse().ok()?;
        let mut clock = words.next()?.split(':').map(str::parse::<i64>);
        let mut next = || clock.next()?.ok();
        let (hour, minute, second) = (next()?, next()?, next()?);
        let small = |value: i64, max: i64| (0..=max).contains(&value);
        if !(small(year, 9999) && small(day, 31) && small(hour, 23) && small(minute, 59)) {
            return None;
        }
        let days = days_from_civil(year, i64::try_from(month).ok()? + 1, day);
        let date = Self::from_unix_seconds(days * DAY + hour * 3600 + minute * 60 + second)?;
        // Printing it again settles weekday, digits, zone and days that a month does not have.
        (date.to_string() == text).then_some(date)
    }
}

impl fmt::Display for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.unix_seconds.div_euclid(DAY);
        let second = self.unix_seconds.rem_euclid(DAY);
        let (year, month, day) = civil_from_days(days);
        let name = |names: &'static [&'static str], at: i64| {
            usize::try_from(at)
                .ok()
                .and_then(|at| names.get(at))
                .copied()
                .unwrap_or_default()
        };
        write!(
            f,
            "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} GMT",
            name(&WEEKDAYS, days.rem_euclid(7)),
            name(&MONTHS, month - 1),
            second / 3600,
            second / 60 % 60,
            second % 60,
        )
    }
}

/// Days between 1970-01-01 and a date of the proleptic Gregorian calendar. Years are counted from
/// March, which puts the leap day at their end; 400 years always have 146,097 days.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The reverse of [`days_from_civil`]: year, month and day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_are_printed_as_http_has_them() {
        for (seconds, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (1_767_323_045, "Fri, 02 Jan 2026 03:04:05 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
            (FIRST_SECOND, "Mon, 01 Jan 0001 00:00:00 GMT"),
            (LAST_SECOND, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            let date = HttpDate::from_unix_seconds(seconds).unwrap();
            assert_eq!(date.to_string(), text);
            assert_eq!(HttpDate::parse(text), Some(date));
        }
        assert_eq!(HttpDate::from_unix_seconds(FIRST_SECOND - 1), None);
        assert_eq!(HttpDate::from_unix_seconds(LAST_SECOND + 1), None);
    }

    #[test]
    fn dates_are_written_for_sql() {
        let date = HttpDate::from_unix_seconds(951_827_696).unwrap();
        assert_eq!(date.to_sql(), "2000-02-29 12:34:56");
    }

    #[test]
    fn other_spellings_of_a_date_are_refused() {
        for text in [
            "",
            "yesterday",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Wed, 30 Feb 2000 00:00:00 GMT",
            "Sun, 06 Nov 1994 08:49:60 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 99999999999999 08:49:37 GMT",
        ] {
            assert_eq!(HttpDate::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_second_is_read_back(seconds in FIRST_SECOND..=LAST_SECOND) {
            let date = HttpDate::from_unix_seconds(seconds).unwrap();
            prop_assert_eq!(HttpDate::parse(&date.to_string()), Some(date));
        }
    }
}
