//! Moments and lengths of time as words: which of a locale's forms fits, and what goes into it. The
//! forms themselves are the messages `spoken-…` of `prompts/<locale>/spoken.ftl`.

use std::time::Duration;

use jiff::Zoned;
use jiff::civil::{Date, Time};

/// Whether hours are told by half days or whole ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ClockFormat {
    /// "two thirty p.m."
    #[default]
    TwelveHours,
    /// "fourteen thirty"
    TwentyFourHours,
}

/// Which form a moment takes, seen from now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Day {
    Today,
    Yesterday,
    Tomorrow,
    /// Two to six days ago.
    Weekday,
    ThisYear,
    OtherYear,
}

impl Day {
    pub(crate) fn of(date: Date, today: Date) -> Day {
        let days_ago = (today - date).get_days();
        match days_ago {
            0 => Day::Today,
            1 => Day::Yesterday,
            -1 => Day::Tomorrow,
            2..=6 => Day::Weekday,
            _ if date.year() == today.year() => Day::ThisYear,
            _ => Day::OtherYear,
        }
    }

    /// The message that speaks it; its variables are the same in all forms.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Day::Today => "spoken-today",
            Day::Yesterday => "spoken-yesterday",
            Day::Tomorrow => "spoken-tomorrow",
            Day::Weekday => "spoken-weekday",
            Day::ThisYear => "spoken-date",
            Day::OtherYear => "spoken-date-with-year",
        }
    }

    /// The message that speaks the day without a time of day. A weekday alone would do for days ago
    /// only: of days to come it could be either of two.
    pub(crate) fn alone(self) -> &'static str {
        match self {
            Day::Today => "spoken-day-today",
            Day::Yesterday => "spoken-day-yesterday",
            Day::Tomorrow => "spoken-day-tomorrow",
            Day::Weekday | Day::ThisYear => "spoken-day",
            Day::OtherYear => "spoken-day-with-year",
        }
    }
}

/// The message that speaks a time of day, with the hour as it is told.
pub(crate) fn time_of_day(time: Time, clock: ClockFormat) -> (&'static str, u64) {
    let hour = time.hour().unsigned_abs();
    let full_hour = time.minute() == 0;
    match clock {
        ClockFormat::TwentyFourHours => {
            let message = if full_hour {
                "spoken-24-hours-full"
            } else {
                "spoken-24-hours"
            };
            (message, u64::from(hour))
        }
        ClockFormat::TwelveHours => {
            let message = match (hour, full_hour) {
                (0, true) => "spoken-midnight",
                (12, true) => "spoken-noon",
                (_, true) => "spoken-12-hours-full",
                _ => "spoken-12-hours",
            };
            let told = match hour % 12 {
                0 => 12,
                hour => hour,
            };
            (message, u64::from(told))
        }
    }
}

/// `morning` or `afternoon`, for the forms of a twelve-hour clock to choose by.
pub(crate) fn half_of_day(time: Time) -> &'static str {
    if time.hour() < 12 {
        "morning"
    } else {
        "afternoon"
    }
}

/// Hours, minutes and seconds of a length, rounded to whole seconds; an hour and more is told
/// without its seconds.
pub(crate) fn hours_minutes_seconds(length: Duration) -> (u64, u64, u64) {
    let seconds = length.as_secs() + u64::from(length.subsec_millis() >= 500);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        (hours, minutes, 0)
    } else {
        (hours, minutes, seconds)
    }
}

/// The moment in the zone of `now`, which is the listener's.
pub(crate) fn in_zone_of(when: &Zoned, now: &Zoned) -> Zoned {
    when.with_time_zone(now.time_zone().clone())
}

/// The messages a locale must have for moments, lengths and keys, with their variables.
pub(crate) const SPOKEN_MESSAGES: &[(&str, &[&str])] = &[
    ("spoken-today", &["time"]),
    ("spoken-yesterday", &["time"]),
    ("spoken-tomorrow", &["time"]),
    ("spoken-weekday", &["time", "weekday"]),
    ("spoken-date", &["day", "month", "time", "weekday"]),
    (
        "spoken-date-with-year",
        &["day", "month", "time", "weekday", "year"],
    ),
    ("spoken-day-today", &[]),
    ("spoken-day-yesterday", &[]),
    ("spoken-day-tomorrow", &[]),
    ("spoken-day", &["day", "month", "weekday"]),
    ("spoken-day-with-year", &["day", "month", "weekday", "year"]),
    ("spoken-weekday-name", &["weekday"]),
    ("spoken-month-name", &["month"]),
    ("spoken-12-hours", &["half", "hour", "minute", "minutes"]),
    ("spoken-12-hours-full", &["half", "hour"]),
    ("spoken-noon", &[]),
    ("spoken-midnight", &[]),
    ("spoken-24-hours", &["hour", "minute", "minutes"]),
    ("spoken-24-hours-full", &["hour"]),
    ("spoken-length", &["hours", "minutes", "seconds"]),
    ("spoken-star", &[]),
    ("spoken-pound", &[]),
];

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    #[test]
    fn days_seen_from_today() {
        let today = date(2026, 11, 23);
        for (day, form) in [
            (date(2026, 11, 23), Day::Today),
            (date(2026, 11, 22), Day::Yesterday),
            (date(2026, 11, 24), Day::Tomorrow),
            (date(2026, 11, 21), Day::Weekday),
            (date(2026, 11, 17), Day::Weekday),
            (date(2026, 11, 16), Day::ThisYear),
            (date(2026, 11, 25), Day::ThisYear),
            (date(2026, 1, 1), Day::ThisYear),
            (date(2025, 12, 31), Day::OtherYear),
            (date(2027, 1, 1), Day::OtherYear),
        ] {
            assert_eq!(Day::of(day, today), form, "{day}");
        }
        // Over the turn of a year "yesterday" stays yesterday.
        assert_eq!(
            Day::of(date(2025, 12, 31), date(2026, 1, 1)),
            Day::Yesterday
        );
    }

    #[test]
    fn hours_as_told() {
        use ClockFormat::{TwelveHours, TwentyFourHours};
        for (hour, minute, clock, message, told) in [
            (0, 0, TwelveHours, "spoken-midnight", 12),
            (0, 5, TwelveHours, "spoken-12-hours", 12),
            (9, 0, TwelveHours, "spoken-12-hours-full", 9),
            (12, 0, TwelveHours, "spoken-noon", 12),
            (12, 1, TwelveHours, "spoken-12-hours", 12),
            (13, 0, TwelveHours, "spoken-12-hours-full", 1),
            (0, 0, TwentyFourHours, "spoken-24-hours-full", 0),
            (13, 5, TwentyFourHours, "spoken-24-hours", 13),
        ] {
            assert_eq!(
                time_of_day(time(hour, minute, 0, 0), clock),
                (message, told)
            );
        }
        assert_eq!(half_of_day(time(11, 59, 0, 0)), "morning");
        assert_eq!(half_of_day(time(12, 0, 0, 0)), "afternoon");
    }

    #[test]
    fn lengths_are_rounded_to_what_is_told() {
        for (millis, told) in [
            (0, (0, 0, 0)),
            (499, (0, 0, 0)),
            (500, (0, 0, 1)),
            (59_600, (0, 1, 0)),
            (72_000, (0, 1, 12)),
            (3_599_500, (1, 0, 0)),
            (3_725_000, (1, 2, 0)),
        ] {
            assert_eq!(hours_minutes_seconds(Duration::from_millis(millis)), told);
        }
    }
}
