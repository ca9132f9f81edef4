//! What one VEVENT says: its times on their clocks, its people, its words.

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendar, ICalendarClassification, ICalendarComponent, ICalendarComponentType,
    ICalendarDuration, ICalendarEntry, ICalendarParameterName, ICalendarParameterValue,
    ICalendarParticipationStatus, ICalendarPeriod, ICalendarProperty, ICalendarStatus,
    ICalendarTransparency, ICalendarUserTypes, ICalendarValue,
};
use jiff::civil::DateTime;
use jiff::{SignedDuration, Span, Timestamp, ToSpan};

use super::rule::Rule;
use super::zones::{Clock, Zones, local, own_clock};
use super::{Attendance, Attendee};
use crate::mailbox::MailAddress;

/// A property that stands for when something is, and cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// A time on a clock, or a whole day.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    /// What the clock shows; midnight for a day.
    pub(super) local: DateTime,
    /// VALUE=DATE.
    pub(super) is_date: bool,
    /// Which clock.
    pub(super) clock: Clock,
    /// The clock is only guessed.
    pub(super) uncertain: bool,
}

impl Stamp {
    /// The moment; of a day its beginning for the listener.
    pub(super) fn moment(&self) -> Option<Timestamp> {
        self.clock.moment(self.local)
    }

    /// The same moment on another clock; a day stays that day.
    pub(super) fn on(&self, clock: &Clock) -> Option<DateTime> {
        if self.is_date || self.clock.is_same(clock) {
            return Some(self.local);
        }
        clock.local(self.moment()?)
    }
}

impl Stamp {
    /// What the clock of a series shows then; in a series of days, the day as it is written.
    pub(super) fn in_series(&self, start: &Stamp) -> Option<DateTime> {
        if start.is_date {
            return Some(self.local.date().to_datetime(start.local.time()));
        }
        self.on(&start.clock)
    }
}

/// How long something is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Length {
    /// Exactly, from DTEND.
    Exact(SignedDuration),
    /// Days on the calendar, and then exactly, from DURATION.
    Nominal(i64, SignedDuration),
}

impl Length {
    /// The end of what begins at `start`.
    pub(super) fn end(self, start: &Stamp) -> Option<Timestamp> {
        match self {
            Length::Exact(exact) => start.moment()?.checked_add(exact).ok(),
            Length::Nominal(days, exact) => {
                let span = Span::new().try_days(days).ok()?;
                let local = start.local.checked_add(span).ok()?;
                start.clock.moment(local)?.checked_add(exact).ok()
            }
        }
    }

    /// The length in whole days, at least one.
    pub(super) fn days(self) -> i64 {
        let (days, exact) = match self {
            Length::Exact(exact) => (0, exact),
            Length::Nominal(days, exact) => (days, exact),
        };
        (days + exact.as_hours().div_euclid(24)).max(1)
    }

    /// Not shorter than this, by any clock.
    pub(super) fn at_most(self) -> SignedDuration {
        match self {
            Length::Exact(exact) => exact,
            Length::Nominal(days, exact) => {
                exact.saturating_add(SignedDuration::from_hours(days.saturating_add(1) * 24))
            }
        }
    }
}

/// One VEVENT.
#[derive(Clone, Copy)]
pub(super) struct Event<'a> {
    /// As it stands.
    pub(super) component: &'a ICalendarComponent,
    zones: &'a Zones,
}

/// The events of an object.
pub(super) fn events<'a>(
    calendar: &'a ICalendar,
    zones: &'a Zones,
) -> impl Iterator<Item = Event<'a>> {
    calendar
        .components
        .iter()
        .filter(|component| component.component_type == ICalendarComponentType::VEvent)
        .map(|component| Event { component, zones })
}

impl<'a> Event<'a> {
    /// The first value of a property.
    fn value(&self, name: &ICalendarProperty) -> Option<&'a ICalendarValue> {
        self.component.property(name)?.values.first()
    }

    /// The words of a property; empty when there are none.
    pub(super) fn text(&self, name: &ICalendarProperty) -> String {
        let text = self.value(name).and_then(ICalendarValue::as_text);
        cleaned(text.unwrap_or_default())
    }

    /// A property that is a time.
    pub(super) fn stamp(&self, name: &ICalendarProperty) -> Result<Option<Stamp>, Unreadable> {
        let Some(entry) = self.component.property(name) else {
            return Ok(None);
        };
        let value = entry
            .values
            .first()
            .and_then(ICalendarValue::as_partial_date_time);
        self.stamp_of(entry, value.ok_or(Unreadable)?).map(Some)
    }

    fn stamp_of(
        &self,
        entry: &ICalendarEntry,
        value: &PartialDateTime,
    ) -> Result<Stamp, Unreadable> {
        let is_date = value.hour.is_none();
        let (clock, uncertain) = match (own_clock(value), entry.tz_id()) {
            (Some(clock), _) => (clock, false),
            (None, Some(zone)) if !is_date => self.zones.named(zone),
            _ => (self.zones.floating(), false),
        };
        Ok(Stamp {
            local: local(value).ok_or(Unreadable)?,
            is_date,
            clock,
            uncertain,
        })
    }

    /// When it begins.
    pub(super) fn start(&self) -> Result<Stamp, Unreadable> {
        self.stamp(&ICalendarProperty::Dtstart)?.ok_or(Unreadable)
    }

    /// Which instance of a series it stands for.
    pub(super) fn recurrence(&self) -> Result<Option<Stamp>, Unreadable> {
        self.stamp(&ICalendarProperty::RecurrenceId)
    }

    /// Whether it stands for all later instances as well.
    pub(super) fn and_future(&self) -> bool {
        let entry = self.component.property(&ICalendarProperty::RecurrenceId);
        entry.is_some_and(|entry| entry.has_parameter(&ICalendarParameterName::Range))
    }

    /// How long it is: to its end, or its duration; a day without an end is one day, a time without
    /// an end is a moment (RFC 5545 section 3.6.1).
    pub(super) fn length(&self, start: &Stamp) -> Result<Length, Unreadable> {
        if let Some(end) = self.stamp(&ICalendarProperty::Dtend)? {
            let (from, to) = (
                start.moment().ok_or(Unreadable)?,
                end.moment().ok_or(Unreadable)?,
            );
            if start.is_date && end.is_date {
                let days = i64::from((end.local - start.local).get_days());
                return if days < 0 {
                    Err(Unreadable)
                } else {
                    Ok(Length::Nominal(days, SignedDuration::ZERO))
                };
            }
            // An end before its beginning is no time that could be told.
            return if to < from {
                Err(Unreadable)
            } else {
                Ok(Length::Exact(to.duration_since(from)))
            };
        }
        match self.value(&ICalendarProperty::Duration) {
            Some(ICalendarValue::Duration(duration)) => nominal(duration),
            Some(_) => Err(Unreadable),
            None if start.is_date => Ok(Length::Nominal(1, SignedDuration::ZERO)),
            None => Ok(Length::Exact(SignedDuration::ZERO)),
        }
    }

    /// Its rules.
    pub(super) fn rules(&self, start: &Stamp) -> Result<Vec<Rule>, Unreadable> {
        let mut rules = Vec::new();
        for entry in self.component.properties(&ICalendarProperty::Rrule) {
            let Some(ICalendarValue::RecurrenceRule(rule)) = entry.values.first() else {
                return Err(Unreadable);
            };
            let until = match &rule.until {
                Some(until) => Some(until_of(until, start)?),
                None => None,
            };
            rules.push(Rule::read(rule, start.local, until).ok_or(Unreadable)?);
        }
        Ok(rules)
    }

    /// Further instances (RDATE), some with a length of their own, on the clock of `start`.
    pub(super) fn further(
        &self,
        start: &Stamp,
    ) -> Result<Vec<(DateTime, Option<Length>)>, Unreadable> {
        let mut found = Vec::new();
        for entry in self.component.properties(&ICalendarProperty::Rdate) {
            for value in &entry.values {
                found.push(self.further_one(start, entry, value)?);
            }
        }
        Ok(found)
    }

    fn further_one(
        &self,
        start: &Stamp,
        entry: &ICalendarEntry,
        value: &ICalendarValue,
    ) -> Result<(DateTime, Option<Length>), Unreadable> {
        let (from, length) = match value {
            ICalendarValue::PartialDateTime(at) => (self.stamp_of(entry, at)?, None),
            ICalendarValue::Period(ICalendarPeriod::Range { start, end }) => {
                let (from, end) = (self.stamp_of(entry, start)?, self.stamp_of(entry, end)?);
                let to = end.moment().ok_or(Unreadable)?;
                let length = to.duration_since(from.moment().ok_or(Unreadable)?);
                (from, Some(Length::Exact(length.max(SignedDuration::ZERO))))
            }
            ICalendarValue::Period(ICalendarPeriod::Duration { start, duration }) => {
                (self.stamp_of(entry, start)?, Some(nominal(duration)?))
            }
            _ => return Err(Unreadable),
        };
        let mut local = from.in_series(start).ok_or(Unreadable)?;
        if from.is_date && !start.is_date {
            local = local.date().to_datetime(start.local.time());
        }
        Ok((local, length))
    }

    /// Whether an instance has been taken out (EXDATE), on the clock of `start`.
    pub(super) fn exceptions(&self, start: &Stamp) -> Vec<Exception> {
        let mut found = Vec::new();
        for entry in self.component.properties(&ICalendarProperty::Exdate) {
            for value in entry
                .values
                .iter()
                .filter_map(ICalendarValue::as_partial_date_time)
            {
                let Ok(stamp) = self.stamp_of(entry, value) else {
                    continue;
                };
                let Some(local) = stamp.in_series(start) else {
                    continue;
                };
                // A day takes out whatever begins on it: some programs write it so.
                found.push(if stamp.is_date {
                    Exception::Day(local.date())
                } else {
                    Exception::Time(local)
                });
            }
        }
        found
    }

    /// Whether it says that it will not take place.
    pub(super) fn is_cancelled(&self) -> bool {
        self.component.status() == Some(&ICalendarStatus::Cancelled)
    }

    /// CLASS:PRIVATE or CONFIDENTIAL.
    pub(super) fn is_private(&self) -> bool {
        matches!(
            self.value(&ICalendarProperty::Class),
            Some(ICalendarValue::Classification(
                ICalendarClassification::Private | ICalendarClassification::Confidential
            ))
        )
    }

    /// Whether its owner is free all the same; Outlook's word counts before TRANSP.
    pub(super) fn is_free(&self) -> bool {
        let status = ICalendarProperty::Other("X-MICROSOFT-CDO-BUSYSTATUS".to_owned());
        match self.value(&status).and_then(ICalendarValue::as_text) {
            Some(status) => status.eq_ignore_ascii_case("FREE"),
            None => self.component.transparency() == Some(&ICalendarTransparency::Transparent),
        }
    }

    /// Who invited.
    pub(super) fn organiser(&self) -> Option<MailAddress> {
        self.component
            .property(&ICalendarProperty::Organizer)
            .and_then(address)
    }

    /// Who may speak for the organiser.
    pub(super) fn sent_by(&self) -> Option<String> {
        let organiser = self.component.property(&ICalendarProperty::Organizer)?;
        let by = organiser
            .parameter(&ICalendarParameterName::SentBy)?
            .as_text()?;
        Some(without_scheme(by).to_owned())
    }

    /// Who is invited.
    pub(super) fn attendees(&self) -> impl Iterator<Item = Attendee> + use<'a> {
        let entries = self.component.entries.iter();
        entries
            .filter(|entry| entry.name == ICalendarProperty::Attendee)
            .filter_map(|entry| {
                Some(Attendee {
                    who: address(entry)?,
                    attendance: attendance(entry),
                    is_resource: matches!(
                        entry.parameter(&ICalendarParameterName::Cutype),
                        Some(ICalendarParameterValue::Cutype(
                            ICalendarUserTypes::Resource | ICalendarUserTypes::Room
                        ))
                    ),
                })
            })
    }
}

/// What EXDATE takes out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Exception {
    Time(DateTime),
    Day(jiff::civil::Date),
}

impl Exception {
    /// Whether it takes out what begins at `local`.
    pub(super) fn takes(self, local: DateTime) -> bool {
        match self {
            Exception::Time(time) => time == local,
            Exception::Day(day) => day == local.date(),
        }
    }
}

/// UNTIL on the clock of a series.
fn until_of(until: &PartialDateTime, start: &Stamp) -> Result<DateTime, Unreadable> {
    let digits = local(until).ok_or(Unreadable)?;
    if until.hour.is_none() {
        // The whole of its last day.
        return Ok(digits.date().at(23, 59, 59, 0));
    }
    if start.is_date {
        return Ok(digits.date().at(0, 0, 0, 0));
    }
    match own_clock(until) {
        Some(clock) => {
            let moment = clock.moment(digits).ok_or(Unreadable)?;
            start.clock.local(moment).ok_or(Unreadable)
        }
        None => Ok(digits),
    }
}

fn nominal(duration: &ICalendarDuration) -> Result<Length, Unreadable> {
    if duration.neg {
        return Err(Unreadable);
    }
    let days = i64::from(duration.weeks) * 7 + i64::from(duration.days);
    let seconds = i64::from(duration.hours) * 3_600
        + i64::from(duration.minutes) * 60
        + i64::from(duration.seconds);
    Ok(Length::Nominal(days, SignedDuration::from_secs(seconds)))
}

/// An address with its name; nothing that is no mail address.
pub(super) fn address(entry: &ICalendarEntry) -> Option<MailAddress> {
    let written = entry.values.first()?.as_text()?;
    // Some programs put a URI of their own there, and the address beside it.
    let email = entry.parameter(&ICalendarParameterName::Email);
    let email = email.and_then(ICalendarParameterValue::as_text);
    let address = [Some(without_scheme(written)), email]
        .into_iter()
        .flatten()
        .find(|one| one.contains('@'))?;
    let name = entry.parameter(&ICalendarParameterName::Cn);
    let name = name.and_then(ICalendarParameterValue::as_text).map(cleaned);
    Some(MailAddress {
        name: name.filter(|name| !name.is_empty() && !name.contains('@')),
        address: cleaned(address),
    })
}

/// The answer of an attendee.
pub(super) fn attendance(entry: &ICalendarEntry) -> Attendance {
    match entry.parameter(&ICalendarParameterName::Partstat) {
        Some(ICalendarParameterValue::Partstat(status)) => match status {
            ICalendarParticipationStatus::Accepted => Attendance::Accepted,
            ICalendarParticipationStatus::Tentative => Attendance::Tentative,
            ICalendarParticipationStatus::Declined => Attendance::Declined,
            _ => Attendance::NeedsAction,
        },
        _ => Attendance::NeedsAction,
    }
}

/// Without `mailto:` in any spelling.
pub(super) fn without_scheme(address: &str) -> &str {
    let address = address.trim();
    match address.split_at_checked(7) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("mailto:") => rest.trim(),
        _ => address,
    }
}

/// Without control characters; lines stay lines.
fn cleaned(text: &str) -> String {
    let kept = text.chars().map(|character| match character {
        '\n' => '\n',
        control if control.is_control() => ' ',
        other => other,
    });
    kept.collect::<String>().trim().to_owned()
}

/// A day further on; the last one there is stays.
pub(super) fn days_later(local: DateTime, days: i64) -> DateTime {
    let span = Span::new().try_days(days).unwrap_or_else(|_| 0.days());
    let edge = if days < 0 {
        DateTime::MIN
    } else {
        DateTime::MAX
    };
    local.checked_add(span).unwrap_or(edge)
}
